package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/caller-chat/caller/chat"
)

// Entry is a log entry on the wire: an event of its own, an element of a poll's answer, and the
// answer to a post.
type Entry struct {
	Room chat.RoomID
	chat.Entry
	// Crowd says that all who have put an emoji under the message are told by id, and not only the
	// first of them.
	Crowd bool
}

// EntryOf is an entry as it goes over the wire.
func EntryOf(room chat.RoomID, e chat.Entry) Entry { return Entry{Room: room, Entry: e} }

// shownReactors is how many of those who have put an emoji under a message are told by id.
const shownReactors = 20

// entryFields are the fields of all kinds of entries. Which ones an entry has is by its kind.
type entryFields struct {
	Type   chat.Kind   `json:"type"`
	RoomID chat.RoomID `json:"roomId"`
	ID     string      `json:"id"`
	Target string      `json:"target,omitempty"`
	From   author      `json:"from"`
	Text   *string     `json:"text,omitempty"`
	Emoji  string      `json:"emoji,omitempty"`
	On     *bool       `json:"on,omitempty"`
	What   string      `json:"what,omitempty"`
	Time   timestamp   `json:"time"`
	Key    string      `json:"key,omitempty"`
	messageFields
}

// messageFields are those that most messages do not have.
type messageFields struct {
	ReplyTo   *quote          `json:"replyTo,omitempty"`
	Files     []File          `json:"files,omitempty"`
	Mentions  []chat.MemberID `json:"mentions,omitempty"`
	EditedAt  *timestamp      `json:"editedAt,omitempty"`
	Deleted   bool            `json:"deleted,omitempty"`
	Reactions []reactions     `json:"reactions,omitempty"`
	Amended   string          `json:"amended,omitempty"`
}

type quote struct {
	ID      string `json:"id"`
	From    author `json:"from"`
	Excerpt string `json:"excerpt,omitempty"`
}

type reactions struct {
	Emoji string          `json:"emoji"`
	Count int             `json:"count"`
	By    []chat.MemberID `json:"by"`
}

// appendTo appends the entry's JSON.
func (e Entry) appendTo(dst []byte) []byte {
	const punctuation = 250 // with the ids and the time
	size := len(e.Room) + len(e.From.ID) + len(e.From.Name) + len(e.Text()) + len(e.Key)
	dst = slices.Grow(dst, punctuation+size)
	dst = appendString(append(dst, `{"type":`...), string(e.Kind()))
	dst = appendString(append(dst, `,"roomId":`...), string(e.Room))
	dst = append(e.ID.Append(append(dst, `,"id":"`...)), '"')
	if e.Amends() {
		dst = append(e.Target.Append(append(dst, `,"target":"`...)), '"')
	}
	dst = appendString(append(dst, `,"from":{"id":`...), string(e.From.ID))
	dst = appendString(append(dst, `,"name":`...), e.From.Name)
	if e.From.Guest {
		dst = append(dst, `,"guest":true`...)
	}
	if e.From.Look != "" {
		dst = appendString(append(dst, `,"look":`...), e.From.Look)
	}
	if e.From.Via != "" {
		dst = appendString(append(dst, `,"via":`...), string(e.From.Via))
	}
	dst = append(dst, '}')
	var own json.RawMessage
	switch p := e.Payload.(type) {
	case chat.Message:
		dst = appendString(append(dst, `,"text":`...), p.Text)
	case chat.Edit:
		dst = appendString(append(dst, `,"text":`...), p.Text)
	case chat.Reaction:
		dst = appendString(append(dst, `,"emoji":`...), p.Emoji)
		if p.On {
			dst = append(dst, `,"on":true`...)
		} else {
			dst = append(dst, `,"on":false`...)
		}
	case chat.RoomNotice:
		dst = appendString(append(dst, `,"what":`...), p.What)
		own = ownFields(p.Fields)
	case chat.Unknown:
		own = ownFields(p.Fields)
	}
	dst = appendTimeAndKey(dst, timestamp(e.Time), e.Key)
	switch p := e.Payload.(type) {
	case chat.Message:
		own = fieldsOf(e.Room, p, e.Crowd)
	case chat.Edit:
		own = fieldsOf(e.Room, chat.Message{Mentions: p.Mentions}, false)
	}
	if len(own) > 2 { // more than {}
		return AppendEscaped(append(dst, ','), own[1:])
	}
	return append(dst, '}')
}

// MarshalJSON implements [json.Marshaler].
func (e Entry) MarshalJSON() ([]byte, error) { return e.appendTo(nil), nil }

// fieldsOf is what a message has beside its text, as a JSON object; nil for nothing, as it is most
// often. crowd is as in [Entry].
func fieldsOf(room chat.RoomID, m chat.Message, crowd bool) json.RawMessage {
	if m.ReplyTo == nil && m.Files == nil && m.Mentions == nil && m.Changes == nil {
		return nil
	}
	f := messageFields{Mentions: m.Mentions}
	if q := m.ReplyTo; q != nil {
		f.ReplyTo = &quote{q.ID.String(), authorOf(q.From), q.Excerpt}
	}
	for _, of := range m.Files {
		f.Files = append(f.Files, FileOf(room, of))
	}
	if c := m.Changes; c != nil {
		f.Deleted, f.Amended = c.Deleted, c.Last.String()
		if !c.EditedAt.IsZero() {
			f.EditedAt = (*timestamp)(&c.EditedAt)
		}
		for _, r := range c.Reactions {
			shown := r.By
			if !crowd {
				shown = shown[:min(len(shown), shownReactors)]
			}
			f.Reactions = append(f.Reactions, reactions{r.Emoji, len(r.By) + r.More, shown})
		}
	}
	object, _ := json.Marshal(f) // can't fail: strings, numbers and times only
	return object
}

// ownFields is a JSON object on one line, without what every entry has; nil for what is no object.
func ownFields(fields json.RawMessage) json.RawMessage {
	if len(fields) == 0 {
		return nil
	}
	var own map[string]json.RawMessage
	if json.Unmarshal(fields, &own) != nil {
		return nil
	}
	for _, common := range []string{"type", "roomId", "id", "target", "from", "what", "time", "key"} {
		delete(own, common)
	}
	object, _ := json.Marshal(own) // can't fail: it has been read as JSON just now
	return object
}

// UnmarshalJSON implements [json.Unmarshaler]. Of the reactions it has those who were told by id;
// the others are counted.
func (e *Entry) UnmarshalJSON(object []byte) error {
	var f entryFields
	if err := json.Unmarshal(object, &f); err != nil {
		return fmt.Errorf("reading an entry: %w", err)
	}
	id, err := chat.ParseCursor(f.ID)
	nothing := false
	switch f.Type {
	case chat.KindDelete, chat.KindReaction, chat.KindNotice: // may be answered so: nothing was appended
		nothing = true
	}
	if err != nil || id.IsZero() && !nothing {
		return fmt.Errorf("reading an entry: %q is no id", f.ID)
	}
	*e = Entry{Room: f.RoomID, Entry: chat.Entry{
		ID: id, From: chat.Author(f.From), Key: f.Key, Time: f.Time.utc(),
	}}
	if f.Target != "" {
		if e.Target, err = chat.ParseCursor(f.Target); err != nil {
			return fmt.Errorf("reading the target of %v: %w", id, err)
		}
	}
	if e.Payload, err = f.payload(object); err != nil {
		return fmt.Errorf("reading %v: %w", id, err)
	}
	return nil
}

func (f *entryFields) payload(object []byte) (chat.Payload, error) {
	text := ""
	if f.Text != nil {
		text = *f.Text
	}
	switch f.Type {
	case chat.KindMessage:
		return f.message(text)
	case chat.KindEdit:
		edit := chat.Edit{Text: text}
		if len(f.Mentions) > 0 {
			edit.Mentions = f.Mentions
		}
		return edit, nil
	case chat.KindDelete:
		return chat.Delete{}, nil
	case chat.KindReaction:
		if f.On == nil || f.Emoji == "" {
			return nil, errors.New("a reaction needs emoji and on")
		}
		return chat.Reaction{Emoji: f.Emoji, On: *f.On}, nil
	case chat.KindNotice:
		return chat.RoomNotice{What: f.What, Fields: withoutEmpty(ownFields(object))}, nil
	case chat.KindVoid:
		return chat.Void{}, nil
	case "":
		return nil, errors.New("it has no type")
	}
	return chat.Unknown{Name: f.Type, Fields: withoutEmpty(ownFields(object))}, nil
}

// withoutEmpty is nil for an object without fields.
func withoutEmpty(object json.RawMessage) json.RawMessage {
	if string(object) == "{}" {
		return nil
	}
	return object
}

func (f *messageFields) message(text string) (chat.Message, error) {
	m := chat.Message{Text: text}
	if len(f.Mentions) > 0 {
		m.Mentions = f.Mentions
	}
	if f.ReplyTo != nil {
		id, err := chat.ParseCursor(f.ReplyTo.ID)
		if err != nil {
			return m, fmt.Errorf("what it replies to: %w", err)
		}
		m.ReplyTo = &chat.Quote{ID: id, From: chat.Author(f.ReplyTo.From), Excerpt: f.ReplyTo.Excerpt}
	}
	for _, of := range f.Files {
		m.Files = append(m.Files, of.file())
	}
	if f.Amended == "" {
		return m, nil
	}
	last, err := chat.ParseCursor(f.Amended)
	if err != nil {
		return m, fmt.Errorf("what amended it: %w", err)
	}
	m.Changes = &chat.Changes{Last: last, Deleted: f.Deleted}
	if f.EditedAt != nil {
		m.Changes.EditedAt = f.EditedAt.utc()
	}
	for _, r := range f.Reactions {
		if r.Count < len(r.By) || len(r.By) > chat.MaxReactors {
			return m, fmt.Errorf("%d reactions of %d members", r.Count, len(r.By))
		}
		more := r.Count - len(r.By)
		m.Changes.Reactions = append(m.Changes.Reactions, chat.Reactions{Emoji: r.Emoji, By: r.By, More: more})
	}
	return m, nil
}
