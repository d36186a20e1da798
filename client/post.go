package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
)

// Draft is a message to be posted.
type Draft struct {
	Text string `json:"text"`
	// Key is under which the post is known: the same key of the same session (of a guest, the same
	// name and address) within ten minutes is the same post. Up to 64 printable ASCII characters.
	// Default: a new one.
	Key string `json:"key,omitempty"`
	// ReplyTo is the id of the message that this one answers.
	ReplyTo string `json:"replyTo,omitempty"`
	// Mentions are ids of members, and Files of files that this session has uploaded to the room.
	Mentions []string `json:"mentions,omitempty"`
	Files    []string `json:"files,omitempty"`
}

// Post says something, and returns the message's id. It is sent again, under the same key, until
// the server has stored it or refused it, or ctx ends: give a deadline. It is stored once, whatever
// happens to the answers. Errors: a [*Problem] for a refusal; ctx's, and the last try's, when ctx
// has ended, and then the message may or may not be stored.
func (r *Room) Post(ctx context.Context, draft Draft) (id string, err error) {
	entry, err := r.Say(ctx, draft)
	return entry.ID, err
}

// Say is Post for who wants the whole message as it was stored.
func (r *Room) Say(ctx context.Context, draft Draft) (Entry, error) {
	if draft.Key == "" {
		draft.Key = rand.Text()
	}
	var entry Entry
	err := r.c.again(ctx, call{method: http.MethodPost, path: r.path("/messages"), body: draft, into: &stored{&entry}})
	return entry, err
}

// Change is what an edit says.
type Change struct {
	Text string `json:"text"`
	// Mentions take the place of those of the message.
	Mentions []string `json:"mentions,omitempty"`
}

// Edit gives a message of one's own another text. It is tried again as a post is. Errors: a
// [*Problem] not_found, not_allowed, or conflict when the message has been deleted.
func (r *Room) Edit(ctx context.Context, id string, change Change) error {
	return r.amend(ctx, http.MethodPatch, r.message(id), change)
}

// Delete takes a message back: one's own, or anybody's for who keeps order in the room.
func (r *Room) Delete(ctx context.Context, id string) error {
	return r.amend(ctx, http.MethodDelete, r.message(id), nil)
}

// React puts an emoji under a message, or takes one's own away.
func (r *Room) React(ctx context.Context, id, emoji string, on bool) error {
	method := http.MethodPut
	if !on {
		method = http.MethodDelete
	}
	return r.amend(ctx, method, r.message(id)+"/reactions/"+url.PathEscape(emoji), nil)
}

func (r *Room) message(id string) string { return r.path("/messages/" + url.PathEscape(id)) }

func (r *Room) amend(ctx context.Context, method, path string, body any) error {
	header := http.Header{"Idempotency-Key": {rand.Text()}}
	var entry Entry
	return r.c.again(ctx, call{method: method, path: path, header: header, body: body, into: &stored{&entry}})
}

// stored reads the answer to what was to be stored: an entry. What has no id is none.
type stored struct{ entry *Entry }

// UnmarshalJSON reads the entry.
func (s *stored) UnmarshalJSON(object []byte) error {
	if err := json.Unmarshal(object, s.entry); err != nil {
		return err
	}
	if !isCursor(s.entry.ID) {
		return errors.New("it has no id")
	}
	return nil
}
