package wire

import (
	"net/http"
	"strings"

	"github.com/caller-chat/caller/chat"
	"golang.org/x/text/unicode/norm"
)

// Visitor is who makes a request, as the server knows it.
type Visitor struct {
	// Author has the id and name of the session, or a guest's fresh ones.
	chat.Author
	// Client is whose idempotency keys the request's are: the session's id, or a guest's address and name.
	Client string
}

// Identify tells who makes a request. The error is a [*Failure] or one that [FailureOf] knows: a forged or expired
// session, a name that can't be one. Package server has it; the transports are given it.
type Identify func(r *http.Request) (Visitor, error)

// Member is the visitor as somebody present by a transport.
func (v Visitor) Member(transport string) chat.Member {
	if v.Guest {
		v.Name = strings.Clone(v.Name) // it came with the request, all of which would stay with it
	}
	return chat.Member{ID: v.ID, Name: v.Name, Guest: v.Guest, Transport: transport}
}

// ParseRoomID is [chat.ParseRoomID] for a name as it came over the wire, in whatever Unicode normal form.
func ParseRoomID(s string) (chat.RoomID, error) {
	// Lower case first as well: the form of some characters exists in lower case only.
	return chat.ParseRoomID(norm.NFC.String(strings.ToLower(norm.NFC.String(s))))
}

// RoomOf is the room in a request's path (the path value "room").
func RoomOf(r *http.Request) (chat.RoomID, error) { return ParseRoomID(r.PathValue("room")) }
