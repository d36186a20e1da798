package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/openapi"
	"github.com/caller-chat/caller/openapi/contract"
	"github.com/caller-chat/caller/server"
)

// With all features, the server and the admin listener have the routes that the documents have, and
// no others.
func TestTheDocumentsHaveTheRoutes(t *testing.T) {
	c, err := read(t, "", nil,
		"--livekit-url", "ws://127.0.0.1:1", "--livekit-api-key", "key", "--livekit-api-secret", strings.Repeat("s", 32),
		"--push-subject", "mailto:ops@example.org", "--link-previews", "on", "--mcp", "on",
		"--oidc-issuer", "https://login.example.org", "--oidc-client-id", "caller", "--public-url", "https://chat.example.org",
		"--admin-addr", "127.0.0.1:0", "--admin-token", adminToken)
	require.NoError(t, err)
	c.metrics = newMetrics()
	log := slog.New(slog.DiscardHandler)
	bucket, err := c.openFiles(t.Context(), log)
	require.NoError(t, err)
	store, err := open(t.Context(), c, log)
	require.NoError(t, err)
	swap := &handlerSwap{waiting: server.Waiting("")}
	p := &parts{
		log: log, web: &http.Server{}, store: store, bucket: bucket, memory: newMemory(c.MaxMemory, log),
		admin: &adminListener{web: &http.Server{}, end: func() {}},
	}
	defer func() { assert.NoError(t, p.drain(t.Context())) }()
	require.NoError(t, p.assemble(c, swap))
	routes := p.front.Routes()
	for _, route := range routes {
		path, get := strings.CutPrefix(route, "GET ")
		stream := regexp.MustCompile(`/(ws|sse|ndjson|text)$|^/signin`).MatchString(path)
		assert.Equal(t, get && !stream, get && slices.Contains(routes, "HEAD "+path), "HEAD of %s", route)
	}
	compareRoutes(t, routes, openapi.Public)

	served := []string{"POST /login", "POST /logout"} // its own
	for _, part := range p.adminParts(c) {
		for _, routes := range []map[string]http.Handler{part.Routes, part.Transfers} {
			for route := range routes {
				if part.Name != "pprof" { // which is the Go runtime's
					served = append(served, route)
				}
			}
		}
	}
	compareRoutes(t, served, openapi.Admin)
}

func compareRoutes(t *testing.T, served []string, load func() (*openapi.API, error)) {
	t.Helper()
	parameter := regexp.MustCompile(`:[a-z]+|\{[^}]+\}`)
	api, err := load()
	require.NoError(t, err)
	var described []string
	for _, o := range api.Operations {
		described = append(described, o.Method+" "+parameter.ReplaceAllString(o.Path, "{}"))
	}
	for i, route := range served {
		served[i] = parameter.ReplaceAllString(route, "{}")
	}
	for _, route := range served {
		if path, head := strings.CutPrefix(route, "HEAD "); head && slices.Contains(described, "GET "+path) {
			continue // what GET answers, HEAD answers without a body
		}
		assert.Contains(t, described, route, "the server has it, the document does not")
	}
	for _, route := range described {
		assert.Contains(t, served, route, "the document has it, the server does not")
	}
}

// A field of the query that a call of the admin API does not know is refused, as docs/admin.md says:
// "?rooms=lobby" beside an announcement would tell everybody.
func TestTheAdminAPIRefusesUnknownFields(t *testing.T) {
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", adminToken)
	api, err := openapi.Admin()
	require.NoError(t, err)
	asked := 0
	for _, o := range api.Operations {
		if !strings.HasPrefix(o.Path, "/api/") {
			continue
		}
		path := strings.NewReplacer("{room}", "lobby", "{id}", "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11").Replace(o.Path)
		answer := p.asAdmin(t, o.Method, path+"?unknown=1")
		var problem struct{ Code, Field string }
		assert.NoError(t, json.NewDecoder(answer.Body).Decode(&problem), path)
		assert.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, path)
		assert.Equal(t, "unknown", problem.Field, path)
		asked++
	}
	assert.Greater(t, asked, 30)
	p.end(t)
}

// What the admin listener answers, about a room and a session that are there and about others, is as
// its document says.
func TestTheAdminAPIIsAsDescribed(t *testing.T) {
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", adminToken)
	api, err := openapi.Admin()
	require.NoError(t, err)
	judge, err := contract.New(api)
	require.NoError(t, err)
	for _, path := range []string{"/rooms/lobby", "/rooms/lobby", "/rooms/tea"} {
		answer, err := p.client.Post(p.url+path, "", strings.NewReader("hello"))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusCreated, answer.StatusCode)
	}
	asked := 0
	ask := func(method, path string) {
		answer := p.asAdmin(t, method, path)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		asked++
		assert.NoError(t, judge.Answer(contract.Answer{
			Method: method, URL: answer.Request.URL, Status: answer.StatusCode, Header: answer.Header, Body: body,
		}))
	}
	for _, method := range []string{"GET", "PATCH", "POST", "DELETE"} { // what ends something comes last
		for _, room := range []string{"nowhere", "a%2Fb", "lobby", "tea"} {
			for _, o := range api.Operations {
				if o.Method != method || strings.HasSuffix(o.Path, "/stream") { // which do not end
					continue
				}
				path := strings.NewReplacer("{room}", room, "{id}", "nobody").Replace(o.Path)
				ask(method, path)
				if method == "GET" {
					ask(method, path+"?limit=no&room=a%2Fb&files=perhaps&unknown=1")
				}
			}
		}
	}
	assert.Greater(t, asked, 150)
	p.end(t)
}

// A server without the optional parts answers their calls as the document says, too.
func TestWithoutItsPartsTheAPIIsAsDescribed(t *testing.T) {
	p := begin(t)
	api, err := openapi.Public()
	require.NoError(t, err)
	judge, err := contract.New(api)
	require.NoError(t, err)
	absent := 0
	for _, o := range api.Operations {
		if strings.Contains(o.Path, "{") || strings.HasPrefix(o.Path, "/stream/") {
			continue // what is of rooms, or does not end
		}
		r, err := http.NewRequestWithContext(t.Context(), o.Method, p.url+o.Path, nil)
		require.NoError(t, err)
		answer, err := p.client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		if answer.StatusCode == http.StatusNotFound {
			absent++
		}
		assert.NoError(t, judge.Answer(contract.Answer{
			Method: o.Method, URL: r.URL, Status: answer.StatusCode, Header: answer.Header, Body: body,
		}))
	}
	assert.Equal(t, 8, absent, "sign-in, push, calls and agents are not there")
	p.end(t)
}
