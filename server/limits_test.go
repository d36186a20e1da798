package server

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

func TestBodyLimit(t *testing.T) {
	s := newSite(t, Options{})
	assert.Equal(t, http.StatusOK, s.ask("POST", "/rooms/lobby", strings.Repeat("a", wire.MaxBody)).Code)
	for _, target := range []string{"/rooms/lobby", "/rooms/lobby/messages", "/session", "/rooms/lobby/leave", "/nothing"} {
		wantProblem(t, s.ask("POST", target, strings.Repeat("a", wire.MaxBody+1)), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	}
	r := httptest.NewRequest("POST", "/rooms/lobby", io.MultiReader(strings.NewReader(strings.Repeat("a", wire.MaxBody+1)))) // no Content-Length
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
}

func TestAPostThatIsTooLongIsToldTheLimit(t *testing.T) {
	for _, two := range []bool{false, true} {
		web := httptest.NewUnstartedServer(nil)
		web.Config = HTTP(whole(t, new(numbering)), slog.New(slog.DiscardHandler))
		web.EnableHTTP2 = two
		if two {
			web.StartTLS()
		} else {
			web.Start()
		}
		t.Cleanup(web.Close)
		for _, test := range []struct {
			size         int
			lengthIsTold bool
			status       int
			detail       string
		}{
			{wire.MaxBody, true, http.StatusUnprocessableEntity, "4000"},
			{wire.MaxBody, false, http.StatusUnprocessableEntity, "4000"},
			{wire.MaxBody + 1, true, http.StatusRequestEntityTooLarge, "65536"},
			{wire.MaxBody + 1, false, http.StatusRequestEntityTooLarge, "65536"},
			{3 * wire.MaxBody, false, http.StatusRequestEntityTooLarge, "65536"},
		} {
			var body io.Reader = strings.NewReader(strings.Repeat("a", test.size))
			if !test.lengthIsTold {
				body = io.MultiReader(body)
			}
			resp, err := web.Client().Post(web.URL+"/rooms/lobby/messages", "text/plain", body)
			require.NoError(t, err)
			var problem struct {
				Detail string
				Limit  int
			}
			assert.NoError(t, json.NewDecoder(resp.Body).Decode(&problem))
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, test.status, resp.StatusCode)
			assert.Contains(t, problem.Detail, test.detail)
			assert.Equal(t, test.detail, strconv.Itoa(problem.Limit))
			assert.Equal(t, two, resp.ProtoMajor == 2)
		}
	}
}

// TestOverTheWire is what only a real connection shows: refusing a body before it is sent, headers
// that are too long, and that a handler still has net/http's whole writer.
func TestOverTheWire(t *testing.T) {
	s := newSite(t, Options{})
	s.transports.events = func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ndata: hello\n\n")
			assert.NoError(t, conn.Close())
		}
	}
	s.transports.many = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	s.handler = s.requestLog(s.stripBase(s.securityHeaders(s.routes())))
	web := httptest.NewUnstartedServer(s)
	web.Config = HTTP(s, slog.New(slog.DiscardHandler))
	web.Start()
	defer web.Close()
	talk := func(request string) string {
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(testwait.Deadline()))
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		return strings.TrimSpace(line)
	}
	assert.Equal(t, "HTTP/1.1 413 Request Entity Too Large",
		talk("POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"))
	assert.Equal(t, "HTTP/1.1 431 Request Header Fields Too Large", talk("GET / HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("a", 240<<10)+"\r\n\r\n"))
	name := url.QueryEscape(strings.Repeat("\U00010330", chat.MaxRoomID)) // a Gothic letter has four bytes
	named := "room=" + name + "@9007199254740991-deadbeef&roster=" + name + "@1795998461428020&read=" + name + "@9007199254740991-deadbeef&"
	assert.Equal(t, "HTTP/1.1 200 OK", talk("GET /stream/messages?"+strings.Repeat(named, wire.MaxRooms)+"wait=25 HTTP/1.1\r\nHost: a\r\n"+
		"Cookie: a="+strings.Repeat("a", 8<<10)+"\r\n\r\n"), "as many rooms as a poll may name, by the longest names")
	assert.Equal(t, "HTTP/1.1 200 OK", talk("GET /rooms/lobby/sse HTTP/1.1\r\nHost: a\r\n\r\n"))
	assert.Equal(t, "HTTP/1.1 200 OK", talk("GET /rooms/lobby HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"))
	_, err := s.Wait(t.Context())
	require.NoError(t, err)
}

func TestServerTimes(t *testing.T) {
	h := HTTP(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	assert.Zero(t, h.WriteTimeout, "streams have no end")
	assert.Zero(t, h.ReadTimeout, "nor have WebSockets")
	assert.NotZero(t, h.ReadHeaderTimeout)
	assert.NotZero(t, h.IdleTimeout)
	assert.Equal(t, 192<<10, h.MaxHeaderBytes)
}

// Each of these is refused before its body is asked for, which never comes.
func TestARefusedRequestDoesNotWaitForItsBody(t *testing.T) {
	s := newSite(t, Options{})
	web := httptest.NewUnstartedServer(s)
	web.Config = HTTP(s, slog.New(slog.DiscardHandler))
	web.Start()
	t.Cleanup(web.Close)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"too large":             {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 413},
		"too large, asks first": {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n", 413},
		"much too large":        {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", 413},
		"another site's":        {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nContent-Length: 5\r\n\r\n", 403},
		"another site's chunks": {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nTransfer-Encoding: chunked\r\n\r\n", 403},
		"another site's, asks":  {"POST /rooms/lobby HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", 403},
		"a guest's":             {"POST /rooms/lobby/leave HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 401},
		"nowhere":               {"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", web.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(testwait.Deadline()))
			_, err = io.WriteString(conn, c.request)
			require.NoError(t, err)
			reader := bufio.NewReader(conn)
			answer, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			require.Equal(t, c.status, answer.StatusCode)
			require.True(t, answer.Close)
			_, err = io.Copy(io.Discard, reader) // to the connection's end
			require.NoError(t, err)
		})
	}
}
