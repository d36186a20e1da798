package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits on what people send, in characters (Unicode code points).
const (
	MaxText = 4000
	MaxName = 40
	MaxKey  = 64
)

// Kind says what an entry of the log is. Readers ignore kinds they do not know.
type Kind string

// KindMessage is something said in the room.
const KindMessage Kind = "message"

// Author is who an entry is from, as the server knows it.
type Author struct {
	ID   MemberID
	Name string
	// Guest is somebody without a session: the id is good for one request or one stream.
	Guest bool
}

// Draft is an entry before the store has numbered it.
type Draft struct {
	Kind Kind
	From Author
	Text string
	// Key is chosen by the client: the same key from the same Client within [KeyLife] is the same entry. Empty means
	// that the post can't be repeated.
	Key string
	// Client is whose keys these are: the session's id, or for guests what they can be told apart by.
	Client string
}

// KeyLife is for how long a repeated key returns the first entry.
const KeyLife = 10 * time.Minute

// Entry is one entry of a room's log.
type Entry struct {
	ID Cursor
	// Prev is the tag of the entry before it, 0 for the room's first: by it a reader can tell that the entry follows
	// the one it has, even when that one is no longer kept.
	Prev Tag
	Kind Kind
	From Author
	Text string
	// Key is the one the sender chose, so that it knows its own post; may be empty.
	Key string
	// Time is when the store took it, by the store's clock, to the millisecond.
	Time time.Time
}

// Validate checks a draft of a message. The error is an [*InvalidError] for "text" or "key".
func (d Draft) Validate() error {
	switch n := utf8.RuneCountInString(d.Text); {
	case !utf8.ValidString(d.Text):
		return &InvalidError{Field: "text", Reason: "is not valid UTF-8"}
	case n > MaxText:
		return &InvalidError{Field: "text", Limit: MaxText, Reason: fmt.Sprintf("has %d characters, more than %d", n, MaxText)}
	case strings.TrimSpace(d.Text) == "":
		return &InvalidError{Field: "text", Limit: MaxText, Reason: "is empty"}
	}
	if len(d.Key) > MaxKey {
		return &InvalidError{Field: "key", Limit: MaxKey, Reason: fmt.Sprintf("has %d characters, more than %d", len(d.Key), MaxKey)}
	}
	for i := range len(d.Key) {
		if d.Key[i] <= ' ' || d.Key[i] > '~' {
			return &InvalidError{Field: "key", Limit: MaxKey, Reason: "may have printable ASCII characters only, and no spaces"}
		}
	}
	return nil
}

// ParseName checks a display name and takes the white space around it off: 1 to [MaxName] characters, none of them a
// control character or one that turns the direction of the text around it. The error is an [*InvalidError] for "name".
func ParseName(s string) (string, error) {
	invalid := func(reason string) (string, error) {
		return "", &InvalidError{Field: "name", Limit: MaxName, Reason: reason}
	}
	if !utf8.ValidString(s) {
		return invalid("is not valid UTF-8")
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return invalid("is empty")
	}
	if n := utf8.RuneCountInString(s); n > MaxName {
		return invalid(fmt.Sprintf("has %d characters, more than %d", n, MaxName))
	}
	for _, r := range s {
		if !Printable(r) || r == '\n' || r == '\t' {
			return invalid(fmt.Sprintf("has the control character %U", r))
		}
	}
	return s, nil
}

// Printable reports whether a character can be written to a terminal as it is: line breaks and tabs can, other control
// characters and those that turn the direction of the text after them (UAX #9, explicit formatting) can't.
func Printable(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return true
	case unicode.IsControl(r):
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
		return false
	case r == 0x2028, r == 0x2029: // line and paragraph separator
		return false
	}
	return true
}
