package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// start is when the tests take place.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// site is a server whose transports say which of them was asked, and for which room.
type site struct {
	*Server
	rooms  *fakeRooms
	store  *fakeStore
	logged *bytes.Buffer

	mu  sync.Mutex // guards the following
	now time.Time
}

func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func newSite(t testing.TB, o Options) *site {
	t.Helper()
	s := &site{rooms: &fakeRooms{foldAbove: 2}, store: &fakeStore{secret: bytes.Repeat([]byte("s"), 32)}, logged: new(bytes.Buffer), now: start}
	o.Logger = slog.New(slog.NewTextHandler(s.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Now = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	var err error
	s.Server, err = assemble(s.rooms, s.store, dist(), o, fakeTransports)
	require.NoError(t, err)
	return s
}

func dist() fs.FS {
	return fstest.MapFS{
		"index.html":           {Data: []byte(`<!doctype html><base href="/"><title>Caller</title>` + strings.Repeat("<!-- page -->", 50))},
		"assets/app-1a2b.js":   {Data: []byte(strings.Repeat("export {}\n", 100))},
		"assets/logo-3c4d.png": {Data: []byte(strings.Repeat("\x89PNG", 100))},
		"favicon.svg":          {Data: []byte("<svg/>")},
	}
}

func fakeTransports(who httpapi.Identify, sameSite func(*http.Request) bool, _ httpapi.Base) handlers {
	named := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			room, err := httpapi.RoomOf(r)
			if err != nil && !strings.HasPrefix(name, "many") {
				httpapi.WriteProblem(w, err)
				return
			}
			principal, err := who(r)
			if err != nil {
				httpapi.WriteProblem(w, err)
				return
			}
			if name == "ws" && !sameSite(r) {
				httpapi.WriteProblem(w, wire.Fail(wire.CodeCrossOrigin, ""))
				return
			}
			switch body, err := io.ReadAll(r.Body); {
			case err != nil:
				httpapi.WriteProblem(w, err)
				return
			case string(body) == "panic":
				panic("as asked")
			}
			w.Header().Set("X-Principal", principal.Name)
			_, _ = io.WriteString(w, name+" "+string(room))
			for _, value := range []string{r.PathValue("id"), r.PathValue("emoji")} {
				if value != "" {
					_, _ = io.WriteString(w, " "+value)
				}
			}
		}
	}
	return handlers{
		ws: named("ws"), events: named("events"), ndjson: named("ndjson"), text: named("text"),
		manyWS: named("manyWS"), manyEvents: named("manyEvents"), manyNDJSON: named("manyNDJSON"),
		messages: named("messages"), many: named("many"), post: named("post"), edit: named("edit"), remove: named("remove"), react: named("react"), transcript: named("transcript"),
	}
}

// ask makes a request; the headers are pairs of name and value.
func (s *site) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// wantProblem checks an answer against a row of docs/protocol.md's table.
func wantProblem(t testing.TB, w *httptest.ResponseRecorder, status int, code wire.Code) {
	t.Helper()
	var p struct {
		Status int       `json:"status"`
		Code   wire.Code `json:"code"`
	}
	assert.Equal(t, status, w.Code, w.Body.String())
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p), w.Body.String())
	assert.Equal(t, code, p.Code)
	assert.Equal(t, status, p.Status)
}

var errAway = fmt.Errorf("%w: nobody answers", chat.ErrUnavailable)

type fakeRooms struct {
	Ruling // what is not asked of it here
	Moderating
	Inviting
	Programs
	Reporting
	foldAbove int
	snapshot  chat.RosterSnapshot
	marks     []chat.RoomMark
	kept      chat.Kept
	full      bool
	err       error
	calls     []string
}

func (f *fakeRooms) FoldAbove() int { return f.foldAbove }

func (f *fakeRooms) Members(context.Context, chat.Principal, chat.RoomID) (chat.RosterSnapshot, error) {
	return f.snapshot, f.err
}

func (f *fakeRooms) History(_ context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error) {
	f.calls = append(f.calls, "history "+string(room)+" "+who.Name)
	return f.kept, f.err
}

func (f *fakeRooms) FirstHistory(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error) {
	if f.full {
		return chat.Kept{}, &chat.RefusedError{Code: chat.RefusedFull}
	}
	return f.History(ctx, who, room)
}

func (f *fakeRooms) Typing(_ context.Context, who chat.Principal, room chat.RoomID) error {
	f.calls = append(f.calls, "typing "+string(room)+" "+who.Name)
	return f.err
}

func (f *fakeRooms) Leave(_ context.Context, _ chat.Principal, room chat.RoomID, stream string) error {
	f.calls = append(f.calls, "leave "+string(room)+" "+stream)
	return f.err
}

func (f *fakeRooms) Mark(_ context.Context, who chat.Principal, room chat.RoomID, to chat.Cursor) (chat.ReadMark, error) {
	f.calls = append(f.calls, "mark "+string(room)+" "+who.Name+" "+to.String())
	return chat.ReadMark{Cursor: to, Unread: 2, Mentions: 1}, f.err
}

func (f *fakeRooms) ReadMark(_ context.Context, who chat.Principal, room chat.RoomID) (chat.ReadMark, error) {
	f.calls = append(f.calls, "mark of "+string(room)+" "+who.Name)
	return chat.ReadMark{Unread: 2}, f.err
}

func (f *fakeRooms) Rooms(_ context.Context, who chat.Principal) ([]chat.RoomMark, error) {
	f.calls = append(f.calls, "rooms "+who.Name)
	return f.marks, f.err
}

func (f *fakeRooms) Forget(_ context.Context, who chat.Principal, room chat.RoomID) error {
	f.calls = append(f.calls, "forget "+string(room)+" "+who.Name)
	return f.err
}

func (f *fakeRooms) End(ids []chat.MemberID, why error, _ time.Time) {
	for _, id := range ids {
		f.calls = append(f.calls, "end "+string(id)+" "+string(wire.FailureOf(why).Code))
	}
}

type fakeStore struct {
	mu      sync.Mutex // guards the following
	secret  []byte
	revoked []chat.MemberID
	links   map[string][]byte
	err     error
	asked   int
}

func (f *fakeStore) set(secret string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret, f.err = []byte(secret), err
}

func (f *fakeStore) Ping(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *fakeStore) Secret(context.Context) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.secret, f.err
}

func (f *fakeStore) Revoke(_ context.Context, id chat.MemberID, _ time.Duration, _ int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.revoked = append(f.revoked, id)
	}
	return f.err
}

func (f *fakeStore) Revoked(context.Context, string) ([]chat.MemberID, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revoked, "", f.err
}

func (f *fakeStore) KeepLink(_ context.Context, hash string, of []byte, _ time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.links == nil {
		f.links = map[string][]byte{}
	}
	f.links[hash] = of
	return f.err
}

func (f *fakeStore) TakeLink(_ context.Context, hash string) ([]byte, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	of, ok := f.links[hash]
	delete(f.links, hash)
	return of, ok, f.err
}
