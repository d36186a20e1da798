package chat

import (
	"context"
	"math/rand/v2"
	"time"
)

// syncing is how a room's worker knows whether it has all there is. Nothing is delivered while it is stale: what comes
// is held until log and roster have been read.
type syncing struct {
	following bool // the feed tells everything
	stale     bool
	reading   bool
	// reads counts the reasons to read: one that began before the last reason proves nothing.
	reads    int
	held     []Notice // what came while stale, in order
	heldSize int      // in bytes, as in the inbox
	retryAt  time.Time
	tries    int
}

// restart begins a connection to the feed, or ends one. What was held before is in what will be read, or was lost.
func (s *syncing) restart(following bool) {
	s.following = following
	s.held, s.heldSize = nil, 0
}

// hold keeps a notice until the read under way is done. When there are too many, a read that begins later makes up for
// them all.
func (s *syncing) hold(n Notice) {
	if s.heldSize += sizeOf(n); s.heldSize > maxInbox {
		s.held, s.heldSize = nil, 0
		s.reads++
		return
	}
	s.held = append(s.held, n)
}

// refresh has log and roster read again, because something may have been missed.
func (r *room) refresh() {
	r.sync.stale = true
	r.sync.reads++
	r.read()
}

func (r *room) read() {
	if r.sync.reading || !r.sync.following || r.closing {
		return
	}
	r.sync.reading = true
	reason := r.sync.reads
	r.async(func(ctx context.Context) func() {
		kept, err := r.node.log.Read(ctx, r.id)
		var roster RosterSnapshot
		if err == nil {
			roster, err = r.node.roster.Members(ctx, r.id)
		}
		return func() { r.finishRead(reason, kept, roster, err) }
	})
}

// A call to the store that failed is made again after a while that doubles.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// retryWait is how long to wait after so many failures: half of it by chance, so that rooms do not ask all at once.
func retryWait(failures int) time.Duration {
	wait := min(firstRetry<<min(failures, 10), lastRetry)
	return wait/2 + rand.N(wait/2)
}

func (r *room) finishRead(reason int, kept Kept, roster RosterSnapshot, err error) {
	r.sync.reading = false
	switch {
	case r.closing || !r.sync.following: // the next Following reads again
		return
	case err != nil:
		r.sync.retryAt = time.Now().Add(retryWait(r.sync.tries))
		if r.sync.tries++; r.sync.tries == 1 {
			r.log().Warn("reading the room failed; trying again", "error", err)
		}
		return
	case reason != r.sync.reads:
		r.read()
		return
	}
	r.sync.tries = 0
	r.sync.retryAt = time.Time{}
	r.sync.stale = false
	r.leases.retryAt, r.leases.failures = time.Time{}, 0 // the store answers: leases wait no longer
	r.adoptLog(kept)
	r.inbox.fed.Store(min(r.inbox.fed.Load(), r.tail.last().Seq)) // no more: what has been read may be on its way here yet
	r.adoptRoster(roster)
	held := r.sync.held
	r.sync.held, r.sync.heldSize = nil, 0
	for _, n := range held {
		r.handle(n)
	}
}

// adoptLog takes the log over as read and tells those who are here what they have missed.
func (r *room) adoptLog(kept Kept) {
	fresh, reason := r.tail.adopt(kept, time.Now())
	if len(r.subs) == 0 {
		return
	}
	// However much was missed, it is no reason to call a reader slow.
	r.flush()
	if reason == "" {
		if len(fresh) > 0 {
			r.deliver(&Batch{Events: fresh, Replay: true})
		}
		return
	}
	r.log().Info("the log is not the one that was delivered", "reason", string(reason), "cursor", r.tail.last().String())
	events := append([]*Event{{Room: r.id, Body: Reset{Reason: reason}}}, fresh...)
	events = append(events, &Event{Room: r.id, Body: Live{Cursor: r.tail.last()}})
	r.deliver(&Batch{Events: events, Replay: true})
}

// adoptRoster takes the roster over as read.
func (r *room) adoptRoster(roster RosterSnapshot) {
	changed := r.roster.version != roster.Version
	before := r.roster.call
	r.roster.replace(roster, r.leases.share)
	r.leases.lookAfter(roster.NextLapse)
	defer r.callChange(before)
	switch {
	case !changed || len(r.subs) == 0:
	case len(roster.Members) > r.node.options.FoldAbove:
		r.fold()
	default:
		r.tell(r.roster.read(r.node.options.FoldAbove))
	}
}
