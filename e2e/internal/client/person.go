package client

import (
	"bytes"
	"context"
	"encoding/json"
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

// Guest is somebody without a session.
func Guest(base, name string) Person { return Person{Base: base, Name: name} }

// SignIn begins a session.
func SignIn(t testing.TB, base, name string) Person {
	t.Helper()
	body, err := json.Marshal(map[string]string{"name": name})
	require.NoError(t, err)
	resp := Do(t, http.MethodPost, base+"/session", string(body), "Content-Type", "application/json")
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

// Post says something and is the stored message; anything but 201 fails the test.
func (p Person) Post(t testing.TB, room, text string) Event {
	t.Helper()
	message, status, err := p.TryPost(t.Context(), room, "", text)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, message.Raw)
	return message
}

// TryPost says something, under a key if there is one, and is the answer with its status. The error
// is of the connection: nobody knows then whether the message is stored.
func (p Person) TryPost(ctx context.Context, room, key, text string) (Event, int, error) {
	return p.Try(ctx, room, Command{Type: "post", Key: key, Text: text})
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
	resp := p.Do(t, http.MethodGet, roomPath(room)+"/messages?"+query, "")
	require.Equal(t, http.StatusOK, resp.Status, resp.Body)
	var page Page
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &page))
	return page
}

// Members reads a room's roster.
func (p Person) Members(t testing.TB, room string) Page {
	t.Helper()
	resp := p.Do(t, http.MethodGet, roomPath(room)+"/members", "")
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
