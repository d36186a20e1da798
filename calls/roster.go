package calls

import (
	"context"
	"maps"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

// observedRoster is the store's roster, and sees who is taken out of it while in a call: the store
// tells only the request that took them out, on whatever node that was.
type observedRoster struct{ calls *Calls }

// Roster is the store's roster as the node has to use it.
func (c *Calls) Roster() chat.Roster { return observedRoster{c} }

// Hold implements [chat.Roster].
func (w observedRoster) Hold(
	ctx context.Context, room chat.RoomID, members []chat.Member, by chat.Admission,
) (chat.RosterState, error) {
	state, err := w.calls.store.Hold(ctx, room, members, by)
	w.calls.left(room, state)
	return state, err
}

// Release implements [chat.Roster].
func (w observedRoster) Release(
	ctx context.Context, room chat.RoomID, members []chat.MemberID, after time.Duration,
) (chat.RosterState, error) {
	state, err := w.calls.store.Release(ctx, room, members, after)
	w.calls.left(room, state)
	return state, err
}

// Members implements [chat.Roster].
func (w observedRoster) Members(ctx context.Context, room chat.RoomID) (chat.RosterSnapshot, error) {
	snapshot, err := w.calls.store.Members(ctx, room)
	w.calls.left(room, snapshot.RosterState)
	return snapshot, err
}

// departed are who may be in a room's call in LiveKit, and is not in the room.
type departed struct {
	left map[chat.MemberID]leaver    // the store has said that they had
	seen map[chat.MemberID]time.Time // when they were seen first, without the store having said so
}

type leaver struct {
	at time.Time
	// settled says that LiveKit has been asked since, and has let go of them.
	settled bool
}

// leftFor is for how long it is known that somebody has left: enough to ask LiveKit again that did
// not answer.
const leftFor = time.Minute

// left has those who are out of the roster sent out of the call.
func (c *Calls) left(room chat.RoomID, state chat.RosterState) {
	var ids []chat.MemberID
	for _, m := range state.Removed {
		if incall.Is(m) {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	c.mu.Lock()
	a := c.departed[room]
	if a == nil {
		a = &departed{left: map[chat.MemberID]leaver{}, seen: map[chat.MemberID]time.Time{}}
		c.departed[room] = a
	}
	for _, id := range ids {
		a.left[id] = leaver{at: time.Now()}
	}
	c.mu.Unlock()
	c.queue.add(room, 0)
}

// settle says that those who had left a room by then are out of its call.
func (c *Calls) settle(room chat.RoomID, by time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.departed[room]
	if a == nil {
		return
	}
	for id, l := range a.left {
		if !l.at.After(by) {
			l.settled = true
			a.left[id] = l
		}
	}
}

// unsettled reports whether somebody has left a room of whom LiveKit has not let go.
func (c *Calls) unsettled(room chat.RoomID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.departed[room]; a != nil {
		for _, l := range a.left {
			if !l.settled {
				return true
			}
		}
	}
	return false
}

// A roster may be lost, with the embedded store's process or Redis's memory, while LiveKit goes on.
// It is whole again when every node has renewed its leases and every page has come back.
const lostGrace = 30 * time.Second

// haveLeft tells which of those in a call have left the room, for certain. Others that are not in
// the roster are waited for, and waiting is true: the roster may have been lost.
func (c *Calls) haveLeft(room chat.RoomID, snapshot chat.RosterSnapshot, there []participant, now time.Time) (out []participant, waiting bool) {
	here := make(map[chat.MemberID]bool, len(snapshot.Members))
	for _, m := range snapshot.Members {
		here[m.ID] = true
	}
	// A version begins at the time when the room opened, in microseconds (see [chat.Roster] and
	// redisstore).
	open := snapshot.Version > 0 && now.Sub(time.UnixMicro(snapshot.Version)) > lostGrace

	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.departed[room]
	if known == nil {
		known = &departed{left: map[chat.MemberID]leaver{}}
	}
	seen := map[chat.MemberID]time.Time{} // of those seen before, who is not there any more is forgotten
	for _, p := range there {
		left, gone := known.left[p.id]
		gone = gone && now.Sub(left.at) <= leftFor
		switch {
		// Back in the room, but not in the call. The clocks may differ, so this is asked once.
		case here[p.id] && gone && !left.settled && !p.joined.After(left.at):
			out = append(out, p)
			continue
		case here[p.id]:
			continue
		case gone, open:
			out = append(out, p)
			continue
		}
		first, before := known.seen[p.id]
		if !before {
			first = now
		}
		if seen[p.id] = first; now.Sub(first) > lostGrace {
			out = append(out, p)
		} else {
			waiting = true
		}
	}
	known.seen = seen
	c.departed[room] = known
	c.forgetLocked(room, now)
	return out, waiting
}

// forget drops what is too old to matter: rooms are not reconciled for ever.
func (c *Calls) forget(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for room := range c.departed {
		c.forgetLocked(room, now)
	}
}

func (c *Calls) forgetLocked(room chat.RoomID, now time.Time) {
	a := c.departed[room]
	maps.DeleteFunc(a.left, func(_ chat.MemberID, l leaver) bool { return now.Sub(l.at) > leftFor })
	maps.DeleteFunc(a.seen, func(_ chat.MemberID, first time.Time) bool { return now.Sub(first) > leftFor+lostGrace })
	if len(a.left)+len(a.seen) == 0 {
		delete(c.departed, room)
	}
}
