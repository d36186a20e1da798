package wire

import "github.com/caller-chat/caller/chat"

// Read says how far a session has read in a room: an event, a part of a poll's answer, and the
// answer to POST /rooms/{room}/read.
type Read struct {
	Type     string      `json:"type"`
	RoomID   chat.RoomID `json:"roomId"`
	Cursor   string      `json:"cursor"`
	Unread   int         `json:"unread"`
	Mentions int         `json:"mentions"`
}

// ReadOf is a mark as it goes over the wire.
func ReadOf(room chat.RoomID, m chat.ReadMark) Read {
	return Read{"read", room, m.Cursor.String(), m.Unread, m.Mentions}
}

// mark is a mark as it came over the wire.
func (r Read) mark() (any, error) {
	at, err := chat.ParseCursor(r.Cursor)
	return chat.ReadMark{Cursor: at, Unread: r.Unread, Mentions: r.Mentions}, err
}

// SessionRoom is one of the rooms of GET /session/rooms.
type SessionRoom struct {
	RoomID   chat.RoomID `json:"roomId"`
	Cursor   string      `json:"cursor"`
	Unread   int         `json:"unread"`
	Mentions int         `json:"mentions"`
	Last     *Entry      `json:"last,omitempty"`
	ReadAt   timestamp   `json:"readAt"`
}

// SessionRooms is the answer to GET /session/rooms.
type SessionRooms struct {
	Rooms []SessionRoom `json:"rooms"`
}

// SessionRoomsOf are a session's rooms as they go over the wire.
func SessionRoomsOf(rooms []chat.RoomMark) SessionRooms {
	reply := SessionRooms{Rooms: make([]SessionRoom, 0, len(rooms))}
	for _, r := range rooms {
		of := SessionRoom{
			RoomID: r.Room, Cursor: r.Cursor.String(), Unread: r.Unread, Mentions: r.Mentions, ReadAt: timestamp(r.Time),
		}
		if r.Last != nil {
			last := EntryOf(r.Room, *r.Last)
			of.Last = &last
		}
		reply.Rooms = append(reply.Rooms, of)
	}
	return reply
}
