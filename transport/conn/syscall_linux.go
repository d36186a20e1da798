//go:build amd64 || arm64

package conn

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// ordinaryEvery is how many direct calls are made between two of which the runtime is told: as many
// as take about 5 ms on a busy core, half of what a goroutine may run before it is made to give
// way.
const ordinaryEvery = 1024

var directCalls atomic.Uint32

// readFD is one read(2) of a socket that does not block. b is not empty. The error is a
// [syscall.Errno]; EAGAIN says that nothing has come.
func readFD(fd int, b []byte) (int, error) {
	if directCalls.Add(1)%ordinaryEvery == 0 {
		n, err := syscall.Read(fd, b)
		return max(n, 0), err
	}
	return direct(syscall.SYS_READ, fd, b)
}

// writeFD is one write(2) to a socket that does not block. b is not empty. It returns how much the
// kernel took; the error is a [syscall.Errno], EAGAIN when that is nothing.
func writeFD(fd int, b []byte) (int, error) {
	if directCalls.Add(1)%ordinaryEvery == 0 {
		n, err := syscall.Write(fd, b)
		return max(n, 0), err
	}
	return direct(syscall.SYS_WRITE, fd, b)
}

// isSilent reports whether a socket is open and has nothing to read.
func isSilent(fd int) bool {
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])),
		uintptr(len(b)), syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno == syscall.EAGAIN
}

// direct makes a system call that takes a buffer, and again when a signal has interrupted it.
// Signals can't starve it: sockets that do not block are interrupted only before they begin.
func direct(number uintptr, fd int, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// pollNow is an epoll_wait(2) that does not wait.
func pollNow(set int, events []syscall.EpollEvent) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(set),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// control is an epoll_ctl(2).
func control(set, operation, fd int, event *syscall.EpollEvent) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_CTL, uintptr(set), uintptr(operation),
		uintptr(fd), uintptr(unsafe.Pointer(event)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
