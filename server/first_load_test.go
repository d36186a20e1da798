package server

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func said(n int, text string) chat.Kept {
	var kept chat.Kept
	for i := range n {
		kept.Entries = append(kept.Entries, chat.Entry{
			ID: chat.Cursor{Seq: uint64(i + 1), Tag: 7}, From: chat.Author{ID: "ann", Name: "Ann"},
			Time: start, Payload: chat.Message{Text: text},
		})
	}
	return kept
}

// keptIn is the data of a page.
func keptIn(t *testing.T, html string) (data string) {
	t.Helper()
	_, rest, ok := strings.Cut(html, `<script type="application/json" id="kept">`)
	require.True(t, ok, html)
	data, rest, ok = strings.Cut(rest, "</script>")
	require.True(t, ok)
	require.NotContains(t, rest, "<script", "nothing has ended it early")
	return data
}

func TestARoomsPageHasItsMessages(t *testing.T) {
	s := newSite(t, Options{})
	s.rooms.kept = said(3, "</script><script>alert(1)</script>")
	first := s.ask("GET", "/", "", "Accept", acceptChromium)
	w := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium, "X-Name", "Bob", "If-None-Match", first.Header().Get("ETag"))
	require.Equal(t, http.StatusOK, w.Code)
	h := w.Header()
	assert.Equal(t, "no-store", h.Get("Cache-Control"))
	assert.Empty(t, h.Get("ETag"))
	assert.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	assert.Equal(t, first.Header().Get("Content-Security-Policy"), h.Get("Content-Security-Policy"))
	assert.Equal(t, []string{"history lobby Bob"}, s.rooms.calls, "as whoever asks")
	var read struct {
		RoomID, Cursor string
		Messages       []wire.Entry
	}
	html := w.Body.String()
	require.NoError(t, json.Unmarshal([]byte(keptIn(t, html)), &read))
	assert.Equal(t, "lobby", read.RoomID)
	assert.Equal(t, "3-00000007", read.Cursor)
	require.Len(t, read.Messages, 3)
	assert.Equal(t, "</script><script>alert(1)</script>", read.Messages[0].Text())
	assert.Equal(t, first.Body.String(), strings.Replace(html, `<script type="application/json" id="kept">`+keptIn(t, html)+"</script>", "", 1))

	zipped := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium, "X-Name", "Bob", "Accept-Encoding", "gzip")
	assert.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
	z, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, html, string(plain))
}

// What is not to be read, or can't be, is not in the page, and the page is there all the same.
func TestARoomsPageWithoutMessages(t *testing.T) {
	for name, set := range map[string]func(*site) []string{
		"a room that has none": func(*site) []string { return nil },
		"whom the policy keeps out": func(s *site) []string {
			s.rooms.kept, s.rooms.err = said(1, "secret"), fmt.Errorf("history: %w", chat.ErrNotAllowed)
			return nil
		},
		"a full room": func(s *site) []string {
			s.rooms.kept, s.rooms.full = said(1, "secret"), true
			return nil
		},
		"a store that is away": func(s *site) []string {
			s.rooms.kept, s.rooms.err = said(1, "secret"), chat.ErrUnavailable
			return nil
		},
		"a session that is not valid": func(s *site) []string {
			s.rooms.kept = said(1, "secret")
			return []string{"Authorization", "Bearer " + strings.Repeat("x", 40), "Cookie", "caller_session=forged"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, Options{})
			headers := append([]string{"Accept", acceptChromium}, set(s)...)
			w := s.ask("GET", "/rooms/lobby", "", headers...)
			assert.Equal(t, http.StatusOK, w.Code)
			assert.NotContains(t, w.Body.String(), "secret")
			assert.NotContains(t, w.Body.String(), `id="kept"`)
			assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
			assert.NotEmpty(t, w.Header().Get("ETag"))
		})
	}
	s := newSite(t, Options{})
	s.rooms.kept = said(1, "secret")
	for _, target := range []string{"/", "/rooms/a%20b"} {
		assert.NotContains(t, s.ask("GET", target, "", "Accept", acceptChromium).Body.String(), `id="kept"`, target)
	}
}

func TestWhatComesWithAPageIsBounded(t *testing.T) {
	s := newSite(t, Options{})
	bare := s.ask("GET", "/", "", "Accept", acceptChromium).Body.Len()
	s.rooms.kept = said(100, strings.Repeat("&", chat.MaxText))
	html := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium).Body.String()
	assert.Less(t, len(html), bare+maxKept+300)
	assert.Contains(t, keptIn(t, html), `"more":true`)
}

func TestDataComesBeforeTheEndOfThePage(t *testing.T) {
	for page, want := range map[string]string{
		"<body><p></body></html>": "<body><p>DATA</body></html>",
		"<p>":                     "<p>DATA",
	} {
		p, err := newPage(fstest.MapFS{"index.html": {Data: []byte(page)}}, "", nil)
		require.NoError(t, err)
		s := newSite(t, Options{})
		s.page = p
		s.rooms.kept = said(1, "hello")
		html := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium).Body.String()
		data := `<script type="application/json" id="kept">` + keptIn(t, html) + "</script>"
		assert.Equal(t, want, strings.Replace(html, data, "DATA", 1))
	}
}
