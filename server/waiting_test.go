package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/transport/wire"
)

func TestWaiting(t *testing.T) {
	for target, status := range map[string]int{
		"/healthz": 200, "/chat/healthz": 200, "/chat/healthz/": 200, "/readyz": 503, "/chat/readyz": 503, "/": 503, "/rooms/lobby": 503,
		"/chat/rooms/healthz": 503, "/other/healthz": 503,
	} {
		w := httptest.NewRecorder()
		Waiting("/chat/").ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if status == http.StatusOK {
			assert.Equal(t, status, w.Code, target)
			continue
		}
		wantProblem(t, w, status, wire.CodeUnavailable)
		assert.NotEmpty(t, w.Header().Get("Retry-After"))
	}
}
