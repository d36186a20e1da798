package server

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// tokens makes real join tokens, and knows no LiveKit.
type tokens struct{ calls.Options }

func (p tokens) PublicURL() string { return p.Options.PublicURL }

func (p tokens) Webhook(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err == nil && string(body) != "signed" {
		err = calls.ErrNotSigned
	}
	return err
}

const callSecret = "a secret of the tests, 32 characters or more"

func newTokens(publicURL string) tokens {
	return tokens{calls.Options{PublicURL: publicURL, Key: "key", Secret: callSecret, RoomPrefix: "caller:"}}
}

func TestCall(t *testing.T) {
	s := newSite(t, Options{Calls: newTokens("wss://livekit.example")})
	ann, _ := s.signIn(t, "Ann")
	bearer := []string{"Authorization", "Bearer " + ann.Token}
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", bearer...), http.StatusForbidden, wire.CodeNotPresent)
	s.rooms.snapshot.Members = []chat.Member{{ID: "somebody-else"}}
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", bearer...), http.StatusForbidden, wire.CodeNotPresent)

	s.rooms.snapshot.Members = append(s.rooms.snapshot.Members, chat.Member{ID: ann.ClientID, Name: "an older name"})
	before := time.Now().Truncate(time.Second) // tokens have whole seconds
	w := s.ask("POST", "/rooms/Lobby/call", "", bearer...)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var reply map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
	example, err := os.ReadFile("../transport/wire/testdata/replies/call.json")
	require.NoError(t, err)
	var want map[string]string
	require.NoError(t, json.Unmarshal(example, &want))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(reply)))
	assert.Equal(t, "wss://livekit.example", reply["url"])
	expires, err := time.Parse(wire.TimeFormat, reply["expiresAt"])
	require.NoError(t, err)
	assert.WithinRange(t, expires, before.Add(calls.TokenLife), time.Now().Add(calls.TokenLife))
	token, err := auth.ParseAPIToken(reply["token"])
	require.NoError(t, err)
	_, grants, err := token.Verify(callSecret)
	require.NoError(t, err)
	assert.Equal(t, string(ann.ClientID), grants.Identity)
	assert.Equal(t, "Ann", grants.Name)
	assert.Equal(t, "caller:lobby", grants.Video.Room)
	assert.NotContains(t, s.logged.String(), reply["token"])

	wantProblem(t, s.ask("POST", "/rooms/"+strings.Repeat("%F0%9E%A4%A2", 63)+"/call", "", bearer...),
		http.StatusUnprocessableEntity, wire.CodeInvalidField)
	s.rooms.err = chat.ErrUnavailable
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", bearer...), http.StatusServiceUnavailable, wire.CodeUnavailable)
	s.rooms.err, s.rooms.refused = nil, map[chat.Action]error{calls.ActionJoin: &chat.LimitError{RetryAfter: time.Second}}
	limited := s.ask("POST", "/rooms/lobby/call", "", bearer...)
	wantProblem(t, limited, http.StatusTooManyRequests, wire.CodeTooMuch)
	assert.NotEmpty(t, limited.Header().Get("Retry-After"))
}

func TestCallIsForSessions(t *testing.T) {
	forged, _ := newSite(t, Options{SessionKey: []byte(strings.Repeat("x", 32))}).signIn(t, "Ann")
	s := newSite(t, Options{Calls: newTokens("wss://livekit.example")})
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", "X-Name", "Ann"), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", "Authorization", "Bearer "+forged.Token), http.StatusUnauthorized, wire.CodeSessionInvalid)
	ann, cookie := s.signIn(t, "Ann")
	s.rooms.snapshot.Members = []chat.Member{{ID: ann.ClientID}}
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", "Cookie", cookie, "Origin", "https://evil.example"),
		http.StatusForbidden, wire.CodeCrossOrigin)
	wantProblem(t, s.ask("GET", "/rooms/lobby/call", ""), http.StatusMethodNotAllowed, wire.CodeMethodNotAllowed)
}

func TestWithoutCalls(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	s.rooms.snapshot.Members = []chat.Member{{ID: ann.ClientID}}
	wantProblem(t, s.ask("POST", "/rooms/lobby/call", "", "Authorization", "Bearer "+ann.Token), http.StatusNotFound, wire.CodeNotFound)
	w := s.ask("GET", "/", "", "Accept", acceptChromium)
	assert.NotContains(t, w.Body.String(), "caller-calls")
	assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "media-src")
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "connect-src 'self';")
	assert.Contains(t, w.Header().Get("Permissions-Policy"), "camera=(), microphone=(), display-capture=(), speaker-selection=(),")
}

func TestWebhook(t *testing.T) {
	s := newSite(t, Options{Calls: newTokens("wss://livekit.example"), BasePath: "/chat"})
	for _, path := range []string{"/livekit/webhook", "/chat/livekit/webhook"} {
		assert.Equal(t, http.StatusNoContent, s.ask("POST", path, "signed", "Content-Type", "application/webhook+json").Code)
		wantProblem(t, s.ask("POST", path, "{}"), http.StatusUnauthorized, wire.CodeSessionInvalid)
	}
	large := strings.Repeat("a", wire.MaxBody+1)
	wantProblem(t, s.ask("POST", "/livekit/webhook", large), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	r := httptest.NewRequest("POST", "/livekit/webhook", strings.NewReader(large))
	r.ContentLength = -1 // it does not say how large it is
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	assert.Equal(t, http.StatusNotFound, newSite(t, Options{}).ask("POST", "/livekit/webhook", "signed").Code)
}

func TestPageWithCalls(t *testing.T) {
	for public, connect := range map[string]string{
		"wss://livekit.example":            "wss://livekit.example https://livekit.example",
		"ws://127.0.0.1:7880":              "ws://127.0.0.1:7880 http://127.0.0.1:7880",
		"wss://livekit.example/rtc":        "wss://livekit.example https://livekit.example",
		"wss://project.livekit.cloud":      "wss://project.livekit.cloud https://project.livekit.cloud wss://*.livekit.cloud https://*.livekit.cloud",
		"wss://notlivekit.cloud":           "wss://notlivekit.cloud https://notlivekit.cloud",
		"wss://livekit.cloud.evil.example": "wss://livekit.cloud.evil.example https://livekit.cloud.evil.example",
	} {
		s := newSite(t, Options{Calls: newTokens(public), BasePath: "/chat"})
		w := s.ask("GET", "/", "", "Accept", acceptChromium)
		assert.Contains(t, w.Body.String(), `<base href="/chat/"><meta name="caller-calls" content="on">`)
		policy := w.Header().Get("Content-Security-Policy")
		assert.Contains(t, policy, "connect-src 'self' "+connect+"; ", public)
		assert.Contains(t, policy, "; media-src 'self' blob:")
		assert.NotContains(t, policy, "unsafe")
		assert.Contains(t, w.Header().Get("Permissions-Policy"), "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self),")
	}
}
