package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func TestPanic(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("POST", "/rooms/lobby", "panic")
	wantProblem(t, w, http.StatusInternalServerError, wire.CodeInternal)
	assert.NotContains(t, w.Body.String(), "as asked")
	assert.Contains(t, s.logged.String(), "as asked")
	assert.Contains(t, s.logged.String(), "harness_test.go", "the stack")
	assert.Equal(t, http.StatusOK, s.ask("POST", "/rooms/lobby", "hi").Code)
	open, err := s.Wait(t.Context())
	assert.NoError(t, err)
	assert.Empty(t, open)
}

func TestPanicInTheMiddle(t *testing.T) {
	s := newSite(t, Options{})
	h := s.requestLog(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic("late")
	}))
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
}

func TestLogHasNoSecrets(t *testing.T) {
	s := newSite(t, Options{})
	ann, cookie := s.signIn(t, "Ann")
	s.ask("GET", "/rooms/lobby?name=Secretive&after=0-0", "", "Authorization", "Bearer "+ann.Token, "Cookie", cookie)
	assert.Contains(t, s.logged.String(), "path=/rooms/lobby ")
	assert.Contains(t, s.logged.String(), "status=200")
	assert.NotContains(t, s.logged.String(), ann.Token)
	assert.NotContains(t, s.logged.String(), "Secretive")
}

func TestRequestID(t *testing.T) {
	s := newSite(t, Options{})
	first, second := s.ask("GET", "/healthz", "").Header().Get("X-Request-Id"), s.ask("GET", "/healthz", "").Header().Get("X-Request-Id")
	assert.Regexp(t, "^[0-9a-f]{16}$", first)
	assert.NotEqual(t, first, second)
	assert.NotEqual(t, "mine", s.ask("GET", "/healthz", "", "X-Request-Id", "mine").Header().Get("X-Request-Id"))
	s = newSite(t, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}})
	assert.Equal(t, "mine", s.ask("GET", "/healthz", "", "X-Request-Id", "mine").Header().Get("X-Request-Id"))
	assert.NotEqual(t, "a b", s.ask("GET", "/healthz", "", "X-Request-Id", "a b").Header().Get("X-Request-Id"))
}

func TestWait(t *testing.T) {
	s := newSite(t, Options{})
	entered, release := make(chan struct{}), make(chan struct{})
	h := s.requestLog(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-release }))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/rooms/lobby/sse?name=Ann", nil))
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	open, err := s.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, []string{"GET /rooms/lobby/sse ×1"}, open)
	close(release)
	open, err = s.Wait(t.Context())
	require.NoError(t, err)
	assert.Empty(t, open)
	<-done
}

// lines calls itself for each line that is logged.
type lines func()

func (l lines) Write(b []byte) (int, error) {
	l()
	return len(b), nil
}

// A node that has waited for its requests may end: what they say in the log is there.
func TestWaitIsForTheLogToo(t *testing.T) {
	s := newSite(t, Options{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	var open []string
	s.log = slog.New(slog.NewTextHandler(lines(func() { open, _ = s.Wait(over) }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.ask("GET", "/healthz", "")
	assert.Equal(t, []string{"GET /healthz ×1"}, open)
}

func TestNoLogHasTheSecretOfAHook(t *testing.T) {
	secret := chat.HookPrefix + "s3cr3t"
	for _, path := range []string{
		"/rooms/tea/hook/" + secret, "/chat/rooms/tea/hook/" + secret, "/rooms/tea/hook/" + secret + "/hook/x", "/rooms/tea/hooks/" + secret,
		"/rooms/tea/hook/" + secret + "/", "/" + secret, "/rooms/tea/hook/s3cr3t",
	} {
		assert.NotContains(t, withoutSecret(path), "s3cr3t", path)
	}
	for _, path := range []string{"/rooms/tea/messages", "/rooms/tea/hook", "/rooms/tea/hook/", "/"} {
		assert.Equal(t, path, withoutSecret(path))
	}
}
