package server

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/conn"
)

// BoundConnections is a listener for a web server, with a place for each connection that it has
// open, whether anything is asked on it or not. One that there is no place for is told so, where it
// is not encrypted, and closed. A proxy that is trusted may have as many as there are. Streams that
// have left the HTTP server have places of their own: [conn.Keepalive.Bound].
func BoundConnections(
	web *http.Server, l net.Listener, places *conn.Places, trusted []netip.Prefix, encrypted bool,
) net.Listener {
	b := &bounded{Listener: l, places: places, trusted: trusted, encrypted: encrypted, of: map[net.Conn]string{}}
	web.ConnState = b.changed
	return b
}

type bounded struct {
	net.Listener
	places    *conn.Places
	trusted   proxies
	encrypted bool

	mu sync.Mutex          // protects following
	of map[net.Conn]string // the addresses of those that have a place
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := b.address(c)
		full := b.places.Take(address)
		switch {
		case full == nil:
			b.mu.Lock()
			b.of[c] = address
			b.mu.Unlock()
			return c, nil
		case b.encrypted: // a handshake costs more than the answer is worth
			_ = c.Close() // there is nobody to tell
		default:
			go refuse(c, full)
		}
	}
}

// changed is told of each connection's life (http.Server.ConnState).
func (b *bounded) changed(c net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	if tls, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = tls.NetConn()
	}
	b.mu.Lock()
	address, placed := b.of[c]
	delete(b.of, c)
	b.mu.Unlock()
	if placed {
		b.places.Leave(address)
	}
}

// address is whose share a connection is part of; empty for a trusted proxy's, which are many
// people's.
func (b *bounded) address(c net.Conn) string {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return ""
	}
	addr := ap.Addr().Unmap().WithZone("")
	if b.trusted.contain(addr) {
		return ""
	}
	if p, err := addr.Prefix(64); addr.Is6() && err == nil { // what one household has to itself
		return p.String()
	}
	return addr.String()
}

// refuseTime is how long a refused connection is kept, so that its end does not overtake the answer.
const refuseTime = 500 * time.Millisecond

// refuse tells a connection that there is no place for it, and ends it.
func refuse(c net.Conn, why error) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(refuseTime)) // else what follows fails
	answer := &http.Response{ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Close: true}
	httpapi.WriteProblem(&problemWriter{answer}, why)
	if err := answer.Write(c); err != nil {
		return // a peer that is gone has no use for it
	}
	if tcp, ok := c.(interface{ CloseWrite() error }); ok && tcp.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c, maxHeader) // until its end, or the deadline
	}
}

// problemWriter makes a response of what a handler answers.
type problemWriter struct{ response *http.Response }

func (w *problemWriter) Header() http.Header { return w.response.Header }

func (w *problemWriter) WriteHeader(status int) { w.response.StatusCode = status }

func (w *problemWriter) Write(b []byte) (int, error) {
	w.response.Body, w.response.ContentLength = io.NopCloser(bytes.NewReader(bytes.Clone(b))), int64(len(b))
	return len(b), nil
}
