package chat

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Kind says what an entry of the log is. Readers ignore kinds they do not know.
type Kind string

// The kinds of entries.
const (
	// KindMessage is something said in the room.
	KindMessage Kind = "message"
	// KindEdit gives a message another text.
	KindEdit Kind = "edit"
	// KindDelete takes a message back.
	KindDelete Kind = "delete"
	// KindReaction puts an emoji under a message, or takes it away.
	KindReaction Kind = "reaction"
	// KindNotice is the room's own word.
	KindNotice Kind = "notice"
	// KindVoid is an amendment that a later one has overtaken. It changes nothing: it is there so
	// that no number is missing.
	KindVoid Kind = "void"
)

// Payload is what an entry says: one of [Message], [Edit], [Delete], [Reaction], [RoomNotice],
// [Void] and [Unknown], by value.
type Payload interface {
	Kind() Kind
}

type (
	// Message is something said in the room, as it is now.
	Message struct {
		Text string
		// ReplyTo is what it answers; nil for nothing. In a draft only its ID counts: the store
		// fills the rest.
		ReplyTo *Quote
		// Files go with it. In a draft only their IDs count: the node's [Files] fill the rest.
		Files []File
		// Mentions are the ids of the members that it names.
		Mentions []MemberID
		// Changes is what amendments have made of it; nil for a message that nobody has amended.
		Changes *Changes
	}
	// Edit gives the target another text, and with it other mentions.
	Edit struct {
		Text string
		// Mentions are the ids of the members that the text names.
		Mentions []MemberID
	}
	// Delete leaves of the target who said it and when.
	Delete struct{}
	// Reaction puts an emoji under the target, or takes it away.
	Reaction struct {
		Emoji string
		On    bool
	}
	// RoomNotice is the room's own word: What has happened, and by that its fields.
	RoomNotice struct {
		What string
		// Fields are a JSON object without line breaks, or nil. See [Draft.Validate] for what it
		// may have.
		Fields json.RawMessage
	}
	// Void is an amendment that a later one has overtaken, such as an edit before the last one.
	Void struct{}
	// Unknown is an entry of a kind that this version does not have: a newer node's. Fields are a
	// JSON object, all that it has beside what every entry has; nil for nothing.
	Unknown struct {
		Name   Kind
		Fields json.RawMessage
	}
)

// Kind implements [Payload].
func (Message) Kind() Kind { return KindMessage }

// Kind implements [Payload].
func (Edit) Kind() Kind { return KindEdit }

// Kind implements [Payload].
func (Delete) Kind() Kind { return KindDelete }

// Kind implements [Payload].
func (Reaction) Kind() Kind { return KindReaction }

// Kind implements [Payload].
func (RoomNotice) Kind() Kind { return KindNotice }

// Kind implements [Payload].
func (Void) Kind() Kind { return KindVoid }

// Kind implements [Payload].
func (u Unknown) Kind() Kind { return u.Name }

// Quote is the message that another one answers.
type Quote struct {
	ID   Cursor
	From Author
	// Excerpt is how its text begins, see [Excerpt]: as it is now for as long as it is kept, and
	// empty when it has been deleted.
	Excerpt string
}

// Excerpt is how a text begins: its first [MaxExcerpt] characters.
func Excerpt(text string) string {
	if len(text) <= MaxExcerpt {
		return text
	}
	end := 0
	for range MaxExcerpt {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return text[:end]
}

// File is a file that goes with a message. The bytes are kept elsewhere.
type File struct {
	ID   string
	Name string
	// Type is a media type.
	Type string
	// Size is in bytes.
	Size int64
	// SHA256 is in hexadecimal digits.
	SHA256 string
	// Width and Height are a picture's, in pixels; 0 for other files.
	Width, Height int
	// Preview is a small blurred picture, as a data URL; empty for other files.
	Preview string
	// Animated is a picture that moves.
	Animated bool
	// Duration and Wave are a voice note's: its length in seconds, and how loud it is; 0 and nil for
	// other files.
	Duration float64
	Wave     Wave
}

// Changes is what amendments have made of a message.
type Changes struct {
	// Last is the last amendment that is in it. Who has the message knows by it which amendments,
	// of those that come later, are in it already: all up to this one.
	Last Cursor
	// EditedAt is the time of the last edit; zero for none.
	EditedAt time.Time
	// Deleted says that the message has been taken back. Nothing is left of it but who said it and
	// when.
	Deleted bool
	// Reactions are in the order in which each emoji came first.
	Reactions []Reactions
}

// Reactions are those who have put one emoji under a message, in the order in which they did.
type Reactions struct {
	Emoji string
	By    []MemberID
	// More is how many there are beside those in By: 0 but for a client, which is told who the
	// first are.
	More int
}
