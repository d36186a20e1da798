package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Author is who said something.
type Author struct {
	ID    string
	Name  string
	Guest bool
	Via   string
}

// Member is somebody in a room's roster.
type Member struct {
	Author
	Transport string
	JoinedAt  time.Time
	InCall    bool
}

// Call is a room's call, in its roster.
type Call struct {
	StartedAt   time.Time
	MemberCount int
}

// Reactions are who have put one emoji under a message.
type Reactions struct {
	Emoji string
	Count int
	By    []string
}

// Quote is the message that another one answers.
type Quote struct {
	ID      string
	From    Author
	Excerpt string
}

// Event is one event of the protocol with every field that some type of it has; of a problem too.
type Event struct {
	Type   string
	RoomID string
	ID     string
	From   Author
	Text   string
	// What a notice says has happened; Changed and Settings are the names and values of settings.
	What     string
	Changed  []string
	Settings map[string]json.RawMessage
	Time     time.Time
	Key      string
	// Target is the message that an amendment is about. Of a message the next ones say what it is
	// now; Emoji and On are a reaction's.
	Target      string
	Emoji       string
	On          bool
	Deleted     bool
	EditedAt    time.Time
	Amended     string
	Reactions   []Reactions
	Mentions    []string
	Files       []chat.File
	ReplyTo     *Quote
	Cursor      string
	Reason      string
	ClientID    string
	Name        string
	Resumed     bool
	Heartbeat   int
	Stream      string
	Member      Member
	Members     []Member
	MemberCount int
	Version     int64
	Call        *Call
	State       string
	Code        string
	Title       string
	Detail      string
	Field       string
	Limit       int
	Status      int
	RetryAfter  float64

	// At is when it arrived.
	At time.Time
	// Raw is the JSON as it came; for a line of a text stream, the line.
	Raw string
	// SSEID and SSEType are the id: and event: fields around it in an event stream.
	SSEID, SSEType string
}

// IsEntry reports whether the event is an entry of the log: its ID is a cursor.
func (e Event) IsEntry() bool { return e.Type == "message" || e.Amends() || e.Type == "notice" }

// Amends reports whether the event is an entry about an earlier message.
func (e Event) Amends() bool {
	return slices.Contains([]string{"edit", "delete", "reaction", "void"}, e.Type)
}

// Types of events that are not the protocol's: what else a reader's record says.
const (
	// TypeLine is a line of a text stream.
	TypeLine = "(line)"
	// TypeEnd is the end of a connection; Status is the close code of a WebSocket, Detail says the
	// rest.
	TypeEnd = "(end)"
)

// Page is what GET /rooms/{room}/messages answers, and GET /rooms/{room}/members.
type Page struct {
	RoomID      string
	Messages    []Event
	Cursor      string
	Reset       bool
	Reason      string
	Members     []Member
	Call        *Call
	MemberCount int
	Version     int64
}

// Texts is what the page's messages say.
func (p Page) Texts() []string { return textsOf(p.Messages) }

func textsOf(events []Event) []string {
	texts := []string{}
	for _, event := range events {
		if event.Type == "message" {
			texts = append(texts, event.Text)
		}
	}
	return texts
}
