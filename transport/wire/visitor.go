package wire

import (
	"net/http"
	"strings"

	"github.com/caller-chat/caller/chat"
	"golang.org/x/text/unicode/norm"
)

// Identify tells who makes a request. The error is a [*Failure] or one that [FailureOf] knows: a forged or expired
// session, a name that can't be one. Package server has it; the transports are given it.
type Identify func(r *http.Request) (chat.Principal, error)

// ParseRoomID is [chat.ParseRoomID] for a name as it came over the wire, in whatever Unicode normal form.
func ParseRoomID(s string) (chat.RoomID, error) {
	// Lower case first as well: the form of some characters exists in lower case only.
	return chat.ParseRoomID(norm.NFC.String(strings.ToLower(norm.NFC.String(s))))
}

// RoomOf is the room in a request's path (the path value "room").
func RoomOf(r *http.Request) (chat.RoomID, error) { return ParseRoomID(r.PathValue("room")) }
