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
	// ErrGuest is an [ErrNotAllowed]: nobody can know a guest again, so none can change what was
	// said, or have read up to somewhere.
	ErrGuest = fmt.Errorf("%w: a guest has nothing to be known by", ErrNotAllowed)
	// ErrNotFound says that the message that was named is not kept, or is none.
	ErrNotFound = errors.New("the message is not kept")
	// ErrConflict says that the message that was named has been deleted.
	ErrConflict = errors.New("the message has been deleted")
	// ErrKeyReused says that the key was used before, for something else.
	ErrKeyReused = errors.New("the key was used for something else")
)

// LimitError says that a principal does something too often.
type LimitError struct {
	// RetryAfter is in how long it may do so again.
	RetryAfter time.Duration
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
