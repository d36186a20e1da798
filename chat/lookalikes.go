package chat

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Members whose names can't be told apart by eye are told apart by who was there first: whoever
// came by such a name later, or took it later, looks like them. A program looks like a person whoever
// was first.

// lookalikes finds them.
type lookalikes struct {
	shape func(name string) string // nil for names as they are
	// renamed is when those took their names who had another one before, as far as this node has
	// seen; nil for nobody.
	renamed map[MemberID]time.Time
}

func (l *lookalikes) shapeOf(name string) string {
	if l.shape == nil {
		return name
	}
	return l.shape(name)
}

// rename notes that somebody who is here has another name now.
func (l *lookalikes) rename(id MemberID, now time.Time) {
	if l.renamed == nil {
		l.renamed = map[MemberID]time.Time{}
	}
	l.renamed[id] = now
}

// forget drops what it knows of those who are here no longer.
func (l *lookalikes) forget(isHere func(MemberID) bool) {
	maps.DeleteFunc(l.renamed, func(id MemberID, _ time.Time) bool { return !isHere(id) })
}

// order compares members by since when they have been here by their names. Programs come after all
// people: none can have somebody look like it.
func (l *lookalikes) order(a, b *Member) int {
	if program := a.Via == ViaToken; program != (b.Via == ViaToken) {
		if program {
			return 1
		}
		return -1
	}
	return cmp.Or(l.since(a).Compare(l.since(b)), cmp.Compare(a.ID, b.ID))
}

func (l *lookalikes) since(m *Member) time.Time {
	if at, renamed := l.renamed[m.ID]; renamed {
		return at
	}
	return m.JoinedAt
}

// mark sets the LooksLike of all members of a room.
func (l *lookalikes) mark(members []Member) {
	ordered := make([]*Member, len(members))
	for i := range members {
		ordered[i] = &members[i]
	}
	slices.SortFunc(ordered, l.order)
	first := make(map[string]*Member, len(members))
	for _, m := range ordered {
		name := l.shapeOf(m.Name)
		m.LooksLike = ""
		if other := first[name]; other == nil {
			first[name] = m
		} else if !m.isSameGuest(other) {
			m.LooksLike = other.ID
		}
	}
}

// of is whom one member looks like; empty for nobody.
func (l *lookalikes) of(m *Member, members map[MemberID]*Member) MemberID {
	name := l.shapeOf(m.Name)
	first := m
	for _, other := range members {
		if other.ID != m.ID && l.order(other, first) < 0 && l.shapeOf(other.Name) == name {
			first = other
		}
	}
	if first == m || first.isSameGuest(m) {
		return ""
	}
	return first.ID
}

// isSameGuest reports whether two members are one guest to the eye, and so may well look alike.
func (m *Member) isSameGuest(other *Member) bool {
	return m.Guest && other.Guest && m.Look != "" && m.Look == other.Look
}

// renamed is what this node knows of when a room's members took their names; nil for a room that
// nobody reads here.
func (n *Node) renamed(room RoomID) map[MemberID]time.Time {
	r := n.existing(room)
	known := make(chan map[MemberID]time.Time, 1)
	if r == nil || !r.inbox.do(func() { known <- maps.Clone(r.roster.alike.renamed) }) {
		return nil
	}
	return <-known
}
