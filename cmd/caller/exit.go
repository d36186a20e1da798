package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/caller-chat/caller/transport/wire"
)

// The exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2   // a wrong command line or setting
	exitRefused     = 3   // the server answered, and will not
	exitUnavailable = 4   // no server, or one that can't just now
	exitInterrupted = 130 // a signal came before it was done, as shells say it
)

// exitStatuses are what they mean, for the manual.
var exitStatuses = []struct {
	code int
	what string
}{
	{0, "Done; of a server, and of tail -f, also after a signal; and when whoever reads has had enough, as head has."},
	{exitFailed, "Something failed here."},
	{exitUsage, "A wrong command line or setting."},
	{exitRefused, "The server refuses."},
	{exitUnavailable, "There is no server, or none that can just now, after all tries."},
	{exitInterrupted, "A signal came before it was done."},
}

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

// Error is what went wrong, with nothing in it that a terminal acts on: some of it is told by servers.
func (e *codedError) Error() string { return wire.Plain(e.err.Error()) }
func (e *codedError) Unwrap() error { return e.err }

// exitCode says on stderr what was wrong, if anything.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, "caller:", text)
	}
	var (
		setting *settingError
		usage   *usageError
		coded   *codedError
	)
	switch {
	case errors.As(err, &setting), errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &coded):
		return coded.code
	}
	return exitFailed
}
