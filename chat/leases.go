package chat

import (
	"context"
	"maps"
	"slices"
	"time"
)

// leases are the members that this node holds in one room, and what is to be told to the store about them. They are
// the room worker's own. Calls to the roster are made one at a time (see room.callRoster), each with all that has
// gathered: a storm of arrivals costs a few.
type leases struct {
	held      map[MemberID]*heldMember
	toHold    map[MemberID]bool // came, changed, or are to be renewed
	toRelease map[MemberID]bool // gone
	departing []departure       // by when their graces end

	renewAt   time.Time // when all leases are renewed; zero when none is held
	lookAt    time.Time // when somebody's lease, on whatever node, runs out
	retryAt   time.Time // no call before this; zero for at once
	failures  int       // calls that have failed one after the other
	paced     time.Time // by when all calls made would be paid for, at one each paceEvery
	expected  int64     // the version that the store has told of
	missedAt  time.Time // when the roster is read if it has not come
	busy      bool      // a call is under way
	givingUp  bool      // the node closes: release all, after the reconnect grace
	onRelease []chan struct{}
}

// heldMember is a member as this node sees it.
type heldMember struct {
	member  *Member // not changed; where it is the same, the one that the roster cache has
	streams int32
	// stored says that the node has a lease for it; version is the roster's when it was taken. Changed says that the
	// member is other than it was then.
	stored  bool
	changed bool
	version int64
	// graces are the streams that have ended and may come back; the oldest first.
	graces []reconnectGrace
}

// reconnectGrace is for how long one who held a stream is waited for.
type reconnectGrace struct {
	stream string
	until  time.Time
}

// outlive drops the graces that are over.
func (p *heldMember) outlive(now time.Time) {
	for len(p.graces) > 0 && due(p.graces[0].until, now) {
		p.graces = p.graces[1:]
	}
}

// forget drops a stream's grace, or all of them.
func (p *heldMember) forget(stream string) {
	p.graces = slices.DeleteFunc(p.graces, func(g reconnectGrace) bool { return stream == "" || g.stream == stream })
}

// isGone reports whether nobody is left to be waited for.
func (p *heldMember) isGone() bool { return p.streams == 0 && len(p.graces) == 0 }

// departure is when one of a member's graces ends.
type departure struct {
	id MemberID
	at time.Time
}

// lapseSlack is how long after a lease has run out one looks: by then it certainly has.
const lapseSlack = 20 * time.Millisecond

func newLeases() leases {
	return leases{held: map[MemberID]*heldMember{}, toHold: map[MemberID]bool{}, toRelease: map[MemberID]bool{}}
}

// enter counts a stream of a member in.
func (p *leases) enter(m Member) {
	here := p.held[m.ID]
	if here == nil {
		here = &heldMember{member: &m}
		p.held[m.ID] = here
		p.toHold[m.ID] = true
		delete(p.toRelease, m.ID)
	}
	if here.member.Name != m.Name || here.member.Transport != m.Transport {
		here.member, here.changed = &m, true
		p.toHold[m.ID] = true
	}
	here.streams++
	if len(here.graces) > 0 {
		here.graces = here.graces[1:] // it is this one that was waited for
	}
}

// share is a member as the roster tells of it. What this node holds of the same member is made one with it, so that
// memory has it once.
func (p *leases) share(m Member) *Member {
	here := p.held[m.ID]
	if here == nil || here.member.Name != m.Name || here.member.Transport != m.Transport {
		return &m
	}
	m.ID, m.Name, m.Transport = here.member.ID, here.member.Name, here.member.Transport
	here.member = &m
	return here.member
}

// exit counts a stream of a member out. Unless it leaves, it is waited for until the time given.
func (p *leases) exit(id MemberID, stream string, leaving bool, until time.Time) {
	here := p.held[id]
	here.streams--
	if !leaving {
		here.graces = append(here.graces, reconnectGrace{stream, until})
		p.departing = append(p.departing, departure{id, until})
	}
	here.outlive(time.Now())
	if here.isGone() {
		p.release(id)
	}
}

// leave ends the waiting for one of a member's streams, or with an empty name for all. done is closed when the store has
// been told, if there was something to tell.
func (p *leases) leave(id MemberID, stream string, done chan struct{}) {
	if here := p.held[id]; here != nil {
		here.forget(stream)
		if here.isGone() {
			p.release(id)
		}
	}
	switch {
	case done == nil:
	case p.toRelease[id] || p.busy:
		p.onRelease = append(p.onRelease, done)
	default:
		close(done)
	}
}

func (p *leases) release(id MemberID) {
	delete(p.held, id)
	delete(p.toHold, id)
	p.toRelease[id] = true
}

func (p *leases) giveUp() { p.givingUp = true }

// isIn reports whether a roster shows a member: by this node's lease, or by another's while ours is on its way.
func (p *leases) isIn(m Member, roster *rosterCache) bool {
	if shown, ok := roster.members[m.ID]; ok && shown.Name == m.Name {
		return true
	}
	here := p.held[m.ID]
	return here != nil && here.stored && roster.version >= here.version
}

// expect has the roster read if it has not reached a version within a second.
func (p *leases) expect(version, have int64) {
	if version > have {
		p.expected, p.missedAt = version, time.Now().Add(time.Second)
	}
}

// missed reports whether the version that was expected has not come in time.
func (p *leases) missed(now time.Time, have int64) bool {
	if !due(p.missedAt, now) {
		return false
	}
	p.missedAt = time.Time{}
	return have < p.expected
}

// lookBy has the roster looked at by then.
func (p *leases) lookBy(at time.Time) {
	if p.lookAt.IsZero() || at.Before(p.lookAt) {
		p.lookAt = at
	}
}

// lookAfter has the roster looked at when the next lease runs out; 0 for no lease.
func (p *leases) lookAfter(lapse time.Duration) {
	if lapse > 0 {
		p.lookAt = time.Now().Add(lapse + lapseSlack)
	} else {
		p.lookAt = time.Time{}
	}
}

func (p *leases) empty() bool {
	return len(p.held) == 0 && len(p.toRelease) == 0 && !p.busy
}

// onTime lets go whose grace is over and marks who is to be renewed, which it returns true for.
func (p *leases) onTime(now time.Time) (renewed bool) {
	for len(p.departing) > 0 && due(p.departing[0].at, now) {
		d := p.departing[0]
		p.departing = p.departing[1:]
		if here := p.held[d.id]; here != nil {
			here.outlive(now)
			if here.isGone() {
				p.release(d.id)
			}
		}
	}
	if !due(p.renewAt, now) {
		return false
	}
	p.renewAt = time.Time{}
	for id := range p.held {
		p.toHold[id] = true
	}
	return true
}

func (p *leases) nextDue() time.Time {
	next := p.renewAt
	if len(p.departing) > 0 {
		next = sooner(next, p.departing[0].at)
	}
	if !p.busy { // else its end is the next thing to happen
		next = sooner(sooner(next, p.lookAt), p.retryAt)
		if len(p.toHold)+len(p.toRelease) > 0 {
			next = sooner(next, p.pacedAt())
		}
	}
	return next
}

// A roster is called at once, but when calls come one on the other only so often: a storm of arrivals then shares a few.
const (
	paceEvery = 100 * time.Millisecond
	paceBurst = 5
)

// pacedAt is when the next call may be made.
func (p *leases) pacedAt() time.Time { return p.paced.Add(-paceBurst * paceEvery) }

// pace counts a call.
func (p *leases) pace(now time.Time) {
	if p.paced.Before(now) {
		p.paced = now
	}
	p.paced = p.paced.Add(paceEvery)
}

// callRoster tells the store what has gathered, in one call at a time.
func (r *room) callRoster(now time.Time) {
	p := &r.leases
	if p.busy || (!p.retryAt.IsZero() && !due(p.retryAt, now) && !p.givingUp) {
		return
	}
	p.retryAt = time.Time{}
	if len(p.toRelease) == 0 {
		closeAll(p.takeOnRelease()) // who was to go has gone, or has come back
	}
	if now.Before(p.pacedAt()) && !p.givingUp {
		return
	}
	switch {
	case p.givingUp:
		r.releaseAll()
	case len(p.toRelease) > 0:
		r.releaseGone()
	case len(p.toHold) > 0 || due(p.lookAt, now):
		r.hold()
	}
}

// releaseAll gives up all leases, after the reconnect grace: members may be on their way to another node.
func (r *room) releaseAll() {
	p := &r.leases
	ids := keys(p.held)
	gone := keys(p.toRelease)
	clear(p.held)
	clear(p.toRelease)
	clear(p.toHold)
	p.givingUp, p.departing, p.renewAt, p.lookAt = false, nil, time.Time{}, time.Time{}
	done := p.takeOnRelease()
	if len(ids)+len(gone) == 0 {
		closeAll(done)
		return
	}
	p.busy = true
	r.async(func(ctx context.Context) func() {
		_, err := r.node.roster.Release(ctx, r.id, ids, r.node.options.ReconnectGrace)
		if err == nil && len(gone) > 0 {
			_, err = r.node.roster.Release(ctx, r.id, gone, 0)
		}
		return func() { r.released(RosterState{}, err, done) }
	})
}

func (r *room) releaseGone() {
	p := &r.leases
	ids := keys(p.toRelease)
	clear(p.toRelease)
	done := p.takeOnRelease()
	p.busy = true
	p.pace(time.Now())
	r.async(func(ctx context.Context) func() {
		state, err := r.node.roster.Release(ctx, r.id, ids, 0)
		return func() { r.released(state, err, done) }
	})
}

func (p *leases) takeOnRelease() []chan struct{} {
	done := p.onRelease
	p.onRelease = nil
	return done
}

func closeAll(done []chan struct{}) {
	for _, d := range done {
		close(d)
	}
}

// released ends a release. One that failed is not made again: nobody renews those leases, so they run out.
func (r *room) released(state RosterState, err error, done []chan struct{}) {
	r.leases.busy = false
	closeAll(done)
	if err != nil {
		r.log().Warn("giving up leases failed: they will run out", "error", err)
		return
	}
	r.leases.lookAfter(state.NextLapse)
}

// hold takes and renews leases, and has the store take out whose leases have run out.
func (r *room) hold() {
	p := &r.leases
	ids := keys(p.toHold)
	members := make([]Member, 0, len(ids))
	for _, id := range ids {
		here := p.held[id]
		m := *here.member
		// A renewal changes nothing: another node may have the same member under a newer name.
		if shown, ok := r.roster.members[id]; ok && here.stored && !here.changed {
			m = *shown
		}
		here.changed = false
		members = append(members, m)
	}
	clear(p.toHold)
	p.lookAt = time.Time{}
	p.busy = true
	p.pace(time.Now())
	r.async(func(ctx context.Context) func() {
		state, err := r.node.roster.Hold(ctx, r.id, members)
		return func() { r.holding(ids, state, err) }
	})
}

func (r *room) holding(ids []MemberID, state RosterState, err error) {
	p := &r.leases
	now := time.Now()
	p.busy = false
	if err != nil {
		wait := retryWait(p.failures)
		if p.failures++; p.failures == 1 {
			r.log().Warn("taking leases failed; trying again", "error", err)
		}
		p.retryAt = now.Add(wait)
		p.lookBy(p.retryAt)
		for _, id := range ids {
			if here := p.held[id]; here != nil {
				here.changed = true
				p.toHold[id] = true
			}
		}
		return
	}
	p.failures = 0
	for _, id := range ids {
		if here := p.held[id]; here != nil {
			here.stored, here.version = true, state.Version
		}
	}
	if p.renewAt.IsZero() && len(p.held) > 0 {
		p.renewAt = now.Add(r.node.options.RenewEvery)
	}
	p.lookAfter(state.NextLapse)
	p.expect(state.Version, r.roster.version)
}

func keys[V any](set map[MemberID]V) []MemberID { return slices.Collect(maps.Keys(set)) }
