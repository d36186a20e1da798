package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What browsers send when one follows a link.
const (
	acceptChromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	acceptSafari   = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		accept string
		want   form
	}{
		{"", formShort},
		{"*/*", formShort},
		{"text/*", formShort},
		{"application/json", formShort},
		{"image/png,image/*;q=0.8", formShort},
		{acceptChromium, formPage},
		{acceptSafari, formPage},
		{"TEXT/HTML", formPage},
		{"text/html;charset=utf-8", formPage},
		{"text/html, */*", formPage},
		{"*/*, text/html", formPage},
		{"text/html;q=0.5, */*", formShort},
		{"text/event-stream", formEvents},
		{"text/event-stream, */*;q=0.1", formEvents},
		{"application/x-ndjson", formNDJSON},
		{"text/plain", formText},
		{"text/plain; charset=utf-8", formText},
		{"text/plain;q=0.5, application/x-ndjson;q=0.9", formNDJSON},
		{"text/plain, application/x-ndjson", formText},
		{"text/html;q=0", formShort},
		{"text/html;q=0.000, text/plain;q=0.001", formText},
		{"text/html ; Q=0.2 , text/plain ; q=0.3", formText},
		{"text/html;q=2", formShort},
		{"text/html;q=NaN", formShort},
		{"text/html;q=", formShort},
		{",;,;;q=,,/", formShort},
	} {
		assert.Equal(t, c.want, negotiate([]string{c.accept}), c.accept)
	}
	assert.Equal(t, formText, negotiate([]string{"text/html;q=0.1", "text/plain"}), "two header lines are one list")
	assert.Equal(t, formShort, negotiate(nil))
}

func TestOneAddress(t *testing.T) {
	s := newSite(t, Options{})
	for accept, want := range map[string]string{
		"text/event-stream": "events lobby", "application/x-ndjson": "ndjson lobby", "text/plain": "text lobby", "*/*": "transcript lobby",
	} {
		w := s.ask("GET", "/rooms/lobby", "", "Accept", accept)
		assert.Equal(t, want, w.Body.String())
		assert.Equal(t, []string{"Accept"}, w.Header().Values("Vary"))
	}
	w := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium)
	assert.Contains(t, w.Body.String(), "<title>Caller</title>")
	assert.Contains(t, w.Header().Values("Vary"), "Accept")
	assert.NotEmpty(t, w.Header().Get("Content-Security-Policy"))
}

func TestHomeForPrograms(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("GET", "http://chat.example:8080/", "", "Accept", "*/*")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Contains(t, w.Body.String(), "curl -d 'hello' http://chat.example:8080/rooms/lobby ")
	assert.Contains(t, s.ask("GET", "/", "", "Accept", acceptSafari).Body.String(), "<title>")
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{acceptChromium, acceptSafari, "*/*", "text/plain;q=.", ";;q=1,,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got := negotiate([]string{accept})
		if got != formShort && !strings.Contains(accept, "/") {
			t.Errorf("%q asks for no form, got %d", accept, got)
		}
		if again := negotiate([]string{accept, "", "image/png"}); again != got {
			t.Errorf("%q with what we don't have is %d, without %d", accept, again, got)
		}
	})
}

func TestARoomHasOneAddress(t *testing.T) {
	s := newSite(t, Options{BasePath: "/chat"})
	for given, want := range map[string]string{
		"/rooms/Lobby":                       "/chat/rooms/lobby",
		"/chat/rooms/Lobby?transport=ws&a=b": "/chat/rooms/lobby?transport=ws&a=b",
		"/rooms/%CE%9F%CE%94%CE%9F%CE%A3":    "/chat/rooms/%CE%BF%CE%B4%CE%BF%CF%82",
		"/rooms/Cafe%CC%81":                  "/chat/rooms/caf%C3%A9",
		"/rooms/%C4%B0stanbul/":              "/chat/rooms/istanbul",
	} {
		w := s.ask("GET", given, "", "Accept", acceptChromium)
		assert.Equal(t, http.StatusPermanentRedirect, w.Code, given)
		assert.Equal(t, want, w.Header().Get("Location"))
		assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"), "the rule may change")
		assert.Equal(t, "Accept", w.Header().Get("Vary"))
	}
	for _, given := range []string{"/rooms/lobby", "/rooms/%CE%BF%CE%B4%CE%BF%CF%82", "/rooms/caf%C3%A9", "/rooms/a%20b", "/rooms/%2E%2E"} {
		assert.Equal(t, http.StatusOK, s.ask("GET", given, "", "Accept", acceptChromium).Code, given)
	}
	for _, accept := range []string{"*/*", "text/event-stream", "application/x-ndjson", "text/plain"} {
		w := s.ask("GET", "/rooms/Lobby", "", "Accept", accept)
		assert.Equal(t, http.StatusOK, w.Code, "programs are not sent about")
		assert.Contains(t, w.Body.String(), " lobby", accept)
	}
}
