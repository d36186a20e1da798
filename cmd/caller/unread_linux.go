package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// watchReader calls gone when nobody can read what is written to f any more: it is a pipe or a
// socket whose other end is closed, or a terminal that is no more. A file has no such end. The
// function that it returns ends the watch, and waits for that.
func watchReader(f *os.File, gone func()) (stop func()) {
	none := func() {}
	raw, err := f.SyscallConn()
	if err != nil {
		return none
	}
	wake := make([]int, 2) // its end is closed to end the watch
	if err := unix.Pipe2(wake, unix.O_CLOEXEC); err != nil {
		return none
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = raw.Control(func(fd uintptr) { // a file that is closed already has no reader
			// Errors and hang-ups are told whether one asks for them or not.
			ends := []unix.PollFd{{Fd: int32(fd)}, {Fd: int32(wake[0])}} //nolint:gosec // descriptors are small
			for {
				_, err := unix.Poll(ends, -1)
				switch {
				case errors.Is(err, unix.EINTR):
				case err != nil || ends[1].Revents != 0:
					return
				case ends[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0:
					gone()
					return
				case ends[0].Revents != 0: // it is not open
					return
				}
			}
		})
	}()
	return func() {
		_ = unix.Close(wake[1]) // it was opened above
		<-done
		_ = unix.Close(wake[0])
	}
}
