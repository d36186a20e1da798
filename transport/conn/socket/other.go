//go:build !(linux && (amd64 || arm64))

package socket

import (
	"net"
	"syscall"
)

// Wrap returns a connection as it is.
func Wrap(c net.Conn) net.Conn { return c }

// Checked returns a connection as it is.
func Checked(c net.Conn) net.Conn { return c }

// TCP is the TCP connection that c is; nil for none.
func TCP(c any) *net.TCPConn {
	tcp, _ := c.(*net.TCPConn)
	return tcp
}

// Write is one write to a socket that does not block.
func Write(fd int, b []byte) (int, error) {
	n, err := syscall.Write(fd, b)
	return max(n, 0), err
}
