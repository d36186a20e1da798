package chat

import "time"

// typingEvery is how often one member is shown writing at most.
const typingEvery = 3 * time.Second

// typing is when each member of a room was last shown writing. It is the room worker's own.
type typing map[MemberID]time.Time

// mayShow reports whether a member's writing is worth telling again.
func (t typing) mayShow(id MemberID, now time.Time) bool { return now.Sub(t[id]) >= typingEvery }

// show notes that a member is shown writing now.
func (t *typing) show(id MemberID, now time.Time) {
	if *t == nil {
		*t = typing{}
	}
	(*t)[id] = now
}

// forget drops what no longer matters. It is to be called now and then, so that the map does not
// only grow.
func (t *typing) forget(now time.Time) {
	for id, at := range *t {
		if now.Sub(at) >= typingEvery {
			delete(*t, id)
		}
	}
	if len(*t) == 0 {
		*t = nil // most rooms are quiet most of the time
	}
}
