package chat

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// rosterCache is a room's copy of its roster. It is the room worker's own. What a change means for
// the room it returns.
type rosterCache struct {
	version int64
	members map[MemberID]*Member // none of which is changed
	ordered []Member             // by when they joined; nil when it has to be made again
	// attributes are those that they have; kept up to date, since there may be very many members.
	attributes AttributeCounts
	// foldAbove is the number of members above which they are told as a count, foldAt when that is
	// done; zero for not.
	foldAbove int
	foldAt    time.Time
	alike     lookalikes
	roles     map[MemberID]Role // not changed
}

// rosterNews is what a change in the roster means for its room.
type rosterNews struct {
	told []Body // to the subscribers, in order
	// stale says that changes before it are missing: the roster has to be read.
	stale bool
	// closed says that the last member has gone, and the store may have let go of the room's log.
	closed bool
}

// reopened is how far a version may lie behind and still be an old one. A roster's first version is
// far from any other's (see [Roster]), so one that is further behind is that of another roster,
// which has to be read.
const reopened = 1_000_000

// joined takes a member's coming, or its being another now, over. Keep gives what is kept of a
// member.
func (r *rosterCache) joined(n Joined, keep func(Member) *Member, now time.Time) rosterNews {
	old, known := r.members[n.Member.ID]
	n.Known = known
	if known && old.Name != n.Member.Name && !r.has(n.Version) {
		r.alike.rename(n.Member.ID, now)
	}
	member := n.Member
	n.Member.Role = shownRole(r.roles[n.Member.ID])
	if len(r.members) <= r.foldAbove {
		n.Member.LooksLike = r.alike.of(&n.Member, r.members)
	}
	return r.change(n.Version, n, now, func() { r.put(keep(member)) })
}

// left takes a member's going over.
func (r *rosterCache) left(n Left, now time.Time) rosterNews {
	n.Member.Attributes = nil // what was noted about it is void
	return r.change(n.Version, n, now, func() { r.remove(n.Member.ID) })
}

// has reports whether a change was read with the roster already.
func (r *rosterCache) has(version int64) bool {
	return version <= r.version && r.version-version < reopened
}

// change takes one change over and says how it is told: folded into a count in large rooms.
func (r *rosterCache) change(version int64, told Body, now time.Time, apply func()) rosterNews {
	if r.has(version) {
		return rosterNews{}
	}
	if r.version != 0 && version != r.version+1 {
		return rosterNews{stale: true}
	}
	before := r.attributes
	r.version, r.ordered = version, nil
	apply()
	var news rosterNews
	if len(r.members) == 0 {
		r.version = 0 // the room has closed: it may open again with any version
		news.closed = true
	}
	if len(r.members) > r.foldAbove {
		r.fold(now)
	} else {
		news.told = append(news.told, told)
	}
	news.told = r.attributes.appendChanges(news.told, before, now)
	return news
}

// replace makes it what was read from the store; keep gives what is kept of a member. The roster is
// told unless it is the one that was known.
func (r *rosterCache) replace(read RosterSnapshot, keep func(Member) *Member, now time.Time) rosterNews {
	changed, before := r.version != read.Version, r.attributes
	r.version = read.Version
	r.members = make(map[MemberID]*Member, len(read.Members))
	for _, m := range read.Members {
		kept := keep(m)
		r.members[kept.ID] = kept
	}
	r.alike.forget(func(id MemberID) bool { return r.members[id] != nil })
	r.ordered, r.attributes = nil, CountAttributes(read.Members)
	var news rosterNews
	switch {
	case !changed:
	case len(r.members) > r.foldAbove:
		r.fold(now)
	default:
		news.told = append(news.told, r.event())
	}
	news.told = r.attributes.appendChanges(news.told, before, now)
	return news
}

// fold has the roster told as a whole, within a second.
func (r *rosterCache) fold(now time.Time) {
	if r.foldAt.IsZero() {
		r.foldAt = now.Add(time.Second)
	}
}

// folded returns the roster when it is to be told as a whole, once; else nil.
func (r *rosterCache) folded(now time.Time) Body {
	if !due(r.foldAt, now) {
		return nil
	}
	r.foldAt = time.Time{}
	return r.event()
}

// member is a member as the roster has it; nil for somebody who is not in it.
func (r *rosterCache) member(id MemberID) *Member { return r.members[id] }

// put adds a member, in the place of an older one with its id.
func (r *rosterCache) put(m *Member) {
	if r.members == nil {
		r.members = map[MemberID]*Member{}
	}
	old := r.members[m.ID]
	r.members[m.ID] = m
	switch {
	case old == nil || len(old.Attributes) == 0:
		r.attributes = r.attributes.include(m.Attributes)
	case !maps.Equal(m.Attributes, old.Attributes):
		r.recount()
	}
}

// remove takes a member out.
func (r *rosterCache) remove(id MemberID) {
	old := r.members[id]
	delete(r.members, id)
	delete(r.alike.renamed, id)
	if old != nil && len(old.Attributes) > 0 {
		r.recount()
	}
}

func (r *rosterCache) recount() {
	r.attributes = nil
	for _, m := range r.members {
		r.attributes = r.attributes.include(m.Attributes)
	}
}

// event is the roster as subscribers are told it: above foldAbove members, only how many.
func (r *rosterCache) event() RosterEvent {
	all := RosterEvent{Count: len(r.members), Version: r.version, Attributes: r.attributes}
	if len(r.members) <= r.foldAbove {
		all.Members = r.sorted()
	}
	return all
}

func (r *rosterCache) sorted() []Member {
	if r.ordered == nil {
		r.ordered = make([]Member, 0, len(r.members))
		for _, m := range r.members {
			r.ordered = append(r.ordered, *m)
		}
		slices.SortFunc(r.ordered, func(a, b Member) int {
			return cmp.Or(a.JoinedAt.Compare(b.JoinedAt), cmp.Compare(a.ID, b.ID))
		})
		r.alike.mark(r.ordered)
		markRoles(r.ordered, r.roles)
	}
	return r.ordered
}

// setRoles are those that members have in the room from now on.
func (r *rosterCache) setRoles(roles map[MemberID]Role) { r.roles, r.ordered = roles, nil }

// shownRole is a role as members are told with it: only those who have a say over others are.
func shownRole(role Role) Role {
	if role.AtLeast(RoleModerator) {
		return role
	}
	return RoleGuest
}

func markRoles(members []Member, roles map[MemberID]Role) {
	for i := range members {
		members[i].Role = shownRole(roles[members[i].ID])
	}
}
