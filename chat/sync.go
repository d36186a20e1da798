package chat

import (
	"context"
	"time"
)

// syncing is how a room's worker knows whether it has all there is. Nothing is delivered while it is stale: what comes
// is held until log and roster have been read.
type syncing struct {
	following bool // the feed tells everything
	stale     bool
	reading   bool
	// reads counts the reasons to read: one that began before the last reason proves nothing.
	reads   int
	held    []Notice // what came while stale, in order
	retryAt time.Time
	tries   int
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
		var roster Roll
		if err == nil {
			roster, err = r.node.roster.Members(ctx, r.id)
		}
		return func() { r.finishRead(reason, kept, roster, err) }
	})
}

// A read that failed is tried again after a while that doubles.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

func (r *room) finishRead(reason int, kept Kept, roster Roll, err error) {
	r.sync.reading = false
	switch {
	case r.closing || !r.sync.following: // the next Following reads again
		return
	case err != nil:
		wait := min(firstRetry<<min(r.sync.tries, 10), lastRetry)
		r.sync.tries++
		r.sync.retryAt = time.Now().Add(wait)
		r.log().Warn("reading the room failed", "error", err, "retry", wait)
		return
	case reason != r.sync.reads:
		r.read()
		return
	}
	r.sync.tries = 0
	r.sync.retryAt = time.Time{}
	r.sync.stale = false
	r.adoptLog(kept)
	r.adoptRoster(roster)
	held := r.sync.held
	r.sync.held = nil
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
	if reason == "" {
		r.out = append(r.out, fresh...)
		return
	}
	r.log().Info("the log is not the one that was delivered", "reason", string(reason), "cursor", r.tail.last().String())
	r.tell(Reset{Reason: reason})
	r.out = append(r.out, fresh...)
	r.tell(Live{Cursor: r.tail.last()})
}

// adoptRoster takes the roster over as read.
func (r *room) adoptRoster(roster Roll) {
	changed := r.roll.version != roster.Version
	r.roll.replace(roster)
	r.presences.lookAfter(roster.NextLapse)
	switch {
	case !changed || len(r.subs) == 0:
	case len(roster.Members) > r.node.options.FoldAbove:
		r.fold()
	default:
		r.tell(r.roll.read(r.node.options.FoldAbove))
	}
}
