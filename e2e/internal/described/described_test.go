package described

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lying is a server that is not quite Caller.
func lying(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string][2]string{
			"/rooms/lobby/members": {"application/json", `{"roomId":"lobby","members":[],"version":1}`},
			"/rooms/liar/members":  {"application/json", `{"roomId":"liar","members":[],"version":1,"secret":true}`},
			"/rooms/lobby/sse":     {"text/event-stream", ": padding\ndata: {\"type\":\"ping\",\"time\":\"2026-11-24T12:05:15.000Z\"}\n\n"},
			"/rooms/liar/sse":      {"text/event-stream", "event: pong\ndata: {\"type\":\"pong\",\"secret\":true}\n\n"},
			"/rooms/liar/ndjson":   {"application/x-ndjson", "{\"type\":\"live\",\"roomId\":\"liar\"}\n"},
		}[r.URL.Path]
		if r.Header.Get("X-Proxy") == "" {
			w.Header().Set("X-Request-Id", "r-1")
			w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		}
		w.Header().Set("Content-Type", answer[0])
		w.WriteHeader(http.StatusOK)
		for i := range answer[1] { // in pieces
			_, _ = io.WriteString(w, answer[1][i:i+1])
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestAnswersAreJudged(t *testing.T) {
	s := lying(t)
	client := &http.Client{Transport: Transport(http.DefaultTransport)}
	read := func(path string, headers ...string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		if len(headers) > 0 {
			r.Header.Set(headers[0], "on")
		}
		response, err := client.Do(r)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		_, err = io.ReadAll(response.Body)
		return err
	}
	assert.NoError(t, read("/rooms/lobby/members"))
	assert.NoError(t, read("/rooms/lobby/sse"))
	assert.ErrorContains(t, read("/rooms/liar/members"), "GET /rooms/{room}/members: 200")
	assert.ErrorContains(t, read("/rooms/liar/sse"), "secret")
	assert.ErrorContains(t, read("/rooms/liar/ndjson"), "cursor")
	assert.ErrorContains(t, read("/rooms/lobby/secrets"), "not described")
	assert.NoError(t, read("/rooms/liar/members", "X-Proxy"), "somebody else's answer")
	assert.True(t, Failed())
}

func TestWhatCurlGetsIsJudged(t *testing.T) {
	curl, err := exec.LookPath("curl")
	require.NoError(t, err)
	s := lying(t)
	trace := t.TempDir() + "/trace"
	run := exec.CommandContext(t.Context(), curl, "-s", "--noproxy", "*", "--trace", trace, s.URL+"/rooms/lobby/members",
		s.URL+"/rooms/liar/members", s.URL+"/rooms/liar/sse", s.URL+"/rooms/lobby/sse")
	said, err := run.CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(said), "secret")
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	require.Len(t, exchanges(text), 4)
	faults := judgeTrace(text)
	require.Len(t, faults, 2, "%s", text)
	assert.ErrorContains(t, faults[0], "GET /rooms/{room}/members: 200")
	assert.ErrorContains(t, faults[1], "secret")
}
