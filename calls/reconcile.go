package calls

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

const (
	// reconcileTimeout is how long one reconciliation may take, tries how often it starts over when
	// the roster changed meanwhile.
	reconcileTimeout = 15 * time.Second
	tries            = 10
	// retryDelay is how soon something that is about to change is reconciled again.
	retryDelay = 3 * time.Second
)

// reconcile makes the roster say who is in a room's call, and LiveKit let go who is not in the
// room. It compares the two as they are, so it does not matter why it is called, how often, or in
// which order.
func (c *Calls) reconcile(ctx context.Context, room chat.RoomID) {
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	for range tries {
		settled, err := c.reconcileOnce(ctx, room)
		if err != nil {
			// The next sweep tries again, and says in the log when it is LiveKit that is away.
			c.log.Debug("reconciling a call failed", "room", string(room), "err", err)
			if c.unsettled(room) {
				c.queue.add(room, retryDelay)
			}
			return
		}
		if settled {
			return
		}
	}
	c.queue.add(room, retryDelay) // people come and go faster than LiveKit answers
}

// reconcileOnce makes one try. It is settled unless the roster has changed while LiveKit was asked:
// whoever was seen to be absent might have come in that time.
func (c *Calls) reconcileOnce(ctx context.Context, room chat.RoomID) (settled bool, err error) {
	began := time.Now()
	snapshot, err := c.Roster().Members(ctx, room)
	if err != nil {
		return false, err
	}
	rules, err := c.store.Rules(ctx, room)
	if err != nil {
		return false, err
	}
	there, err := c.livekit.participants(ctx, c.options.roomName(room))
	if err != nil {
		return false, err
	}
	now := time.Now()
	goers, waiting := c.haveLeft(room, snapshot, there, now)
	goers = append(goers, mayNotStay(rules, snapshot, there, goers, now)...)
	in, out := changes(snapshot, there, goers)
	if len(in)+len(out)+len(goers) > 0 {
		state, applied, err := c.setCall(ctx, room, snapshot.Version, in, out, startOf(snapshot, there, in, now))
		c.left(room, state)
		if err != nil || !applied {
			return false, err
		}
	}
	connecting := func(p participant) bool { return !p.active }
	if waiting || slices.ContainsFunc(there, connecting) {
		c.queue.add(room, retryDelay)
	}
	if err := c.sendOut(ctx, room, goers, (len(snapshot.Members) == 0 || !rules.Calls) && len(goers) == len(there)); err != nil {
		return false, err
	}
	if err := c.keepSilent(ctx, room, rules, snapshot, there, goers, now); err != nil {
		c.queue.add(room, retryDelay)
		return false, err
	}
	c.settle(room, began)
	return true, nil
}

// mayNotStay are those in a call, beside those who go anyway, whom the room's rules have no more in it.
func mayNotStay(rules *chat.Rules, snapshot chat.RosterSnapshot, there, goers []participant, now time.Time) (out []participant) {
	for _, p := range there {
		if stays, _, _ := rules.InCall(memberOf(snapshot, p), now); !stays && !isAmong(goers, p) {
			out = append(out, p)
		}
	}
	return out
}

// keepSilent has those send nothing who are muted in the room, and lets them when that is over.
func (c *Calls) keepSilent(
	ctx context.Context, room chat.RoomID, rules *chat.Rules, snapshot chat.RosterSnapshot, there, goers []participant, now time.Time,
) error {
	var errs []error
	for _, p := range there {
		if isAmong(goers, p) {
			continue
		}
		_, heard, unheard := rules.InCall(memberOf(snapshot, p), now)
		if p.silent == heard {
			errs = append(errs, c.livekit.setSilent(ctx, c.options.roomName(room), p.id, !heard))
		}
		if left := unheard.Sub(now); left > 0 && left < sweepEvery { // else a sweep comes before
			c.queue.add(room, left)
		}
	}
	return errors.Join(errs...)
}

// memberOf is a participant as the room has it, or would have it.
func memberOf(snapshot chat.RosterSnapshot, p participant) chat.Member {
	for _, m := range snapshot.Members {
		if m.ID == p.id {
			return m
		}
	}
	return chat.Member{ID: p.id}
}

func isAmong(all []participant, p participant) bool {
	return slices.ContainsFunc(all, func(other participant) bool { return other.id == p.id })
}

// setCall notes in the roster who has come into a room's call and who has gone out of it, if the
// roster's version is still that. Start is when the call began.
func (c *Calls) setCall(
	ctx context.Context, room chat.RoomID, version int64, in, out []chat.MemberID, start time.Time,
) (state chat.RosterState, applied bool, err error) {
	changes := make([]chat.AttributeChange, 0, len(in)+len(out))
	for _, id := range in {
		changes = append(changes, chat.AttributeChange{Member: id, Key: incall.Key, Value: incall.Value(start)})
	}
	for _, id := range out {
		changes = append(changes, chat.AttributeChange{Member: id, Key: incall.Key})
	}
	return c.store.SetAttributes(ctx, room, version, changes)
}

// changes are who of a room has come into its call and who has gone out of it.
func changes(snapshot chat.RosterSnapshot, there, goers []participant) (in, out []chat.MemberID) {
	active := make(map[chat.MemberID]bool, len(there))
	for _, p := range there {
		active[p.id] = p.active
	}
	for _, p := range goers {
		active[p.id] = false
	}
	for _, m := range snapshot.Members {
		switch {
		case active[m.ID] && !incall.Is(m):
			in = append(in, m.ID)
		case !active[m.ID] && incall.Is(m):
			out = append(out, m.ID)
		}
	}
	return in, out
}

// startOf is when a room's call began: as its roster has it, else when the first of those who are
// in now joined.
func startOf(snapshot chat.RosterSnapshot, there []participant, in []chat.MemberID, now time.Time) time.Time {
	if going := incall.Of(chat.CountAttributes(snapshot.Members)); going.Count > 0 {
		return going.Since
	}
	start := now
	for _, p := range there {
		if p.joined.Before(start) && slices.Contains(in, p.id) {
			start = p.joined
		}
	}
	return start
}

// sendOut ends the part in a room's call of those who have left it; the whole call when the room
// has closed.
func (c *Calls) sendOut(ctx context.Context, room chat.RoomID, goers []participant, closed bool) error {
	if len(goers) == 0 {
		return nil
	}
	name := c.options.roomName(room)
	if closed {
		return c.livekit.closeRoom(ctx, name)
	}
	var errs []error
	for _, p := range goers {
		errs = append(errs, c.livekit.sendOut(ctx, name, p.id))
	}
	return errors.Join(errs...)
}
