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
	"slices"
	"strings"
	"sync"
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

// listener is one connection that is read as it comes.
type listener struct {
	who    string
	after  string // the cursor that it began with
	conn   *client.Conn
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	events  []client.Event
	at      []time.Duration // since it began
	err     error           // how it has ended
	changed chan struct{}   // closed and made anew with each event
}

// listen opens a connection, which is closed at the end of the check at the latest.
func (t *trial) listen(ctx context.Context, p *person, transport client.Transport, from client.From) *listener {
	ctx, cancel := context.WithCancel(ctx)
	l := &listener{
		who: string(transport), after: from.After, conn: t.in(p).Connect(transport, from), began: time.Now(), cancel: cancel,
		done: make(chan struct{}), changed: make(chan struct{}),
	}
	t.listeners = append(t.listeners, l)
	go func() {
		defer close(l.done)
		for event, err := range l.conn.Events(ctx) {
			l.add(event, err)
		}
	}()
	return l
}

func (l *listener) add(event client.Event, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.err = err
	} else {
		l.events, l.at = append(l.events, event), append(l.at, time.Since(l.began))
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *listener) close() {
	l.cancel()
	<-l.done
}

// wait waits until what has come is enough.
func (l *listener) wait(ctx context.Context, what string, enough func([]client.Event) bool) ([]client.Event, error) {
	return l.waitWithin(ctx, eventually, what, enough)
}

func (l *listener) waitWithin(
	ctx context.Context, within time.Duration, what string, enough func([]client.Event) bool,
) ([]client.Event, error) {
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		l.mu.Lock()
		events, changed, err := slices.Clone(l.events), l.changed, l.err
		l.mu.Unlock()
		if enough(events) {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("%s: the connection ended before %s: %w", l.who, what, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return events, fmt.Errorf("%s: %s did not come: %w", l.who, what, context.Cause(ctx))
		case <-late.C:
			return events, fmt.Errorf("%s: %s did not come within %v; there came: %s", l.who, what, within, typesOf(events))
		}
	}
}

// waitFor waits for an event, and is the first such and when it came.
func (l *listener) waitFor(ctx context.Context, what string, matches func(client.Event) bool) (client.Event, time.Duration, error) {
	events, err := l.wait(ctx, what, func(events []client.Event) bool { return slices.ContainsFunc(events, matches) })
	if err != nil {
		return client.Event{}, 0, err
	}
	i := slices.IndexFunc(events, matches)
	l.mu.Lock()
	defer l.mu.Unlock()
	return events[i], l.at[i], nil
}

// ended waits until the server has ended the connection, and is how.
func (l *listener) ended(ctx context.Context) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		return nil
	case <-time.After(eventually):
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func ofType(want string) func(client.Event) bool {
	return func(e client.Event) bool { return e.Type == want }
}

func saying(text string) func(client.Event) bool {
	return func(e client.Event) bool { return e.Type == string(client.Message) && e.Entry.Text == text }
}

// typesOf is what came, for who reads a report.
func typesOf(events []client.Event) string {
	if len(events) == 0 {
		return "nothing"
	}
	var types []string
	for _, e := range events {
		if len(types) > 0 && types[len(types)-1] == e.Type {
			continue
		}
		types = append(types, e.Type)
	}
	return strings.Join(types[max(0, len(types)-12):], ", ")
}

// judged are events as a judge looks at them.
func judged(events []client.Event) []judge.Event {
	var all []judge.Event
	for _, e := range events {
		if e.Entry != nil {
			all = append(all, judge.Event{
				Type: e.Type, ID: e.Entry.ID, Key: e.Entry.Key, From: e.Entry.From.ID, Text: e.Entry.Text, Reason: e.Entry.Reason,
			})
		}
	}
	return all
}

// faulty is what a judge has found, as an error; nil for nothing.
func faulty(who string, faults []judge.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	var texts []string
	for _, f := range faults[:min(len(faults), 5)] {
		texts = append(texts, f.String())
	}
	if len(faults) > 5 {
		texts = append(texts, fmt.Sprintf("and %d more", len(faults)-5))
	}
	return fmt.Errorf("%s: %s", who, strings.Join(texts, "; "))
}
