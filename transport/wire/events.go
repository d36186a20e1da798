package wire

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

// TimeFormat is how times are written: RFC 3339 in UTC with milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000Z"

type timestamp time.Time

func (t timestamp) MarshalText() ([]byte, error) {
	return t.appendTo(nil), nil
}

// UnmarshalText takes any time of RFC 3339.
func (t *timestamp) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(text))
	if err == nil && (at.UTC().Year() < 0 || at.UTC().Year() > 9999) {
		return errors.New("the year has not four digits")
	}
	*t = timestamp(at)
	return err
}

func (t timestamp) utc() time.Time { return time.Time(t).UTC() }

// appendTo writes a time as time.Format does by TimeFormat, in a fifth of the time: each message
// has one. Its year is one of four digits, as the store's are.
func (t timestamp) appendTo(dst []byte) []byte {
	at := time.Time(t).UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	dst = append(appendTwo(appendTwo(dst, year/100), year%100), '-')
	dst = append(appendTwo(dst, int(month)), '-')
	dst = append(appendTwo(dst, day), 'T')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	dst = append(appendTwo(dst, second), '.')
	millis := at.Nanosecond() / int(time.Millisecond)
	return append(appendTwo(append(dst, '0'+byte(millis/100)), millis%100), 'Z')
}

// appendTwo appends a number below 100 in two digits.
func appendTwo(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

type author struct {
	ID    chat.MemberID `json:"id"`
	Name  string        `json:"name"`
	Guest bool          `json:"guest,omitempty"`
	Look  string        `json:"look,omitempty"`
	Via   chat.Via      `json:"via,omitempty"`
	// Network and Claims are told to nobody.
	Network string    `json:"-"`
	Claims  chat.Role `json:"-"`
}

// Member is a member on the wire.
type Member struct {
	author
	Transport string    `json:"transport"`
	JoinedAt  timestamp `json:"joinedAt"`
	InCall    bool      `json:"inCall,omitempty"`
	Role      chat.Role `json:"role,omitempty"`
	// LooksLike is the member who was here first and whose name looks the same.
	LooksLike chat.MemberID `json:"looksLike,omitempty"`
}

// Call is the call of a room, as it stands in its roster.
type Call struct {
	StartedAt timestamp `json:"startedAt"`
	Count     int       `json:"memberCount"`
}

// Roster is who is in a room, as it stands in other objects: the members, or in large rooms how
// many.
type Roster struct {
	Members *[]Member `json:"members,omitempty"`
	Count   *int      `json:"memberCount,omitempty"`
	Version int64     `json:"version"`
	Call    *Call     `json:"call,omitempty"`
}

type welcome struct {
	Type      string        `json:"type"`
	RoomID    chat.RoomID   `json:"roomId"`
	ClientID  chat.MemberID `json:"clientId"`
	Name      string        `json:"name"`
	Guest     bool          `json:"guest,omitempty"`
	Resumed   bool          `json:"resumed"`
	Heartbeat float64       `json:"heartbeat"`
	Stream    string        `json:"stream"`
	Roster
}

type reset struct {
	Type   string           `json:"type"`
	RoomID chat.RoomID      `json:"roomId"`
	Reason chat.ResetReason `json:"reason"`
}

type live struct {
	Type   string      `json:"type"`
	RoomID chat.RoomID `json:"roomId"`
	Cursor string      `json:"cursor"`
}

type memberChange struct {
	Type    string      `json:"type"`
	RoomID  chat.RoomID `json:"roomId"`
	Member  Member      `json:"member"`
	Version int64       `json:"version,omitempty"`
}

type members struct {
	Type   string      `json:"type"`
	RoomID chat.RoomID `json:"roomId"`
	Roster
}

type call struct {
	Type   string      `json:"type"`
	RoomID chat.RoomID `json:"roomId"`
	State  string      `json:"state"`
	Time   timestamp   `json:"time"`
}

type settings struct {
	Type     string        `json:"type"`
	RoomID   chat.RoomID   `json:"roomId"`
	Version  int64         `json:"version"`
	Settings chat.Settings `json:"settings"`
	Owned    bool          `json:"owned"`
}

type ping struct {
	Type string    `json:"type"`
	Time timestamp `json:"time"`
}

type ack struct {
	Type   string      `json:"type"`
	RoomID chat.RoomID `json:"roomId"`
	Key    string      `json:"key,omitempty"`
	ID     string      `json:"id"`
	Time   timestamp   `json:"time"`
}

type failure struct {
	Type       string      `json:"type"`
	RoomID     chat.RoomID `json:"roomId,omitempty"`
	Code       Code        `json:"code"`
	Title      string      `json:"title"`
	Detail     string      `json:"detail,omitempty"`
	Field      string      `json:"field,omitempty"`
	Limit      int         `json:"limit,omitempty"`
	Key        string      `json:"key,omitempty"`
	RetryAfter float64     `json:"retryAfter,omitempty"`
	Until      *timestamp  `json:"until,omitempty"`
	Reason     string      `json:"reason,omitempty"`
}

func authorOf(a chat.Author) author { return author(a) }

// MemberOf is a member as it goes over the wire.
func MemberOf(m chat.Member) Member {
	return Member{
		author: authorOf(m.Author()), Transport: m.Transport, JoinedAt: timestamp(m.JoinedAt), InCall: incall.Is(m),
		Role: m.Role, LooksLike: m.LooksLike,
	}
}

// RosterOf is a roster as it goes over the wire.
func RosterOf(r chat.RosterEvent) Roster {
	var going *Call
	if in := incall.Of(r.Attributes); in.Count > 0 {
		going = &Call{StartedAt: timestamp(in.Since), Count: in.Count}
	}
	if r.Members == nil && r.Count > 0 {
		return Roster{Count: &r.Count, Version: r.Version, Call: going}
	}
	list := make([]Member, 0, len(r.Members))
	for _, m := range r.Members {
		list = append(list, MemberOf(m))
	}
	return Roster{Members: &list, Version: r.Version, Call: going}
}

// bodyOf is the object that an event is on the wire, and its type.
func bodyOf(e *chat.Event) (eventType string, object any) {
	switch b := e.Body.(type) {
	case chat.Appended:
		return string(b.Entry.Kind()), EntryOf(e.Room, b.Entry)
	case chat.Welcome:
		return "welcome", welcome{
			Type: "welcome", RoomID: e.Room, ClientID: b.You.ID, Name: b.You.Name, Guest: b.You.Guest,
			Resumed: b.Resumed, Heartbeat: b.Heartbeat.Seconds(), Stream: b.Stream, Roster: RosterOf(b.Roster),
		}
	case chat.Reset:
		return "reset", reset{"reset", e.Room, b.Reason}
	case chat.Live:
		return "live", live{"live", e.Room, b.Cursor.String()}
	case chat.Joined:
		return "joined", memberChange{"joined", e.Room, MemberOf(b.Member), b.Version}
	case chat.Left:
		return "left", memberChange{"left", e.Room, MemberOf(b.Member), b.Version}
	case chat.RosterEvent:
		return "members", members{"members", e.Room, RosterOf(b)}
	case chat.SettingsChanged:
		return "settings", settings{"settings", e.Room, b.Version, b.Settings, b.Owned}
	case chat.AttributeChanged:
		if b.Key == incall.Key {
			return "call", call{"call", e.Room, callState(b.Present), timestamp(callTime(b))}
		}
	case chat.ReadMark:
		return "read", ReadOf(e.Room, b)
	case chat.Typing:
		return "typing", memberChange{Type: "typing", RoomID: e.Room, Member: MemberOf(b.Member)}
	}
	return "", nil // an event that this version of the wire does not have
}

// callTime is when a call began or ended.
func callTime(a chat.AttributeChanged) time.Time {
	if a.Present {
		return incall.Since(a.Least)
	}
	return a.Time
}

func callState(started bool) string {
	if started {
		return "started"
	}
	return "ended"
}

// failureOf is a failure as an event; room and key are empty where it is about none.
func failureOf(f *Failure, room chat.RoomID, key string) failure {
	return failure{
		Type: "error", RoomID: room, Code: f.Code, Title: meaningOf(f.Code).title, Detail: f.Detail,
		Field: f.Field, Limit: f.Limit, Key: key, RetryAfter: seconds(f.RetryAfter), Until: f.until(), Reason: f.Reason,
	}
}

// aroundJSON is how many bytes a framing puts around an object's JSON at most, about.
const aroundJSON = 64

// AppendJSON appends an object of this package, or of plain fields, as JSON that is safe in a
// terminal.
func AppendJSON(dst []byte, object any) []byte {
	switch object := object.(type) {
	case Entry:
		return object.appendTo(dst)
	case ack:
		return object.appendTo(dst)
	}
	body, err := json.Marshal(object)
	if err != nil {
		return dst // can't happen: these objects have strings, numbers and times only
	}
	return AppendEscaped(slices.Grow(dst, len(body)+aroundJSON), body)
}
