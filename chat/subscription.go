package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Sink is a subscriber's side of a subscription: where a room's worker puts what it delivers. Its
// methods are called by that worker, one at a time, and must not block: nobody waits for a slow
// reader.
type Sink interface {
	// Deliver takes a batch. The first is the replay.
	Deliver(b *Batch)
	// Closed says that the room has ended the subscription, with [ErrGoingAway], [ErrLeft], what the
	// room's rules say ([*RefusedError]), or the error that [Node.End] was given. It is the last call.
	Closed(err error)
}

// Start says where a subscriber begins.
type Start struct {
	// Resume says that the subscriber has all up to After.
	Resume bool
	After  Cursor
	// History is how many of the kept entries one that does not resume gets at most; negative means
	// all.
	History int
	// Stream names the subscription, for [Node.Leave]; one is made up when it is empty.
	Stream string
	// Transport is how the subscriber comes, as members show it: "ws", "sse", "ndjson", "text" or
	// "poll".
	Transport string
	// Together is how many rooms a connection begins with at once, for the first of them: limits
	// count them together. It is negative for the others. A poll counts once, however many rooms it
	// asks for.
	Together int
	// Unlisted says that the subscriber is not in the roster.
	Unlisted bool
}

// action is what the policy is asked about.
func (s Start) action() Action {
	if s.Transport == "poll" {
		return ActionPoll
	}
	return ActionSubscribe
}

// times is how often it is counted.
func (s Start) times() int {
	switch {
	case s.Together < 0:
		return 0
	case s.Together == 0:
		return 1
	}
	return s.Together
}

// All is where a new reader starts that wants all that is kept.
var All = Start{History: -1}

// Subscription is one reader's hold on one room. Methods may be called at the same time.
type Subscription struct {
	room *room
	subscriber
}

// Subscribe makes sink a reader of a room and who, unless the start says unlisted, a member. It
// returns when the replay (the welcome, what is kept after the start, and the live event) has been
// delivered. Errors: those of [Node.Authorize], that of [Node.End], [ErrUnavailable] when the store has not
// answered in time, [ErrGoingAway], or the context's.
func (n *Node) Subscribe(ctx context.Context, who Principal, id RoomID, start Start, sink Sink) (*Subscription, error) {
	if err := n.askPolicy(ctx, who, id, start.action(), start.times()); err != nil {
		return nil, err
	}
	// The room's worker knows the rules before it lets anybody read: only who needs a grant has them
	// read here.
	rules := n.assumedRules(id)
	for tries := 1; ; tries++ {
		may, refused := n.permitted(ctx, rules, who, id, ActionSubscribe)
		if refused != nil && tries > 1 {
			return nil, n.told(id, ActionSubscribe, refused)
		}
		if refused == nil {
			s, err := n.subscribe(ctx, who, id, start, sink, may.granted)
			if !byRules(err) || tries == maxRulesTries {
				return s, err
			}
		}
		by := rules
		var err error
		if rules, err = n.readRules(ctx, id); err != nil {
			return nil, err
		}
		if stillBy(refused, by, rules) {
			return nil, n.told(id, ActionSubscribe, refused)
		}
		version := rules.Version
		if r := n.existing(id); r != nil { // it may have yet to hear of them
			r.inbox.do(func() { r.rulesChanged(version) })
		}
	}
}

// byRules reports whether somebody is refused by a room's rules, and not for want of room.
func byRules(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused) && refused.Code != RefusedFull
}

func (n *Node) subscribe(
	ctx context.Context, who Principal, id RoomID, start Start, sink Sink, granted bool,
) (*Subscription, error) {
	var m Member
	if !start.Unlisted {
		m = who.Member(start.Transport)
	}
	done := make(chan error, 1)
	s := &Subscription{subscriber: subscriber{
		sink: sink, stream: cmp.Or(start.Stream, newStream()), transport: start.Transport, who: m.ID, guest: m.Guest,
		standing: standingOf(who, !start.Unlisted, granted),
		entry:    &entering{who: m, start: start, done: done},
	}}
	enter := func(r *room) {
		s.room = r
		if why := n.endings.why(who); why != nil {
			s.state = ended
			done <- why
			return
		}
		r.enter(&s.subscriber)
	}
	if err := n.do(id, enter); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", id, err)
	}
	patience := time.NewTimer(n.options.Patience)
	defer patience.Stop()
	var err error
	select {
	case err = <-done:
		if err == nil {
			return s, nil
		}
	case <-patience.C:
		err = ErrUnavailable
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = n.do(id, func(r *room) { // a node that closes has ended it already
		if s.room == r {
			r.exit(&s.subscriber, false, nil)
		}
	})
	return nil, fmt.Errorf("subscribe to %s: %w", id, err)
}

// Room is the room's id.
func (s *Subscription) Room() RoomID { return s.room.id }

// Stream names the subscription, as its welcome did.
func (s *Subscription) Stream() string { return s.stream }

// Close ends the subscription. Its member is present for the reconnect grace yet, unless it is a
// guest.
func (s *Subscription) Close() { s.end(false) }

// Leave ends the subscription, and its member's presence at once if this was its last.
func (s *Subscription) Leave() { s.end(true) }

// Unlist ends what the subscription has to do with its member's presence, as Close does. It goes on
// reading.
func (s *Subscription) Unlist() {
	s.room.inbox.do(func() { s.room.unlist(&s.subscriber) }) // as in end
}

func (s *Subscription) end(leaving bool) {
	s.room.inbox.do(func() { s.room.exit(&s.subscriber, leaving, nil) }) // a worker that has ended has ended its subscriptions
}

// Roster is the room's roster as this node knows it now. ok is false when the subscription has
// ended.
func (s *Subscription) Roster(ctx context.Context) (roster RosterEvent, ok bool) {
	answer := make(chan RosterEvent, 1)
	if !s.room.inbox.do(func() { answer <- s.room.roster.event() }) {
		return RosterEvent{}, false
	}
	select {
	case roster = <-answer:
		return roster, true
	case <-ctx.Done():
		return RosterEvent{}, false
	}
}
