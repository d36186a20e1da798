package chat

import "time"

// This file is the room's part in the coming and going of subscribers.

// enter takes a new subscriber.
func (r *room) enter(s *subscriber) {
	if r.closing {
		s.state = ended
		s.entry.done <- ErrGoingAway
		return
	}
	r.lingerAt = time.Time{}
	r.subs.enter(s)
	if s.who != "" {
		s.unlisted = true
		r.subs.unlisted++
		if r.judge(s, time.Now()) == nil { // else the rules are to be those of now first: see replayFor
			r.list(s)
		}
	}
	if r.tail.expired(time.Now()) && !r.sync.stale {
		r.refresh()
	}
}

// list makes a new subscriber a part of its member's presence. The rules have let it in.
func (r *room) list(s *subscriber) {
	s.unlisted = false
	r.subs.unlisted--
	r.leases.enter(s.entry.who)
}

// replayFor is the replay of a subscriber that can be attached now, else nil: the room is read, and
// its member is in the roster.
func (r *room) replayFor(s *subscriber) *Batch {
	if r.sync.stale {
		return nil
	}
	if err := r.judge(s, time.Now()); err != nil { // the rules have changed since it asked
		r.end(s, err)
		return nil
	}
	if s.who == "" && r.isFullFor(s) {
		r.end(s, &RefusedError{Code: RefusedFull})
		return nil
	}
	if s.unlisted {
		r.list(s)
	}
	if who := s.entry.who; s.who != "" && !r.leases.isIn(who, r.roster.member(who.ID), r.roster.version) {
		return nil
	}
	if !r.canPlace(s) {
		return nil
	}
	if !r.knowsArrival(s) {
		return nil
	}
	r.flush() // what was gathered is part of the replay: it goes to those already here first
	return r.replay(s)
}

// canPlace reports whether a subscriber's cursor can be judged. One that has no place in the tail
// is judged by the list as it is read after the subscriber has come: this node may be behind the
// one that it comes from.
func (r *room) canPlace(s *subscriber) bool {
	start := s.entry.start
	if !start.Resume || s.entry.placed {
		return true
	}
	if _, reason := r.tail.after(start.After); reason == "" || !r.tail.mayBeBehind(reason) {
		s.entry.placed = true
		return true
	}
	r.subs.allPlaced() // all of them have come before the read that now begins
	r.refresh()
	return false
}

func (r *room) replay(s *subscriber) *Batch {
	start := s.entry.start
	past, reason := r.replayOf(s)
	events := make([]*Event, 0, len(past)+4)
	events = append(events, &Event{Room: r.id, Body: Welcome{
		You: s.entry.who, Stream: s.stream, Resumed: start.Resume && reason == "",
		Heartbeat: r.back.options.Heartbeat, Roster: r.roster.event(),
	}})
	if r.rules.known.Owned() {
		events = append(events, &Event{Room: r.id, Body: settingsOf(r.rules.known)})
	}
	observer := &r.back.options.Observer
	observer.Subscribers.Came(r.id, s.transport, start.Resume && reason == "")
	if reason != "" {
		observer.Rooms.Reset(r.id, reason, 1)
		events = append(events, &Event{Room: r.id, Body: Reset{Reason: reason}})
	}
	events = append(events, past...)
	events = append(events, &Event{Room: r.id, Body: Live{Cursor: r.tail.last()}})
	r.marks.enter(s, start.Resume, r.tail.last())
	return &Batch{Events: events, Replay: true}
}

// exit ends a subscription; leaving means that its member does not want to be waited for, why is
// nil for one that has gone by itself.
func (r *room) exit(s *subscriber, leaving bool, why error) {
	attached := s.state == delivering
	if !r.subs.exit(s) {
		return
	}
	if attached {
		r.marks.exit(s)
		r.back.options.Observer.Subscribers.Went(r.id, s.transport, why)
	}
	if s.who == "" || s.unlisted {
		return
	}
	// One that was not let in, of somebody who is in no roster yet, was nobody there: it is not waited
	// for, or others would be told of its coming when the store answers again.
	r.giveUpShare(s, leaving || !attached && !r.leases.isStored(s.who))
}

// giveUpShare ends a subscription's share in the presence of its member.
func (r *room) giveUpShare(s *subscriber, leaving bool) {
	now := time.Now()
	r.leases.exit(s.who, s.stream, leaving || s.guest, now, now.Add(r.back.options.ReconnectGrace))
}

// unlist has a subscription go on without being part of its member's presence.
func (r *room) unlist(s *subscriber) {
	if s.state == ended || s.who == "" || s.unlisted {
		return
	}
	s.unlisted = true
	r.subs.unlisted++
	r.giveUpShare(s, false)
}

// leave ends a member's streams here, or the one named, by that error, and gives up its lease if
// none is left. done, unless nil, is closed when that has been stored.
func (r *room) leave(member MemberID, stream string, why error, done chan struct{}) {
	if r.leases.holds(member) || r.subs.unlisted > 0 { // else it has no stream here
		r.flush()
		for _, s := range r.subs.of(member, stream) {
			r.exit(s, true, why)
			s.refuse(why)
		}
	}
	r.leases.leave(member, stream, done)
}

// shut is what the node's end does to the room.
func (r *room) shut() {
	r.closing = true
	r.flush()
	for _, s := range r.subs.end(ErrGoingAway) {
		r.back.options.Observer.Subscribers.Went(r.id, s.transport, ErrGoingAway)
	}
	r.leases.giveUp()
}
