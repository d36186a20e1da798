package chat

import (
	"cmp"
	"slices"
)

// roll is a worker's copy of its room's roster.
type roll struct {
	version int64
	members map[MemberID]*Member // none of which is changed
	ordered []Member             // by when they joined; nil when it has to be made again
	counted *Call                // nil when it has to be counted again
}

// apply takes one change over. It returns false when changes before it are missing.
func (r *roll) apply(version int64, change func()) bool {
	if r.version != 0 && version != r.version+1 {
		return false
	}
	r.version = version
	r.ordered, r.counted = nil, nil
	change()
	if len(r.members) == 0 {
		r.version = 0 // the room has closed: it may open again with any version
	}
	return true
}

// replace makes it what was read from the store; keep gives what is kept of a member.
func (r *roll) replace(read Roll, keep func(Member) *Member) {
	r.version = read.Version
	r.members = make(map[MemberID]*Member, len(read.Members))
	for _, m := range read.Members {
		kept := keep(m)
		r.members[kept.ID] = kept
	}
	r.ordered, r.counted = nil, nil
}

// call is the call that the members are in.
func (r *roll) call() Call {
	if r.counted == nil {
		r.counted = &Call{}
		for _, m := range r.members {
			r.counted.include(m)
		}
	}
	return *r.counted
}

// read is the roster as subscribers are told it: above foldAbove members, only how many.
func (r *roll) read(foldAbove int) RosterRead {
	all := RosterRead{Count: len(r.members), Version: r.version, Call: r.call()}
	if len(r.members) <= foldAbove {
		all.Members = r.sorted()
	}
	return all
}

func (r *roll) sorted() []Member {
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
