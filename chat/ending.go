package chat

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// End ends the streams that members have on this node, in all rooms, with that error, and they
// leave at once; of a session's own id ([Principal.Session]) those of that session, while the
// person's others go on. Until the time given, new subscriptions are refused with it as well,
// those that are on their way now among them.
func (n *Node) End(members []MemberID, why error, until time.Time) {
	n.endings.add(members, why, until)
	over := make(map[MemberID]bool, len(members))
	for _, member := range members {
		over[member] = true
	}
	n.mu.Lock()
	rooms := make([]*room, 0, len(n.rooms))
	for _, r := range n.rooms {
		rooms = append(rooms, r)
	}
	n.mu.Unlock()
	for _, r := range rooms {
		r.inbox.do(func() {
			for _, member := range members {
				r.leave(member, "", why, nil)
			}
			r.endSessions(over, why)
		})
	}
}

// endSessions ends the streams of sessions that have ids of their own.
func (r *room) endSessions(over map[MemberID]bool, why error) {
	for _, s := range slices.Concat(r.subs.attached, r.subs.waiting) {
		if of := s.standing; s.state != ended && of != nil && of.session != "" && over[of.session] {
			r.end(s, why)
		}
	}
}

// endings are the members whose streams were ended. A room's worker asks before a subscriber
// enters: either that comes after [Node.End] and is refused, or the room's command to end comes
// later and finds the subscriber.
type endings struct {
	mu sync.Mutex // protects following
	of map[MemberID]ending
	// prune is at how many those that are over are taken out: to look for them each time would cost
	// by how many there are.
	prune int
}

// fewEndings are not worth a look for those that are over.
const fewEndings = 1000

type ending struct {
	why   error
	until time.Time
}

func (e *endings) add(members []MemberID, why error, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.of) >= e.prune {
		now := time.Now()
		maps.DeleteFunc(e.of, func(_ MemberID, ended ending) bool { return !now.Before(ended.until) })
		e.prune = max(fewEndings, 2*len(e.of))
	}
	if e.of == nil {
		e.of = map[MemberID]ending{}
	}
	for _, member := range members {
		e.of[MemberID(strings.Clone(string(member)))] = ending{why, until}
	}
}

// why is why a principal's streams are refused; nil if they are not.
func (e *endings) why(who Principal) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range []MemberID{who.ID, who.Session} {
		if ended, ok := e.of[id]; ok && time.Now().Before(ended.until) {
			return ended.why
		}
	}
	return nil
}
