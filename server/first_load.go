package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// A room's page brings the messages that are kept, so that they can be read before any connection
// is there (docs/decisions/0043-kept-messages-in-the-page.md).

// maxKept is how many bytes of messages come with a room's page: gzipped, what a slow phone network
// brings in a third of a second. A hundred messages of the usual length are half of it.
const maxKept = 64 << 10

// keptTime is how long a page may wait for them. Without them it works all the same.
const keptTime = 500 * time.Millisecond

// pageWithKept serves the page of a room with its messages.
func (s *Server) pageWithKept(w http.ResponseWriter, r *http.Request) {
	s.page.setHeaders(w.Header())
	kept := s.kept(r)
	if kept == nil {
		s.page.html.ServeHTTP(w, r)
		return
	}
	s.page.serveWith(w, r, kept)
}

// kept is the room's messages as JSON; nil when there are none, when they may not be read by
// whoever asks, and when the store does not answer.
func (s *Server) kept(r *http.Request) []byte {
	room, who, err := httpapi.MemberInRoom(r)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), keptTime)
	defer cancel()
	kept, err := s.rooms.FirstHistory(ctx, who, room)
	if err != nil || len(kept.Entries) == 0 {
		return nil
	}
	return wire.AppendKept(nil, room, kept, maxKept)
}

// endOfBody is before what the data comes; at the end of a page that has none.
const endOfBody = "</body>"

// serveWith sends the page with data in it, which no cache may keep.
func (p *page) serveWith(w http.ResponseWriter, r *http.Request, data []byte) {
	before, after := p.html.Content, []byte(nil)
	if i := bytes.LastIndex(before, []byte(endOfBody)); i >= 0 {
		before, after = before[:i], before[i:]
	}
	const begin, end = `<script type="application/json" id="kept">`, "</script>"
	content := make([]byte, 0, len(before)+len(begin)+len(data)+len(end)+len(after))
	content = append(append(content, before...), begin...)
	content = append(append(append(content, data...), end...), after...)

	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Type", p.html.Kind)
	h.Add("Vary", "Accept-Encoding")
	if httpapi.AcceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		content = quicklyGzipped(content)
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // a client that is gone has no use for it
}

// zippers are used again: each has some hundred kilobytes.
var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, pageLevel) // the level is one that there is
	return z
}}

// pageLevel takes a millisecond for a full page, on one core of a small server, and makes it a
// tenth larger than the best would.
const pageLevel = 5

func quicklyGzipped(content []byte) []byte {
	var zipped bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&zipped)
	_, _ = z.Write(content) // a buffer takes all
	_ = z.Close()
	return zipped.Bytes()
}
