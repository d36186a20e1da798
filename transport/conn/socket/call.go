//go:build linux && (amd64 || arm64)

package socket

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// wakeEvery is how many calls are made between two of which the runtime is told: as many as take about 5 milliseconds on a busy core,
// which is half of what a goroutine may run before the monitor thread has it give way.
const wakeEvery = 1024

var calls atomic.Uint32

// Read is one read(2) of a socket that does not block. b is not empty. The error is a [syscall.Errno]; EAGAIN says that
// nothing has come.
func Read(fd int, b []byte) (int, error) {
	if calls.Add(1)%wakeEvery == 0 {
		n, err := syscall.Read(fd, b)
		return max(n, 0), err
	}
	return call(syscall.SYS_READ, fd, b, 0)
}

// Write is one write(2) to a socket that does not block. b is not empty. It returns how much the kernel took; the error
// is a [syscall.Errno], EAGAIN when that is nothing.
func Write(fd int, b []byte) (int, error) {
	if calls.Add(1)%wakeEvery == 0 {
		n, err := syscall.Write(fd, b)
		return max(n, 0), err
	}
	return call(syscall.SYS_WRITE, fd, b, 0)
}

// silent tells whether a socket is open and has nothing to read.
func silent(fd int) bool {
	var b [1]byte
	_, err := call(syscall.SYS_RECVFROM, fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err == syscall.EAGAIN
}

// call makes a system call that takes a buffer, and again when a signal has interrupted it. Signals can't starve it:
// sockets that do not block are interrupted only before they begin.
func call(number uintptr, fd int, b []byte, flags uintptr) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(number, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
