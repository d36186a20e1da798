package main

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/openapi"
	"github.com/caller-chat/caller/server"
)

// With all features, the server has the routes that the document has, and no others.
func TestTheDocumentHasTheServersRoutes(t *testing.T) {
	c, err := read(t, "", nil,
		"--livekit-url", "ws://127.0.0.1:1", "--livekit-api-key", "key", "--livekit-api-secret", strings.Repeat("s", 32),
		"--push-subject", "mailto:ops@example.org", "--link-previews", "on", "--mcp", "on",
		"--oidc-issuer", "https://login.example.org", "--oidc-client-id", "caller", "--public-url", "https://chat.example.org")
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	bucket, err := c.openFiles(t.Context(), log)
	require.NoError(t, err)
	store, err := open(t.Context(), c, log)
	require.NoError(t, err)
	swap := &handlerSwap{waiting: server.Waiting()}
	p := &parts{log: log, web: &http.Server{}, store: store, bucket: bucket, memory: newMemory(c.MaxMemory, log)}
	defer func() { assert.NoError(t, p.drain(t.Context())) }()
	require.NoError(t, p.assemble(c, swap))

	served := p.front.Routes()
	parameter := regexp.MustCompile(`:[a-z]+`)
	described := described(t)
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

// described are the routes of the public API's document.
func described(t *testing.T) (routes []string) {
	t.Helper()
	api, err := openapi.Public()
	require.NoError(t, err)
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	for _, o := range api.Operations {
		routes = append(routes, o.Method+" "+parameter.ReplaceAllString(o.Path, "{}"))
	}
	return routes
}
