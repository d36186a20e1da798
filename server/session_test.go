package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func (s *site) signIn(t testing.TB, name string, headers ...string) (reply sessionReply, cookie string) {
	t.Helper()
	w := s.ask("POST", "/session", `{"name":"`+name+`"}`, append(headers, "Content-Type", "application/json")...)
	require.Less(t, w.Code, 300, w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
	return reply, strings.Split(w.Header().Get("Set-Cookie"), ";")[0]
}

func TestSession(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("POST", "/session", `{"name":"  Аня "}`)
	assert.Equal(t, http.StatusCreated, w.Code)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var made sessionReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &made))
	assert.Equal(t, "Аня", made.Name)
	assert.Equal(t, "2026-12-24T12:00:00.000Z", made.ExpiresAt)
	set := w.Header().Get("Set-Cookie")
	assert.Equal(t, "caller_session="+made.Token+"; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax", set)

	for _, header := range [][2]string{{"Cookie", "caller_session=" + made.Token}, {"Authorization", "Bearer " + made.Token}, {"Authorization", "bearer " + made.Token}} {
		w = s.ask("GET", "/session", "", header[0], header[1])
		assert.Equal(t, http.StatusOK, w.Code)
		var got sessionReply
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		assert.Equal(t, sessionReply{ClientID: made.ClientID, Name: "Аня", ExpiresAt: made.ExpiresAt}, got)
	}

	s.later(time.Hour)
	w = s.ask("POST", "/session", `{"name":"Anna"}`, "Authorization", "Bearer "+made.Token)
	assert.Equal(t, http.StatusOK, w.Code)
	var renamed sessionReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &renamed))
	assert.Equal(t, made.ClientID, renamed.ClientID)
	assert.Equal(t, "Anna", renamed.Name)
	assert.Equal(t, "2026-12-24T13:00:00.000Z", renamed.ExpiresAt)
	assert.Equal(t, "Anna", s.ask("GET", "/rooms/lobby", "", "Authorization", "Bearer "+renamed.Token).Header().Get("X-Visitor"))
}

func TestSessionExampleHasOurFields(t *testing.T) {
	example, err := os.ReadFile("../transport/wire/testdata/replies/session.json")
	require.NoError(t, err)
	var want, got map[string]any
	require.NoError(t, json.Unmarshal(example, &want))
	s := newSite(t, Options{})
	require.NoError(t, json.Unmarshal(s.ask("POST", "/session", `{"name":"Ann"}`).Body.Bytes(), &got))
	for field := range want {
		assert.Contains(t, got, field)
	}
	assert.Len(t, got, len(want))
}

func TestSecureCookieOverTLS(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("POST", "https://chat.example/session", `{"name":"Ann"}`)
	assert.Contains(t, w.Header().Get("Set-Cookie"), "; Secure;")
}

func TestNoSession(t *testing.T) {
	s := newSite(t, Options{})
	wantProblem(t, s.ask("GET", "/session", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	for _, target := range []string{"/rooms/lobby/typing", "/rooms/lobby/leave"} {
		wantProblem(t, s.ask("POST", target, ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	}
}

func TestBadSessions(t *testing.T) {
	s := newSite(t, Options{})
	made, _ := s.signIn(t, "Ann")
	other := newSite(t, Options{SessionKey: []byte(strings.Repeat("x", 32))})
	foreign, _ := other.signIn(t, "Ann")
	body, sum, _ := strings.Cut(made.Token, ".")
	bad := map[string]string{
		"another key":       foreign.Token,
		"another payload":   strings.Split(foreign.Token, ".")[0] + "." + sum,
		"no signature":      body + ".",
		"no payload":        "." + sum,
		"not a token":       "hello",
		"empty":             "",
		"longer":            made.Token + "A",
		"twice":             made.Token + "." + sum,
		"padded":            made.Token + "=",
		"huge":              strings.Repeat("A", 9000) + "." + sum,
		"signed, no JSON":   sign("{", s.store.secret),
		"signed, no id":     sign(`{"v":1,"name":"Ann","exp":99999999999}`, s.store.secret),
		"signed, version":   sign(`{"v":2,"id":"a","name":"Ann","exp":99999999999}`, s.store.secret),
		"signed, no expiry": sign(`{"v":1,"id":"a","name":"Ann"}`, s.store.secret),
	}
	for name, token := range bad {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/session", "/rooms/lobby", "/rooms/lobby/members", "/rooms/lobby/messages"} {
				w := s.ask("GET", target, "", "Authorization", "Bearer "+token)
				wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
			}
			wantProblem(t, s.ask("POST", "/rooms/lobby/typing", "", "Cookie", "caller_session="+token), http.StatusUnauthorized, wire.CodeSessionInvalid)
			assert.Equal(t, http.StatusCreated, s.ask("POST", "/session", `{"name":"Ann"}`, "Authorization", "Bearer "+token).Code)
			page := s.ask("GET", "/rooms/lobby", "", "Accept", "text/html", "Cookie", "caller_session="+token)
			assert.Equal(t, http.StatusOK, page.Code, "the page is always served")
		})
	}
}

func sign(text string, key []byte) string {
	body := encoding().EncodeToString([]byte(text))
	return body + "." + encoding().EncodeToString(signature(body, key))
}

func TestExpiry(t *testing.T) {
	s := newSite(t, Options{})
	made, _ := s.signIn(t, "Ann")
	s.later(sessionLife - time.Second)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+made.Token).Code)
	s.later(time.Second)
	w := s.ask("GET", "/session", "", "Authorization", "Bearer "+made.Token)
	wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
	assert.Contains(t, w.Body.String(), "expired")
	again, _ := s.signIn(t, "Ann", "Authorization", "Bearer "+made.Token)
	assert.NotEqual(t, made.ClientID, again.ClientID)
}

func TestBearerBeforeCookie(t *testing.T) {
	s := newSite(t, Options{})
	ann, annCookie := s.signIn(t, "Ann")
	bob, _ := s.signIn(t, "Bob")
	var got sessionReply
	w := s.ask("GET", "/session", "", "Cookie", annCookie, "Authorization", "Bearer "+bob.Token)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Equal(t, bob.ClientID, got.ClientID)
	w = s.ask("GET", "/session", "", "Cookie", annCookie, "Authorization", "Basic dTpw") // some proxy's
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Equal(t, ann.ClientID, got.ClientID)
}

func TestBadSessionBodies(t *testing.T) {
	s := newSite(t, Options{})
	for _, c := range []struct {
		kind, body string
		status     int
		code       wire.Code
	}{
		{"application/json", `{"name":""}`, 422, wire.CodeInvalidField},
		{"application/json", `{}`, 422, wire.CodeInvalidField},
		{"application/json", `{"name":"` + strings.Repeat("ж", 41) + `"}`, 422, wire.CodeInvalidField},
		{"application/json", `{"name":"a\u001b[31m"}`, 422, wire.CodeInvalidField},
		{"application/json", `{"name":"a\u202eb"}`, 422, wire.CodeInvalidField},
		{"application/json", `{"name":7}`, 400, wire.CodeMalformed},
		{"application/json", `{"name":"Ann"`, 400, wire.CodeMalformed},
		{"application/json", `{"name":"Ann"}{}`, 400, wire.CodeMalformed},
		{"application/json", `"Ann"`, 400, wire.CodeMalformed},
		{"application/json", ``, 400, wire.CodeMalformed},
		{"application/json", "{\"name\":\"\xff\"}", 400, wire.CodeInvalidUTF8},
		{"application/x-www-form-urlencoded", "name=%zz", 400, wire.CodeMalformed},
		{"application/x-www-form-urlencoded", "name=%ff", 400, wire.CodeInvalidUTF8},
		{"application/x-www-form-urlencoded", "nom=Ann", 422, wire.CodeInvalidField},
		{"image/png", "x", 415, wire.CodeUnsupported},
		{"multipart/form-data; boundary=x", "--x--", 415, wire.CodeUnsupported},
		{"text", `{"name":"Ann"}`, 415, wire.CodeUnsupported},
		{"application/json", `{"name":"` + strings.Repeat("a", wire.MaxBody) + `"}`, 413, wire.CodeTooLarge},
	} {
		w := s.ask("POST", "/session", c.body, "Content-Type", c.kind)
		wantProblem(t, w, c.status, c.code)
		assert.Empty(t, w.Header().Get("Set-Cookie"))
	}
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded": `{"name":"Ann"}`, "application/json": `{"name":"Ann","more":1}`, "": `{"name":"Ann"}`,
		"application/x-www-form-urlencoded; charset=utf-8": "name=Ann",
	} {
		assert.Equal(t, http.StatusCreated, s.ask("POST", "/session", body, "Content-Type", kind).Code, body)
	}
}

func TestGuests(t *testing.T) {
	s := newSite(t, Options{})
	identify := func(target string, headers ...string) (chat.Principal, error) {
		r := httptest.NewRequest("GET", target, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return s.sessions.identify(r)
	}
	named, err := identify("/?name=%D0%90%D0%BD%D1%8F", "X-Name", "Bob")
	require.NoError(t, err)
	assert.Equal(t, "Аня", named.Name)
	assert.True(t, named.Guest)
	assert.Equal(t, "guest:192.0.2.1 Аня", named.Client)

	again, err := identify("/", "X-Name", "Аня")
	require.NoError(t, err)
	assert.Equal(t, named.Client, again.Client, "repeated keys are recognised by address and name")
	assert.NotEqual(t, named.ID, again.ID, "a guest takes nobody's place")

	nameless, err := identify("/")
	require.NoError(t, err)
	assert.Equal(t, "guest-"+string(nameless.ID[:4]), nameless.Name)
	other, err := identify("/")
	require.NoError(t, err)
	assert.Equal(t, nameless.Client, other.Client)

	for _, headers := range [][]string{{"X-Name", "a\x1b[31m"}, {"X-Name", "\xff"}, {"X-Name", strings.Repeat("a", 41)}, {"X-Name", "  "}} {
		_, err := identify("/", headers...)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, "name", invalid.Field)
	}
}

func TestSessionsWhileTheStoreIsAway(t *testing.T) {
	s := newSite(t, Options{})
	other := newSite(t, Options{}) // another node of the same store
	made, _ := other.signIn(t, "Ann")
	s.store.set(string(s.store.secret), errAway)
	for range 2 {
		wantProblem(t, s.ask("GET", "/session", "", "Authorization", "Bearer "+made.Token), http.StatusServiceUnavailable, wire.CodeUnavailable)
		wantProblem(t, s.ask("POST", "/session", `{"name":"Ann"}`), http.StatusServiceUnavailable, wire.CodeUnavailable)
	}
	assert.Equal(t, http.StatusOK, s.ask("GET", "/rooms/lobby", "").Code, "guests need no key")
	s.store.set(string(s.store.secret), nil)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+made.Token).Code)
	s.store.set("", errAway)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+made.Token).Code, "a key is kept")
}

// TestSecretReplaced is a store that lost its data: another node has a new secret already.
func TestSecretReplaced(t *testing.T) {
	s := newSite(t, Options{})
	old, _ := s.signIn(t, "Ann")
	fresh := session{ID: "b", Name: "Bob", Expires: start.Add(time.Hour)}.token([]byte(strings.Repeat("n", 32)))
	s.store.set(strings.Repeat("n", 32), nil)
	wantProblem(t, s.ask("GET", "/session", "", "Authorization", "Bearer "+fresh), http.StatusUnauthorized, wire.CodeSessionInvalid)
	s.later(refetch)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+fresh).Code)
	wantProblem(t, s.ask("GET", "/session", "", "Authorization", "Bearer "+old.Token), http.StatusUnauthorized, wire.CodeSessionInvalid)
	asked := s.store.asked
	for range 100 {
		s.ask("GET", "/session", "", "Authorization", "Bearer "+old.Token)
	}
	assert.Equal(t, asked, s.store.asked, "forged tokens do not make it ask again and again")
}

func TestShortSecretIsRefused(t *testing.T) {
	s := newSite(t, Options{})
	s.store.set("short", nil)
	wantProblem(t, s.ask("POST", "/session", `{"name":"Ann"}`), http.StatusInternalServerError, wire.CodeInternal)
	_, err := assemble(s.rooms, s.store, dist(), Options{SessionKey: []byte("short")}, fakeTransports)
	assert.ErrorContains(t, err, "at least 32 bytes")
}

func TestKeysAreAskedForOnce(t *testing.T) {
	entered, release := make(chan struct{}, 8), make(chan struct{})
	k := keys{now: time.Now, fetch: func(context.Context) ([]byte, error) {
		entered <- struct{}{}
		<-release
		return make([]byte, 32), nil
	}}
	first, gone := context.WithCancel(t.Context())
	done := make(chan error, 4)
	go func() { _, err := k.current(first); done <- err }()
	<-entered
	for range 3 {
		go func() { _, err := k.current(t.Context()); done <- err }()
	}
	gone()
	close(release)
	for range 4 {
		assert.NoError(t, <-done)
	}
}

func FuzzToken(f *testing.F) {
	key := []byte(strings.Repeat("k", 32))
	good := session{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Аня", Expires: start.Add(time.Hour)}
	f.Add(good.token(key))
	f.Add(good.token([]byte("another")))
	f.Add(sign(`{"v":1,"id":"a","name":"b","exp":1e3}`, key))
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		s, err := parseToken(token, key, start)
		if err == nil && s.token(key) != token {
			t.Errorf("%q is %+v, which is %q", token, s, s.token(key))
		}
	})
}

// TestTokenInASubprotocol is a WebSocket of a page of another origin, which can give its token in no other way.
func TestTokenInASubprotocol(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	_, bobsCookie := s.signIn(t, "Bob")
	for _, offered := range []string{"caller.v1, caller.token." + ann.Token, "caller.token." + ann.Token + ",caller.v1"} {
		w := s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", offered, "Cookie", bobsCookie)
		assert.Equal(t, "Ann", w.Header().Get("X-Visitor"), "what was given on purpose comes first")
	}
	w := s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", "caller.v1", "Cookie", bobsCookie)
	assert.Equal(t, "Bob", w.Header().Get("X-Visitor"))
	w = s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", "caller.v1, caller.token.forged.token", "Cookie", bobsCookie)
	wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
}
