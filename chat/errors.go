package chat

import (
	"errors"
	"fmt"
	"time"
)

// What a Node's methods answer with, besides an [*InvalidError] and the context's own errors. Test
// with errors.Is.
var (
	// ErrUnavailable says that the store does not answer. Nothing is known of what was asked: a
	// post may have been stored, and can be sent again under its key.
	ErrUnavailable = errors.New("the store does not answer")
	// ErrGoingAway says that this node is stopping: come back, to this address or another node.
	ErrGoingAway = errors.New("the node is going away")
	// ErrFull says that this node, or its store, has no room for more of what was asked for: what is
	// there already goes on.
	ErrFull = errors.New("the server is full")
	// ErrTooSlow closes a subscriber whose backlog is full: come back and resume.
	ErrTooSlow = errors.New("the reader is too slow")
	// ErrLeft closes a subscriber whose member has left the room: do not come back by yourself.
	ErrLeft = errors.New("the member has left")
	// ErrNotAllowed says that the principal may not do this: asking again changes nothing.
	ErrNotAllowed = errors.New("not allowed")
	// ErrNotSignedIn says that somebody with a session may do this, and a guest may not.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrNotAuthor is an [ErrNotAllowed]: only the author of a message may change it.
	ErrNotAuthor = fmt.Errorf("%w: the message is somebody else's", ErrNotAllowed)
	// ErrSessionOver says that what a principal came with, a session or a token, is good no more.
	ErrSessionOver = errors.New("the session is over")
	// ErrSignInOver is an [ErrSessionOver] of somebody whom others have vouched for: signing in there
	// again makes the same person.
	ErrSignInOver = fmt.Errorf("%w: it takes another sign-in", ErrSessionOver)
	// ErrGuest is an [ErrNotAllowed]: nobody can know a guest again, so none can change what was
	// said, or have read up to somewhere.
	ErrGuest = fmt.Errorf("%w: a guest has nothing to be known by", ErrNotAllowed)
	// ErrNotFound says that the message that was named is not kept, or is none.
	ErrNotFound = errors.New("the message is not kept")
	// ErrConflict says that the message that was named has been deleted.
	ErrConflict = errors.New("the message has been deleted")
	// ErrKeyReused says that the key was used before, for something else.
	ErrKeyReused = errors.New("the key was used for something else")
	// ErrRulesChanged is a store's answer to what was decided by rules that are not the room's any
	// more. A node then decides again, so its callers see it only as an [ErrUnavailable].
	ErrRulesChanged = errors.New("the room's rules have changed")
	// ErrNewRoom is a store's answer to a draft for a room that must be there, and is not. Only nodes
	// see it.
	ErrNewRoom = errors.New("nothing is kept in the room")
	// ErrVersion says that the settings are not of the version that was given.
	ErrVersion = errors.New("the settings have changed since")
	// ErrOwned says that the room has an owner, or that others are in it: it can't be made one's own.
	ErrOwned = errors.New("the room is not free to be owned")
	// ErrNotOwned says that nobody owns the room: it has no settings, and no moderators.
	ErrNotOwned = errors.New("nobody owns the room")
	// ErrNoMember says that nobody of that id is in the room, or has said something that is kept.
	ErrNoMember = errors.New("nobody of that id is or was here")
	// ErrNoBan says that there is no such ban.
	ErrNoBan = errors.New("there is no such ban")
)

// Refusal says why somebody is refused, as it goes over the wire.
type Refusal string

// The refusals.
const (
	// RefusedPassword and RefusedInvite say what would let somebody in.
	RefusedPassword Refusal = "password_required"
	RefusedInvite   Refusal = "invite_required"
	RefusedLocked   Refusal = "locked"
	RefusedFull     Refusal = "full"
	// RefusedBanned has an end and a reason; of a network's ban, the end only.
	RefusedBanned Refusal = "banned"
	// RefusedRemoved is for a moment after somebody was removed.
	RefusedRemoved Refusal = "removed"
	// RefusedMuted has an end.
	RefusedMuted Refusal = "muted"
	// RefusedClosed says that the room was closed for good.
	RefusedClosed Refusal = "room_closed"
	// RefusedWrongPassword and RefusedWrongInvite answer [Node.Enter].
	RefusedWrongPassword Refusal = "wrong_password"
	RefusedWrongInvite   Refusal = "wrong_invite"
	// RefusedNotAllowed is any other; Detail says which.
	RefusedNotAllowed Refusal = "not_allowed"
)

// RefusedError is an [ErrNotAllowed] by a room's rules: it says which.
type RefusedError struct {
	Code Refusal
	// Until is when a ban or a mute ends; zero for never, and for other refusals.
	Until time.Time
	// Reason is what a moderator has given, for the one that it is about.
	Reason string
	// Network says that the ban is somebody else's of the same network.
	Network bool
	// Detail says more of a [RefusedNotAllowed], to whoever asks.
	Detail string
}

func (e *RefusedError) Error() string {
	if e.Detail != "" {
		return string(e.Code) + ": " + e.Detail
	}
	return string(e.Code)
}

// Unwrap implements what errors.Is needs: it is an [ErrNotAllowed].
func (e *RefusedError) Unwrap() error { return ErrNotAllowed }

// SlowModeError says that somebody says something again too soon for the room's slow mode.
type SlowModeError struct {
	// RetryAfter is in how long it may.
	RetryAfter time.Duration
}

func (e *SlowModeError) Error() string {
	return fmt.Sprintf("the room is in slow mode: again in %s", e.RetryAfter)
}

// LimitError says that a principal does something too often.
type LimitError struct {
	// RetryAfter is in how long it may do so again.
	RetryAfter time.Duration
	// Name is the limit's, and Bucket what it allows; empty for what is no limit by time.
	Name   string
	Bucket Bucket
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("too much at once: again in %s", e.RetryAfter)
}

// InvalidError says what is wrong with one field of what somebody sent.
type InvalidError struct {
	// Field is the field's name on the wire: "room", "text", "key", "name", "after", "limit",
	// "emoji".
	Field string
	// Limit is the bound that was passed, in characters unless Reason says otherwise; 0 where there
	// is none.
	Limit int
	// Reason completes the sentence that begins with the field's name: "is empty".
	Reason string
}

func (e *InvalidError) Error() string { return fmt.Sprintf("%s %s", e.Field, e.Reason) }
