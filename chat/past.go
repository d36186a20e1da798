package chat

import (
	"context"
	"fmt"
	"time"
)

// This file is what of a room's past somebody is shown, where the room's settings keep some of it
// from those who came later. All ways of reading ask it: streams, resuming, polls, history and what
// answers quote.

// Arrival is when a session first came into a room that somebody owns.
type Arrival struct {
	// After is the room's last entry then; zero where there was none.
	After Cursor
	// Time is by the store's clock, to the millisecond. It decides where After is of a log that has
	// gone.
	Time time.Time
}

// MaxArrivals is how many sessions' arrivals are known of one room. Above it those are forgotten
// that came in longest ago.
const MaxArrivals = 10_000

// seesAll reports whether a reader is shown all that is kept.
func (r *Rules) seesAll(who Principal) bool {
	return r.History == HistoryAll || r.RoleOf(who).AtLeast(RoleModerator)
}

// openAfter is the number up to which entries are kept from somebody who came then; nil for one of
// whom that is not known, such as a guest, who is shown nothing that was said before.
func (p parts[T]) openAfter(a *Arrival, at func(T) time.Time) uint64 {
	switch last := p.last(); {
	case a == nil:
		return last.Seq
	case p.has(a.After):
		return a.After.Seq
	}
	// The entry is of another log, or this node has yet to hear of it.
	var before uint64
	for _, list := range [][]T{p.entries, p.amendments} {
		for i := len(list) - 1; i >= 0; i-- {
			if !at(list[i]).After(a.Time) {
				before = max(before, p.seq(list[i]))
				break
			}
		}
	}
	return before
}

// since are the elements of a list after a number.
func (p parts[T]) since(list []T, seq uint64) []T {
	i, _ := p.search(list, seq+1)
	return list[i:]
}

// shownTo is what a reader is shown of a log by rules that keep some of it from it: a new one what
// was said since it came, or with [HistoryNone] nothing; who has been here gets what it missed
// since.
func (k Kept) shownTo(rules *Rules, a *Arrival) Kept {
	p := k.parts()
	shown := Kept{Expires: k.Expires, all: &k, openAfter: p.openAfter(a, func(e Entry) time.Time { return e.Time })}
	if rules.History == HistorySinceJoined {
		shown.Entries, shown.Amendments = p.since(k.Entries, shown.openAfter), p.since(k.Amendments, shown.openAfter)
	}
	return shown
}

// arrival is when somebody came into a room; nil where that is not known. Errors: [ErrUnavailable].
func (n *Node) arrival(ctx context.Context, who Principal, room RoomID) (*Arrival, error) {
	if who.Guest || who.ID == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	known, err := n.keeper.Arrivals(ctx, room, []MemberID{who.ID})
	if err != nil {
		return nil, fmt.Errorf("arrival in %s: %w", room, n.unavailable(err))
	}
	if a, ok := known[who.ID]; ok {
		return &a, nil
	}
	return nil, nil
}

// mayName says whether somebody may say something about a message, by its id: answer it, which quotes
// its beginning, or amend it. [ErrNotFound] for one that others have said before it came, where that
// is kept from it: it is told nothing of it, not even that it is there.
func (n *Node) mayName(ctx context.Context, rules *Rules, who Principal, room RoomID, message Cursor) error {
	if rules.seesAll(who) {
		return nil
	}
	if who.Guest {
		return ErrGuest // nobody knows what it has seen
	}
	a, err := n.arrival(ctx, who, room)
	if err != nil || a != nil && message.Seq > a.After.Seq {
		return err
	}
	kept, err := n.readLog(ctx, room)
	if err != nil || message.Seq > kept.shownTo(rules, a).openAfter {
		return err
	}
	if e, ok := kept.At(message.Seq); ok && e.ID == message && e.From.ID == who.ID { // it knows its own
		return nil
	}
	return ErrNotFound
}

// names is the message that a draft is about, by its id; zero for none.
func (d Draft) names() Cursor {
	if m, said := d.Payload.(Message); said && m.ReplyTo != nil {
		return m.ReplyTo.ID
	}
	return d.Target
}

// arrival is what a room's worker knows of when a subscriber's session came.
type arrival struct {
	answered bool
	at       *Arrival // nil for not known
}

// knowsArrival reports whether it need not be asked, or is known, when a subscriber's session came.
// Else it has it asked.
func (r *room) knowsArrival(s *subscriber) bool {
	who, _ := s.principal()
	if s.guest || who.ID == "" || r.rules.known.seesAll(who) {
		return true
	}
	if s.standing != nil && s.standing.arrival != nil {
		return s.standing.arrival.answered
	}
	s.stand().arrival = &arrival{}
	r.toAsk = append(r.toAsk, s)
	return false
}

// askArrivals asks the store for those that are wanted, in one call.
func (r *room) askArrivals() {
	if len(r.toAsk) == 0 || r.closing {
		return
	}
	asked := r.toAsk
	r.toAsk = nil
	sessions := make([]MemberID, len(asked))
	for i, s := range asked {
		who, _ := s.principal()
		sessions[i] = who.ID
	}
	r.back.async(func(ctx context.Context) {
		known, err := r.back.keeper.Arrivals(ctx, r.id, sessions)
		r.inbox.do(func() { // a worker that has ended has ended them
			for i, s := range asked {
				if err != nil && s.state == waiting {
					r.exit(s, false, nil)
					s.refuse(err)
					continue
				}
				s.standing.arrival.answered = true
				if a, ok := known[sessions[i]]; ok {
					s.standing.arrival.at = &a
				}
			}
		})
	})
}

// openAfter is the number up to which a room's entries are kept from a subscriber; 0 for none.
func (r *room) openAfter(s *subscriber) uint64 {
	if who, _ := s.principal(); r.rules.known.seesAll(who) {
		return 0
	}
	var came *Arrival
	if s.standing != nil && s.standing.arrival != nil {
		came = s.standing.arrival.at
	}
	return r.tail.parts().openAfter(came, func(e *Event) time.Time { return entryOf(e).Time })
}

// shownPast is what of the past a new reader is shown, of entries in order.
func (r *room) shownPast(s *subscriber, past []*Event) []*Event {
	who, _ := s.principal()
	switch rules := r.rules.known; {
	case rules.seesAll(who):
		return past
	case rules.History == HistoryNone:
		return nil
	}
	p := r.tail.parts()
	return p.since(past, r.openAfter(s))
}

// replayOf is what of the log a subscriber gets to begin with. With a reason its cursor can't be
// served, and it gets what a new reader does.
func (r *room) replayOf(s *subscriber) ([]*Event, ResetReason) {
	start := s.entry.start
	if !start.Resume {
		past := r.shownPast(s, r.tail.kept())
		if limit := start.History; limit >= 0 && len(past) > limit {
			past = past[len(past)-limit:]
		}
		return past, ""
	}
	if start.After.Seq < r.openAfter(s) { // it has that from somebody else: of it, it has missed nothing
		past := r.shownPast(s, r.tail.kept())
		if start.After.IsZero() { // which anybody knows
			return past, ""
		}
		return past, Expired
	}
	past, reason := r.tail.after(start.After)
	if reason != "" {
		past = r.shownPast(s, past)
	}
	return past, reason
}
