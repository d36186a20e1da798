package admin_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/transport/wire"
)

const token = "the-token-of-the-operator-0123456789"

func say(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		_, _ = io.WriteString(w, text)
	})
}

type listener struct {
	http.Handler
	log    bytes.Buffer
	now    time.Time
	denied int
}

func newListener(t *testing.T, parts ...admin.Part) *listener {
	l := &listener{now: time.Unix(1_800_000_000, 0)}
	parts = append(parts, admin.Part{
		Name: "test", Open: map[string]http.Handler{"GET /{$}": say("page")},
		Routes:    map[string]http.Handler{"GET /api/rooms": say("rooms"), "POST /api/rooms": say("made")},
		Transfers: map[string]http.Handler{"POST /api/import": say("imported"), "GET /api/stream": say("stream")},
	})
	h, err := admin.New(admin.Options{
		Token: token, Parts: parts, Hosts: []string{"Admin.example."}, Now: func() time.Time { return l.now },
		Denied: func(*http.Request) { l.denied++ }, Logger: slog.New(slog.NewTextHandler(&l.log, nil)),
	})
	require.NoError(t, err)
	l.Handler = h
	return l
}

// ask makes a request as curl does; edit may make another of it.
func (l *listener) ask(method, target, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:9090", "192.0.2.1:1234"
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
}

func codeOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), w.Body.String())
	var p struct{ Code string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	return p.Code
}

func TestWhoIsLetIn(t *testing.T) {
	l := newListener(t)
	for name, edit := range map[string]func(*http.Request){
		"nobody":            func(*http.Request) {},
		"another":           bearer(strings.Repeat("x", 40)),
		"empty":             bearer(""),
		"a part":            bearer(token[:len(token)-1]),
		"and more":          bearer(token + "x"),
		"another scheme":    header("Authorization", "Basic "+token),
		"no scheme":         header("Authorization", token),
		"a cookie of mine":  header("Cookie", "caller_admin="+token),
		"an empty cookie":   header("Cookie", "caller_admin="),
		"the hosts' cookie": header("Cookie", "__Host-caller_admin=AAAA"),
	} {
		for _, target := range []string{"/api/rooms", "/api/nothing", "/metrics"} {
			w := l.ask("GET", target, "", edit)
			assert.Equal(t, http.StatusUnauthorized, w.Code, "%s %s", name, target)
			assert.Contains(t, w.Header().Get("WWW-Authenticate"), "Bearer", name)
			assert.NotContains(t, w.Body.String(), "nothing")
		}
		l.now = l.now.Add(time.Hour)
	}
	w := l.ask("GET", "/api/rooms", "", bearer(token))
	assert.Equal(t, "rooms", w.Body.String())
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
	} {
		assert.Equal(t, value, w.Header().Get(name))
	}
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, "page", l.ask("GET", "/", "").Body.String(), "a part's open routes need no token")

	w = l.ask("GET", "/api/nothing", "", bearer(token))
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Equal(t, "not_found", codeOf(t, w))
	w = l.ask("DELETE", "/api/rooms", "", bearer(token))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "method_not_allowed", codeOf(t, w))
	assert.Contains(t, w.Header().Get("Allow"), "GET")
	assert.Equal(t, http.StatusOK, l.ask("HEAD", "/api/rooms", "", bearer(token)).Code)
	w = l.ask("HEAD", "/api/stream", "", bearer(token))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code, "it would go on without an end, unseen")
	assert.Equal(t, "GET", w.Header().Get("Allow"))
	assert.Equal(t, http.StatusUnauthorized, l.ask("HEAD", "/api/stream", "").Code)
	assert.NotContains(t, l.log.String(), token)
}

// Another site's page can have a browser that is logged in make requests. None does anything.
func TestOtherSites(t *testing.T) {
	l := newListener(t)
	w := l.ask("POST", "/login", `{"token":"`+token+`"}`)
	require.Equal(t, http.StatusNoContent, w.Code)
	cookie := w.Result().Cookies()[0]
	asBrowser := func(r *http.Request) { r.AddCookie(cookie) }
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, 12*60*60, cookie.MaxAge)

	assert.Equal(t, "made", l.ask("POST", "/api/rooms", "", asBrowser, header("Sec-Fetch-Site", "same-origin")).Body.String())
	assert.Equal(t, "rooms", l.ask("GET", "/api/rooms", "", asBrowser, header("Sec-Fetch-Site", "none")).Body.String())
	for _, site := range []string{"cross-site", "same-site"} { // of the same site are all ports of this host
		w = l.ask("POST", "/api/rooms", "", asBrowser, header("Sec-Fetch-Site", site))
		assert.Equal(t, "cross_origin", codeOf(t, w), site)
		assert.Equal(t, http.StatusUnauthorized, l.ask("GET", "/api/rooms", "", asBrowser, header("Sec-Fetch-Site", site)).Code, site)
		w = l.ask("POST", "/login", "token="+url.QueryEscape(token), header("Sec-Fetch-Site", site), header("Content-Type", "application/x-www-form-urlencoded"))
		assert.Equal(t, http.StatusForbidden, w.Code, site)
		assert.Empty(t, w.Result().Cookies())
	}
	w = l.ask("POST", "/api/rooms", "", asBrowser, header("Origin", "http://evil.example"))
	assert.Equal(t, "cross_origin", codeOf(t, w), "an older browser says no more than Origin")
	w = l.ask("POST", "/api/rooms", "", asBrowser, header("Origin", "null"))
	assert.Equal(t, "cross_origin", codeOf(t, w))
	assert.Equal(t, "rooms", l.ask("GET", "/api/rooms", "", asBrowser).Body.String())
	w = l.ask("OPTIONS", "/api/rooms", "", header("Origin", "http://evil.example"), header("Access-Control-Request-Method", "GET"))
	assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))

	l.now = l.now.Add(12*time.Hour - time.Second)
	assert.Equal(t, http.StatusOK, l.ask("GET", "/api/rooms", "", asBrowser).Code)
	l.now = l.now.Add(time.Second)
	assert.Equal(t, http.StatusUnauthorized, l.ask("GET", "/api/rooms", "", asBrowser).Code, "the login is over")
}

func TestCookies(t *testing.T) {
	l := newListener(t)
	value := l.ask("POST", "/login", `{"token":"`+token+`"}`).Result().Cookies()[0].Value
	for i := range value {
		changed := []byte(value)
		changed[i] = 'A'
		if changed[i] == value[i] {
			changed[i] = 'B'
		}
		w := l.ask("GET", "/api/rooms", "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "caller_admin", Value: string(changed)}) })
		assert.Equal(t, http.StatusUnauthorized, w.Code, i)
	}
	other, err := admin.New(admin.Options{Token: "another-token-of-the-operator-0123456789"})
	require.NoError(t, err)
	r := httptest.NewRequest("GET", "http://localhost/x", nil)
	r.AddCookie(&http.Cookie{Name: "caller_admin", Value: value})
	w := httptest.NewRecorder()
	other.ServeHTTP(w, r)
	assert.Equal(t, http.StatusUnauthorized, w.Code, "a login is of one token")

	secure := httptest.NewTLSServer(l)
	defer secure.Close()
	answer, err := secure.Client().Post(secure.URL+"/login", "application/json", strings.NewReader(`{"token":"`+token+`"}`))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, "__Host-caller_admin", answer.Cookies()[0].Name)
	assert.True(t, answer.Cookies()[0].Secure)

	w = l.ask("POST", "/logout", "")
	assert.Negative(t, w.Result().Cookies()[0].MaxAge)
}

// Whoever makes a name lead here reads nothing by it.
func TestRebinding(t *testing.T) {
	l := newListener(t)
	for host, want := range map[string]int{
		"127.0.0.1:9090": 200, "[::1]:9090": 200, "localhost:9090": 200, "admin.localhost": 200, "admin.example:9090": 200, "ADMIN.example.": 200,
		"evil.example": 421, "evil.example:9090": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:9090": 421, "chat": 421,
	} {
		w := l.ask("GET", "/api/rooms", "", bearer(token), header("Host", host))
		assert.Equal(t, want, w.Code, host)
		w = l.ask("GET", "/", "", header("Host", host), header("X-Forwarded-Host", "127.0.0.1"))
		assert.Equal(t, want, w.Code, host)
	}
}

func TestWrongTokensAreLimited(t *testing.T) {
	l := newListener(t)
	limited := 0
	for i := range 30 {
		w := l.ask("GET", "/api/rooms", "", bearer("wrong-token-"+strconv.Itoa(i)))
		if w.Code == http.StatusTooManyRequests {
			limited++
			assert.Equal(t, "6", w.Header().Get("Retry-After"))
		}
	}
	assert.Equal(t, 20, limited)
	assert.Equal(t, 1, l.denied, "one that tries for ever fills no audit log")
	w := l.ask("POST", "/login", `{"token":"wrong"}`)
	assert.Equal(t, "too_much", codeOf(t, w), "a login is a try as well")
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	assert.Equal(t, http.StatusUnauthorized, l.ask("GET", "/api/rooms", "", bearer("wrong"), from("192.0.2.2:1")).Code)
	assert.Equal(t, http.StatusOK, l.ask("GET", "/api/rooms", "", bearer(token)).Code, "nobody is shut out by another's tries")
	l.now = l.now.Add(6 * time.Second)
	assert.Equal(t, http.StatusUnauthorized, l.ask("GET", "/api/rooms", "", bearer("wrong")).Code)
	assert.Equal(t, http.StatusTooManyRequests, l.ask("GET", "/api/rooms", "", bearer("wrong")).Code)
	assert.Equal(t, 2, l.denied, "another address is another matter")
	l.now = l.now.Add(time.Hour)
	l.ask("GET", "/api/rooms", "", bearer("wrong"))
	assert.Equal(t, 3, l.denied, "it still tries")
	for i := range 3000 {
		l.ask("GET", "/api/rooms", "", bearer("wrong"), from("[2001:db8:"+strconv.FormatInt(int64(i), 16)+"::1]:1"))
	}
	assert.Equal(t, http.StatusTooManyRequests, l.ask("GET", "/api/rooms", "", bearer("wrong"), from("[2001:db8:ffff::1]:1")).Code,
		"those that are too many to be told apart share one count")
	assert.NotContains(t, l.log.String(), "wrong-token")
}

func TestTokenInURL(t *testing.T) {
	l := newListener(t)
	for _, target := range []string{"/api/rooms?token=" + token, "/?access_token=x", "/api/rooms?a=b&Authorization=x"} {
		w := l.ask("GET", target, "", bearer(token))
		assert.Equal(t, "token_in_url", codeOf(t, w), target)
	}
}

func TestBodies(t *testing.T) {
	l := newListener(t)
	big := strings.Repeat("x", wire.MaxBody+1)
	assert.Equal(t, http.StatusRequestEntityTooLarge, l.ask("POST", "/api/rooms", big, bearer(token)).Code)
	unsaid := func(r *http.Request) { r.ContentLength = -1 }
	assert.Equal(t, http.StatusRequestEntityTooLarge, l.ask("POST", "/api/rooms", big, bearer(token), unsaid).Code)
	assert.Equal(t, "imported", l.ask("POST", "/api/import", big, bearer(token)).Body.String())
	for _, body := range []string{"", "{", "[]", `{"token":1}`, `{"token":"` + token + `","more":1}`, big} {
		w := l.ask("POST", "/login", body)
		assert.GreaterOrEqual(t, w.Code, 400, body[:min(20, len(body))])
		assert.Empty(t, w.Result().Cookies())
	}
}

func TestWrongOptions(t *testing.T) {
	_, err := admin.New(admin.Options{Token: token[:31]})
	require.ErrorContains(t, err, "at least 32 bytes")
	for _, routes := range []map[string]http.Handler{
		{"/x": say("")}, {"GET x": say("")}, {"GET /{": say("")}, {"POST /login": say("")},
	} {
		_, err := admin.New(admin.Options{Token: token, Parts: []admin.Part{{Name: "bad", Routes: routes}}})
		require.ErrorContains(t, err, "bad")
	}
}
