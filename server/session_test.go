package server

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/server/auth"
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
	assert.Equal(t, "Anna", s.ask("GET", "/rooms/lobby", "", "Authorization", "Bearer "+renamed.Token).Header().Get("X-Principal"))
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
	assert.Regexp(t, "^__Host-caller_session=[^;]+; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax$", w.Header().Get("Set-Cookie"))
}

func TestNoSession(t *testing.T) {
	s := newSite(t, Options{})
	wantProblem(t, s.ask("GET", "/session", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	for _, target := range []string{"/rooms/lobby/typing", "/rooms/lobby/leave"} {
		wantProblem(t, s.ask("POST", target, ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	}
}

// TestBadSessions has tokens that say they are Caller's, and are not good. Package auth has all
// kinds of them.
func TestBadSessions(t *testing.T) {
	s := newSite(t, Options{})
	forged, _ := newSite(t, Options{SessionKey: []byte(strings.Repeat("x", 32))}).signIn(t, "Ann")
	for _, target := range []string{"/session", "/rooms/lobby", "/rooms/lobby/members", "/rooms/lobby/messages"} {
		w := s.ask("GET", target, "", "Authorization", "Bearer "+forged.Token)
		wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
	}
	for _, cookie := range []string{forged.Token, "hello", ""} {
		cookie = "caller_session=" + cookie
		w := s.ask("POST", "/rooms/lobby/typing", "", "Cookie", cookie)
		wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
		assert.Equal(t, http.StatusCreated, s.ask("POST", "/session", `{"name":"Ann"}`, "Cookie", cookie).Code)
		page := s.ask("GET", "/rooms/lobby", "", "Accept", "text/html", "Cookie", cookie)
		assert.Equal(t, http.StatusOK, page.Code, "the page is always served")
	}
}

// TestSomebodyElsesToken is a proxy in front that signs its users in, and hands its own token on.
func TestSomebodyElsesToken(t *testing.T) {
	s := newSite(t, Options{})
	_, cookie := s.signIn(t, "Ann")
	for _, token := range []string{
		"opaque", "", "a.b", "a.b.c",
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoiYW5uIn0.c2lnbmF0dXJl",
	} {
		w := s.ask("GET", "/rooms/lobby", "", "Authorization", "Bearer "+token, "Cookie", cookie)
		assert.Equal(t, "Ann", w.Header().Get("X-Principal"), token)
		w = s.ask("GET", "/rooms/lobby", "", "Authorization", "Bearer "+token, "X-Name", "Bob")
		assert.Equal(t, "Bob", w.Header().Get("X-Principal"), token)
		w = s.ask("GET", "/session", "", "Authorization", "Bearer "+token)
		wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionRequired)
	}
}

func TestSignOut(t *testing.T) {
	s := newSite(t, Options{})
	ann, cookie := s.signIn(t, "Ann")
	bob, _ := s.signIn(t, "Bob")
	wantProblem(t, s.ask("DELETE", "/session", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("DELETE", "/session", "", "Cookie", cookie, "Origin", "https://evil.example"),
		http.StatusForbidden, wire.CodeCrossOrigin)
	w := s.ask("POST", "/session", `{"name":"Anna"}`, "Authorization", "Bearer "+ann.Token)
	var renamed sessionReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &renamed))

	s.store.set(string(s.store.secret), errAway)
	wantProblem(t, s.ask("DELETE", "/session", "", "Cookie", cookie), http.StatusServiceUnavailable, wire.CodeUnavailable)
	s.store.set(string(s.store.secret), nil)
	w = s.ask("DELETE", "/session", "", "Cookie", cookie)
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "caller_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax", w.Header().Get("Set-Cookie"))
	assert.Equal(t, []string{"end " + string(ann.ClientID) + " session_invalid"}, s.rooms.calls)
	for _, token := range []string{ann.Token, renamed.Token} {
		w := s.ask("GET", "/session", "", "Authorization", "Bearer "+token)
		wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
		assert.Contains(t, w.Body.String(), "signed out")
	}
	again, _ := s.signIn(t, "Ann", "Authorization", "Bearer "+ann.Token)
	assert.NotEqual(t, ann.ClientID, again.ClientID)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/session", "", "Authorization", "Bearer "+bob.Token).Code)
}

func TestExpiry(t *testing.T) {
	s := newSite(t, Options{})
	made, _ := s.signIn(t, "Ann")
	s.later(auth.SessionLife - time.Second)
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
	fresh, err := auth.Session{ID: "b", Name: "Bob", Expires: start.Add(time.Hour)}.Sign([]byte(strings.Repeat("n", 32)), start)
	require.NoError(t, err)
	s.store.set(strings.Repeat("n", 32), nil)
	wantProblem(t, s.ask("GET", "/session", "", "Authorization", "Bearer "+fresh), http.StatusUnauthorized, wire.CodeSessionInvalid)
	s.later(10 * time.Second)
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

// TestTokenInASubprotocol is a WebSocket of a page of another origin, which can give its token in
// no other way.
func TestTokenInASubprotocol(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	_, bobsCookie := s.signIn(t, "Bob")
	for _, offered := range []string{"caller.v1, caller.token." + ann.Token, "caller.token." + ann.Token + ",caller.v1"} {
		w := s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", offered, "Cookie", bobsCookie)
		assert.Equal(t, "Ann", w.Header().Get("X-Principal"), "what was given on purpose comes first")
	}
	w := s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", "caller.v1", "Cookie", bobsCookie)
	assert.Equal(t, "Bob", w.Header().Get("X-Principal"))
	w = s.ask("GET", "/rooms/lobby/ws", "", "Sec-WebSocket-Protocol", "caller.v1, caller.token.forged.token", "Cookie", bobsCookie)
	wantProblem(t, w, http.StatusUnauthorized, wire.CodeSessionInvalid)
}
