package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/internal/testwait"
)

// web is for everything but streams' own needs: no proxy from the environment, no waiting for ever
// for a connection. What it is answered has to be as described.
var web = &http.Client{Transport: described.Transport(
	&http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: 30 * time.Second, Proxy: nil})}

// Person is who posts and reads, at one address.
type Person struct {
	// Base is the node or proxy, as in http://127.0.0.1:8080.
	Base string
	// ID and Token are of the session; both are empty for a guest.
	ID, Token string
	Name      string
}

// answered asks again as long as the store has no time to answer, as whoever is told so does: a busy
// machine may stand still for longer than a node waits for it.
func answered(t testing.TB, ask func() Response) (answer Response) {
	t.Helper()
	testwait.Until(t, func() bool {
		answer = ask()
		return answer.Status != http.StatusServiceUnavailable || !strings.Contains(answer.Body, `"code":"`+unavailable+`"`)
	}, "the store answers")
	return answer
}

// unavailable is the code where the store has not answered: nobody knows then what it has done.
const unavailable = "unavailable"

// Guest is somebody without a session.
func Guest(base, name string) Person { return Person{Base: base, Name: name} }

// SignIn begins a session.
func SignIn(t testing.TB, base, name string) Person {
	t.Helper()
	body, err := json.Marshal(map[string]string{"name": name})
	require.NoError(t, err)
	resp := answered(t, func() Response {
		return Do(t, http.MethodPost, base+"/session", string(body), "Content-Type", "application/json")
	})
	require.Equal(t, http.StatusCreated, resp.Status, resp.Body)
	var session struct{ ClientID, Name, Token string }
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &session))
	require.Equal(t, name, session.Name)
	require.NotEmpty(t, session.ClientID)
	require.NotEmpty(t, session.Token)
	return Person{Base: base, ID: session.ClientID, Token: session.Token, Name: name}
}

// At is the same person at another address.
func (p Person) At(base string) Person {
	p.Base = base
	return p
}

// authorize puts on a request who makes it.
func (p Person) authorize(h http.Header) {
	if p.Token != "" {
		h.Set("Authorization", "Bearer "+p.Token)
	} else if p.Name != "" {
		h.Set("X-Name", p.Name)
	}
}

// Post says something and is the stored message; anything but 201 fails the test. Where the store had
// no time to answer it looks whether the message is there, and says it again if not.
func (p Person) Post(t testing.TB, room, text string) (message Event) {
	t.Helper()
	began := time.Now()
	testwait.Until(t, func() bool {
		t.Helper()
		var status int
		var err error
		message, status, err = p.TryPost(t.Context(), room, "", text)
		require.NoError(t, err)
		if status != http.StatusServiceUnavailable || message.Code != unavailable {
			require.Equal(t, http.StatusCreated, status, message.Raw)
			return true
		}
		for _, kept := range p.Page(t, room, "limit=100").Messages {
			if kept.Text == text && (p.ID == "" || kept.From.ID == p.ID) && kept.Time.After(began.Add(-time.Second)) {
				message = kept
				return true
			}
		}
		return false
	}, "%q is stored", text)
	return message
}

// TryPost says something, under a key if there is one, and is the answer with its status. The error
// is of the connection: nobody knows then whether the message is stored.
func (p Person) TryPost(ctx context.Context, room, key, text string) (Event, int, error) {
	return p.Try(ctx, room, Command{Type: "post", Key: key, Text: text})
}

// Insist says something under a key until it is stored: a node that ends, or whose store has no time,
// stores it once all the same. Each try is at the next base. Any refusal but 503 is an error, and so
// is that nothing of it was taken within [testwait.Limit].
func (p Person) Insist(ctx context.Context, base func() string, room, key, text string) (Event, error) {
	ctx, cancel := context.WithTimeout(ctx, testwait.Limit)
	defer cancel()
	for {
		message, status, err := p.At(base()).TryPost(ctx, room, key, text)
		switch {
		case err == nil && status < 300:
			return message, nil
		case err == nil && status != http.StatusServiceUnavailable:
			return message, fmt.Errorf("%q into %s: %d %s", text, room, status, message.Raw)
		}
		select {
		case <-ctx.Done():
			return message, fmt.Errorf("%q into %s: %d %s: %w", text, room, status, message.Raw, errors.Join(err, ctx.Err()))
		case <-time.After(50 * time.Millisecond): // a node that is down answers at once
		}
	}
}

// Try carries a command out over HTTP: post, edit, delete or react. The answer and the error are as
// those of TryPost.
func (p Person) Try(ctx context.Context, room string, c Command) (Event, int, error) {
	method, path := http.MethodPost, roomPath(room)+"/messages"
	if c.Type != "post" {
		path += "/" + c.Target
	}
	switch c.Type {
	case "edit":
		method = http.MethodPatch
	case "delete":
		method = http.MethodDelete
	case "react":
		method, path = http.MethodPut, path+"/reactions/"+url.PathEscape(c.Emoji)
		if c.On != nil && !*c.On {
			method = http.MethodDelete
		}
	}
	body, err := json.Marshal(Command{Text: c.Text, ReplyTo: c.ReplyTo, Mentions: c.Mentions})
	if err != nil {
		return Event{}, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.Base+path, bytes.NewReader(body))
	if err != nil {
		return Event{}, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Key != "" {
		req.Header.Set("Idempotency-Key", c.Key)
	}
	p.authorize(req.Header)
	resp, err := web.Do(req)
	if err != nil {
		return Event{}, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return Event{}, 0, err
	}
	var message Event
	if err := json.Unmarshal(answer, &message); err != nil {
		return Event{}, resp.StatusCode, fmt.Errorf("answer %d %q: %w", resp.StatusCode, answer, err)
	}
	return message, resp.StatusCode, nil
}

// Amend edits, deletes or reacts over HTTP and is the amendment; anything but 200 fails the test.
func (p Person) Amend(t testing.TB, room string, c Command) Event {
	t.Helper()
	entry, status, err := p.Try(t.Context(), room, c)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, entry.Raw)
	return entry
}

// Page reads messages; the query is as in "limit=5".
func (p Person) Page(t testing.TB, room, query string) Page {
	t.Helper()
	resp := answered(t, func() Response { return p.Do(t, http.MethodGet, roomPath(room)+"/messages?"+query, "") })
	require.Equal(t, http.StatusOK, resp.Status, resp.Body)
	var page Page
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &page))
	return page
}

// Members reads a room's roster.
func (p Person) Members(t testing.TB, room string) Page {
	t.Helper()
	resp := answered(t, func() Response { return p.Do(t, http.MethodGet, roomPath(room)+"/members", "") })
	require.Equal(t, http.StatusOK, resp.Status, resp.Body)
	var page Page
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &page))
	return page
}

// Do makes a request as this person; headers are name and value by turns.
func (p Person) Do(t testing.TB, method, path, body string, headers ...string) Response {
	t.Helper()
	all := http.Header{}
	p.authorize(all)
	for name := range all {
		headers = append([]string{name, all.Get(name)}, headers...)
	}
	return Do(t, method, p.Base+path, body, headers...)
}

// Call makes a request as this person, with a body of JSON, and is the answer with its status. The
// error is of the connection: nobody knows then what became of it.
func (p Person) Call(ctx context.Context, method, path, body string) (answer string, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, p.Base+path, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	p.authorize(req.Header)
	resp, err := web.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	data, err := io.ReadAll(resp.Body)
	return string(data), resp.StatusCode, err
}

// Response is an answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Problem reads the answer as an error of the protocol.
func (r Response) Problem(t testing.TB) Event {
	t.Helper()
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"), "answer %d: %s", r.Status, r.Body)
	var problem Event
	require.NoError(t, json.Unmarshal([]byte(r.Body), &problem), r.Body)
	require.Equal(t, r.Status, problem.Status, "the status in the body: %s", r.Body)
	return problem
}

// Do makes a request; headers are name and value by turns.
func Do(t testing.TB, method, address, body string, headers ...string) Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := web.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end below
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return Response{Status: resp.StatusCode, Header: resp.Header, Body: string(data)}
}

func roomPath(room string) string { return "/rooms/" + url.PathEscape(room) }
