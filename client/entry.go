package client

import (
	"encoding/json"
	"time"
)

// Kind says what an entry is.
type Kind string

// The kinds of entries. A reader passes over those that it does not know.
const (
	// Message says something.
	Message Kind = "message"
	// Edit gives the message Target another Text, Delete takes it back, and Reaction puts Emoji
	// under it (On) or takes it away. Void is an amendment that a later one has overtaken.
	Edit     Kind = "edit"
	Delete   Kind = "delete"
	Reaction Kind = "reaction"
	Void     Kind = "void"
	// Notice is the room's own word: What says what was done.
	Notice Kind = "notice"
	// Reset is no entry of the log. It says that some of what came after the cursor is no longer
	// kept (Reason expired), or that the log was lost or replaced (rewritten): forget what you have
	// of the room. All that is kept follows.
	Reset Kind = "reset"
)

// Entry is one entry of a room's log. Fields that are not of its kind are zero.
type Entry struct {
	Kind Kind
	Room string
	// ID is the cursor too: [From].After resumes after it.
	ID   string
	From Author
	Time time.Time

	// Text is what a message, an edit or an announcement says; that of a deleted message is empty.
	Text string
	// Key is the one under which it was posted.
	Key      string
	ReplyTo  *Quote
	Files    []File
	Mentions []string

	// What a message is now, beside its text. Amended is the last amendment in it: one whose number
	// is not above that has been done already.
	EditedAt  time.Time
	Deleted   bool
	Reactions []Reactions
	Amended   string

	Target string
	Emoji  string
	On     bool

	What   string
	Reason string
	// Raw is the JSON as it came, with what this package does not know.
	Raw json.RawMessage
}

// Quote is the message that another one answers, as it was then.
type Quote struct {
	ID      string `json:"id"`
	From    Author `json:"from"`
	Excerpt string `json:"excerpt"`
}

// Reactions are who have put one emoji under a message; By has the ids of the first 20.
type Reactions struct {
	Emoji string   `json:"emoji"`
	Count int      `json:"count"`
	By    []string `json:"by"`
}

// File is a file of a message.
type File struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	// URL is a path below the server's address.
	URL string `json:"url"`
}

// Seq is the entry's number in its room, which counts up by one; 0 for a reset.
func (e Entry) Seq() uint64 { return seqOf(e.ID) }

// UnmarshalJSON reads an entry as the wire has it.
func (e *Entry) UnmarshalJSON(object []byte) error {
	var read struct {
		Type      Kind        `json:"type"`
		RoomID    string      `json:"roomId"`
		ID        string      `json:"id"`
		From      Author      `json:"from"`
		Time      lenient     `json:"time"`
		Text      string      `json:"text"`
		Key       string      `json:"key"`
		ReplyTo   *Quote      `json:"replyTo"`
		Files     []File      `json:"files"`
		Mentions  []string    `json:"mentions"`
		EditedAt  lenient     `json:"editedAt"`
		Deleted   bool        `json:"deleted"`
		Reactions []Reactions `json:"reactions"`
		Amended   string      `json:"amended"`
		Target    string      `json:"target"`
		Emoji     string      `json:"emoji"`
		On        bool        `json:"on"`
		What      string      `json:"what"`
	}
	if err := json.Unmarshal(object, &read); err != nil {
		return err
	}
	*e = Entry{
		Kind: read.Type, Room: read.RoomID, ID: read.ID, From: read.From, Time: time.Time(read.Time),
		Text: read.Text, Key: read.Key, ReplyTo: read.ReplyTo, Files: read.Files, Mentions: read.Mentions,
		EditedAt: time.Time(read.EditedAt), Deleted: read.Deleted, Reactions: read.Reactions, Amended: read.Amended,
		Target: read.Target, Emoji: read.Emoji, On: read.On, What: read.What,
		Raw: append(json.RawMessage(nil), object...),
	}
	return nil
}

// decodeEntry reads an event that has a cursor for its id. An entry of a kind that is not known may
// have fields of other types; then it has its head alone, as it does when it can't be read at all,
// for which false is reported.
func decodeEntry(object []byte) (Entry, bool) {
	var entry Entry
	if err := json.Unmarshal(object, &entry); err == nil {
		return entry, true
	}
	var head struct {
		Type   Kind   `json:"type"`
		RoomID string `json:"roomId"`
		ID     string `json:"id"`
	}
	_ = json.Unmarshal(object, &head) // has been read once
	known := map[Kind]bool{Message: true, Edit: true, Delete: true, Reaction: true, Notice: true, Void: true}
	return Entry{Kind: head.Type, Room: head.RoomID, ID: head.ID, Raw: append(json.RawMessage(nil), object...)}, !known[head.Type]
}
