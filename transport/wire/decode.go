package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

// Event is an event as a client reads it.
type Event struct {
	Type string
	// Room is the room that it is about; empty for what is about none.
	Room chat.RoomID
	// Body is what it says: one of the bodies of [chat.Event], or a [Ping], a [Pong], an [Ack], a
	// [Failed], or an [Other].
	Body any
}

type (
	// Ping is what a room without news sends.
	Ping struct{ Time time.Time }
	// Pong answers the command "ping".
	Pong struct{}
	// Ack says that what was sent under a key is stored.
	Ack struct {
		Key  string
		ID   chat.Cursor
		Time time.Time
	}
	// Failed is an error event. Key is the command's that it answers; empty when the connection
	// ends by it.
	Failed struct {
		Failure *Failure
		Key     string
	}
	// Other is an event of a type that this version does not have, and that is no entry of the log.
	Other struct{ Object json.RawMessage }
)

// DecodeEvent reads an event, of which unknown fields are ignored. An unknown type with an id is an
// entry of the log ([chat.Unknown]): it moves the reader's cursor. What events do not carry is
// zero: of a call only who is in it is known, so that by their attribute it is their time of
// joining.
func DecodeEvent(object []byte) (Event, error) {
	var head struct {
		Type   string      `json:"type"`
		RoomID chat.RoomID `json:"roomId"`
		ID     string      `json:"id"`
	}
	if !utf8.Valid(object) {
		return Event{}, errors.New("reading an event: it is not valid UTF-8")
	}
	if err := json.Unmarshal(object, &head); err != nil {
		return Event{}, fmt.Errorf("reading an event: %w", err)
	}
	if head.Type == "" {
		return Event{}, errors.New("reading an event: it has no type")
	}
	body, err := decodeBody(head.Type, head.ID != "", object)
	if err != nil {
		return Event{}, fmt.Errorf("reading the event %q: %w", head.Type, err)
	}
	return Event{Type: head.Type, Room: head.RoomID, Body: body}, nil
}

func decodeBody(eventType string, hasID bool, object []byte) (any, error) {
	switch eventType {
	case "welcome":
		return decode(object, welcome.body)
	case "reset":
		return decode(object, func(r reset) (any, error) { return chat.Reset{Reason: r.Reason}, nil })
	case "live":
		return decode(object, func(l live) (any, error) {
			at, err := chat.ParseCursor(l.Cursor)
			return chat.Live{Cursor: at}, err
		})
	case "joined":
		return decode(object, func(m memberChange) (any, error) {
			return chat.Joined{Member: m.Member.member(), Version: m.Version}, nil
		})
	case "left":
		return decode(object, func(m memberChange) (any, error) {
			return chat.Left{Member: m.Member.member(), Version: m.Version}, nil
		})
	case "typing":
		return decode(object, func(m memberChange) (any, error) { return chat.Typing{Member: m.Member.member()}, nil })
	case "read":
		return decode(object, Read.mark)
	case "members":
		return decode(object, func(m members) (any, error) { return m.Roster.Event(), nil })
	case "call":
		return decode(object, func(c call) (any, error) {
			changed := chat.AttributeChanged{Key: incall.Key, Present: c.State == callState(true), Time: c.Time.utc()}
			if changed.Present {
				changed.Least = incall.Value(c.Time.utc())
			}
			return changed, nil
		})
	case "settings":
		return decode(object, func(s settings) (any, error) {
			return chat.SettingsChanged{Version: s.Version, Settings: s.Settings, Owned: s.Owned}, nil
		})
	case "ping":
		return decode(object, func(p ping) (any, error) { return Ping{p.Time.utc()}, nil })
	case "pong":
		return Pong{}, nil
	case "ack":
		return decode(object, func(a ack) (any, error) {
			id, err := chat.ParseCursor(a.ID)
			return Ack{Key: a.Key, ID: id, Time: a.Time.utc()}, err
		})
	case "error":
		return decode(object, failure.body)
	}
	known := chat.Kind(eventType)
	if hasID || known == chat.KindMessage || known == chat.KindEdit || known == chat.KindDelete ||
		known == chat.KindReaction || known == chat.KindNotice || known == chat.KindVoid {
		return decode(object, func(e Entry) (any, error) { return chat.Appended{Entry: e.Entry}, nil })
	}
	return Other{Object: append(json.RawMessage{}, object...)}, nil
}

// decode reads an object of this package and makes of it what it says.
func decode[T any](object []byte, body func(T) (any, error)) (any, error) {
	var t T
	if err := json.Unmarshal(object, &t); err != nil {
		return nil, err
	}
	return body(t)
}

func (w welcome) body() (any, error) {
	return chat.Welcome{
		You:    chat.Member{ID: w.ClientID, Name: w.Name, Guest: w.Guest},
		Stream: w.Stream, Resumed: w.Resumed,
		Heartbeat: time.Duration(w.Heartbeat * float64(time.Second)), Roster: w.Roster.Event(),
	}, nil
}

func (f failure) body() (any, error) {
	failed := &Failure{
		Code: f.Code, Detail: f.Detail, Field: f.Field, Limit: f.Limit, Reason: f.Reason,
		RetryAfter: time.Duration(f.RetryAfter * float64(time.Second)),
	}
	if f.Until != nil {
		failed.Until = f.Until.utc()
	}
	return Failed{Key: f.Key, Failure: failed}, nil
}

// member is a member as it came over the wire.
func (m Member) member() chat.Member {
	joined := m.JoinedAt.utc()
	is := chat.Member{
		ID: m.ID, Name: m.Name, Guest: m.Guest, Transport: m.Transport, JoinedAt: joined, Look: m.Look, Via: m.Via, Role: m.Role,
		LooksLike: m.LooksLike,
	}
	if m.InCall {
		is.Attributes = chat.Attributes{incall.Key: incall.Value(joined)}
	}
	return is
}

// Event is the roster as it came over the wire.
func (r Roster) Event() chat.RosterEvent {
	read := chat.RosterEvent{Version: r.Version}
	switch {
	case r.Members != nil:
		read.Members = make([]chat.Member, 0, len(*r.Members))
		for _, m := range *r.Members {
			read.Members = append(read.Members, m.member())
		}
		read.Count = len(read.Members)
	case r.Count != nil:
		read.Count = *r.Count
	}
	if r.Call != nil {
		read.Attributes = chat.AttributeCounts{
			incall.Key: {Count: r.Call.Count, Least: incall.Value(r.Call.StartedAt.utc())},
		}
	}
	return read
}
