package chat

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// End ends the streams that members have on this node, in all rooms, with that error, and they
// leave at once. Until the time given, their new subscriptions are refused with it as well, those
// that are on their way now among them.
func (n *Node) End(members []MemberID, why error, until time.Time) {
	n.endings.add(members, why, until)
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
		})
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

// why is why a member's streams are refused; nil if they are not.
func (e *endings) why(member MemberID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ended, ok := e.of[member]; ok && time.Now().Before(ended.until) {
		return ended.why
	}
	return nil
}
