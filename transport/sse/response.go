package sse

import (
	"bytes"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
)

// head is a stream's status line and header, and what is sent before its first event.
func head(h http.Header, r *http.Request, k kind, chunked bool) []byte {
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Connection", "close") // the connection ends with the stream
	h.Del("Content-Length")
	var b bytes.Buffer
	if r.ProtoAtLeast(1, 1) {
		b.WriteString("HTTP/1.1 200 OK\r\n")
	} else {
		b.WriteString("HTTP/1.0 200 OK\r\n")
	}
	if chunked {
		h.Set("Transfer-Encoding", "chunked")
	}
	_ = h.Write(&b) // a bytes.Buffer takes all; Write makes values safe
	b.WriteString("\r\n")
	if chunked {
		return wire.AppendChunk(b.Bytes(), []byte(k.first))
	}
	b.WriteString(k.first)
	return b.Bytes()
}

// lend serves a stream with the handler's own response, which is what HTTP/2 has, until one side
// ends it.
func lend(w http.ResponseWriter, r *http.Request, stream *conn.Conn, k kind) {
	w.WriteHeader(http.StatusOK)
	peer := &response{w: w, control: http.NewResponseController(w), ended: make(chan struct{})}
	_ = peer.control.Flush() // the header, before others write; a peer that is gone is noticed below
	if stream.Open(peer, []byte(k.first)) != nil {
		return
	}
	select {
	case <-peer.ended:
	case <-r.Context().Done():
		stream.Close()
	}
	peer.wait()
}

// response is an HTTP response as a [conn.Peer].
type response struct {
	w       http.ResponseWriter
	control *http.ResponseController
	ended   chan struct{} // closed by Close

	mu sync.Mutex // held while writing, so that the handler does not return meanwhile
}

var _ conn.Peer = (*response)(nil)

// Write writes and flushes.
func (p *response) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		return 0, net.ErrClosed
	default:
	}
	n, err := p.w.Write(b)
	if err == nil {
		err = p.control.Flush()
	}
	return n, err
}

// SetWriteDeadline bounds a write under way and those after it.
func (p *response) SetWriteDeadline(t time.Time) error { return p.control.SetWriteDeadline(t) }

// Close has the handler return. The outbox calls it once.
func (p *response) Close() error {
	close(p.ended)
	return nil
}

// wait returns when no write is under way and none will be. One that waits for the peer is ended by
// a deadline, which resets the whole stream: where all has been written, it is to end as HTTP says.
func (p *response) wait() {
	<-p.ended
	if !p.mu.TryLock() {
		_ = p.control.SetWriteDeadline(time.Now()) // not all responses can
		p.mu.Lock()
	}
	p.mu.Unlock()
}
