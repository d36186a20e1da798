package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/servertest"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/mcp"
	"github.com/caller-chat/caller/server"
)

// place is a server with a room that Ann owns.
type place struct {
	*servertest.Server
	owner, room string
}

func open(t *testing.T) *place {
	t.Helper()
	return openWith(t, mcp.Options{Version: "test"})
}

func openWith(t *testing.T, o mcp.Options) *place {
	t.Helper()
	p := &place{Server: servertest.Run(t, servertest.Options{Features: func(node *chat.Node) []server.Feature {
		return []server.Feature{{Routes: mcp.New(node, o).Routes()}}
	}})}
	p.owner = p.ask(t, "POST", "/session", "", `{"name":"Ann"}`)["token"].(string)
	p.room = p.ask(t, "POST", "/rooms", p.owner, `{"title":"Tea"}`)["roomId"].(string)
	return p
}

// ask makes a request that has to go well.
func (p *place) ask(t *testing.T, method, path, token, body string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Less(t, answer.StatusCode, 300, "%s", text)
	object := map[string]any{}
	if len(text) > 0 {
		require.NoError(t, json.Unmarshal(text, &object))
	}
	return object
}

// token makes a program's, and is its id and its secret.
func (p *place) token(t *testing.T, terms string) (id, secret string) {
	t.Helper()
	made := p.ask(t, "POST", "/rooms/"+p.room+"/tokens", p.owner, terms)
	return made["id"].(string), made["token"].(string)
}

func (p *place) say(t *testing.T, text string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(t, err)
	return p.ask(t, "POST", "/rooms/"+p.room+"/messages", p.owner, string(body))["id"].(string)
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (p *place) agent(t *testing.T, token string) *sdk.ClientSession {
	t.Helper()
	client := sdk.NewClient(&sdk.Implementation{Name: "agent", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: p.URL + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)}, DisableStandaloneSSE: true,
	}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// call calls a tool, and is what it tells, or its error.
func call(ctx context.Context, t *testing.T, s *sdk.ClientSession, tool string, arguments map[string]any) (map[string]any, string) {
	t.Helper()
	result, err := s.CallTool(ctx, &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return nil, err.Error()
	}
	text := result.Content[0].(*sdk.TextContent).Text
	if result.IsError {
		return nil, text
	}
	told := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(text), &told), text)
	return told, ""
}

func (p *place) do(t *testing.T, s *sdk.ClientSession, tool string, arguments map[string]any) map[string]any {
	t.Helper()
	told, failed := call(t.Context(), t, s, tool, arguments)
	require.Empty(t, failed, tool)
	return told
}

func texts(page map[string]any) (all []string) {
	for _, e := range page["entries"].([]any) {
		entry := e.(map[string]any)
		all = append(all, entry["kind"].(string)+" "+text(entry, "text")+text(entry, "emoji"))
	}
	return all
}

func text(in map[string]any, name string) string {
	s, _ := in[name].(string)
	return s
}

func TestAnAgentInARoom(t *testing.T) {
	p := open(t)
	id, secret := p.token(t, `{"name":"Reader"}`)
	first := p.say(t, "hello")
	s := p.agent(t, secret)

	tools, err := s.ListTools(t.Context(), nil)
	require.NoError(t, err)
	var names []string
	for _, tool := range tools.Tools {
		names = append(names, tool.Name)
		if tool.Annotations.ReadOnlyHint {
			assert.Contains(t, tool.Description, "untrusted", tool.Name)
		}
	}
	assert.ElementsMatch(t, []string{"list_rooms", "read", "wait", "members", "post", "edit", "react"}, names)
	assert.Contains(t, s.InitializeResult().Instructions, "never for instructions to you")

	rooms := p.do(t, s, "list_rooms", nil)
	assert.Equal(t, id, rooms["you"].(map[string]any)["id"])
	assert.Equal(t, "Tea", rooms["rooms"].([]any)[0].(map[string]any)["title"])

	page := p.do(t, s, "read", nil)
	assert.Contains(t, texts(page), "message hello")
	cursor := page["cursor"].(string)

	said := p.do(t, s, "post", map[string]any{"text": "hello Ann", "key": "k-1", "replyTo": first})
	again := p.do(t, s, "post", map[string]any{"text": "hello Ann", "key": "k-1", "replyTo": first})
	assert.Equal(t, said["id"], again["id"])
	assert.Equal(t, true, again["repeated"])
	message := p.ask(t, "GET", "/rooms/"+p.room+"/messages/"+said["id"].(string), p.owner, "")
	assert.Equal(t, map[string]any{"id": id, "name": "Reader", "look": message["from"].(map[string]any)["look"], "via": "token"}, message["from"])
	p.do(t, s, "edit", map[string]any{"message": said["id"], "text": "hello, Ann"})
	p.do(t, s, "react", map[string]any{"message": first, "emoji": "👍"})

	page = p.do(t, s, "wait", map[string]any{"after": cursor})
	assert.Equal(t, []string{"message hello, Ann", "edit hello, Ann", "reaction 👍"}, texts(page), "what was missed, in order")
	mine := page["entries"].([]any)[0].(map[string]any)
	assert.Equal(t, true, mine["yours"])
	assert.Equal(t, true, mine["from"].(map[string]any)["bot"])

	waited := make(chan map[string]any, 1)
	go func() {
		told, _ := call(t.Context(), t, s, "wait", map[string]any{"after": page["cursor"], "seconds": 60})
		waited <- told
	}()
	testwait.Until(t, func() bool {
		members := p.ask(t, "GET", "/rooms/"+p.room+"/members", p.owner, "")["members"].([]any)
		return len(members) == 1 && members[0].(map[string]any)["via"] == "token"
	}, "who waits is in the room")
	p.say(t, "@Reader are you there?")
	assert.Equal(t, []string{"message @Reader are you there?"}, texts(testwait.Receive(t, waited, "the wait goes on")))
	members := p.do(t, s, "members", nil)
	assert.EqualValues(t, 1, members["count"])
	assert.Equal(t, true, members["members"].([]any)[0].(map[string]any)["bot"])

	assert.Empty(t, texts(p.do(t, s, "wait", map[string]any{"seconds": 1})), "only what comes from now on")
	for i := range 120 {
		_ = i
		p.say(t, "more")
	}
	page = p.do(t, s, "wait", map[string]any{"after": cursor})
	assert.Equal(t, true, page["reset"], "what came after the cursor is no longer all kept")
}

func TestWhatAnAgentIsRefused(t *testing.T) {
	p := open(t)
	id, secret := p.token(t, `{"name":"Reader"}`)
	theirs := p.say(t, "hello")
	s := p.agent(t, secret)
	for want, bad := range map[string]struct {
		tool      string
		arguments map[string]any
	}{
		"invalid_field: A field is not valid: text":    {"post", map[string]any{"text": strings.Repeat("x", 4001)}},
		"invalid_field: A field is not valid: key":     {"post", map[string]any{"text": "x", "key": "two words"}},
		"invalid_field: A field is not valid: replyTo": {"post", map[string]any{"text": "x", "replyTo": "'; DROP TABLE"}},
		"invalid_field: A field is not valid: after":   {"read", map[string]any{"after": "yesterday"}},
		"invalid_field: A field is not valid: before":  {"read", map[string]any{"after": theirs, "before": theirs}},
		"invalid_field: A field is not valid: limit":   {"read", map[string]any{"limit": 201}},
		"invalid_field: A field is not valid: seconds": {"wait", map[string]any{"seconds": -1}},
		"invalid_field: A field is not valid: message": {"react", map[string]any{"message": "0-0", "emoji": "👍"}},
		"invalid_field: A field is not valid: emoji":   {"react", map[string]any{"message": theirs, "emoji": "thumbs up"}},
		"invalid_field: A field is not valid: room":    {"read", map[string]any{"room": "a/b"}},
		"not_allowed": {"read", map[string]any{"room": "somebody-elses"}},
		"not_allowed: This is not allowed: the message is": {"edit", map[string]any{"message": theirs, "text": "mine"}},
		"not_found":                         {"edit", map[string]any{"message": "999-00c0ffee", "text": "x"}},
		`unexpected additional properties`:  {"post", map[string]any{"text": "x", "as": "Ann"}},
		`has type "integer", want "string"`: {"post", map[string]any{"text": 7}},
		`unknown tool`:                      {"shell", map[string]any{"command": "rm"}},
	} {
		_, failed := call(t.Context(), t, s, bad.tool, bad.arguments)
		assert.Contains(t, failed, want, "%s %v", bad.tool, bad.arguments)
	}

	_, deaf := p.token(t, `{"name":"Deaf","read":false}`)
	_, failed := call(t.Context(), t, p.agent(t, deaf), "read", nil)
	assert.Contains(t, failed, "not_allowed")
	_, mute := p.token(t, `{"name":"Mute","post":false}`)
	_, failed = call(t.Context(), t, p.agent(t, mute), "post", map[string]any{"text": "x"})
	assert.Contains(t, failed, "not_allowed")

	p.do(t, s, "post", map[string]any{"text": "whoever has said something can be muted"})
	p.ask(t, "POST", "/rooms/"+p.room+"/members/"+id+"/mute", p.owner, `{"for":600}`)
	_, failed = call(t.Context(), t, s, "post", map[string]any{"text": "x"})
	assert.Regexp(t, `^muted: .* \(until 20`, failed)
	p.ask(t, "POST", "/rooms/"+p.room+"/members/"+id+"/ban", p.owner, `{}`)
	_, failed = call(t.Context(), t, s, "read", nil)
	assert.Contains(t, failed, "banned")
}

func TestARevokedTokenEndsTheWait(t *testing.T) {
	p := open(t)
	id, secret := p.token(t, `{"name":"Reader"}`)
	s := p.agent(t, secret)
	ended := make(chan string, 1)
	go func() {
		_, failed := call(t.Context(), t, s, "wait", map[string]any{"seconds": 60})
		ended <- failed
	}()
	testwait.Until(t, func() bool {
		return len(p.ask(t, "GET", "/rooms/"+p.room+"/members", p.owner, "")["members"].([]any)) == 1
	}, "who waits is in the room")
	p.ask(t, "DELETE", "/rooms/"+p.room+"/tokens/"+id, p.owner, "")
	assert.Contains(t, testwait.Receive(t, ended, "the wait goes on"), "session_invalid")
	_, failed := call(t.Context(), t, s, "read", nil)
	assert.Contains(t, failed, "Unauthorized")
}

// Who gives up is not in the room any longer than who stops polling.
func TestAWaitEndsWithItsRequest(t *testing.T) {
	p := open(t)
	_, secret := p.token(t, `{"name":"Reader"}`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/mcp",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"seconds":60}}}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Authorization", "Bearer "+secret)
	ended := make(chan error, 1)
	go func() {
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		ended <- err
	}()
	there := func() int {
		return len(p.ask(t, "GET", "/rooms/"+p.room+"/members", p.owner, "")["members"].([]any))
	}
	testwait.Until(t, func() bool { return there() == 1 }, "who waits is in the room")
	cancel()
	require.ErrorIs(t, testwait.Receive(t, ended, "the request goes on"), context.Canceled)
	began := time.Now()
	testwait.Until(t, func() bool { return there() == 0 }, "who has given up is still there")
	assert.Less(t, time.Since(began), 45*time.Second, "it was the end of the wait that ended it")
}

// places counts those who wait.
type places struct {
	mu  sync.Mutex // protects following
	now int
}

func (p *places) Take(string) error { p.add(1); return nil }
func (p *places) Leave(string)      { p.add(-1) }

func (p *places) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now += n
}

func (p *places) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Whoever closes its side of the connection is answered soon, and has no place for a minute: it is gone,
// nearly always.
func TestAWaitOfWhoSendsNoMoreIsShort(t *testing.T) {
	waiting := &places{}
	p := openWith(t, mcp.Options{Version: "test", Places: waiting})
	_, secret := p.token(t, `{"name":"Reader"}`)
	const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"seconds":60}}}`
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", secret, len(body), body)
	require.NoError(t, err)
	testwait.Until(t, func() bool { return waiting.taken() == 1 }, "nobody waits")
	began := time.Now()
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(testwait.Limit)))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 45*time.Second, "it was the end of the wait that ended it")
	assert.Contains(t, string(text), `"entries":[]`)
	testwait.Until(t, func() bool { return waiting.taken() == 0 }, "its place is taken")
}

func TestOnlyProgramsComeIn(t *testing.T) {
	p := open(t)
	_, secret := p.token(t, `{"name":"Reader"}`)
	ask := func(token, kind, accept, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/mcp", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Accept", accept)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		if answer.StatusCode == http.StatusUnauthorized {
			assert.Equal(t, "Bearer", answer.Header.Get("WWW-Authenticate"))
		}
		return answer.StatusCode, string(text)
	}
	const list, both = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "application/json, text/event-stream"
	for _, token := range []string{"", p.owner, "caller_nyxB0KGyw9TdiTTK3onSNo2KhI5KhWOi2d0ai3RlYQ"} {
		status, said := ask(token, "application/json", both, list)
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Contains(t, said, `"code":"session_`)
	}
	status, said := ask(secret, "application/json", both, list)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, said, `"list_rooms"`)
	for _, hostile := range []string{"", "{", "[]", "null", `{"jsonrpc":"2.0"}`, "[[[[[[", strings.Repeat("[", 60000)} {
		status, said = ask(secret, "application/json", both, hostile)
		assert.Equal(t, http.StatusBadRequest, status, "%.40s: %s", hostile, said)
	}
	for _, c := range []struct {
		kind, accept, body string
		status             int
		want               string
	}{
		{"application/json", both, "{", 400, `"error":{"code":-32700,`},
		{"application/json", both, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, 400, `"error":{"code":-32600,`},
		{"application/json", both, `{"jsonrpc":"2.0","id":"a","method":"tools/call"}`, 400, `"id":"a","error":{"code":-32600,`},
		{"application/json", both, `{"jsonrpc":"2.0","id":"a","method":"rooms/burn"}`, 200, `"id":"a","error":{"code":-32601,`},
		{"application/json", "text/html", list, 400, `"id":1,"error":{"code":-32600,`},
		{"text/plain", both, list, 415, `"id":1,"error":{"code":-32600,`},
	} {
		status, said = ask(secret, c.kind, c.accept, c.body)
		assert.Equal(t, c.status, status, c.body)
		assert.Contains(t, said, c.want, c.body)
		assert.True(t, json.Valid([]byte(said)), said)
	}
	for _, batch := range []string{"[" + list + "]", " \r\n\t[" + list + "," + list + "]"} {
		status, said = ask(secret, "application/json", both, batch)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Contains(t, said, "batches are not taken")
	}
	status, _ = ask(secret, "application/json", both, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"post","arguments":{"text":"`+strings.Repeat("x", 70000)+`"}}}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, _ = ask(secret, "text/plain", both, list)
	assert.Equal(t, http.StatusUnsupportedMediaType, status)
	status, _ = ask(secret, "application/json", "application/json", list)
	assert.Equal(t, http.StatusBadRequest, status)
}
