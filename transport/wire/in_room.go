package wire

import (
	"errors"

	"github.com/caller-chat/caller/chat"
)

// roomError is an error about one of several rooms.
type roomError struct {
	error
	room chat.RoomID
}

func (e *roomError) Unwrap() error { return e.error }

// InRoom says of a room's refusal which room it is, where several were asked for; other errors are
// about all of them.
func InRoom(room chat.RoomID, err error) error {
	if errors.Is(err, chat.ErrNotAllowed) || errors.Is(err, chat.ErrNotSignedIn) {
		return &roomError{err, room}
	}
	return err
}
