package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// start is when the tests take place.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var testKey = []byte(strings.Repeat("k", MinKey))

// fakeStore is the store of any number of nodes.
type fakeStore struct {
	mu      sync.Mutex // protects following
	revoked []chat.MemberID
	links   map[string][]byte
	err     error
	asked   int
	most    int // sessions that are remembered
}

func (f *fakeStore) Secret(context.Context) ([]byte, error) { return testKey, nil }

func (f *fakeStore) Revoke(_ context.Context, id chat.MemberID, _ time.Duration, most int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil && most > 0 && f.most > 0 && len(f.revoked) >= f.most {
		return chat.ErrFull
	}
	if f.err == nil {
		f.revoked = append(f.revoked, id)
	}
	return f.err
}

func (f *fakeStore) Revoked(_ context.Context, since string) ([]chat.MemberID, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return append([]chat.MemberID(nil), f.revoked[min(len(since), len(f.revoked)):]...), strings.Repeat("x", len(f.revoked)), f.err
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

func (f *fakeStore) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// node is one node's Auth, what it has ended, and its clock.
type node struct {
	*Auth
	now   time.Time
	ended chan chat.MemberID
}

func newNode(t testing.TB, store *fakeStore, o Options) *node {
	t.Helper()
	n := &node{now: start, ended: make(chan chat.MemberID, 100)}
	o.Now = func() time.Time { return n.now }
	o.End = func(ids []chat.MemberID, _ error, _ time.Time) {
		for _, id := range ids {
			n.ended <- id
		}
	}
	o.Address = func(*http.Request) string { return "192.0.2.1" }
	var err error
	n.Auth, err = New(store, store, store, o)
	require.NoError(t, err)
	return n
}

// principal is who makes a request; the headers are pairs of name and value.
func (n *node) principal(target string, headers ...string) (who chat.Principal, err error) {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	n.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		who, err = httpapi.Principal(r)
	})).ServeHTTP(httptest.NewRecorder(), r)
	return who, err
}

// signOut is DELETE /session with a token.
func (n *node) signOut(token string) (err error) {
	r := httptest.NewRequest("DELETE", "/session", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	n.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err = n.SignOut(w, r)
	})).ServeHTTP(httptest.NewRecorder(), r)
	return err
}

// signed is a session's token of now.
func signed(t testing.TB, s Session, key []byte) string {
	t.Helper()
	token, err := s.Sign(key, start)
	require.NoError(t, err)
	return token
}

// legacy is a token of the format before.
func legacy(text string, key []byte) string {
	body := encoding().EncodeToString([]byte(text))
	return body + "." + encoding().EncodeToString(legacySignature(body, key))
}

func legacyOf(s Session, key []byte) string {
	text, _ := json.Marshal(legacyPayload{legacyVersion, s.ID, s.Name, s.Expires.Unix()}) // can't fail: strings and a number
	return legacy(string(text), key)
}

// ann is somebody with an hour left.
func ann() Session {
	return Session{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann", Expires: start.Add(time.Hour)}
}

// jwtOf signs any claims by any method; change may make the header another.
func jwtOf(t testing.TB, method jwt.SigningMethod, key any, c jwt.Claims, change func(header map[string]any)) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	token.Header["typ"] = tokenType
	if change != nil {
		change(token.Header)
	}
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

func request(target string) *http.Request { return httptest.NewRequest("GET", target, nil) }

// called is a name that is asked for.
func called(name string) func(string) (string, error) {
	return func(string) (string, error) { return name, nil }
}
