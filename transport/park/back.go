package park

import (
	"io"
	"net"
	"net/http"

	"github.com/caller-chat/caller/transport/conn/socket"
)

// giveBack has a server serve a connection. One that is shutting down does not, and the connection is closed.
func giveBack(server *http.Server, c net.Conn) {
	l := &listener{conn: c}
	_ = server.Serve(l) // ends at once: there is one connection, which has a goroutine of the server's then
	if l.conn != nil {
		_ = c.Close() // nobody has asked anything that was heard
	}
}

// listener accepts one connection, which is there already.
type listener struct{ conn net.Conn }

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c := l.conn
	if l.conn = nil; c == nil {
		return nil, io.EOF
	}
	return c, nil
}

// Close implements [net.Listener]. The connection is not the listener's.
func (*listener) Close() error { return nil }

// Addr implements [net.Listener].
func (*listener) Addr() net.Addr { return &net.TCPAddr{} }

// begun is a connection of which something has been read already.
type begun struct {
	net.Conn
	early []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.early) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.early)
	if b.early = b.early[n:]; len(b.early) == 0 {
		b.early = nil
	}
	return n, nil
}

// CloseWrite ends the sending side, as a TCP connection's does.
func (b *begun) CloseWrite() error { return socket.TCP(b.Conn).CloseWrite() }
