package chat

import (
	"context"
	"errors"
	"time"
)

// HookEvent is a kind of thing that hooks are told of, by its name outside.
type HookEvent string

// What hooks can be told of.
const (
	HookMessage  HookEvent = "message"
	HookEdit     HookEvent = "edit"
	HookDelete   HookEvent = "delete"
	HookReaction HookEvent = "reaction"
	HookJoined   HookEvent = "joined"
	HookLeft     HookEvent = "left"
	HookOpened   HookEvent = "room.opened"
	HookClosed   HookEvent = "room.closed"
)

// HookEvents are all of them.
func HookEvents() []HookEvent {
	return []HookEvent{HookMessage, HookEdit, HookDelete, HookReaction, HookJoined, HookLeft, HookOpened, HookClosed}
}

// HookID names a hook: printable ASCII without spaces and colons. Those of rooms begin with wh-,
// those of nodes with nh-.
type HookID string

// HookClaim is that this node, and no other, sends what one hook is to be told of one room, for as
// long as it has said.
type HookClaim struct {
	Room RoomID
	Hook HookID
	// Claim is the store's, and Partition where the room is.
	Claim     string
	Partition int
	// Config is the room's hook by which it is told; nil for a node's. The claim is over when it has
	// another one.
	Config []byte
}

// ErrHookChanged says that a hook is no longer what it was when the change to it was decided.
var ErrHookChanged = errors.New("the hook has been changed meanwhile")

// Happening is something that a hook is told of.
type Happening struct {
	// ID is its place in the room's outbox; later ones come after it.
	ID string
	// Ref names it in its room for good.
	Ref  string
	Kind HookEvent
	// Time is when it happened, by the store's clock, to the millisecond.
	Time time.Time
	// Entry is what was said; zero where nothing is left of it, since it was deleted meanwhile.
	Entry Entry
	// Member is who came or went, and Version the roster's then.
	Member  Member
	Version int64
	// Deleted says that it was said, and was deleted before the hook was told. ForGood says of a
	// room that it was closed, and not only left by all.
	Deleted, ForGood bool
}

// HookWork is what one hook is to be told next.
type HookWork struct {
	// Lapsed says that the claim is not good any more, and Done that there is nothing to send: then
	// nobody has the claim any more.
	Lapsed, Done bool
	// Config is the room's hook as it was kept; nil for one that is not there any more, and for a
	// node's.
	Config []byte
	// Failure is what was last kept of its failures; nil for none.
	Failure []byte
	// Lost is how many happenings it was not told of, since the outbox was full.
	Lost int
	// Next are the happenings, the oldest first.
	Next []Happening
}

// DeadLetter is something that a hook could not be told.
type DeadLetter struct {
	Room RoomID
	Hook HookID
	Happening
	// Died is when it was given up, and Note what was kept of it then.
	Died time.Time
	Note []byte
}

// RoomHook is one of a room's hooks as it is kept.
type RoomHook struct {
	ID HookID
	// Config is what was kept of it, and Failure of its last failure; nil for none.
	Config, Failure []byte
	// Lost is how many happenings it was not told of, since the outbox was full.
	Lost int
}

// MayKeepHooks says whether somebody may see and change a room's hooks, and tells what they are in
// it, for [Node.Record]. Errors: those of [Node.Authorize] for [ActionTokens].
func (n *Node) MayKeepHooks(ctx context.Context, who Principal, room RoomID) (Role, error) {
	return n.authorizeOwned(ctx, who, room, ActionTokens)
}
