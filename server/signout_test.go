package server

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// TestSigningOutEndsStreams has a WebSocket for several rooms, one that has not joined any, and a
// stream of one.
func TestSigningOutEndsStreams(t *testing.T) {
	web := httptest.NewServer(whole(t, new(numbering)))
	defer web.Close()
	bearer := http.Header{"Authorization": {"Bearer " + annsToken()}}
	ask := func(method, path string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, nil)
		require.NoError(t, err)
		r.Header = bearer.Clone()
		answer, err := web.Client().Do(r)
		require.NoError(t, err)
		return answer
	}
	dial := func(path string) *websocket.Conn {
		socket, shaken, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(web.URL, "http")+path, bearer)
		require.NoError(t, err)
		require.NoError(t, shaken.Body.Close())
		t.Cleanup(func() { socket.Close() })
		require.NoError(t, socket.SetReadDeadline(testwait.Deadline()))
		return socket
	}
	ended := func(socket *websocket.Conn) {
		var err error
		for err == nil {
			_, _, err = socket.ReadMessage()
		}
		assert.True(t, websocket.IsCloseError(err, 4001), err)
	}
	joined, idle := dial("/stream/ws?room=a"), dial("/stream/ws")
	until := func(lines *bufio.Scanner, part string) {
		for lines.Scan() && !strings.Contains(lines.Text(), part) {
		}
		require.NoError(t, lines.Err())
		assert.Contains(t, lines.Text(), part)
	}
	events := ask("GET", "/rooms/b/ndjson")
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	until(lines, `"live"`)

	out := ask("DELETE", "/session")
	require.NoError(t, out.Body.Close())
	require.Equal(t, http.StatusNoContent, out.StatusCode)
	until(lines, `"session_invalid"`)
	assert.False(t, lines.Scan(), "nothing comes after it")
	ended(joined)
	require.NoError(t, idle.WriteMessage(websocket.TextMessage, []byte(`{"type":"join","roomId":"a"}`)))
	ended(idle)
	for _, path := range []string{"/rooms/b/ndjson", "/rooms/b/messages?wait=50"} {
		again := ask("GET", path)
		require.NoError(t, again.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, again.StatusCode)
	}
}
