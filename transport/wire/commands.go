package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/caller-chat/caller/chat"
)

// MaxBody is how many bytes a request's body or a WebSocket frame may have: a text of 4,000
// characters in JSON, with every character escaped in six bytes twice over, fits.
const MaxBody = 64 << 10

// TooLarge is the failure for what has more bytes than the limit.
func TooLarge(limit int, detail string) *Failure {
	f := Fail(CodeTooLarge, detail)
	f.Limit = limit
	return f
}

// MaxRooms is how many rooms one connection may carry.
const MaxRooms = 64

// Command is what a client sends over a WebSocket.
type Command struct {
	Type     string          `json:"type"`
	RoomID   string          `json:"roomId,omitempty"`
	Key      string          `json:"key,omitempty"`
	Text     string          `json:"text,omitempty"`
	After    string          `json:"after,omitempty"`
	ReplyTo  Reference       `json:"replyTo,omitempty"`
	Mentions []chat.MemberID `json:"mentions,omitempty"`
	Files    []Reference     `json:"files,omitempty"`
	Target   string          `json:"target,omitempty"`
	Emoji    string          `json:"emoji,omitempty"`
	On       *bool           `json:"on,omitempty"` // nil is true
	Cursor   string          `json:"cursor,omitempty"`
}

// The commands' types.
const (
	CommandPost   = "post"
	CommandEdit   = "edit"
	CommandDelete = "delete"
	CommandReact  = "react"
	CommandTyping = "typing"
	CommandLeave  = "leave"
	CommandJoin   = "join"
	CommandPing   = "ping"
	CommandRead   = "read"
)

// ParseCommand reads a command. The error is a [*Failure]; the command then has what could be read
// of it, so that the answer can name its key. Unknown fields are ignored.
func ParseCommand(frame []byte) (Command, error) {
	var c Command
	if !utf8.Valid(frame) {
		return c, Fail(CodeInvalidUTF8, "")
	}
	if err := json.Unmarshal(frame, &c); err != nil {
		return c, FailJSON(err, `want a JSON object such as {"type":"post","key":"k-1","text":"hello"}`)
	}
	switch c.Type {
	case CommandPost, CommandEdit, CommandDelete, CommandReact,
		CommandTyping, CommandRead, CommandLeave, CommandJoin, CommandPing:
		return c, nil
	}
	return c, Fail(CodeUnknownCommand,
		`"type" must be "post", "edit", "delete", "react", "typing", "read", "leave", "join" or "ping"`)
}

// FailJSON is the failure for JSON that can't be read: by which field, when it is one, else with
// what was wanted.
func FailJSON(err error, wanted string) *Failure {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return Fail(CodeMalformed, fmt.Sprintf("%q can't be a JSON %s", mistyped.Field, mistyped.Value))
	}
	return Fail(CodeMalformed, wanted)
}

// Draft is what a command asks to be stored: one of the types post, edit, delete and react. The
// error is a [*chat.InvalidError] for "target" or "replyTo".
func (c Command) Draft() (d chat.Draft, err error) {
	d.Key = c.Key
	if c.Type == CommandPost {
		d.Payload, err = MessageOf(c.Text, c.ReplyTo, c.Mentions, c.Files)
		return d, err
	}
	if d.Target, _, err = ParseCursorField(c.Target, "target"); err != nil {
		return d, err
	}
	switch c.Type {
	case CommandEdit:
		d.Payload = chat.Edit{Text: c.Text, Mentions: MentionsOf(c.Mentions)}
	case CommandDelete:
		d.Payload = chat.Delete{}
	case CommandReact:
		d.Payload = chat.Reaction{Emoji: c.Emoji, On: c.On == nil || *c.On}
	}
	return d, nil
}

// MessageOf is a message as a client gave it: of its files it has the ids. The error is a
// [*chat.InvalidError] for "replyTo".
func MessageOf(text string, replyTo Reference, mentions []chat.MemberID, files []Reference) (chat.Message, error) {
	m := chat.Message{Text: text, Mentions: MentionsOf(mentions)}
	for _, named := range files {
		m.Files = append(m.Files, chat.File{ID: string(named)})
	}
	id, given, err := ParseCursorField(string(replyTo), "replyTo")
	if given {
		m.ReplyTo = &chat.Quote{ID: id}
	}
	return m, err
}

// MentionsOf are mentions as they are stored: nil for none.
func MentionsOf(mentions []chat.MemberID) []chat.MemberID {
	if len(mentions) == 0 {
		return nil
	}
	return mentions
}

// Reference is the id of a message or a file that a client names. In JSON it may be the id, or an
// object that has it, such as a message, a quote, or what an upload was answered with.
type Reference string

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Reference) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '{' {
		var of struct {
			ID string `json:"id"`
		}
		err := json.Unmarshal(text, &of)
		*r = Reference(of.ID)
		if err == nil && of.ID == "" {
			*r = "{}" // which names nothing
		}
		return err
	}
	return json.Unmarshal(text, (*string)(r))
}
