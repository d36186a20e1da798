package chat

import (
	"context"
	"maps"
	"slices"
	"time"
)

// rosterCall is one call to the store's roster that a room's leases want made.
type rosterCall struct {
	hold []Member // to take or renew; with none, those whose leases have lapsed are taken out all the same
	by   Admission
	// release are those to give up at once, linger those to give up after the reconnect grace:
	// members may be on their way to another node.
	release []MemberID
	linger  []MemberID
	last    bool            // the room gives all of its leases up
	done    []chan struct{} // closed when the call is over
}

// isRelease reports whether leases are given up, not taken.
func (c *rosterCall) isRelease() bool { return c.last || len(c.release) > 0 }

// make makes the call.
func (c *rosterCall) make(ctx context.Context, store Roster, room RoomID, grace time.Duration) (RosterState, error) {
	if !c.isRelease() {
		return store.Hold(ctx, room, c.hold, c.by)
	}
	var state RosterState
	var err error
	if len(c.linger) > 0 {
		_, err = store.Release(ctx, room, c.linger, grace)
	}
	if err == nil && len(c.release) > 0 {
		state, err = store.Release(ctx, room, c.release, 0)
	}
	return state, err
}

// How often a room calls the roster: a storm of arrivals shares a few calls.
const (
	rosterEvery = 100 * time.Millisecond
	rosterBurst = 5
)

// pacedAt is when the next call may be made.
func (l *leases) pacedAt() time.Time { return paced(l.pace, rosterEvery, rosterBurst) }

// next returns the call that is to be made now, with all that has gathered. There is one at a time:
// finish ends it. Shown gives a member as the roster has it, or nil.
func (l *leases) next(now time.Time, shown func(MemberID) *Member) (c rosterCall, ok bool) {
	if l.busy || (!l.retryAt.IsZero() && !due(l.retryAt, now) && !l.givingUp) {
		return rosterCall{}, false
	}
	l.retryAt = time.Time{}
	if len(l.toRelease) == 0 {
		closeAll(l.takeOnRelease()) // who was to go has gone, or has come back
	}
	if now.Before(l.pacedAt()) && !l.givingUp {
		return rosterCall{}, false
	}
	switch {
	case l.givingUp:
		c, ok = l.releaseAll()
	case len(l.toRelease) > 0:
		c, ok = rosterCall{release: l.takeToRelease(), done: l.takeOnRelease()}, true
	case len(l.toHold) > 0 || due(l.lookAt, now):
		c, ok = rosterCall{hold: l.takeToHold(shown)}, true
	}
	if ok {
		l.busy = true
		l.pace = countPaced(l.pace, now, rosterEvery)
	}
	return c, ok
}

// releaseAll gives up all leases.
func (l *leases) releaseAll() (rosterCall, bool) {
	c := rosterCall{
		linger: slices.Collect(maps.Keys(l.held)), release: l.takeToRelease(), last: true, done: l.takeOnRelease(),
	}
	for _, here := range l.held {
		l.tell(here.member.Transport, -1)
	}
	*l = leases{observer: l.observer, renewEvery: l.renewEvery, pace: l.pace}
	if len(c.linger)+len(c.release) == 0 {
		closeAll(c.done)
		return rosterCall{}, false
	}
	return c, true
}

// takeToHold are the members whose leases are to be taken or renewed.
func (l *leases) takeToHold(shown func(MemberID) *Member) []Member {
	l.lookAt = time.Time{}
	members := make([]Member, 0, len(l.toHold))
	for _, id := range l.toHold {
		here := l.held[id]
		if here == nil || !here.toHold { // it has gone, or it is here a second time
			continue
		}
		here.toHold = false
		m := *here.member
		// A renewal changes nothing: another node may have the same member under a newer name.
		if as := shown(id); as != nil && here.stored && !here.changed {
			m = *as
		}
		members = append(members, m)
	}
	l.toHold = nil
	return members
}

func (l *leases) takeToRelease() []MemberID {
	ids := slices.Collect(maps.Keys(l.toRelease))
	l.toRelease = nil
	return ids
}

func (l *leases) takeOnRelease() []chan struct{} {
	done := l.onRelease
	l.onRelease = nil
	return done
}

func closeAll(done []chan struct{}) {
	for _, d := range done {
		close(d)
	}
}

// finish ends a call. It returns whether the first of several failures is to be told. A release
// that failed is not made again: nobody renews those leases, so they run out.
func (l *leases) finish(c rosterCall, state RosterState, err error, now time.Time) (tell bool) {
	l.busy = false
	closeAll(c.done)
	switch {
	case c.isRelease() && err != nil:
		l.failures++ // of each who tries to come in while the store is away there is one
		return l.failures == 1
	case c.isRelease():
		l.failures = 0
		l.lookAfter(state.NextLapse, now)
		return false
	case err != nil:
		return l.holdFailed(c.hold, now)
	}
	l.failures, l.told = 0, state.Version
	for i := range c.hold {
		if here := l.held[c.hold[i].ID]; here != nil {
			here.stored, here.version = true, state.Version
			if sameLook(*here.member, c.hold[i]) { // else it has changed again since
				here.changed = false
			}
		}
	}
	if l.renewAt.IsZero() && len(l.held) > 0 {
		l.renewAt = renewal(now.Add(l.renewEvery))
	}
	l.lookAfter(state.NextLapse, now)
	return false
}

// renewalGrid is what leases are renewed on: a node's rooms do it together, so that a store can
// send them together.
const renewalGrid = 250 * time.Millisecond

// renewal is the last time on the grid before at. The clock that a time is told by may be set; what
// is subtracted may not.
func renewal(at time.Time) time.Time { return at.Add(-at.Sub(at.Truncate(renewalGrid))) }

func (l *leases) holdFailed(members []Member, now time.Time) (tell bool) {
	l.retryAt = now.Add(retryWait(l.failures))
	l.failures++
	l.lookBy(l.retryAt)
	for i := range members {
		if here := l.held[members[i].ID]; here != nil {
			l.mustHold(here)
		}
	}
	return l.failures == 1
}
