package calls

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
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

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

const testSecret = "a secret of the tests, 32 characters or more"

// present is a core in which some are in every room, or which refuses all.
type present struct {
	members []chat.Member
	err     error // of reading the roster
	refused error
}

func (p *present) Authorize(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action) error {
	if what != ActionJoin {
		return chat.ErrNotAllowed
	}
	return p.refused
}

func (p *present) Members(context.Context, chat.Principal, chat.RoomID) (chat.RosterSnapshot, error) {
	return chat.RosterSnapshot{Members: p.members}, p.err
}

// caller says who makes a request.
type caller chat.Principal

func (c caller) Principal() (chat.Principal, error) { return chat.Principal(c), nil }

// asker asks the routes of calls that know no LiveKit.
type asker struct {
	rooms  present
	routes map[string]http.Handler
	logged bytes.Buffer
}

func newAsker() *asker {
	a := &asker{}
	a.routes = newCalls(nil, nil, Options{
		PublicURL: "wss://livekit.example", Key: "key", Secret: testSecret, RoomPrefix: "caller:",
		Logger: slog.New(slog.NewTextHandler(&a.logged, nil)),
	}).Routes(&a.rooms)
	return a
}

func (a *asker) join(room string, who chat.Principal) *httptest.ResponseRecorder {
	r := httpapi.WithIdentity(httptest.NewRequest("POST", "/", nil), caller(who))
	r.SetPathValue("room", room)
	w := httptest.NewRecorder()
	a.routes["POST /rooms/:room/call"].ServeHTTP(w, r)
	return w
}

func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code wire.Code) {
	t.Helper()
	var p struct{ Code wire.Code }
	assert.Equal(t, status, w.Code, w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	assert.Equal(t, code, p.Code)
}

func TestJoining(t *testing.T) {
	a, ann := newAsker(), chat.Principal{ID: "ann-id", Name: "Ann"}
	wantProblem(t, a.join("lobby", ann), http.StatusForbidden, wire.CodeNotPresent)
	a.rooms.members = []chat.Member{{ID: "somebody-else"}}
	wantProblem(t, a.join("lobby", ann), http.StatusForbidden, wire.CodeNotPresent)
	a.rooms.members = append(a.rooms.members, chat.Member{ID: ann.ID, Name: "an older name"})

	before := time.Now().Truncate(time.Second) // tokens have whole seconds
	w := a.join("Lobby", ann)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var reply, want map[string]string
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
	example, err := os.ReadFile("../transport/wire/testdata/replies/call.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(example, &want))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(reply)))
	assert.Equal(t, "wss://livekit.example", reply["url"])
	expires, err := time.Parse(wire.TimeFormat, reply["expiresAt"])
	require.NoError(t, err)
	assert.WithinRange(t, expires, before.Add(TokenLife), time.Now().Add(TokenLife))
	token, err := auth.ParseAPIToken(reply["token"])
	require.NoError(t, err)
	_, grants, err := token.Verify(testSecret)
	require.NoError(t, err)
	assert.Equal(t, string(ann.ID), grants.Identity)
	assert.Equal(t, "Ann", grants.Name)
	assert.Equal(t, "caller:lobby", grants.Video.Room)
	assert.NotContains(t, a.logged.String(), reply["token"])

	wantProblem(t, a.join(strings.Repeat("𞤢", 63), ann), http.StatusUnprocessableEntity, wire.CodeInvalidField)
	wantProblem(t, a.join("lobby", chat.Principal{ID: "g", Name: "Ann", Guest: true}), http.StatusUnauthorized, wire.CodeSessionRequired)
	a.rooms.err = chat.ErrUnavailable
	wantProblem(t, a.join("lobby", ann), http.StatusServiceUnavailable, wire.CodeUnavailable)
	a.rooms.err, a.rooms.refused = nil, &chat.LimitError{RetryAfter: time.Second}
	limited := a.join("lobby", ann)
	wantProblem(t, limited, http.StatusTooManyRequests, wire.CodeTooMuch)
	assert.NotEmpty(t, limited.Header().Get("Retry-After"))
}

func TestWebhooksOfOthersAreRefused(t *testing.T) {
	a := newAsker()
	hook := func(body http.HandlerFunc, text string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		body(w, httptest.NewRequest("POST", "/livekit/webhook", strings.NewReader(text)))
		return w
	}
	route := a.routes["POST /livekit/webhook"].ServeHTTP
	wantProblem(t, hook(route, "{}"), http.StatusUnauthorized, wire.CodeSessionInvalid)
	bounded := func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		route(w, r)
	}
	wantProblem(t, hook(bounded, strings.Repeat("a", 11)), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
}

func TestOrigins(t *testing.T) {
	for public, want := range map[string]string{
		"wss://livekit.example":            "wss://livekit.example https://livekit.example",
		"ws://127.0.0.1:7880":              "ws://127.0.0.1:7880 http://127.0.0.1:7880",
		"wss://livekit.example/rtc":        "wss://livekit.example https://livekit.example",
		"wss://project.livekit.cloud":      "wss://project.livekit.cloud https://project.livekit.cloud wss://*.livekit.cloud https://*.livekit.cloud",
		"wss://notlivekit.cloud":           "wss://notlivekit.cloud https://notlivekit.cloud",
		"wss://livekit.cloud.evil.example": "wss://livekit.cloud.evil.example https://livekit.cloud.evil.example",
	} {
		assert.Equal(t, want, strings.Join(Options{PublicURL: public}.Origins(), " "))
	}
}
