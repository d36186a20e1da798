package chat

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// room is the worker of one room with local subscribers. It puts the room's parts together: each of
// them keeps one kind of state and returns what is to be told or done, and the worker does it. Its
// fields are the worker goroutine's own (see run); others reach it through its inbox.
type room struct {
	id    RoomID
	back  *backend
	inbox *inbox
	// attributes are those that members have. Anybody may read it.
	attributes atomic.Pointer[AttributeCounts]

	rules  roomRules
	tail   tail
	fed    uint64 // the SEQ that the feed has brought last
	sync   syncing
	roster rosterCache
	leases leases
	subs   subscribers
	toAsk  []*subscriber // of whom the store is to be asked when they came
	batch  gathering
	typing typing
	marks  marks

	retire   func(r *room, unfollow func()) bool // takes the room out of the node, if the node agrees
	unfollow func()
	timer    *time.Timer
	restAt   time.Time // when the worker may let its goroutine go
	lingerAt time.Time // when the room ends if nobody has come; zero while somebody is here
	closing  bool
}

func newRoom(b *backend, id RoomID, retire func(r *room, unfollow func()) bool) *room {
	r := &room{
		id: id, back: b, retire: retire,
		tail:   newTail(id, b.options),
		sync:   syncing{stale: true},
		roster: rosterCache{foldAbove: b.options.FoldAbove, alike: lookalikes{shape: b.options.Shape}},
		leases: leases{observer: b.options.Observer.Members, renewEvery: b.options.RenewEvery},
		rules:  roomRules{known: openRules},
	}
	r.inbox = newInbox(r.work)
	return r
}

// begin starts the worker. It ends when nobody has read the room for a while, or when the node
// closes, and retire agrees.
func (r *room) begin() {
	r.timer = time.AfterFunc(time.Hour, r.inbox.tick)
	r.unfollow = r.back.feed.Follow(r.id, r.inbox)
	r.work()
}

// restAfter is for how long the worker keeps its goroutine after a delivery: one that is started
// anew for each message of a busy room would have to grow its stack each time.
const restAfter = time.Second

// work is the worker's goroutine. There is one at a time; it returns when there is nothing to do,
// and is started again by whoever has something (see inbox).
func (r *room) work() {
	for {
		now := r.turn()
		if r.finished(now) && r.retire(r, r.unfollow) {
			r.timer.Stop()
			if r.sync.following {
				r.back.options.Observer.Store.Followed(r.id, false)
			}
			r.back.running.Done()
			return
		}
		due := r.nextDue(time.Now())
		rest := r.restAt.Sub(now)
		if rest > 0 {
			due = min(due, rest)
		}
		r.timer.Reset(due)
		if rest <= 0 && r.inbox.sleep() {
			return
		}
		<-r.inbox.wake
	}
}

// turn does all that there is to do now.
func (r *room) turn() (now time.Time) {
	commands, notices, lost := r.inbox.take()
	for _, command := range commands {
		command()
	}
	for _, n := range notices {
		r.handle(n)
	}
	now = time.Now()
	if lost {
		r.refresh()
		r.marks.askAgain(r.tail.last())
	}
	r.onTime(now)
	r.subs.admit(r.replayFor)
	r.askArrivals()
	if r.batch.isDue(now) {
		r.flush()
	}
	r.tellMarks()
	r.callRoster(now)
	r.askMarks(now)
	return now
}

// handle takes one notice of the feed.
func (r *room) handle(n Notice) {
	switch n := n.(type) {
	case Following:
		r.follow(true)
		return
	case Cut:
		r.follow(false)
		return
	case Leaving:
		if n.By != "" && n.By == r.back.name {
			return
		}
		why := ErrLeft
		if n.Ended {
			why = ErrSessionOver
		}
		r.leave(n.Member, n.Stream, why, nil)
		return
	case RulesChanged:
		r.rulesChanged(n.Version)
		return
	case Lapsing:
		r.leases.lookBy(time.Now().Add(n.In + lapseSlack))
		return
	case localEcho:
		if !r.sync.stale && r.tail.place(n.entry) == next && r.isCloseToFeed(n.entry) {
			r.take(n.entry)
		}
		return
	}
	if r.sync.stale {
		if !r.sync.hold(n) {
			r.marks.askAgain(r.tail.last())
		}
		return
	}
	switch n := n.(type) {
	case Appended:
		r.appended(n.Entry)
	case Joined:
		r.takeNews(r.roster.joined(n, r.leases.share, time.Now()))
	case Left:
		r.takeNews(r.roster.left(n, time.Now()))
		r.leases.left(n)
	case Typing:
		r.showTyping(n.Member.ID, time.Now())
	case Marked:
		r.marks.moved(n, r.tail.isVoid)
	}
}

// follow says that the feed tells of the room from now on, or no longer does: what came between has
// to be read.
func (r *room) follow(on bool) {
	if on != r.sync.following {
		r.back.options.Observer.Store.Followed(r.id, on)
	}
	r.sync.restart(on)
	r.rules.current.Store(nil)
	r.refresh()
	if on {
		r.marks.askAgain(r.tail.last())
	}
}

// appended takes an entry that the feed has brought.
func (r *room) appended(e Entry) {
	switch r.tail.place(e) {
	case next:
		r.take(e)
		r.fed = e.ID.Seq
	case known:
		r.fed = e.ID.Seq
	case elsewhere:
		r.refresh()
	}
}

// take adds the log's next entry to the tail and to the batch.
func (r *room) take(e Entry) {
	switch {
	case e.clears():
		r.marks.changed(Cursor{Seq: 1})
	case r.tail.recounts(e):
		r.marks.changed(e.Target)
	}
	event, current := r.tail.push(e, time.Now())
	r.batch.add(event)
	if !current {
		r.refresh()
	}
}

// isCloseToFeed reports whether the tail will still hold the next entry when the feed has caught up
// with it. Else the feed's copies would look like those of another log, and each have it read.
func (r *room) isCloseToFeed(e Entry) bool {
	return e.ID.Seq-r.fed <= uint64(min(r.tail.limit, r.tail.amendLimit))
}

// tell adds an event to the batch being gathered.
func (r *room) tell(b Body) { r.batch.add(&Event{Room: r.id, Body: b}) }

// takeNews tells and does what a change in the roster means.
func (r *room) takeNews(news rosterNews) {
	for _, b := range news.told {
		r.tell(b)
	}
	if had := r.attributes.Load(); had != nil || r.roster.attributes != nil {
		now := r.roster.attributes
		r.attributes.Store(&now)
	}
	if news.closed {
		r.tail.closed = true
	}
	if news.closed || news.stale {
		r.refresh()
	}
}

// showTyping tells that a member is writing, as the roster knows it: only who is here is shown.
func (r *room) showTyping(id MemberID, now time.Time) {
	if m := r.roster.member(id); m != nil && r.typing.mayShow(id, now) {
		r.typing.show(id, now)
		r.tell(Typing{Member: *m})
	}
}

// mayType reports whether a member's writing would be shown, as far as this node knows.
func (r *room) mayType(id MemberID, now time.Time) bool {
	return (r.sync.stale || r.roster.member(id) != nil) && r.typing.mayShow(id, now)
}

// flush delivers the batch that was gathered to all who are attached.
func (r *room) flush() {
	batches := r.batch.take()
	if len(batches) == 0 {
		return
	}
	began := time.Now()
	observer := &r.back.options.Observer
	for i := range batches {
		r.subs.deliver(&batches[i])
		observer.Rooms.Delivered(r.id, len(batches[i].Events), len(r.subs.attached))
		if observer.Deliveries != nil {
			observer.Deliveries.Handed(r.id, batches[i].Events, len(r.subs.attached), began, time.Now())
		}
	}
	now := time.Now()
	events := 0
	for i := range batches {
		events += len(batches[i].Events)
	}
	r.batch.delivered(now, now.Sub(began), r.back.demand.add(now, events, now.Sub(began)))
	r.restAt = now.Add(restAfter)
}

// onTime does what is due.
func (r *room) onTime(now time.Time) {
	if r.sync.onTime(now) {
		r.refresh()
	}
	if r.leases.missed(now, r.roster.version) {
		r.refresh()
	}
	if !r.sync.stale {
		if folded := r.roster.folded(now); folded != nil {
			r.tell(folded)
		}
	}
	r.marks.onTime(now, r.tail.isVoid)
	if r.leases.onTime(now) {
		r.typing.forget(now)
		r.marks.forget(r.leases.holds)
	}
}

// callRoster tells the store what the leases have gathered, in one call at a time.
func (r *room) callRoster(now time.Time) {
	call, ok := r.leases.next(now, r.roster.member)
	if !ok {
		return
	}
	if !call.isRelease() {
		call.by = r.admission(call.hold)
	}
	r.back.async(func(ctx context.Context) {
		state, err := call.make(ctx, r.back.roster, r.id, r.back.options.ReconnectGrace)
		r.inbox.do(func() { r.rosterCalled(call, state, err) }) // the worker does not end before
	})
}

func (r *room) rosterCalled(call rosterCall, state RosterState, err error) {
	now := time.Now()
	for _, id := range state.Full {
		r.leave(id, "", &RefusedError{Code: RefusedFull}, nil)
	}
	tell := r.leases.finish(call, state, err, now)
	switch {
	case errors.Is(err, ErrRulesChanged) && call.by.Rules != r.rules.known.Version:
		r.leases.answered() // they have been read meanwhile: again, by those
	case errors.Is(err, ErrRulesChanged):
		r.readRules()
	case tell:
		r.log().Warn("telling the roster who is here failed", "error", err)
	}
	if err == nil && !call.isRelease() {
		if r.rules.known.Owned() {
			r.back.stillOwned(r.id)
		}
		r.leases.expect(state.Version, r.roster.version, now)
	}
}

// finished reports whether the worker has nothing left to do.
func (r *room) finished(now time.Time) bool {
	if !r.subs.isEmpty() || r.sync.reading || r.rules.aside || !r.leases.isEmpty() || r.marks.busy {
		return false
	}
	if r.closing {
		return true
	}
	if r.lingerAt.IsZero() {
		r.lingerAt = now
		if !r.tail.empty() { // a room where nothing was said is quickly read again
			r.lingerAt = now.Add(r.back.options.Linger)
		}
	}
	return due(r.lingerAt, now)
}

// nextDue is in how long there is something to do without anybody asking.
func (r *room) nextDue(now time.Time) time.Duration {
	next := sooner(sooner(r.sync.retryAt, r.leases.nextDue()), sooner(r.batch.nextDue(), r.marks.nextDue()))
	if !r.sync.stale { // what can't be done before something else has happened is not waited for
		next = sooner(next, r.roster.foldAt)
	}
	if !r.sync.reading && r.leases.isEmpty() {
		next = sooner(next, r.lingerAt)
	}
	if next.IsZero() {
		return time.Hour
	}
	return max(next.Sub(now), time.Millisecond)
}

func (r *room) log() *slog.Logger { return r.back.options.Logger.With("room", string(r.id)) }
