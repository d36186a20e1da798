package wire

import (
	"encoding/json"
	"unicode/utf8"
)

// MaxBody is how many bytes a request's body or a WebSocket frame may have: a text of 4,000
// characters in JSON, with every character escaped in six bytes twice over, fits.
const MaxBody = 64 << 10

// MaxRooms is how many rooms one connection may carry.
const MaxRooms = 64

// Command is what a client sends over a WebSocket.
type Command struct {
	Type   string `json:"type"`
	RoomID string `json:"roomId,omitempty"`
	Key    string `json:"key,omitempty"`
	Text   string `json:"text,omitempty"`
	After  string `json:"after,omitempty"`
}

// The commands' types.
const (
	CommandPost   = "post"
	CommandTyping = "typing"
	CommandLeave  = "leave"
	CommandJoin   = "join"
	CommandPing   = "ping"
)

// ParseCommand reads a command. The error is a [*Failure]; the command then has what could be read
// of it, so that the answer can name its key. Unknown fields are ignored.
func ParseCommand(frame []byte) (Command, error) {
	var c Command
	if !utf8.Valid(frame) {
		return c, Fail(CodeInvalidUTF8, "")
	}
	if err := json.Unmarshal(frame, &c); err != nil {
		return c, Fail(CodeMalformed, `want a JSON object such as {"type":"post","key":"k-1","text":"hello"}`)
	}
	switch c.Type {
	case CommandPost, CommandTyping, CommandLeave, CommandJoin, CommandPing:
		return c, nil
	}
	return c, Fail(CodeUnknownCommand, `"type" must be "post", "typing", "leave", "join" or "ping"`)
}
