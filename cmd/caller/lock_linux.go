package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock keeps other processes from locking a file until it is closed. It reports whether another one
// has it.
func lock(f *os.File) (taken bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, os.NewSyscallError("flock", err)
}
