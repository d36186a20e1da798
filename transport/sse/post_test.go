package sse_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caller-chat/caller/transport/internal/transporttest"
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
	transporttest.InLobby(h.Post).ServeHTTP(w, r)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Positive(t, body.room)
	require.LessOrEqual(t, body.room, 4<<10)
}

// inPieces is a body that ends, as over HTTP/2, with a frame of its own.
type inPieces struct {
	pieces []string
	ended  bool
}

func (p *inPieces) Read(b []byte) (int, error) {
	if len(p.pieces) == 0 {
		p.ended = true
		return 0, io.EOF
	}
	n := copy(b, p.pieces[0])
	if p.pieces[0] = p.pieces[0][n:]; p.pieces[0] == "" {
		p.pieces = p.pieces[1:]
	}
	return n, nil
}

// What is answered before a request has ended is followed by a reset over HTTP/2 (RFC 9113 section 8.1).
func TestABodyIsReadToItsEnd(t *testing.T) {
	_, h := handler(t)
	for _, test := range []struct {
		pieces []string
		length int64
		status int
	}{
		{[]string{"hello"}, 5, http.StatusCreated},
		{[]string{"he", "llo"}, 5, http.StatusCreated},
		{[]string{"hello"}, 6, http.StatusBadRequest},
		{[]string{"hello"}, -1, http.StatusCreated},
	} {
		body := &inPieces{pieces: test.pieces}
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.Header.Set("Content-Type", "text/plain")
		r.ContentLength = test.length
		w := httptest.NewRecorder()
		transporttest.InLobby(h.Post).ServeHTTP(w, r)
		require.Equal(t, test.status, w.Code, "length %d", test.length)
		require.True(t, body.ended || test.status != http.StatusCreated, "length %d", test.length)
	}
}
