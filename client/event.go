package client

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Author is who said or did something.
type Author struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Guest says that nobody knows this author again, and Look is the same for all guests of one
	// name and address: for the eye alone.
	Guest bool   `json:"guest"`
	Look  string `json:"look"`
	// Via is who else vouches for the name: site, oidc or token; "" for nobody.
	Via string `json:"via"`
}

// Member is somebody in a room.
type Member struct {
	Author
	// Transport is how it listens: ws, sse, ndjson, text or poll.
	Transport string
	JoinedAt  time.Time
	// Role is owner or moderator, else "".
	Role   string
	InCall bool
	// LooksLike is the id of the first who was here before by a name that looks the same, if any.
	LooksLike string
}

// UnmarshalJSON reads a member; a time that can't be read is none.
func (m *Member) UnmarshalJSON(object []byte) error {
	var read struct {
		Author
		Transport string  `json:"transport"`
		JoinedAt  lenient `json:"joinedAt"`
		Role      string  `json:"role"`
		InCall    bool    `json:"inCall"`
		LooksLike string  `json:"looksLike"`
	}
	if err := json.Unmarshal(object, &read); err != nil {
		return err
	}
	*m = Member{read.Author, read.Transport, time.Time(read.JoinedAt), read.Role, read.InCall, read.LooksLike}
	return nil
}

// Roster is who is in a room.
type Roster struct {
	// Members is nil above 200 of them, where only their number is told.
	Members []Member
	Count   int
	// Version is one more with each change.
	Version int64
}

// rosterJSON is a roster within other things.
type rosterJSON struct {
	Members     []Member `json:"members"`
	MemberCount int      `json:"memberCount"`
	Version     int64    `json:"version"`
}

func (r rosterJSON) roster() Roster {
	if r.Members != nil {
		r.MemberCount = len(r.Members)
	}
	return Roster{Members: r.Members, Count: r.MemberCount, Version: r.Version}
}

// Types of events. A room's log has entries, whose types are kinds ([Message] and so on).
const (
	// EventWelcome begins each connection. You, Roster and Heartbeat are of it; polls do not tell You.
	EventWelcome = "welcome"
	// EventLive says that the past is done; Cursor is where one is.
	EventLive = "live"
	// EventJoined and EventLeft have the Member and the roster's Version.
	EventJoined = "joined"
	EventLeft   = "left"
	// EventMembers has the whole Roster.
	EventMembers = "members"
	// EventTyping has the Member who is writing.
	EventTyping = "typing"
	// EventRead has the mark of one's own session: Cursor, Unread and Mentions.
	EventRead = "read"
	// EventError has the Problem, which no call of ours caused.
	EventError = "error"
	// EventTransport is this package's own: from now on Transport carries the session.
	EventTransport = "(transport)"

	// EventPing is sent a second after live and whenever a connection would be silent, EventPong
	// answers a WebSocket's ping, and EventAck a command, by its Key: AckID is what it has stored.
	// [Conn] alone tells of them.
	EventPing = "ping"
	EventPong = "pong"
	EventAck  = "ack"

	// eventCursor says that polls are past what was not an entry.
	eventCursor = "(cursor)"
)

// Event is what a room's stream brings. Fields that are not of its type are zero.
type Event struct {
	// Type is one of the Event constants, an entry's kind, or a type that this package does not
	// know.
	Type string
	Room string
	// Entry is set for the kinds of entries, and for a reset.
	Entry *Entry
	// You is who one is in this room, Stream the connection's name, Resumed whether the cursor is
	// served without a gap, and Heartbeat how long a connection may be silent.
	You       Author
	Stream    string
	Resumed   bool
	Heartbeat time.Duration

	Cursor           string
	Unread, Mentions int

	Roster  *Roster
	Member  *Member
	Version int64

	Problem *Problem
	// Transport is what brought it.
	Transport Transport
	// Raw is the JSON as it came, nil for what this package says itself; that of a reset over polling
	// is as a stream has it.
	Raw json.RawMessage

	// Key is that of the command which an ack or an error answers.
	Key   string
	AckID string
}

// lenient is a time that is zero when it can't be read.
type lenient time.Time

// UnmarshalJSON reads RFC 3339.
func (l *lenient) UnmarshalJSON(text []byte) error {
	var read time.Time
	if json.Unmarshal(text, &read) == nil {
		*l = lenient(read)
	}
	return nil
}

// eventJSON has the fields of every type but entries.
type eventJSON struct {
	rosterJSON
	Type      string  `json:"type"`
	RoomID    string  `json:"roomId"`
	ID        string  `json:"id"`
	ClientID  string  `json:"clientId"`
	Name      string  `json:"name"`
	Guest     bool    `json:"guest"`
	Stream    string  `json:"stream"`
	Resumed   bool    `json:"resumed"`
	Heartbeat float64 `json:"heartbeat"`
	Cursor    string  `json:"cursor"`
	Reason    string  `json:"reason"`
	Unread    int     `json:"unread"`
	Mentions  any     `json:"mentions"` // of a mark their number, of an entry ids
	Member    *Member `json:"member"`
	Key       string  `json:"key"`
}

// decodeEvent reads one event. It reports false for what is none, or can't be one of its type.
func decodeEvent(object []byte) (Event, bool) {
	var head struct {
		Type   string `json:"type"`
		RoomID string `json:"roomId"`
		ID     string `json:"id"`
	}
	if json.Unmarshal(object, &head) != nil || head.Type == "" {
		return Event{}, false
	}
	event := Event{Type: head.Type, Room: head.RoomID, Raw: append(json.RawMessage(nil), object...)}
	switch head.Type {
	case EventWelcome, string(Reset), EventLive, EventJoined, EventLeft, EventMembers, EventTyping, EventRead, EventAck:
		var read eventJSON
		if json.Unmarshal(object, &read) != nil {
			return Event{}, false
		}
		return event, event.take(read)
	case EventError:
		var read struct {
			problemJSON
			Key string `json:"key"`
		}
		if json.Unmarshal(object, &read) != nil || read.Code == "" {
			return Event{}, false
		}
		event.Problem, event.Key = read.problem(), read.Key
		return event, true
	}
	if !isCursor(head.ID) {
		return event, Kind(head.Type) != Message
	}
	entry, ok := decodeEntry(object)
	event.Entry = &entry
	return event, ok
}

// resetOf is the event by which a stream says what an answer says of itself.
func resetOf(room, reason string) Event {
	raw, _ := json.Marshal(struct {
		Type   Kind   `json:"type"`
		RoomID string `json:"roomId"`
		Reason string `json:"reason,omitempty"`
	}{Reset, room, reason}) // of strings
	return Event{Type: string(Reset), Room: room, Raw: raw, Entry: &Entry{Kind: Reset, Room: room, Reason: reason, Raw: raw}}
}

// take fills in what the type has; it reports false where something that must be there is not.
func (e *Event) take(read eventJSON) bool {
	switch e.Type {
	case EventWelcome:
		roster := read.roster()
		e.Roster, e.Version = &roster, roster.Version
		e.You, e.Stream, e.Resumed = Author{ID: read.ClientID, Name: read.Name, Guest: read.Guest}, read.Stream, read.Resumed
		e.Heartbeat = time.Duration(read.Heartbeat * float64(time.Second))
		if e.Heartbeat <= 0 {
			e.Heartbeat = defaultHeartbeat
		}
	case EventMembers:
		roster := read.roster()
		e.Roster, e.Version = &roster, roster.Version
	case string(Reset):
		e.Entry = &Entry{Kind: Reset, Room: e.Room, Reason: read.Reason, Raw: e.Raw}
	case EventLive, EventRead:
		e.Cursor, e.Unread = read.Cursor, read.Unread
		if n, ok := read.Mentions.(float64); ok {
			e.Mentions = int(n)
		}
		return isCursor(e.Cursor)
	case EventJoined, EventLeft, EventTyping:
		e.Member, e.Version = read.Member, read.Version
		return e.Member != nil
	case EventAck:
		e.Key, e.AckID = read.Key, read.ID
		return e.Key != ""
	}
	return true
}

// defaultHeartbeat is for a welcome that does not say.
const defaultHeartbeat = 15 * time.Second

// start is the place before the first entry.
const start = "0-0"

var cursorShape = regexp.MustCompile(`^(0|[1-9]\d{0,15})-[\da-zA-Z]{1,32}$`)

func isCursor(text string) bool { return cursorShape.MatchString(text) }

// seqOf is a cursor's number, and 0 for none.
func seqOf(cursor string) uint64 {
	number, _, _ := strings.Cut(cursor, "-")
	seq, _ := strconv.ParseUint(number, 10, 64)
	return seq
}
