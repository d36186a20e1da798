package chat

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Sink is a subscriber's side of a subscription: where a room's worker puts what it delivers. Its methods are called
// by that worker, one at a time, and must not block: nobody waits for a slow reader.
type Sink interface {
	// Deliver takes a batch. The first is the replay.
	Deliver(b *Batch)
	// Closed says that the room has ended the subscription, with [ErrGoingAway] or [ErrLeft]. It is the last call.
	Closed(err error)
}

// Start says where a subscriber begins.
type Start struct {
	// Resume says that the subscriber has all up to After.
	Resume bool
	After  Cursor
	// History is how many of the kept entries one that does not resume gets at most; negative means all.
	History int
	// Stream names the subscription, for [Node.Leave]; one is made up when it is empty.
	Stream string
}

// All is where a new reader starts that wants all that is kept.
var All = Start{History: -1}

// Subscription is one reader's hold on one room. Methods may be called at the same time.
type Subscription struct {
	room   *room
	who    Member
	start  Start
	sink   Sink
	stream string
	// attached is closed when the replay has been delivered; refused has an error when it never will be.
	attached chan struct{}
	refused  chan error

	// The rest is the worker's.
	state subscriptionState
	index int // in room.subs, while attached
	// placed says that the list has been read since it came, or need not be: its cursor can be judged.
	placed bool
}

type subscriptionState int

const (
	waiting subscriptionState = iota
	delivering
	ended
)

// Subscribe makes sink a reader of a room and who, unless its ID is empty, a member. It returns when the replay (the
// welcome, what is kept after the start, and the live event) has been delivered. Errors: [ErrUnavailable] when the
// store has not answered in time, [ErrGoingAway], or the context's.
func (n *Node) Subscribe(ctx context.Context, id RoomID, who Member, start Start, sink Sink) (*Subscription, error) {
	s := &Subscription{who: who, start: start, sink: sink, stream: cmp.Or(start.Stream, newStream()),
		attached: make(chan struct{}), refused: make(chan error, 1)}
	if err := n.do(id, func(r *room) { r.enter(s) }); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", id, err)
	}
	patience := time.NewTimer(n.options.Patience)
	defer patience.Stop()
	var err error
	select {
	case <-s.attached:
		return s, nil
	case err = <-s.refused:
	case <-patience.C:
		err = ErrUnavailable
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = n.do(id, func(r *room) { r.exit(s, false) }) // a node that closes has ended it already
	return nil, fmt.Errorf("subscribe to %s: %w", id, err)
}

// Stream names the subscription, as its welcome did.
func (s *Subscription) Stream() string { return s.stream }

// Close ends the subscription. Its member is present for the grace time yet, unless it is a guest.
func (s *Subscription) Close() { s.end(false) }

// Leave ends the subscription, and its member's presence at once if this was its last.
func (s *Subscription) Leave() { s.end(true) }

func (s *Subscription) end(leaving bool) {
	s.room.inbox.do(func() { s.room.exit(s, leaving) }) // a worker that has ended has ended its subscriptions
}

// Roster is the room's roster as this node knows it now. ok is false when the subscription has ended.
func (s *Subscription) Roster(ctx context.Context) (roster RosterRead, ok bool) {
	answer := make(chan RosterRead, 1)
	if !s.room.inbox.do(func() { answer <- s.room.roll.read(s.room.node.options.FoldAbove) }) {
		return RosterRead{}, false
	}
	select {
	case roster = <-answer:
		return roster, true
	case <-ctx.Done():
		return RosterRead{}, false
	}
}
