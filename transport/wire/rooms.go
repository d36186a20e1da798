package wire

import (
	"github.com/caller-chat/caller/chat"
	"golang.org/x/text/unicode/norm"
)

// ParseRoomID is [chat.ParseRoomID] for a name as it came over the wire, in whatever Unicode normal
// form.
func ParseRoomID(s string) (chat.RoomID, error) {
	// Lower case first as well: the form of some characters exists in lower case only.
	return chat.ParseRoomID(norm.NFC.String(chat.FoldRoomName(norm.NFC.String(s))))
}

// ParseCursorField reads a cursor that a client gave in a field; ok is false when text is empty.
// The error is a [*chat.InvalidError] that names the field.
func ParseCursorField(text, field string) (c chat.Cursor, ok bool, err error) {
	if text == "" {
		return chat.Cursor{}, false, nil
	}
	c, err = chat.ParseCursor(text)
	if err != nil {
		return chat.Cursor{}, false, &chat.InvalidError{Field: field,
			Reason: `is not a cursor: want "0-0" or SEQ-TAG, as in "42-7f3a9c12"`}
	}
	return c, true, nil
}

// ParseReadCursor reads the cursor up to which somebody has read. The error is a
// [*chat.InvalidError] for the field "cursor".
func ParseReadCursor(text string) (chat.Cursor, error) {
	c, given, err := ParseCursorField(text, "cursor")
	if err == nil && !given {
		err = &chat.InvalidError{Field: "cursor", Reason: `is missing: give the id of the last entry that was read, as in "42-7f3a9c12"`}
	}
	return c, err
}

// RoomStart is one room of several on a connection.
type RoomStart struct {
	Room  chat.RoomID
	Start chat.Start
}

// RoomStartOf reads a room's name and, unless it is empty, the cursor after which to start.
func RoomStartOf(name, after string) (RoomStart, error) {
	room, err := ParseRoomID(name)
	if err != nil {
		return RoomStart{}, err
	}
	cursor, resume, err := ParseCursorField(after, "after")
	if err != nil {
		return RoomStart{}, err
	}
	return RoomStart{Room: room, Start: chat.Start{Resume: resume, After: cursor, History: -1}}, nil
}
