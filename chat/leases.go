package chat

import (
	"slices"
	"time"
)

// leases are what this node holds in the store for the members of one room that are connected to
// it, and what is to be told to the store about them. They are the room worker's own. They call
// nobody but the observer: next (rostercall.go) returns the call that is to be made.
type leases struct {
	observer MemberObserver // nil for nobody

	held      map[MemberID]*heldMember
	toHold    []MemberID            // those who are to be held or renewed, and some who have gone since
	toRelease map[MemberID]struct{} // gone, and not back; nil for none
	departing []departure           // by when their graces end

	renewEvery time.Duration // see renewal
	renewAt    time.Time     // when all leases are renewed; zero when none is held
	lookAt     time.Time     // when somebody's lease, on whatever node, runs out
	retryAt    time.Time     // no call before this; zero for at once
	pace       time.Time     // of the calls made
	expected   int64         // the version that the store has told of
	told       int64         // the roster's version by the store's last answer to a call that holds
	missedAt   time.Time     // when the roster is read if it has not come
	failures   int           // calls that have failed one after the other
	busy       bool          // a call is under way
	givingUp   bool          // the node closes: release all, after the reconnect grace
	onRelease  []chan struct{}
}

// heldMember is a member as this node sees it.
type heldMember struct {
	member  *Member // not changed; where it is the same, the one that the roster cache has
	streams int32
	// stored says that the node has a lease for it; version is the roster's when it was taken.
	// Changed says that the member is other than it was then, toHold that it is among those to
	// hold.
	stored  bool
	changed bool
	toHold  bool
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
func (h *heldMember) outlive(now time.Time) {
	for len(h.graces) > 0 && due(h.graces[0].until, now) {
		h.graces = h.graces[1:]
	}
}

// forget drops a stream's grace, or all of them.
func (h *heldMember) forget(stream string) {
	h.graces = slices.DeleteFunc(h.graces, func(g reconnectGrace) bool { return stream == "" || g.stream == stream })
}

// isGone reports whether nobody is left to be waited for.
func (h *heldMember) isGone() bool { return h.streams == 0 && len(h.graces) == 0 }

// departure is when one of a member's graces ends.
type departure struct {
	id MemberID
	at time.Time
}

// lapseSlack is how long after a lease has run out one looks: by then it certainly has.
const lapseSlack = 20 * time.Millisecond

func (l *leases) holds(id MemberID) bool { return l.held[id] != nil }

// enter counts a stream of a member in.
func (l *leases) enter(m Member) {
	here := l.held[m.ID]
	if here == nil {
		here = &heldMember{member: &m}
		if l.held == nil {
			l.held = map[MemberID]*heldMember{}
		}
		l.held[m.ID] = here
		l.tell(m.Transport, +1)
		l.mustHold(here)
		delete(l.toRelease, m.ID)
	}
	if !sameLook(*here.member, m) {
		l.tellChanged(here.member.Transport, m.Transport)
		here.member, here.changed = &m, true
		l.mustHold(here)
	}
	here.streams++
	if len(here.graces) > 0 {
		here.graces = here.graces[1:] // it is this one that was waited for
	}
}

// tell tells the observer that a member that came by a transport is held now, or no longer is.
func (l *leases) tell(transport string, by int) {
	if l.observer != nil {
		l.observer.Present(transport, by)
	}
}

// tellChanged tells the observer that a member that is held comes by another transport.
func (l *leases) tellChanged(from, to string) {
	if from == to || l.observer == nil {
		return
	}
	l.observer.Present(from, -1)
	l.observer.Present(to, +1)
	l.observer.Changed(from, to)
}

// sameLook reports whether two members, who are one, are shown alike.
func sameLook(a, b Member) bool {
	return a.Name == b.Name && a.Transport == b.Transport && a.Via == b.Via && a.Network == b.Network &&
		a.Claims == b.Claims
}

// share is a member as the roster tells of it. What this node holds of the same member is made one
// with it, so that memory has it once.
func (l *leases) share(m Member) *Member {
	here := l.held[m.ID]
	if here == nil || !sameLook(*here.member, m) {
		return &m
	}
	m.ID, m.Name, m.Transport, m.Network = here.member.ID, here.member.Name, here.member.Transport, here.member.Network
	here.member = &m
	return here.member
}

// exit counts a stream of a member out. Unless it leaves, it is waited for until the time given.
func (l *leases) exit(id MemberID, stream string, leaving bool, now, until time.Time) {
	here := l.held[id]
	here.streams--
	if !leaving {
		here.graces = append(here.graces, reconnectGrace{stream, until})
		l.departing = append(l.departing, departure{id, until})
	}
	here.outlive(now)
	if here.isGone() {
		l.release(id)
	}
}

// leave ends the waiting for one of a member's streams, or with an empty name for all. done is
// closed when the store has been told, if there was something to tell.
func (l *leases) leave(id MemberID, stream string, done chan struct{}) {
	if here := l.held[id]; here != nil {
		here.forget(stream)
		if here.isGone() {
			l.release(id)
		}
	}
	switch {
	case done == nil:
	case l.busy || l.isToRelease(id):
		l.onRelease = append(l.onRelease, done)
	default:
		close(done)
	}
}

func (l *leases) isToRelease(id MemberID) bool {
	_, is := l.toRelease[id]
	return is
}

func (l *leases) mustHold(here *heldMember) {
	if !here.toHold {
		here.toHold = true
		l.toHold = append(l.toHold, here.member.ID)
	}
}

func (l *leases) release(id MemberID) {
	l.tell(l.held[id].member.Transport, -1)
	delete(l.held, id)
	if l.toRelease == nil {
		l.toRelease = map[MemberID]struct{}{}
	}
	l.toRelease[id] = struct{}{}
}

// giveUp has all leases given up, since the node closes.
func (l *leases) giveUp() { l.givingUp = true }

// isIn reports whether the roster shows a member: by this node's lease, or by another's while ours
// is on its way. Shown is who it has under the member's id, or nil, and version is its own.
func (l *leases) isIn(m Member, shown *Member, version int64) bool {
	if shown != nil && shown.Name == m.Name {
		return true
	}
	here := l.held[m.ID]
	return here != nil && here.stored && version >= here.version
}

// isStored reports whether the store has a lease of this node for a member, as far as it is known.
func (l *leases) isStored(id MemberID) bool {
	here := l.held[id]
	return here != nil && here.stored
}

// reclaim has those held again at once whom a roster as it was read does not show, though the store
// had leases for them before: it has lost them, or they have lapsed while this node stood still. Told
// is what the leases had been told when the read began: what has been stored since may not be in it.
func (l *leases) reclaim(told int64, shown func(MemberID) *Member) {
	for id, here := range l.held {
		if here.version <= told && shown(id) == nil {
			l.holdAgain(here)
		}
	}
}

// left takes news that the roster has lost a member: if it is held here, at that version or an
// earlier one, its lease has gone by mistake.
func (l *leases) left(n Left) {
	if here := l.held[n.Member.ID]; here != nil && here.version < n.Version {
		l.holdAgain(here)
	}
}

// holdAgain has a member held whose lease is not there any more.
func (l *leases) holdAgain(here *heldMember) {
	if here.stored {
		here.stored = false
		l.mustHold(here)
	}
}

// expect has the roster read if it has not reached a version within a second.
func (l *leases) expect(version, have int64, now time.Time) {
	if version > have {
		l.expected, l.missedAt = version, now.Add(time.Second)
	}
}

// missed reports whether the version that was expected has not come in time.
func (l *leases) missed(now time.Time, have int64) bool {
	if !due(l.missedAt, now) {
		return false
	}
	l.missedAt = time.Time{}
	return have < l.expected
}

// answered says that the store answers: leases wait no longer.
func (l *leases) answered() { l.retryAt, l.failures = time.Time{}, 0 }

// lookBy has the roster looked at by then.
func (l *leases) lookBy(at time.Time) {
	if l.lookAt.IsZero() || at.Before(l.lookAt) {
		l.lookAt = at
	}
}

// lookAfter has the roster looked at when the next lease runs out; 0 for no lease.
func (l *leases) lookAfter(lapse time.Duration, now time.Time) {
	if lapse > 0 {
		l.lookAt = now.Add(lapse + lapseSlack)
	} else {
		l.lookAt = time.Time{}
	}
}

func (l *leases) isEmpty() bool { return len(l.held) == 0 && len(l.toRelease) == 0 && !l.busy }

// onTime lets go whose grace is over and marks who is to be renewed, which it returns true for.
func (l *leases) onTime(now time.Time) (renewed bool) {
	for len(l.departing) > 0 && due(l.departing[0].at, now) {
		d := l.departing[0]
		l.departing = l.departing[1:]
		if here := l.held[d.id]; here != nil {
			here.outlive(now)
			if here.isGone() {
				l.release(d.id)
			}
		}
	}
	if !due(l.renewAt, now) {
		return false
	}
	l.renewAt = time.Time{}
	l.toHold = slices.Grow(l.toHold, len(l.held))
	for _, here := range l.held {
		l.mustHold(here)
	}
	return true
}

func (l *leases) nextDue() time.Time {
	next := sooner(l.renewAt, l.missedAt)
	if len(l.departing) > 0 {
		next = sooner(next, l.departing[0].at)
	}
	if !l.busy { // else its end is the next thing to happen
		next = sooner(next, l.callDue())
	}
	return next
}

// callDue is when the next call may be made, if there is one to make: not before all that holds it
// up is over.
func (l *leases) callDue() time.Time {
	at := l.lookAt
	if len(l.toHold)+len(l.toRelease) > 0 {
		at = l.pacedAt()
	}
	if at.IsZero() {
		return l.retryAt
	}
	return later(later(at, l.pacedAt()), l.retryAt)
}
