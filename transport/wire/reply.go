package wire

import "github.com/caller-chat/caller/chat"

// Page is the answer to a history read or a poll of one room.
type Page struct {
	Messages []Entry `json:"messages"`
	Cursor   string  `json:"cursor"`
	Reset    bool    `json:"reset"`
	// More says of a search that there are others before these.
	More   bool             `json:"more,omitempty"`
	Reason chat.ResetReason `json:"reason,omitempty"`
	// Read is how far the session has read; nil for a guest, and for a history read.
	Read *Read `json:"read,omitempty"`
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
