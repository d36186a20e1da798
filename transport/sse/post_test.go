package sse_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caller-chat/caller/transport/internal/rig"
	"github.com/caller-chat/caller/transport/wire"
	"github.com/stretchr/testify/require"
)

// promised is a body that never comes.
type promised struct{ room int }

func (p *promised) Read(b []byte) (int, error) {
	p.room = max(p.room, len(b))
	return 0, io.ErrUnexpectedEOF
}

// Who only says that much will come must not have the server make room for it.
func TestALargeBodyThatDoesNotComeTakesNoMemory(t *testing.T) {
	_, h := handler(t)
	body := &promised{}
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.Header.Set("Content-Type", "text/plain")
	r.ContentLength = wire.MaxBody
	w := httptest.NewRecorder()
	rig.InLobby(h.Post).ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Positive(t, body.room)
	require.LessOrEqual(t, body.room, 4<<10)
}
