package wire

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
)

// Page is the answer to a history read or a poll of one room.
type Page struct {
	Messages []Message        `json:"messages"`
	Cursor   string           `json:"cursor"`
	Reset    bool             `json:"reset"`
	Reason   chat.ResetReason `json:"reason,omitempty"`
	Roster
}

// RoomPage is a page of one of several rooms that are polled together.
type RoomPage struct {
	RoomID chat.RoomID `json:"roomId"`
	Page
}

// Pages is the answer to a poll of several rooms.
type Pages struct {
	Rooms []RoomPage `json:"rooms"`
}

// MembersReply is the answer to GET /rooms/{room}/members.
type MembersReply struct {
	RoomID chat.RoomID `json:"roomId"`
	Roster
}

// WriteJSON answers with an object, which no cache may keep.
func WriteJSON(w http.ResponseWriter, status int, object any) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.WriteHeader(status)
	_, _ = w.Write(append(appendJSON(nil, object), '\n')) // a client that is gone has no use for it
}

// The values of headers that all answers share; nobody changes them.
var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)
