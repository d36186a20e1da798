//go:build linux && (amd64 || arm64)

package socket

import (
	"net"
	"syscall"
)

// Checked is Wrap for a connection of a client library that looks, before it uses a connection again, whether the peer
// has closed it: go-redis does so by a peek of its own through SyscallConn, each time. While the connection is as
// silent as it should be the look is made here.
func Checked(c net.Conn) net.Conn {
	if s, ok := Wrap(c).(*Conn); ok {
		return checked{s}
	}
	return c
}

type checked struct{ *Conn }

// SyscallConn implements [syscall.Conn].
func (c checked) SyscallConn() (syscall.RawConn, error) { return check{c.raw}, nil }

type check struct{ syscall.RawConn }

// Read runs look only if there is something to see.
func (c check) Read(look func(fd uintptr) bool) error {
	return c.RawConn.Read(func(fd uintptr) bool { return silent(int(fd)) || look(fd) })
}
