package attachments

import (
	"errors"
	"fmt"
)

// What a [Store]'s methods answer with, besides the context's own errors, those of
// [chat.FileRecords] (which wrap [chat.ErrUnavailable]) and [*SizeError]. Test with errors.Is.
var (
	// ErrUnavailable says that the bucket does not answer, or has no room. The rest of the chat goes
	// on.
	ErrUnavailable = errors.New("the file store does not answer")
	// ErrBusy says that as many uploads as there may be are under way here: come back in a moment.
	ErrBusy = errors.New("too many uploads at once")
	// ErrNotFound says that there is no such file, or that it has been forgotten.
	ErrNotFound = errors.New("there is no such file")
	// ErrGone says that the file was there, and has been removed.
	ErrGone = errors.New("the file has been removed")
	// ErrOffset says that bytes were sent for another place than the file's end; or that another
	// request has added to it, or finished it, meanwhile.
	ErrOffset = errors.New("the file has another length")
	// ErrIncomplete says that the file is not whole yet.
	ErrIncomplete = errors.New("the file is not whole yet")
	// ErrPosted says that a message names the file: it goes with the message.
	ErrPosted = errors.New("the file is in a message")
	// ErrInfected says that the scanner refuses the file. It has been removed.
	ErrInfected = errors.New("the scanner refuses the file")
)

// SizeError says that something is over a limit by its size.
type SizeError struct {
	// What has the limit: "file", "room" or "picture".
	What string
	// Limit is in bytes, and Size what it would be, also in bytes; a picture's are in pixels.
	Limit, Size int64
}

func (e *SizeError) Error() string {
	if e.What == "room" {
		return fmt.Sprintf("the room's files would have %d bytes, more than %d", e.Size, e.Limit)
	}
	if e.What == "picture" {
		return fmt.Sprintf("the picture has %d pixels, more than %d", e.Size, e.Limit)
	}
	return fmt.Sprintf("the file has %d bytes, more than %d", e.Size, e.Limit)
}
