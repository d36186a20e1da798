package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// media is a feature whose one route says who asks, in which room, and with what.
func media() Feature {
	return Feature{
		Name: "media", Connect: []string{"wss://media.example", "https://media.example"}, Media: []string{"blob:"},
		Permissions: []string{"camera", "microphone"},
		Routes: map[string]http.Handler{
			"POST /rooms/:room/media": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				room, who, err := httpapi.SessionInRoom(r)
				if err != nil {
					httpapi.WriteProblem(w, err)
					return
				}
				body, err := io.ReadAll(r.Body)
				if err != nil {
					httpapi.WriteProblem(w, err)
					return
				}
				_, _ = io.WriteString(w, who.Name+" in "+string(room)+": "+string(body))
			}),
		},
	}
}

func TestFeature(t *testing.T) {
	s := newSite(t, Options{Features: []Feature{media()}, BasePath: "/chat"})
	ann, cookie := s.signIn(t, "Ann")
	bearer := []string{"Authorization", "Bearer " + ann.Token}
	for _, path := range []string{"/rooms/Lobby/media", "/chat/rooms/lobby/media/"} {
		assert.Equal(t, "Ann in lobby: hello", s.ask("POST", path, "hello", bearer...).Body.String())
	}
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", ""), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", "", "X-Name", "Ann"), http.StatusUnauthorized, wire.CodeSessionRequired)
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", "", "Cookie", "caller_session=forged"),
		http.StatusUnauthorized, wire.CodeSessionInvalid)
	wantProblem(t, s.ask("POST", "/rooms/a%20b/media", "", bearer...), http.StatusUnprocessableEntity, wire.CodeInvalidField)
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", "", "Cookie", cookie, "Origin", "https://evil.example"),
		http.StatusForbidden, wire.CodeCrossOrigin)
	wantProblem(t, s.ask("GET", "/rooms/lobby/media", ""), http.StatusMethodNotAllowed, wire.CodeMethodNotAllowed)

	large := strings.Repeat("a", wire.MaxBody+1)
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", large, bearer...), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	r := httptest.NewRequest("POST", "/rooms/lobby/media", strings.NewReader(large))
	r.ContentLength = -1 // it does not say how large it is
	r.Header.Set("Authorization", "Bearer "+ann.Token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
}

func TestPageWithAFeature(t *testing.T) {
	s := newSite(t, Options{Features: []Feature{media()}, BasePath: "/chat"})
	w := s.ask("GET", "/", "", "Accept", acceptChromium)
	assert.Contains(t, w.Body.String(), `<base href="/chat/"><meta name="caller-media" content="on">`)
	policy := w.Header().Get("Content-Security-Policy")
	assert.Contains(t, policy, "connect-src 'self' wss://media.example https://media.example; ")
	assert.True(t, strings.HasSuffix(policy, "; media-src 'self' blob:"), policy)
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "camera=(self), microphone=(self), display-capture=(), speaker-selection=(), geolocation=(), payment=(), usb=()",
		w.Header().Get("Permissions-Policy"))
}

func TestWhatIsPlayedFromThisServer(t *testing.T) {
	s := newSite(t, Options{Features: []Feature{{Name: "files", Media: []string{"'self'"}}}})
	policy := s.ask("GET", "/", "", "Accept", acceptChromium).Header().Get("Content-Security-Policy")
	assert.True(t, strings.HasSuffix(policy, "; media-src 'self'"), policy)
	assert.NotContains(t, policy, "blob:")
}

func TestWithoutFeatures(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	wantProblem(t, s.ask("POST", "/rooms/lobby/media", "", "Authorization", "Bearer "+ann.Token), http.StatusNotFound, wire.CodeNotFound)
	w := s.ask("GET", "/", "", "Accept", acceptChromium)
	assert.NotContains(t, w.Body.String(), "<meta name=\"caller-")
	assert.NotContains(t, w.Header().Get("Content-Security-Policy"), "media-src")
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "connect-src 'self';")
	assert.Equal(t, "camera=(), microphone=(), display-capture=(), speaker-selection=(), geolocation=(), payment=(), usb=()",
		w.Header().Get("Permissions-Policy"))
}

func TestFeaturesThatCantBe(t *testing.T) {
	for _, f := range []Feature{
		{Name: "a", Routes: map[string]http.Handler{"/a": http.NotFoundHandler()}},
		{Name: "a", Routes: map[string]http.Handler{"GET a": http.NotFoundHandler()}},
		{Name: "a", Permissions: []string{"geolocation"}},
	} {
		s := newSite(t, Options{})
		_, err := assemble(s.rooms, s.store, dist(), Options{Features: []Feature{f}}, fakeTransports)
		require.Error(t, err)
	}
}
