package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// trial is one check under way. It belongs to one goroutine, but for what says otherwise.
type trial struct {
	*run
	name      string
	rand      *rand.Rand
	made      []string // rooms to be closed
	room      string   // the first of them
	listeners []*listener
}

// newRoom is a room for this check alone, which its owner, Ann, closes in the end. Where rooms can't
// be owned it is one that nobody else would name.
func (t *trial) newRoom(ctx context.Context) (string, error) {
	ann, err := t.person(ctx, "Ann")
	if err != nil {
		return "", err
	}
	room, _, err := ann.NewRoom(ctx, "caller verify: "+t.name)
	if err != nil {
		return "", fmt.Errorf("POST /rooms: %w", err)
	}
	t.made = append(t.made, room.ID())
	return room.ID(), nil
}

// end leaves nothing behind.
func (t *trial) end(ctx context.Context) {
	for _, l := range t.listeners {
		l.close()
	}
	within := eventually
	if ends, ok := ctx.Deadline(); ok { // the run ends when it should
		within = min(within, max(0, time.Until(ends))+time.Second)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if ann := t.people["Ann"]; ann != nil {
		for _, room := range t.made {
			_ = ann.Call(ctx, http.MethodDelete, "rooms/"+url.PathEscape(room), nil, nil, nil) // it goes by itself, later
		}
	}
}

// begin makes the check's room, and signs people in.
func (t *trial) begin(ctx context.Context, names ...string) (people []*person, err error) {
	for _, name := range names {
		p, err := t.person(ctx, name)
		if err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	t.room, err = t.newRoom(ctx)
	return people, err
}

// judge looks at all that the check's connections brought, whatever the check was about: nothing
// comes twice, out of order or with a hole.
func (t *trial) judge() error {
	var errs []error
	for _, l := range t.listeners {
		errs = append(errs, faulty(l.who, judge.Reader(nil, l.after, judged(l.events)))) // it has ended
	}
	return errors.Join(errs...)
}

// in is the check's room, for one of the people.
func (t *trial) in(p *person) *client.Room { return p.Room(t.room) }

// text is something to say, which follows from the seed.
func (t *trial) text(what string) string {
	words := []string{"tea", "чай", "お茶", "thé", "شاي", "☕", "a\nb", "\"quoted\"", "<b>", "100%"}
	return fmt.Sprintf("%s %08x %s", what, t.rand.Uint32(), words[t.rand.IntN(len(words))])
}

var errTooMany = errors.New("no more is said than the run may say")

// spend counts a message that is about to be sent.
func (r *run) spend() error {
	if r.said.Add(1) > int64(r.o.Messages) {
		r.said.Add(-1)
		return errTooMany
	}
	return nil
}

// say posts a message and is what was acknowledged. Several goroutines may call it.
func (t *trial) say(ctx context.Context, p *person, draft client.Draft) (judge.Post, error) {
	if err := t.spend(); err != nil {
		return judge.Post{}, err
	}
	id, err := t.in(p).Post(ctx, draft)
	if err != nil {
		return judge.Post{}, fmt.Errorf("posting: %w", err)
	}
	return judge.Post{ID: id, Key: draft.Key, Text: draft.Text}, nil
}

// sayMany posts so many messages, one after the other.
func (t *trial) sayMany(ctx context.Context, p *person, n int, what string) ([]judge.Post, error) {
	var posts []judge.Post
	for i := range n {
		post, err := t.say(ctx, p, client.Draft{Text: t.text(fmt.Sprintf("%s %d", what, i+1)), Key: fmt.Sprintf("%s-%d", what, i+1)})
		if err != nil {
			return posts, err
		}
		posts = append(posts, post)
	}
	return posts, nil
}

// reply is an answer over HTTP.
type reply struct {
	what    string // was asked
	status  int
	header  http.Header
	body    string
	problem struct {
		Status     int
		Code       string
		Title      string
		Detail     string
		Field      string
		Limit      int
		RetryAfter float64
	}
}

func (r reply) String() string {
	body := r.body
	if len(body) > 200 {
		body = body[:200] + "…"
	}
	return fmt.Sprintf("%s was answered %d %s %s", r.what, r.status, r.header.Get("Content-Type"), body)
}

// ask makes a request; p is nil for a guest, headers are name and value by turns.
func (r *run) ask(ctx context.Context, p *person, method, path, body string, headers ...string) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, eventually, fmt.Errorf("no answer within %v", eventually))
	defer cancel()
	if method == http.MethodPost && strings.Contains(path, "/messages") {
		if err := r.spend(); err != nil {
			return reply{}, err
		}
	}
	for {
		answer, err := r.askOnce(ctx, p, method, path, body, headers...)
		// Whoever is asked to wait does: it is no fault.
		if err != nil || answer.status != http.StatusTooManyRequests || answer.problem.RetryAfter <= 0 {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, nil
		case <-time.After(time.Duration(answer.problem.RetryAfter * float64(time.Second))):
		}
	}
}

func (r *run) askOnce(ctx context.Context, p *person, method, path, body string, headers ...string) (reply, error) {
	answer := reply{what: method + " " + shortened(path)}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer, err
	}
	if p != nil {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	setAll(req.Header, headers)
	resp, err := r.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return answer, fmt.Errorf("%s: %w", answer.what, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return answer, fmt.Errorf("%s: %w", answer.what, err)
	}
	answer.status, answer.header, answer.body = resp.StatusCode, resp.Header, string(data)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		_ = json.Unmarshal(data, &answer.problem) // what can't be read has no code
	}
	return answer, nil
}

// setAll sets headers that are name and value by turns.
func setAll(to http.Header, headers []string) {
	for i := 0; i+1 < len(headers); i += 2 {
		to.Set(headers[i], headers[i+1])
	}
}

func shortened(path string) string {
	if runes := []rune(path); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return path
}

// refused checks that an answer is a problem as docs/protocol.md says: a status, its code, and where
// they matter field and limit.
func (r reply) refused(status int, code, field string, limit int) error {
	switch p := r.problem; {
	case r.status != status:
		return fmt.Errorf("%v; want %d %s", r, status, code)
	case p.Code == "":
		return fmt.Errorf("%v; want application/problem+json with the code %s", r, code)
	case p.Code != code || p.Status != status || p.Title == "":
		return fmt.Errorf("%v; want the code %s, the status %d and a title", r, code, status)
	case field != "" && p.Field != field:
		return fmt.Errorf("%v; want the field %s", r, field)
	case limit != 0 && p.Limit != limit:
		return fmt.Errorf("%v; want the limit %d", r, limit)
	}
	return nil
}

func (r reply) is(status int) error {
	if r.status != status {
		return fmt.Errorf("%v; want %d", r, status)
	}
	return nil
}
