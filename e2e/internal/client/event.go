package client

import (
	"encoding/json"
	"slices"
	"time"
)

// Author is who said something.
type Author struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Guest bool   `json:"guest"`
}

// Member is somebody in a room's roster.
type Member struct {
	Author
	Transport string    `json:"transport"`
	JoinedAt  time.Time `json:"joinedAt"`
	InCall    bool      `json:"inCall"`
}

// Call is a room's call, in its roster.
type Call struct {
	StartedAt   time.Time `json:"startedAt"`
	MemberCount int       `json:"memberCount"`
}

// Reactions are who have put one emoji under a message.
type Reactions struct {
	Emoji string   `json:"emoji"`
	Count int      `json:"count"`
	By    []string `json:"by"`
}

// Quote is the message that another one answers.
type Quote struct {
	ID      string `json:"id"`
	From    Author `json:"from"`
	Excerpt string `json:"excerpt"`
}

// Event is one event of the protocol with every field that some type of it has.
type Event struct {
	Type   string    `json:"type"`
	RoomID string    `json:"roomId"`
	ID     string    `json:"id"`
	From   Author    `json:"from"`
	Text   string    `json:"text"`
	Time   time.Time `json:"time"`
	Key    string    `json:"key"`
	// Target is the message that an amendment is about. Of a message the next ones say what it is
	// now; Emoji and On are a reaction's.
	Target      string      `json:"target"`
	Emoji       string      `json:"emoji"`
	On          bool        `json:"on"`
	Deleted     bool        `json:"deleted"`
	EditedAt    time.Time   `json:"editedAt"`
	Amended     string      `json:"amended"`
	Reactions   []Reactions `json:"reactions"`
	Mentions    []string    `json:"mentions"`
	ReplyTo     *Quote      `json:"replyTo"`
	Cursor      string      `json:"cursor"`
	Reason      string      `json:"reason"`
	ClientID    string      `json:"clientId"`
	Name        string      `json:"name"`
	Resumed     bool        `json:"resumed"`
	Heartbeat   int         `json:"heartbeat"`
	Stream      string      `json:"stream"`
	Member      Member      `json:"member"`
	Members     []Member    `json:"members"`
	MemberCount int         `json:"memberCount"`
	Version     int64       `json:"version"`
	Call        *Call       `json:"call"`
	State       string      `json:"state"`
	Code        string      `json:"code"`
	Title       string      `json:"title"`
	Detail      string      `json:"detail"`
	Field       string      `json:"field"`
	Limit       int         `json:"limit"`
	Status      int         `json:"status"`
	RetryAfter  float64     `json:"retryAfter"`

	// At is when it arrived.
	At time.Time `json:"-"`
	// Raw is the JSON as it came; for a line of a text stream, the line.
	Raw string `json:"-"`
	// SSEID and SSEType are the id: and event: fields around it in an event stream.
	SSEID, SSEType string `json:"-"`
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

// parseEvent reads an event from the wire.
func parseEvent(data []byte) (Event, error) {
	event := Event{At: time.Now(), Raw: string(data)}
	err := json.Unmarshal(data, &event)
	return event, err
}

// Page is what GET /rooms/{room}/messages answers.
type Page struct {
	RoomID      string   `json:"roomId"`
	Messages    []Event  `json:"messages"`
	Cursor      string   `json:"cursor"`
	Reset       bool     `json:"reset"`
	Reason      string   `json:"reason"`
	Members     []Member `json:"members"`
	Call        *Call    `json:"call"`
	MemberCount int      `json:"memberCount"`
	Version     int64    `json:"version"`
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
