//go:build amd64 || arm64

package conn

import (
	"net"
	"syscall"
)

// WrapPooled is [Wrap] for a connection of a client's pool. Before a pool uses a connection again
// it asks the kernel, through SyscallConn, whether the peer has closed it: go-redis does so for
// each command. While the connection is as silent as it should be, the question is answered by a
// direct call.
func WrapPooled(c net.Conn) net.Conn {
	if s, ok := Wrap(c).(*Socket); ok {
		return pooled{s}
	}
	return c
}

type pooled struct{ *Socket }

// SyscallConn implements [syscall.Conn].
func (p pooled) SyscallConn() (syscall.RawConn, error) { return silence{p.raw}, nil }

type silence struct{ syscall.RawConn }

// Read runs look only if there is something to see.
func (s silence) Read(look func(fd uintptr) bool) error {
	return s.RawConn.Read(func(fd uintptr) bool { return isSilent(int(fd)) || look(fd) })
}
