package chat

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// room is the worker of one room with local subscribers. Its fields are the worker goroutine's own (see run); others
// reach it through its inbox.
type room struct {
	id    RoomID
	node  *Node
	inbox *inbox
	// hasCall says whether somebody is in the room's call. Anybody may read it.
	hasCall atomic.Bool

	tail   tail
	roster rosterCache
	subs   []*Subscription // attached: they get every batch
	// sinks are those of subs, in the same order: a delivery goes through them alone, since fetching each subscriber into
	// the processor's cache cost a tenth of what it did outside the kernel.
	sinks []Sink
	out   []*Event  // the batch being gathered
	rest  time.Time // before this nothing is delivered: see pause

	sync    syncing
	leases  leases
	typedAt map[MemberID]time.Time // when each member was last shown writing

	waiting  []*Subscription // not yet attached
	foldAt   time.Time       // when the folded roster is told; zero for not
	lingerAt time.Time       // when the room ends if nobody has come; zero while somebody is here
	closing  bool
}

func newRoom(n *Node, id RoomID) *room {
	return &room{
		id: id, node: n, inbox: newInbox(),
		tail:    tail{room: id, limit: n.options.HistoryLimit, retention: n.options.HistoryTTL},
		sync:    syncing{stale: true},
		leases:  newLeases(),
		typedAt: map[MemberID]time.Time{},
	}
}

// run is the worker. It ends when nobody has read the room for a while, or when the node closes.
func (r *room) run() {
	defer r.node.running.Done()
	unfollow := r.node.feed.Follow(r.id, r.inbox)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-r.inbox.wake:
		case <-timer.C:
		}
		commands, notices, lost := r.inbox.take()
		for _, command := range commands {
			command()
		}
		for _, n := range notices {
			r.handle(n)
		}
		now := time.Now()
		if lost {
			r.refresh()
		}
		r.onTime(now)
		r.admit()
		if !now.Before(r.rest) {
			r.flush()
		}
		r.callRoster(now)
		if r.finished(now) && r.node.retire(r, unfollow) {
			return
		}
		timer.Reset(r.nextDue(time.Now()))
	}
}

// async calls the store beside the worker, in time, and runs what it returns on the worker.
func (r *room) async(call func(context.Context) (then func())) {
	r.node.running.Add(1) // the worker itself is counted, so Close is still waiting
	go func() {
		defer r.node.running.Done()
		ctx, cancel := context.WithTimeout(r.node.work, r.node.options.Patience)
		defer cancel()
		r.inbox.do(call(ctx)) // the worker does not end before
	}()
}

// handle takes one notice of the feed.
func (r *room) handle(n Notice) {
	switch n := n.(type) {
	case Following:
		r.sync.restart(true)
		r.refresh()
		return
	case Cut:
		r.sync.restart(false)
		r.refresh()
		return
	case Leaving:
		r.leave(n.Member, n.Stream, nil)
		return
	case Lapsing:
		r.leases.lookBy(time.Now().Add(n.In + lapseSlack))
		return
	case localEcho:
		if !r.sync.stale && r.tail.place(n.entry) == next && r.isCloseToFeed(n.entry) {
			r.out = append(r.out, r.tail.push(n.entry, time.Now()))
			r.inbox.shown.Store(mark(n.entry.ID))
		}
		return
	}
	if r.sync.stale {
		r.sync.hold(n)
		return
	}
	switch n := n.(type) {
	case Appended:
		switch r.tail.place(n.Entry) {
		case next:
			r.out = append(r.out, r.tail.push(n.Entry, time.Now()))
			r.inbox.fed.Store(n.Entry.ID.Seq)
		case known:
			r.inbox.fed.Store(n.Entry.ID.Seq)
		case elsewhere:
			r.refresh()
		}
	case Joined:
		_, n.Known = r.roster.members[n.Member.ID]
		r.rosterChange(n.Version, n, func() {
			r.roster.put(r.leases.share(n.Member))
		})
	case Left:
		n.Member.CallSince = time.Time{} // its part in the call has ended too
		r.rosterChange(n.Version, n, func() { r.roster.remove(n.Member.ID) })
	case Typing:
		// Only who is here is shown writing, and as the roster knows it.
		if m, here := r.roster.members[n.Member.ID]; here && r.mayType(m.ID, time.Now()) {
			r.typedAt[m.ID] = time.Now()
			r.tell(Typing{Member: *m})
		}
	}
}

// isCloseToFeed reports whether the tail will still hold the next entry when the feed has caught up with it. Else the feed's
// copies would look like those of another log, and each have it read.
func (r *room) isCloseToFeed(e Entry) bool {
	return e.ID.Seq-r.inbox.fed.Load() <= uint64(r.tail.limit)
}

// tell adds an event to the batch being gathered.
func (r *room) tell(b Body) { r.out = append(r.out, &Event{Room: r.id, Body: b}) }

// rosterChange takes a member's coming or going over and tells it, folded into a count in large rooms.
func (r *room) rosterChange(version int64, told Body, change func()) {
	if version <= r.roster.version && r.roster.version-version < reopened {
		return // it was read with the roster already
	}
	before := r.roster.call
	if !r.roster.apply(version, change) {
		r.refresh()
		return
	}
	defer r.callChange(before)
	if len(r.roster.members) == 0 { // the room has closed, and the store may have let go of its log
		r.tail.closed = true
		r.refresh()
	}
	if len(r.roster.members) > r.node.options.FoldAbove {
		r.fold()
		return
	}
	r.tell(told)
}

// callChange tells that the call has begun or ended since it was as before.
func (r *room) callChange(before Call) {
	now := r.roster.call
	r.hasCall.Store(now.Count > 0)
	switch {
	case before.Count == 0 && now.Count > 0:
		r.tell(CallChanged{Started: true, Time: now.Since})
	case before.Count > 0 && now.Count == 0:
		r.tell(CallChanged{Time: time.Now()})
	}
}

// reopened is how far a version may lie behind and still be an old one. A roster's first version is far from any
// other's (see [Roster]), so one that is further behind is that of another roster, which has to be read.
const reopened = 1_000_000

// fold has the roster told as a whole, within a second.
func (r *room) fold() {
	if r.foldAt.IsZero() {
		r.foldAt = time.Now().Add(time.Second)
	}
}

// typingEvery is how often one member is shown writing at most.
const typingEvery = 3 * time.Second

// mayType reports whether a member's writing is worth telling again.
func (r *room) mayType(id MemberID, now time.Time) bool {
	return now.Sub(r.typedAt[id]) >= typingEvery
}

// isHere reports whether somebody is a member, as far as this node knows.
func (r *room) isHere(id MemberID) bool {
	_, here := r.roster.members[id]
	return here || r.sync.stale
}

// flush delivers the batch that was gathered to all who are attached.
func (r *room) flush() {
	if len(r.out) == 0 {
		return
	}
	out := r.out
	r.out = nil
	began := time.Now()
	for len(out) > 0 {
		n, size := 0, 0
		for n < len(out) && (n == 0 || size < maxBatch) {
			if a, ok := out[n].Body.(Appended); ok {
				size += sizeOf(a)
			}
			n++
		}
		r.deliver(&Batch{Events: out[:n]})
		out = out[n:]
	}
	now := time.Now()
	r.rest = now.Add(pause(now.Sub(began)))
}

// A room that is busy delivers in batches: it gathers for pauseShare times as long as its last delivery took, and for
// maxPause at most. What a system call costs is then shared by many messages, and a core that is saturated delivers the
// more at once. Nobody waits in a room that was quiet, or that is so small that it has no pause of a millisecond.
const (
	pauseShare = 16
	maxPause   = 16 * time.Millisecond
)

// pause is for how long to gather after a delivery that took so long.
func pause(took time.Duration) time.Duration {
	d := min(pauseShare*took, maxPause)
	if d < time.Millisecond {
		return 0
	}
	return d
}

// maxBatch is about how many bytes are delivered at once: well below what may wait for a slow reader, so that a burst
// makes none of a healthy one.
const maxBatch = 64 << 10

func (r *room) deliver(b *Batch) {
	for _, sink := range r.sinks {
		sink.Deliver(b)
	}
}

// enter takes a new subscriber.
func (r *room) enter(s *Subscription) {
	s.room = r
	if r.closing {
		s.state = ended
		s.entry.done <- ErrGoingAway
		return
	}
	r.lingerAt = time.Time{}
	if s.who != "" {
		r.leases.enter(s.entry.who)
	}
	r.waiting = append(r.waiting, s)
	if r.tail.expired(time.Now()) && !r.sync.stale {
		r.refresh()
	}
}

// admit attaches those who can be: the room is read, and their members are in the roster.
func (r *room) admit() {
	still := r.waiting[:0]
	for _, s := range r.waiting {
		switch {
		case s.state == ended:
		case !r.sync.stale && (s.who == "" || r.leases.isIn(s.entry.who, &r.roster)) && r.canPlace(s):
			r.attach(s)
		default:
			still = append(still, s)
		}
	}
	clear(r.waiting[len(still):])
	r.waiting = still
}

// canPlace reports whether a subscriber's cursor can be judged. One that has no place in the tail is judged by the list
// as it is read after the subscriber has come: this node may be behind the one that it comes from.
func (r *room) canPlace(s *Subscription) bool {
	start := s.entry.start
	if !start.Resume || s.entry.placed {
		return true
	}
	if _, reason := r.tail.after(start.After); reason == "" || !r.tail.mayBeBehind(start.After) {
		s.entry.placed = true
		return true
	}
	for _, w := range r.waiting { // all of them have come before the read that now begins
		if w.entry != nil { // else it has been attached just now
			w.entry.placed = true
		}
	}
	r.refresh()
	return false
}

// attach delivers the replay to a subscriber and from then on every batch.
func (r *room) attach(s *Subscription) {
	r.flush() // what was gathered is part of the replay: it goes to those already here first
	s.sink.Deliver(r.replay(s))
	s.state = delivering
	s.index = int32(len(r.subs))
	r.subs, r.sinks = append(r.subs, s), append(r.sinks, s.sink)
	s.entry.done <- nil
	s.entry = nil
}

func (r *room) replay(s *Subscription) *Batch {
	var past []*Event
	var reason ResetReason
	start := s.entry.start
	if start.Resume {
		past, reason = r.tail.after(start.After)
	} else {
		past = r.tail.kept()
		if limit := start.History; limit >= 0 && len(past) > limit {
			past = past[len(past)-limit:]
		}
	}
	events := make([]*Event, 0, len(past)+3)
	events = append(events, &Event{Room: r.id, Body: Welcome{
		You: s.entry.who, Stream: s.stream, Resumed: start.Resume && reason == "",
		Heartbeat: r.node.options.Heartbeat, Roster: r.roster.read(r.node.options.FoldAbove),
	}})
	if reason != "" {
		events = append(events, &Event{Room: r.id, Body: Reset{Reason: reason}})
	}
	events = append(events, past...)
	events = append(events, &Event{Room: r.id, Body: Live{Cursor: r.tail.last()}})
	return &Batch{Events: events, Replay: true}
}

// exit ends a subscription; leaving means that its member does not want to be waited for.
func (r *room) exit(s *Subscription, leaving bool) {
	if s.room != r || s.state == ended {
		return
	}
	if s.state == delivering {
		last := len(r.subs) - 1
		r.subs[s.index], r.sinks[s.index] = r.subs[last], r.sinks[last]
		r.subs[s.index].index = s.index
		r.subs[last], r.sinks[last] = nil, nil
		r.subs, r.sinks = r.subs[:last], r.sinks[:last]
	}
	s.state = ended // one that waits is taken out by admit
	if s.who != "" {
		r.leases.exit(s.who, s.stream, leaving || s.guest, time.Now().Add(r.node.options.ReconnectGrace))
	}
}

// leave ends a member's streams here, or the one named, and gives up its presence if none is left. done, unless nil,
// is closed when that has been stored.
func (r *room) leave(member MemberID, stream string, done chan struct{}) {
	if r.leases.held[member] == nil { // it has no stream here
		r.leases.leave(member, stream, done)
		return
	}
	r.flush()
	for _, list := range [][]*Subscription{r.subs, r.waiting} {
		for i := len(list) - 1; i >= 0; i-- { // from the end, since exit moves the last into the gap
			s := list[i]
			if s.who != member || s.state == ended || stream != "" && s.stream != stream {
				continue
			}
			r.exit(s, true)
			s.refuse(ErrLeft)
		}
	}
	r.leases.leave(member, stream, done)
}

// refuse ends a subscription from the room's side.
func (s *Subscription) refuse(err error) {
	if s.entry == nil {
		s.sink.Closed(err)
	} else {
		s.entry.done <- err
	}
}

// shut is what the node's end does to the room.
func (r *room) shut() {
	r.closing = true
	r.flush()
	for _, list := range [][]*Subscription{r.subs, r.waiting} {
		for _, s := range list {
			if s.state != ended {
				s.state = ended
				s.refuse(ErrGoingAway)
			}
		}
	}
	r.subs, r.sinks, r.waiting = nil, nil, nil
	r.leases.giveUp()
}

// onTime does what is due.
func (r *room) onTime(now time.Time) {
	if due(r.sync.retryAt, now) {
		r.sync.retryAt = time.Time{}
		r.refresh()
	}
	if r.leases.missed(now, r.roster.version) {
		r.refresh()
	}
	if due(r.foldAt, now) && !r.sync.stale {
		r.foldAt = time.Time{}
		r.tell(r.roster.read(r.node.options.FoldAbove))
	}
	if r.leases.onTime(now) {
		for id, at := range r.typedAt { // now and then, so that the map does not only grow
			if now.Sub(at) >= typingEvery {
				delete(r.typedAt, id)
			}
		}
	}
}

// finished reports whether the worker has nothing left to do.
func (r *room) finished(now time.Time) bool {
	if len(r.subs) > 0 || len(r.waiting) > 0 || r.sync.reading || !r.leases.empty() {
		return false
	}
	if r.closing {
		return true
	}
	if r.lingerAt.IsZero() {
		r.lingerAt = now
		if len(r.tail.events) > 0 { // a room where nothing was said is quickly read again
			r.lingerAt = now.Add(r.node.options.Linger)
		}
	}
	return due(r.lingerAt, now)
}

// nextDue is in how long there is something to do without anybody asking.
func (r *room) nextDue(now time.Time) time.Duration {
	next := sooner(sooner(r.sync.retryAt, r.leases.missedAt), r.leases.nextDue())
	if !r.sync.stale { // what can't be done before something else has happened is not waited for
		next = sooner(next, r.foldAt)
	}
	if !r.sync.reading && r.leases.empty() {
		next = sooner(next, r.lingerAt)
	}
	if len(r.out) > 0 {
		next = sooner(next, r.rest)
	}
	if next.IsZero() {
		return time.Hour
	}
	return max(next.Sub(now), time.Millisecond)
}

// sooner is the earlier of two times, where the zero time is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// due reports whether a time has come; the zero time never does.
func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

func (r *room) log() *slog.Logger { return r.node.options.Logger.With("room", string(r.id)) }
