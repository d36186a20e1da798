package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// entryJSON is an entry in an answer.
type entryJSON struct {
	Type, ID, RoomID, Text, Key, Time, Target, Amended, EditedAt string
	From                                                         struct {
		ID, Name string
		Guest    bool
	}
	Deleted   bool
	Reactions []client.Reactions
}

// pageJSON is an answer with entries.
type pageJSON struct {
	Messages []entryJSON
	Cursor   string
	Reset    bool
	More     bool
}

func (p *pageJSON) read(r reply) error {
	*p = pageJSON{}
	if r.status != http.StatusOK || json.Unmarshal([]byte(r.body), p) != nil || p.Messages == nil || p.Cursor == "" {
		return fmt.Errorf("%v; want 200, messages and a cursor", r)
	}
	return nil
}

func postChecks() []check {
	return []check{
		{"post", "what is posted as JSON, as a form or as it is has an id, a time, its text, and the author that the server knows", (*trial).post},
		{"once/key", "the same key of the same session is the same message, however often, at once and over whatever transport it comes; for another text it is refused", (*trial).once},
	}
}

func (t *trial) post(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	ann, text := people[0], t.text("said")
	object := func(fields map[string]any) string {
		data, _ := json.Marshal(fields) // of texts
		return string(data)
	}
	var errs []error
	for _, way := range []struct{ how, path, contentType, body string }{
		{"JSON", "/messages", "application/json", object(map[string]any{"text": text, "from": map[string]string{"id": "somebody", "name": "Else"}, "id": "1-00000000"})},
		{"a form", "", "application/x-www-form-urlencoded", url.Values{"text": {text}}.Encode()},
		{"text", "/messages", "text/plain; charset=utf-8", text},
		{"a form that is none, as curl -d sends it", "", "application/x-www-form-urlencoded", "https://example.com/?a=1&text=abc"},
	} {
		want := text
		if way.body[0] == 'h' {
			want = way.body
		}
		answer, err := t.ask(ctx, ann, http.MethodPost, "rooms/"+t.room+way.path+query(way.path), way.body, "Content-Type", way.contentType)
		if err != nil {
			return "", err
		}
		var stored entryJSON
		_ = json.Unmarshal([]byte(answer.body), &stored) // what can't be read has no id
		_, malformed := judge.Sequence(stored.ID)
		switch {
		case answer.status != http.StatusCreated:
			errs = append(errs, fmt.Errorf("%s: %v; want 201", way.how, answer))
		case malformed != nil || stored.Time == "" || stored.RoomID != t.room || stored.Text != want:
			errs = append(errs, fmt.Errorf("%s: %v; want an id, a time, the roomId and the text %q", way.how, answer, want))
		case stored.From.ID != ann.id || stored.From.Name != ann.name || stored.From.Guest:
			errs = append(errs, fmt.Errorf("%s: its author is %+v; want %s %q", way.how, stored.From, ann.id, ann.name))
		}
	}
	answer, err := t.ask(ctx, nil, http.MethodPost, "rooms/"+t.room+"/messages", "hello", "Content-Type", "text/plain", "X-Name", "verify")
	var guest entryJSON
	_ = json.Unmarshal([]byte(answer.body), &guest) // what can't be read has no author
	if err == nil && (answer.status != http.StatusCreated || !guest.From.Guest || guest.From.Name != "verify") {
		errs = append(errs, fmt.Errorf("a guest: %v; want 201 and a guest called verify", answer))
	}
	return "5 messages", errors.Join(append(errs, err)...)
}

// query is of no effect: a path with /messages counts as a message, and so does one without.
func query(path string) string {
	if path == "" {
		return "?from=/messages"
	}
	return ""
}

func (t *trial) once(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	ann := people[0]
	draft := client.Draft{Text: t.text("once"), Key: "once"}
	const times = 6
	var all sync.WaitGroup
	answers := make([]judge.Post, times)
	errs := make([]error, times)
	for i := range times {
		all.Go(func() { answers[i], errs[i] = t.say(ctx, ann, draft) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	first := answers[0].ID
	for _, again := range answers {
		if again.ID != first {
			return "", fmt.Errorf("doubled: of %d posts under one key at once one is %s and one %s", times, first, again.ID)
		}
	}
	body := fmt.Sprintf(`{"key":"once","text":%q}`, "something else")
	other, err := t.ask(ctx, ann, http.MethodPost, "rooms/"+t.room+"/messages", body, "Content-Type", "application/json")
	if err != nil {
		return "", err
	}
	if err := other.refused(http.StatusUnprocessableEntity, "key_reused", "", 0); err != nil {
		return "", err
	}
	repeat, err := t.ask(ctx, ann, http.MethodPost, "rooms/"+t.room+"/messages", draft.Text, "Content-Type", "text/plain", "Idempotency-Key", "once")
	if err != nil {
		return "", err
	}
	var stored entryJSON
	_ = json.Unmarshal([]byte(repeat.body), &stored) // what can't be read has no id
	if repeat.status != http.StatusOK || stored.ID != first {
		return "", fmt.Errorf("a repeat: %v; want 200 and %s", repeat, first)
	}
	if _, dead := t.dead[client.WebSocket]; !dead {
		l := t.listen(ctx, ann, client.WebSocket, client.From{})
		if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
			return "", err
		}
		if err := l.conn.Send(map[string]string{"type": "post", "key": "once", "text": draft.Text}); err != nil {
			return "", err
		}
		ack, _, err := l.waitFor(ctx, "the ack", ofType(client.EventAck))
		if err != nil {
			return "", err
		}
		if ack.Key != "once" || ack.AckID != first {
			return "", fmt.Errorf("over a WebSocket the same post is %s; want %s", ack.AckID, first)
		}
	}
	elses, err := t.say(ctx, people[1], draft)
	if err != nil {
		return "", err
	}
	if elses.ID == first {
		return "", errors.New("somebody else's post under the same key was taken for the first one's")
	}
	page, err := t.in(ann).History(ctx, client.Span{})
	if err != nil {
		return "", err
	}
	kept := 0
	for _, entry := range page.Entries {
		if entry.Key == "once" && entry.From.ID == ann.id {
			kept++
		}
	}
	if kept != 1 {
		return "", fmt.Errorf("doubled: what was posted %d times under one key is kept %d times", times+2, kept)
	}
	return fmt.Sprintf("%d posts are one message", times+2), nil
}

// row is something that is refused.
type row struct {
	name, method, path, body, contentType string
	status                                int
	code, field                           string
	limit                                 int
}

// refusals are of what is not valid: {room} is the check's room.
func refusals() []row {
	json := func(text string) string { return `{"text":"` + text + `"}` }
	const posts, asJSON = "rooms/{room}/messages", "application/json"
	return []row{
		{"text-long", "POST", posts, json(strings.Repeat("é", 4001)), asJSON, 422, "invalid_field", "text", 4000},
		{"text-empty", "POST", posts, json(""), asJSON, 422, "invalid_field", "text", 0},
		{"text-invisible", "POST", posts, json("\\u200b\\u00a0"), asJSON, 422, "invalid_field", "text", 0},
		{"name", "POST", "session", `{"name":"` + strings.Repeat("é", 41) + `"}`, asJSON, 422, "invalid_field", "name", 40},
		{"key", "POST", posts, `{"text":"x","key":"` + strings.Repeat("k", 65) + `"}`, asJSON, 422, "invalid_field", "key", 64},
		{"room-name", "GET", "rooms/" + strings.Repeat("r", 65) + "/messages", "", "", 422, "invalid_field", "room", 64},
		{"mentions", "POST", posts, `{"text":"x","mentions":["` + strings.Repeat(`a","`, 50) + `a"]}`, asJSON, 422, "invalid_field", "mentions", 50},
		{"cursor", "GET", posts + "?after=yesterday", "", "", 422, "invalid_field", "after", 0},
		{"page-limit", "GET", posts + "?limit=1001", "", "", 422, "invalid_field", "limit", 1000},
		{"wait", "GET", posts + "?wait=61", "", "", 422, "invalid_field", "wait", 60},
		{"body-size", "POST", posts, json(strings.Repeat("x", 65_560)), asJSON, 413, "too_large", "", 0},
		{"body-json", "POST", posts, `{"text":"x"`, asJSON, 400, "malformed", "", 0},
		{"body-utf8", "POST", posts, "tea \xc3\x28 \xff", "text/plain; charset=utf-8", 400, "invalid_utf8", "", 0},
		{"body-type", "POST", posts, "GIF89a", "image/gif", 415, "unsupported", "", 0},
		{"reply", "POST", posts, `{"text":"x","replyTo":"999999-0badcafe"}`, asJSON, 404, "not_found", "", 0},
		{"address", "GET", "rooms/{room}/nothing/of/the/kind", "", "", 404, "not_found", "", 0},
		{"method", "PUT", "rooms/{room}/members", "", "", 405, "method_not_allowed", "", 0},
		{"websocket-without-handshake", "GET", "rooms/{room}/ws", "", "", 426, "upgrade_required", "", 0},
		{"token-in-url", "GET", posts + "?access_token=x", "", "", 400, "token_in_url", "", 0},
	}
}

func refusalChecks() []check {
	var all []check
	for _, r := range refusals() {
		expected := fmt.Sprintf("%d, problem+json with the code %s", r.status, r.code)
		if r.field != "" {
			expected += ", the field " + r.field
		}
		if r.limit != 0 {
			expected += fmt.Sprintf(", the limit %d", r.limit)
		}
		all = append(all, check{"refuse/" + r.name, expected + "; and nothing is stored", func(t *trial, ctx context.Context) (string, error) {
			return t.refuse(ctx, r)
		}})
	}
	return append(all, check{"longest-text", "a text of 4,000 characters, of four bytes each, comes back as it was sent", (*trial).longest},
		check{"head", "HEAD is answered as GET, without a body", (*trial).head})
}

func (t *trial) refuse(ctx context.Context, r row) (string, error) {
	if err := t.share(ctx, "refuse"); err != nil {
		return "", err
	}
	ann, err := t.person(ctx, "Ann")
	if err != nil {
		return "", err
	}
	var headers []string
	if r.contentType != "" {
		headers = []string{"Content-Type", r.contentType}
	}
	answer, err := t.ask(ctx, ann, r.method, strings.ReplaceAll(r.path, "{room}", t.room), r.body, headers...)
	if err != nil {
		return "", err
	}
	if err := answer.refused(r.status, r.code, r.field, r.limit); err != nil {
		return "", err
	}
	page, err := t.in(ann).History(ctx, client.Span{})
	if err != nil {
		return "", err
	}
	for _, entry := range page.Entries {
		if entry.Kind == client.Message {
			return "", fmt.Errorf("it was refused, and %q is in the room", entry.Text)
		}
	}
	return fmt.Sprintf("%d %s", answer.status, answer.problem.Code), nil
}

func (t *trial) longest(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	text := strings.Repeat("😀", 3990) + fmt.Sprintf("%010d", t.rand.Uint32())
	stored, err := t.say(ctx, people[0], client.Draft{Text: text})
	if err != nil {
		return "", err
	}
	entry, err := t.in(people[0]).Message(ctx, stored.ID)
	if err == nil && entry.Text != text {
		err = fmt.Errorf("altered: %d bytes were sent, and %d other ones are kept", len(text), len(entry.Text))
	}
	return fmt.Sprintf("%d bytes", len(text)), err
}

func (t *trial) head(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	var errs []error
	for _, path := range []string{"rooms/" + t.room + "/messages", "rooms/" + t.room + "/members", "healthz"} {
		answer, err := t.ask(ctx, people[0], http.MethodHead, path, "")
		if err == nil && !slices.Contains([]int{http.StatusOK, http.StatusNoContent}, answer.status) {
			err = answer.is(http.StatusOK)
		}
		errs = append(errs, err)
	}
	return "3 addresses", errors.Join(errs...)
}
