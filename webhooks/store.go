package webhooks

import (
	"context"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Store is what webhooks ask of the store; package redisstore has it. Errors wrap
// [chat.ErrUnavailable].
type Store interface {
	Hooks
	Outbox
	Letters
	// TakeTurn reports whether this node does what one of all is to do.
	TakeTurn(ctx context.Context, what string, keep time.Duration) (mine bool, err error)
}

// Hooks keeps which hooks there are.
type Hooks interface {
	// KeepHook keeps a room's hook and what it is told of. It has to have the config was, or where that
	// is nil is a new one, of which there may be so many. Errors: [chat.ErrNotOwned],
	// [chat.ErrNoRecord], [chat.ErrHookChanged].
	KeepHook(
		ctx context.Context, room chat.RoomID, id chat.HookID, config []byte, events []chat.HookEvent, most int, was []byte,
	) (full bool, err error)
	// DropHook lets a room's hook go. Errors: [chat.ErrNotOwned], [chat.ErrNoRecord].
	DropHook(ctx context.Context, room chat.RoomID, id chat.HookID) error
	RoomHooks(ctx context.Context, room chat.RoomID) ([]chat.RoomHook, error)
	// NodeHooks says which hooks this node has for all rooms, from now on. What happens is kept for
	// them by what this node does.
	NodeHooks(all map[chat.HookID][]chat.HookEvent)
	// NodeHooksOff are those that are told no more, and since when; SwitchNodeHook says so of one.
	NodeHooksOff(ctx context.Context) (map[chat.HookID]time.Time, error)
	SwitchNodeHook(ctx context.Context, id chat.HookID, on bool) error
}

// Outbox has what hooks are to be told. It is in partitions, each of some of the rooms.
type Outbox interface {
	// OnHookWork has a function told when this node has put something in. It must not block.
	OnHookWork(f func(partition int))
	AllPartitions() int
	// HookPartitions are those in which rooms have hooks of their own.
	HookPartitions(ctx context.Context) ([]int, error)
	// DueHooks claims hooks that have something to send.
	DueHooks(ctx context.Context, partition int, lease time.Duration, most int) ([]chat.HookClaim, error)
	HookWork(ctx context.Context, c chat.HookClaim, most int) (chat.HookWork, error)
	// Told says that the hook was told, Bury that it never will be, and whether to forget that it has
	// failed. Both make the claim good for that long from now; ok is false when it was not good any
	// more, or the hook is no longer what the claim says.
	Told(ctx context.Context, c *chat.HookClaim, h chat.Happening, lease time.Duration) (ok bool, err error)
	Bury(ctx context.Context, c *chat.HookClaim, h chat.Happening, lease time.Duration, note []byte, forget bool) (ok bool, err error)
	// Postpone gives the claim up until later, and keeps what there is to say of a failure.
	Postpone(ctx context.Context, c chat.HookClaim, after time.Duration, failure []byte) error
}

// Letters are the dead ones.
type Letters interface {
	// DeadLetters are a partition's that died until then, zero for all, the latest first and of the same
	// time by name: which they are, and when they died. DeadLetter has the rest.
	DeadLetters(ctx context.Context, partition int, until time.Time, most int) ([]chat.DeadLetter, error)
	DeadLetter(ctx context.Context, room chat.RoomID, hook chat.HookID, id string) (d chat.DeadLetter, ok bool, err error)
	DropDeadLetter(ctx context.Context, d chat.DeadLetter) (was bool, err error)
}

// Observer is told what becomes of what is sent, so that somebody can count it. Its methods are
// called by many at the same time.
type Observer interface {
	// Attempted says that something was sent, or could not be: Outcome is "ok", "refused" (an answer
	// that is none of success) or "failed" (no answer).
	Attempted(outcome string, took time.Duration)
	// Died says that something will not be sent any more by itself.
	Died()
}

type nobody struct{}

func (nobody) Attempted(string, time.Duration) {}
func (nobody) Died()                           {}
