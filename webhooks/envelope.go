package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// envelope is what is sent, in the shape that the Standard Webhooks rules advise.
type envelope struct {
	Type      chat.HookEvent  `json:"type"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// about is what there is to say of what is no entry of the log, or of one that was deleted before it
// was sent.
type about struct {
	Room    chat.RoomID    `json:"room"`
	Type    chat.HookEvent `json:"type"`
	RoomID  chat.RoomID    `json:"roomId"`
	ID      string         `json:"id,omitempty"`
	Member  *wire.Member   `json:"member,omitempty"`
	Version int64          `json:"version,omitempty"`
	Time    string         `json:"time"`
	Deleted bool           `json:"deleted,omitempty"`
	ForGood bool           `json:"forGood,omitempty"`
}

// eventID names a happening for all hooks, however often it is sent.
func eventID(room chat.RoomID, h chat.Happening) string {
	sum := sha256.Sum256([]byte(string(room) + "\x00" + string(h.Kind) + "\x00" + h.Ref))
	return "evt_" + hex.EncodeToString(sum[:12])
}

// bodyOf is what a hook is sent of a happening. The data are the event as streams have it, with the
// room's id before it.
func bodyOf(room chat.RoomID, h chat.Happening) []byte {
	e := envelope{Type: h.Kind, Timestamp: h.Time.UTC().Format(wire.TimeFormat)}
	if h.Entry.ID.IsZero() {
		a := about{
			Room: room, Type: h.Kind, RoomID: room, Version: h.Version, Time: e.Timestamp, Deleted: h.Deleted, ForGood: h.ForGood,
		}
		switch h.Kind {
		case chat.HookJoined, chat.HookLeft:
			if !h.Deleted {
				member := wire.MemberOf(h.Member)
				a.Member = &member
			}
		case chat.HookOpened, chat.HookClosed:
		default:
			a.ID = h.Ref
		}
		e.Data = wire.AppendJSON(nil, a)
	} else {
		name, _ := json.Marshal(room) // can't fail: a text
		data := append(append([]byte(`{"room":`), name...), ',')
		e.Data = append(data, wire.AppendJSON(nil, wire.EntryOf(room, h.Entry))[1:]...)
	}
	body, _ := json.Marshal(e) // can't fail: texts, and JSON
	return body
}
