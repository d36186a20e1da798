//go:build !(linux && (amd64 || arm64))

package conn

import (
	"net"
	"syscall"
)

// Socket is Linux's: elsewhere connections are net's own.
type Socket struct {
	*net.TCPConn
	raw syscall.RawConn
}

// Wrap returns a connection as it is.
func Wrap(c net.Conn) net.Conn { return c }

// WrapPooled returns a connection as it is.
func WrapPooled(c net.Conn) net.Conn { return c }

func (s *Socket) tryWrite(b []byte) (int, error) { return s.Write(b) }

func (s *Socket) discard() error { return net.ErrClosed }
