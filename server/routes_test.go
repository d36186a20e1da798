package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/transport/wire"
)

func TestRoutes(t *testing.T) {
	s := newSite(t, Options{})
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/rooms/lobby/ws", "ws lobby"},
		{"GET", "/rooms/lobby/sse", "events lobby"},
		{"GET", "/rooms/lobby/ndjson", "ndjson lobby"},
		{"GET", "/rooms/lobby/text", "text lobby"},
		{"GET", "/rooms/lobby/messages?limit=5", "messages lobby"},
		{"POST", "/rooms/lobby/messages", "post lobby"},
		{"POST", "/rooms/lobby", "post lobby"},
		{"GET", "/rooms/lobby", "transcript lobby"},
		{"GET", "/stream/ws?room=a", "manyWS "},
		{"GET", "/stream/sse?room=a", "manyEvents "},
		{"GET", "/stream/ndjson?room=a", "manyNDJSON "},
		{"GET", "/stream/messages?room=a", "many "},

		{"PATCH", "/rooms/lobby/messages/42-7f3a9c12", "edit lobby 42-7f3a9c12"},
		{"DELETE", "/rooms/lobby/messages/42-7f3a9c12/", "remove lobby 42-7f3a9c12"},
		{"PUT", "/rooms/lobby/messages/42-7f3a9c12/reactions/👍", "react lobby 42-7f3a9c12 👍"}, // as curl sends it
		{"PUT", "/rooms/lobby/messages/42-7f3a9c12/reactions/%F0%9F%91%8D", "react lobby 42-7f3a9c12 👍"},
		{"PUT", "/rooms/lobby/messages/42-7f3a9c12/reactions/%f0%9f%91%8d/", "react lobby 42-7f3a9c12 👍"},
		{"PUT", "/rooms/кухня/messages/42-7f3a9c12/reactions/%23%EF%B8%8F%E2%83%A3", "react кухня 42-7f3a9c12 #️⃣"},
		{"PUT", "/rooms/lobby/messages/42-7f3a9c12/reactions/%2F", "react lobby 42-7f3a9c12 /"},
		{"DELETE", "/rooms/lobby/messages/42-7f3a9c12/reactions/👍", "react lobby 42-7f3a9c12 👍"},

		{"GET", "/rooms/Lobby/text", "text lobby"},
		{"GET", "/rooms/lobby/", "transcript lobby"},
		{"POST", "/rooms/lobby/", "post lobby"},
		{"GET", "/rooms/lobby/text/", "text lobby"},
		{"GET", "/rooms/%D0%BA%D1%83%D1%85%D0%BD%D1%8F/text", "text кухня"},
		{"GET", "/rooms/%d0%ba%d1%83%d1%85%d0%bd%d1%8f/text", "text кухня"},
		{"GET", "/rooms/%D0%9A%D1%83%D1%85%D0%BD%D1%8F", "transcript кухня"},
		{"GET", "/rooms/%6Cobby/text", "text lobby"},
		{"GET", "/rooms/cafe%CC%81/text", "text café"},
		{"GET", "/rooms/ws/ws", "ws ws"},
	} {
		w := s.ask(c.method, c.target, "")
		assert.Equal(t, http.StatusOK, w.Code, c.target)
		assert.Equal(t, c.want, w.Body.String(), c.target)
	}
}

// An id that is missing is not all there is.
func TestNoIDIsNotAll(t *testing.T) {
	s := newSite(t, Options{})
	for _, target := range []string{"/rooms/lobby/messages/", "/rooms/%D0%BA/messages/"} {
		wantProblem(t, s.ask("DELETE", target, ""), http.StatusNotFound, wire.CodeNotFound)
	}
}

func TestBadRooms(t *testing.T) {
	s := newSite(t, Options{})
	for _, target := range []string{
		"/rooms/a%20b", "/rooms/a%2Fb", "/rooms/%2e%2e", "/rooms/..", "/rooms/%ff", "/rooms/a%00b", "/rooms/%1b%5b31m",
		"/rooms/" + strings.Repeat("a", 65), "/rooms/a%252Fb",
	} {
		for _, suffix := range []string{"", "/text", "/members", "/messages"} {
			w := s.ask("GET", target+suffix, "")
			wantProblem(t, w, http.StatusUnprocessableEntity, wire.CodeInvalidField)
			assert.Contains(t, w.Body.String(), `"field":"room"`, target+suffix)
		}
	}
}

func TestNoSuchAddress(t *testing.T) {
	s := newSite(t, Options{})
	for _, target := range []string{
		"/nothing", "/rooms/lobby/nothing", "/rooms/lobby/text/more", "/assets/gone-9f9f.js", "/assets/", "/index.html",
		"/stream", "/stream/text", "//rooms/lobby",
	} {
		wantProblem(t, s.ask("GET", target, "", "Accept", "text/html"), http.StatusNotFound, wire.CodeNotFound)
	}
}

func TestWrongMethod(t *testing.T) {
	s := newSite(t, Options{})
	for _, c := range []struct{ method, target, allow string }{
		{"PATCH", "/rooms/lobby", "OPTIONS, DELETE, GET, HEAD, POST, PUT"},
		{"PATCH", "/rooms/lobby/messages", "OPTIONS, DELETE, GET, HEAD, POST, PUT"},
		{"POST", "/rooms/lobby/members", "OPTIONS, GET, HEAD"},
		{"GET", "/rooms/lobby/typing", "OPTIONS, POST"},
		{"GET", "/rooms", "OPTIONS, POST"},
		{"GET", "/rooms/", "OPTIONS, POST"},
		{"POST", "/rooms/lobby/sse", "OPTIONS, GET"},
		{"HEAD", "/rooms/lobby/sse", "OPTIONS, GET"},
		{"POST", "/", "OPTIONS, GET, HEAD"},
		{"BREW", "/healthz", "OPTIONS, GET, HEAD"},
		{"POST", "/rooms/lobby/messages/42-7f3a9c12", "OPTIONS, DELETE, GET, HEAD, PATCH"},
		{"POST", "/rooms/lobby/messages/42-7f3a9c12/reactions/👍", "OPTIONS, DELETE, PUT"},
	} {
		w := s.ask(c.method, c.target, "")
		wantProblem(t, w, http.StatusMethodNotAllowed, wire.CodeMethodNotAllowed)
		assert.Equal(t, c.allow, w.Header().Get("Allow"), c.target)
	}
	w := s.ask("OPTIONS", "/rooms/lobby", "")
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "OPTIONS, DELETE, GET, HEAD, POST, PUT", w.Header().Get("Allow"))
}

// TestRoomsWithoutARoom: a browser that is asked for /rooms, or for /rooms/. , shows the start.
func TestRoomsWithoutARoom(t *testing.T) {
	for _, base := range []string{"", "/chat"} {
		s := newSite(t, Options{BasePath: base})
		for _, target := range []string{"/rooms", "/rooms/"} {
			for _, method := range []string{"GET", "HEAD"} {
				w := s.ask(method, base+target, "", "Accept", "text/html,*/*;q=0.8")
				assert.Equal(t, http.StatusFound, w.Code, target)
				assert.Equal(t, base+"/", w.Header().Get("Location"), target)
				assert.Empty(t, w.Header().Get("Allow"), target)
			}
			w := s.ask("PUT", base+target, "", "Accept", "text/html")
			wantProblem(t, w, http.StatusMethodNotAllowed, wire.CodeMethodNotAllowed)
		}
	}
}

func TestHead(t *testing.T) {
	s := newSite(t, Options{})
	for _, c := range []struct{ target, accept, kind string }{
		{"/", "text/html", "text/html; charset=utf-8"},
		{"/", "*/*", "text/plain; charset=utf-8"},
		{"/rooms/lobby", "text/html", "text/html; charset=utf-8"},
		{"/rooms/lobby", "text/event-stream", "text/event-stream"},
		{"/rooms/lobby", "application/x-ndjson", "application/x-ndjson"},
		{"/rooms/lobby", "text/plain", "text/plain; charset=utf-8"},
		{"/rooms/lobby/members", "*/*", "application/json"},
		{"/healthz", "*/*", "text/plain; charset=utf-8"},
		{"/assets/app-1a2b.js", "*/*", "text/javascript; charset=utf-8"},
	} {
		w := s.ask("HEAD", c.target, "", "Accept", c.accept)
		assert.Equal(t, http.StatusOK, w.Code, c.target)
		assert.Equal(t, c.kind, w.Header().Get("Content-Type"), c.target)
	}
}

func TestBasePath(t *testing.T) {
	s := newSite(t, Options{BasePath: "/chat/"})
	for _, target := range []string{"/chat/rooms/lobby/text", "/chat/rooms/lobby/text/", "/rooms/lobby/text"} {
		assert.Equal(t, "text lobby", s.ask("GET", target, "").Body.String(), target)
	}
	assert.Equal(t, "text кухня", s.ask("GET", "/chat/rooms/%d0%ba%d1%83%d1%85%d0%bd%d1%8f/text", "").Body.String())
	for _, target := range []string{"/chat", "/chat/", "/"} {
		assert.Contains(t, s.ask("GET", target, "", "Accept", "text/html").Body.String(), `<base href="/chat/">`, target)
	}
	assert.Equal(t, http.StatusNotFound, s.ask("GET", "/chatter", "").Code)
	assert.Regexp(t, `^/chat/rooms/[0-9a-f-]{36}$`, s.ask("POST", "/chat/rooms", "").Header().Get("Location"))
	assert.Contains(t, s.ask("POST", "/chat/session", `{"name":"Ann"}`).Header().Get("Set-Cookie"), "Path=/chat/;")
}
