package park

import (
	"errors"
	"syscall"
)

// hasLeft tells whether a socket's peer has left, without taking what it has sent before.
func hasLeft(socket syscall.RawConn) bool {
	var one [1]byte
	var n int
	var failed error
	err := socket.Control(func(fd uintptr) {
		n, _, failed = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	switch {
	case err != nil:
		return true
	case failed != nil:
		return !errors.Is(failed, syscall.EAGAIN) && !errors.Is(failed, syscall.EINTR)
	}
	return n == 0
}
