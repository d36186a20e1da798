package redisstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// author is who wrote an entry or is a member, as it is stored.
type author struct {
	ID    chat.MemberID `json:"id"`
	Name  string        `json:"name"`
	Guest bool          `json:"guest,omitempty"`
	Look  string        `json:"look,omitempty"`
	Via   chat.Via      `json:"via,omitempty"`
	// Network and Claims are told to nobody; see chat.Author.
	Network string    `json:"network,omitempty"`
	Claims  chat.Role `json:"claims,omitempty"`
}

// body is an element's JSON, for all kinds. The scripts rewrite it where a message is amended or
// answered: they know kind, from, text, mentions, replyTo, target, editedAt, deleted, reactions,
// amended, emoji and on, and keep two fields of their own: "edit", the id of the last edit, and
// "quoted". An empty list is left out, since Lua can't tell it from an empty object.
type body struct {
	Kind chat.Kind `json:"kind"`
	From author    `json:"from"`
	Text string    `json:"text,omitempty"`
	Key  string    `json:"key,omitempty"`
	// Target is the id of the message that the entry amends.
	Target   string          `json:"target,omitempty"`
	ReplyTo  *quote          `json:"replyTo,omitempty"`
	Files    []file          `json:"files,omitempty"`
	Mentions []chat.MemberID `json:"mentions,omitempty"`
	// Amended is the id of the last amendment that is in a message; there is none without the next
	// three.
	Amended   string      `json:"amended,omitempty"`
	EditedAt  int64       `json:"editedAt,omitempty"` // milliseconds
	Deleted   bool        `json:"deleted,omitempty"`
	Reactions []reactions `json:"reactions,omitempty"`
	Emoji     string      `json:"emoji,omitempty"`
	On        bool        `json:"on,omitempty"`
	What      string      `json:"what,omitempty"`
	// Fields are a notice's own.
	Fields json.RawMessage `json:"fields,omitempty"`
}

type quote struct {
	ID      string `json:"id"`
	From    author `json:"from"`
	Excerpt string `json:"excerpt,omitempty"`
}

type file struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Preview string `json:"preview,omitempty"`
	// The next are a moving picture's, and a voice note's.
	Animated bool      `json:"animated,omitempty"`
	Duration float64   `json:"duration,omitempty"` // s
	Wave     chat.Wave `json:"wave,omitempty"`
}

type reactions struct {
	Emoji string          `json:"emoji"`
	By    []chat.MemberID `json:"by"`
}

// encoder is used again and again: what it has grown to is what bodies take.
type encoder struct {
	buffer bytes.Buffer
	json   *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buffer)
	e.json.SetEscapeHTML(false)
	return e
}}

// encode is JSON on one line that leaves <, > and & alone: nobody puts it into HTML, and \u003c is
// six times as long.
func encode(v any) (string, error) {
	e := encoders.Get().(*encoder)
	e.buffer.Reset()
	if err := e.json.Encode(v); err != nil { // the encoder is then of no more use
		return "", fmt.Errorf("encoding %T: %w", v, err)
	}
	s := string(bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n")))
	encoders.Put(e)
	return s, nil
}

// encodeBody is the JSON of what an entry has beside its id and time.
func encodeBody(from chat.Author, key string, target chat.Cursor, payload chat.Payload) (string, error) {
	if payload == nil {
		return "", errors.New("encoding an entry: it has no payload")
	}
	b := body{Kind: payload.Kind(), From: author(from), Key: key}
	if !target.IsZero() {
		b.Target = target.String()
	}
	switch p := payload.(type) {
	case chat.Message:
		b.setMessage(p)
	case chat.Edit:
		b.Text, b.Mentions = p.Text, p.Mentions
	case chat.Reaction:
		b.Emoji, b.On = p.Emoji, p.On
	case chat.RoomNotice:
		b.What, b.Fields = p.What, p.Fields
	case chat.Unknown:
		return encodeUnknown(b, p)
	}
	return encode(b)
}

func (b *body) setMessage(m chat.Message) {
	b.Text, b.Mentions = m.Text, m.Mentions
	if q := m.ReplyTo; q != nil {
		b.ReplyTo = &quote{ID: q.ID.String(), From: author(q.From), Excerpt: q.Excerpt}
	}
	for _, f := range m.Files {
		b.Files = append(b.Files, file(f))
	}
	if c := m.Changes; c != nil {
		b.Amended, b.Deleted = c.Last.String(), c.Deleted
		if !c.EditedAt.IsZero() {
			b.EditedAt = c.EditedAt.UnixMilli()
		}
		for _, r := range c.Reactions {
			b.Reactions = append(b.Reactions, reactions{r.Emoji, r.By})
		}
	}
}

// encodeUnknown puts fields beside those that every entry has.
func encodeUnknown(b body, u chat.Unknown) (string, error) {
	common, err := encode(b)
	if err != nil || len(u.Fields) == 0 {
		return common, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(u.Fields, &fields); err != nil {
		return "", fmt.Errorf("encoding an entry of kind %q: %w", u.Name, err)
	}
	own, err := encode(fields)
	if err != nil || len(fields) == 0 {
		return common, err
	}
	return common[:len(common)-1] + "," + own[1:], nil
}

// parseBody completes an entry.
func parseBody(e chat.Entry, text string) (chat.Entry, error) {
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return chat.Entry{}, fmt.Errorf("element's body: %w", err)
	}
	e.From, e.Key = chat.Author(b.From), b.Key
	var err error
	if b.Target != "" {
		if e.Target, err = chat.ParseCursor(b.Target); err != nil {
			return chat.Entry{}, fmt.Errorf("element's target: %w", err)
		}
	}
	switch b.Kind {
	case chat.KindMessage:
		e.Payload, err = b.message()
	case chat.KindEdit:
		edit := chat.Edit{Text: b.Text}
		if len(b.Mentions) > 0 {
			edit.Mentions = b.Mentions
		}
		e.Payload = edit
	case chat.KindDelete:
		e.Payload = chat.Delete{}
	case chat.KindReaction:
		e.Payload = chat.Reaction{Emoji: b.Emoji, On: b.On}
	case chat.KindNotice:
		notice := chat.RoomNotice{What: b.What}
		notice.Fields, err = compact(b.Fields)
		e.Payload = notice
	case chat.KindVoid:
		e.Payload = chat.Void{}
	default:
		e.Payload, err = parseUnknown(b.Kind, text)
	}
	if err != nil {
		return chat.Entry{}, err
	}
	return e, nil
}

func (b *body) message() (chat.Message, error) {
	m := chat.Message{Text: b.Text}
	if len(b.Mentions) > 0 {
		m.Mentions = b.Mentions
	}
	if q := b.ReplyTo; q != nil {
		id, err := chat.ParseCursor(q.ID)
		if err != nil {
			return m, fmt.Errorf("the id that an element replies to: %w", err)
		}
		m.ReplyTo = &chat.Quote{ID: id, From: chat.Author(q.From), Excerpt: q.Excerpt}
	}
	for _, f := range b.Files {
		m.Files = append(m.Files, chat.File(f))
	}
	if b.Amended == "" {
		return m, nil
	}
	last, err := chat.ParseCursor(b.Amended)
	if err != nil {
		return m, fmt.Errorf("the id of what amended an element: %w", err)
	}
	c := &chat.Changes{Last: last, Deleted: b.Deleted}
	if b.EditedAt != 0 {
		if b.EditedAt < 0 || b.EditedAt > maxMillis {
			return m, fmt.Errorf("an element was edited at %d", b.EditedAt)
		}
		c.EditedAt = time.UnixMilli(b.EditedAt).UTC()
	}
	for _, r := range b.Reactions {
		c.Reactions = append(c.Reactions, chat.Reactions{Emoji: r.Emoji, By: r.By})
	}
	m.Changes = c
	return m, nil
}

// compact is JSON on one line.
func compact(fields json.RawMessage) (json.RawMessage, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	var line bytes.Buffer
	err := json.Compact(&line, fields)
	return line.Bytes(), err
}

// parseUnknown keeps all that a newer node's entry has beside what every entry has.
func parseUnknown(kind chat.Kind, text string) (chat.Unknown, error) {
	u := chat.Unknown{Name: kind}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		return u, fmt.Errorf("element's body: %w", err)
	}
	for _, common := range []string{"kind", "from", "key", "target"} {
		delete(fields, common)
	}
	if len(fields) == 0 {
		return u, nil
	}
	own, err := encode(fields)
	u.Fields = json.RawMessage(own)
	return u, err
}
