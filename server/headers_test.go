package server

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

// The page has what Mozilla's Observatory asks of an A+: each line is one of its tests, without a
// deduction.
func TestObservatory(t *testing.T) {
	s := newSite(t, Options{Hosts: []string{"chat.example"}})
	for _, path := range []string{"/", "/rooms/lobby"} {
		h := s.ask("GET", "https://chat.example"+path, "", "Accept", acceptChromium).Header()
		csp := map[string]string{}
		for directive := range strings.SplitSeq(h.Get("Content-Security-Policy"), ";") {
			name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
			csp[name] = sources
		}
		assert.Equal(t, "'none'", csp["default-src"], "what is not named is off")
		for _, directive := range []string{"script-src", "style-src", "base-uri", "form-action"} {
			assert.Equal(t, "'self'", csp[directive], directive)
		}
		assert.Equal(t, "'none'", csp["frame-ancestors"])
		assert.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
		assert.NotContains(t, h.Get("Content-Security-Policy"), "http:")
		assert.Equal(t, "DENY", h.Get("X-Frame-Options"))
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		assert.Equal(t, "same-origin", h.Get("Referrer-Policy"))
		assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
		assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
		assert.Equal(t, "max-age=15552000", h.Get("Strict-Transport-Security"), "half a year")
		assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
	}
	cookie := s.ask("POST", "https://chat.example/session", `{"name":"Ann"}`).Header().Get("Set-Cookie")
	for _, flag := range []string{"__Host-", "; Secure", "; HttpOnly", "; SameSite=Lax"} {
		assert.Contains(t, cookie, flag)
	}
}

// Nothing that this server answers is for other sites' pages, but for the client library.
func TestEverythingIsKeptApart(t *testing.T) {
	lib := fstest.MapFS{"caller.js": {Data: []byte("export {}\n")}}
	s := newSite(t, Options{Library: lib, Hosts: []string{"chat.example"}})
	for _, request := range []string{
		"GET /", "GET /rooms/lobby", "GET /rooms/lobby/sse", "GET /rooms/lobby/ndjson", "GET /rooms/lobby/text", "GET /stream/sse",
		"GET /rooms/lobby/messages", "POST /rooms/lobby", "POST /rooms", "POST /session", "GET /session", "GET /healthz", "GET /readyz",
		"GET /favicon.svg", "GET /assets/app-1a2b.js", "GET /nothing", "PUT /session", "GET /rooms/lobby?token=x", "OPTIONS /", "HEAD /rooms/lobby",
	} {
		method, path, _ := strings.Cut(request, " ")
		for _, host := range []string{"http://chat.example", "http://evil.com"} {
			h := s.ask(method, host+path, "").Header()
			assert.Equal(t, []string{"same-origin"}, h.Values("Cross-Origin-Resource-Policy"), request)
			assert.Equal(t, []string{"nosniff"}, h.Values("X-Content-Type-Options"), request)
			assert.Len(t, h.Values("Content-Security-Policy"), 1, request)
			assert.Contains(t, h.Get("Content-Security-Policy"), "script-src ", request)
			assert.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", request)
		}
	}
	assert.Equal(t, "cross-origin", s.ask("GET", "http://chat.example/client/caller.js", "").Header().Get("Cross-Origin-Resource-Policy"))
	assert.Contains(t, s.ask("GET", "http://chat.example/assets/app-1a2b.js", "").Header().Get("Content-Security-Policy"), "connect-src 'self'",
		"a worker has the policy of its script's answer")
	assert.Equal(t, apart, s.ask("GET", "http://chat.example/rooms/lobby/messages", "").Header().Values("Content-Security-Policy"), "nobody has changed it")

	w := httptest.NewRecorder()
	Waiting("").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	assert.Equal(t, "same-origin", w.Header().Get("Cross-Origin-Resource-Policy"))
}

func TestHSTS(t *testing.T) {
	day, never := 24*time.Hour, time.Duration(0)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, ""},
		{Options{Hosts: []string{"chat.example"}}, "max-age=15552000"},
		{Options{PublicHost: "chat.example"}, "max-age=15552000"},
		{Options{Hosts: []string{AnyHost}}, ""},
		{Options{Hosts: []string{"chat.example"}, BasePath: "/chat"}, ""},
		{Options{Hosts: []string{"chat.example"}, HSTS: &day}, "max-age=86400"},
		{Options{HSTS: &day}, "max-age=86400"},
		{Options{Hosts: []string{"chat.example"}, HSTS: &never}, ""},
	} {
		s := newSite(t, c.o)
		assert.Equal(t, c.want, s.ask("GET", "https://chat.example/", "").Header().Get("Strict-Transport-Security"))
		assert.Empty(t, s.ask("GET", "http://chat.example/", "").Header().Get("Strict-Transport-Security"), "over HTTPS only")
		if c.o.HSTS == nil {
			assert.Empty(t, s.ask("GET", "https://localhost/", "").Header().Get("Strict-Transport-Security"), "other servers are there, too")
		}
	}
}

func TestATokenInAnAddressIsRefused(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	for _, query := range []string{
		"token=" + ann.Token, "access_token=" + ann.Token, "after=0-0&Token=x", "token", "a=1;token=x", "authorization=Bearer%20x", "jwt=x",
		"%74oken=x", "id_token=x", "key=caller_" + strings.Repeat("k", 43),
	} {
		for _, request := range []string{"GET /", "GET /rooms/lobby", "GET /rooms/lobby/ws", "GET /rooms/lobby/sse", "GET /rooms/lobby/messages", "POST /rooms/lobby", "POST /session"} {
			method, path, _ := strings.Cut(request, " ")
			wantProblem(t, s.ask(method, path+"?"+query, "hello"), http.StatusBadRequest, wire.CodeTokenInURL)
		}
	}
	for _, query := range []string{"q=token", "name=token&after=0-0", "tokens=1", "q=caller_id"} {
		assert.Equal(t, http.StatusOK, s.ask("GET", "/rooms/lobby/messages?"+query, "").Code, query)
	}
	assert.NotContains(t, s.logged.String(), ann.Token)
}

// What may end elsewhere for somebody on the way is the last request of its connection.
func TestADoubtfullyFramedRequestIsTheLast(t *testing.T) {
	s := newSite(t, Options{})
	web := httptest.NewUnstartedServer(s)
	web.Config = HTTP(s, slog.New(slog.DiscardHandler))
	web.Start()
	defer web.Close()
	const smuggled = "GET /rooms/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, c := range map[string]struct {
		request string
		kept    bool
	}{
		"both lengths":                    {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
		"both, the other way":             {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n", false},
		"a read with both":                {"GET /rooms/lobby HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", false},
		"HTTP/1.0 with Transfer-Encoding": {"POST /rooms/lobby HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", false},
		"a length":                        {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", true},
		"nothing":                         {"GET /rooms/lobby HTTP/1.1\r\nHost: a\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", web.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(testwait.Deadline()))
			_, err = io.WriteString(conn, c.request+smuggled)
			require.NoError(t, err)
			reader := bufio.NewReader(conn)
			answer, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, answer.StatusCode)
			_, err = io.Copy(io.Discard, answer.Body)
			require.NoError(t, err)
			require.Equal(t, !c.kept, answer.Close)
			next, err := http.ReadResponse(reader, nil)
			if !c.kept {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			text, err := io.ReadAll(next.Body)
			require.NoError(t, err)
			require.Contains(t, string(text), "smuggled")
		})
	}
}

// A WebSocket's handshake is answered as everything else.
func TestHandshakesHaveTheHeadersOfAll(t *testing.T) {
	web := httptest.NewServer(whole(t, new(numbering)))
	defer web.Close()
	for _, path := range []string{"/rooms/lobby/ws", "/stream/ws"} {
		socket, shaken, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(web.URL, "http")+path, nil)
		require.NoError(t, err)
		require.NoError(t, socket.Close())
		require.NoError(t, shaken.Body.Close())
		assert.Equal(t, "nosniff", shaken.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "same-origin", shaken.Header.Get("Cross-Origin-Resource-Policy"))
		assert.Equal(t, apart, shaken.Header.Values("Content-Security-Policy"))
	}
}
