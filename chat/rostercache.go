package chat

import (
	"cmp"
	"slices"
)

// rosterCache is a worker's copy of its room's roster.
type rosterCache struct {
	version int64
	members map[MemberID]*Member // none of which is changed
	ordered []Member             // by when they joined; nil when it has to be made again
	call    Call                 // that they are in; kept up to date, since there may be very many of them
}

// apply takes one change over. It returns false when changes before it are missing.
func (r *rosterCache) apply(version int64, change func()) bool {
	if r.version != 0 && version != r.version+1 {
		return false
	}
	r.version = version
	r.ordered = nil
	change()
	if len(r.members) == 0 {
		r.version = 0 // the room has closed: it may open again with any version
	}
	return true
}

// replace makes it what was read from the store; keep gives what is kept of a member.
func (r *rosterCache) replace(read RosterSnapshot, keep func(Member) *Member) {
	r.version = read.Version
	r.members = make(map[MemberID]*Member, len(read.Members))
	for _, m := range read.Members {
		kept := keep(m)
		r.members[kept.ID] = kept
	}
	r.ordered, r.call = nil, CallOf(read.Members)
}

// put adds a member, in the place of an older one with its id.
func (r *rosterCache) put(m *Member) {
	old := r.members[m.ID]
	r.members[m.ID] = m
	switch {
	case old == nil || !old.InCall():
		r.call.include(m)
	case !m.CallSince.Equal(old.CallSince):
		r.recount()
	}
}

// remove takes a member out.
func (r *rosterCache) remove(id MemberID) {
	old := r.members[id]
	delete(r.members, id)
	if old != nil && old.InCall() {
		r.recount()
	}
}

func (r *rosterCache) recount() {
	r.call = Call{}
	for _, m := range r.members {
		r.call.include(m)
	}
}

// read is the roster as subscribers are told it: above foldAbove members, only how many.
func (r *rosterCache) read(foldAbove int) RosterEvent {
	all := RosterEvent{Count: len(r.members), Version: r.version, Call: r.call}
	if len(r.members) <= foldAbove {
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
	}
	return r.ordered
}
