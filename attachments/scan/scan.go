// Package scan has a program look into a file before anybody is shown it: the operator's scanner,
// such as clamdscan. It knows nothing of rooms and buckets.
//
// The program gets the file on its standard input. It exits with 0 for one that may be shown and
// with 1 for one that may not. Anything else means that it has not scanned, and so does a program
// that takes too long: then the file is not taken, and may be sent again later.
package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
)

var (
	// ErrRefused says that the program refuses a file.
	ErrRefused = errors.New("the scanner refuses the file")
	// ErrNotScanned says that the program has not scanned a file.
	ErrNotScanned = errors.New("the file was not scanned")
)

const (
	// AtOnce is how many programs run at once by default. Some take a second and a gigabyte each.
	AtOnce = 2
	// Time is for how long one may run by default. A large archive takes clamd half a minute.
	Time = time.Minute
	// exitTime is how long a program has to end that was told to.
	exitTime = 2 * time.Second
	// maxSaid is how much of what it says is kept for the log, in bytes.
	maxSaid = 500
)

// Scanner runs a program for each file. Its methods may be called at the same time.
type Scanner struct {
	path  string
	args  []string
	time  time.Duration
	turns *semaphore.Weighted
}

// New makes a scanner of a command: a program and its arguments, with spaces between them. No shell
// runs. So many run at once, and others wait; each may wait and run for so long. The error is for a
// command without a program that is there.
func New(command string, atOnce int, most time.Duration) (*Scanner, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, errors.New("there is no program in it")
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, fmt.Errorf("there is no such program: %w", err)
	}
	return &Scanner{path: path, args: words[1:], time: most, turns: semaphore.NewWeighted(int64(atOnce))}, nil
}

// Scan has the program look into a file. The error wraps [ErrRefused] or [ErrNotScanned], or is one
// of ctx.
func (s *Scanner) Scan(ctx context.Context, file io.Reader) error {
	timed, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	err := s.turns.Acquire(timed, 1)
	if err == nil {
		defer s.turns.Release(1)
		err = s.run(timed, file)
	}
	switch {
	case err == nil, errors.Is(err, ErrRefused):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case timed.Err() != nil:
		return fmt.Errorf("%w: it took more than %v", ErrNotScanned, s.time)
	}
	return fmt.Errorf("%w: %w", ErrNotScanned, err)
}

// run runs the program once.
func (s *Scanner) run(ctx context.Context, file io.Reader) error {
	var said head
	command := exec.CommandContext(ctx, s.path, s.args...)
	command.Env = environment()
	input := &watched{r: file}
	command.Stdin, command.Stdout, command.Stderr = input, &said, &said
	command.WaitDelay = exitTime
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return fmt.Errorf("%w: %s", ErrRefused, said.text())
	case input.err != nil: // it may have seen a part of the file only
		return input.err
	case err != nil:
		return fmt.Errorf("%w: %s", err, said.text())
	}
	return nil
}

// secretive are what the names of variables begin with that may be secret, or are nobody's but
// Caller's: its settings, those of the bucket and of traces, and where its supervisor is.
var secretive = regexp.MustCompile(`^(CALLER|REDIS|LIVEKIT|AWS|OTEL|NOTIFY)_`)

// environment is the process's own without what may be secret.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), secretive.MatchString)
}

// watched remembers what went wrong in reading.
type watched struct {
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// head is the beginning of what was written to it.
type head struct{ kept []byte }

// Write implements [io.Writer].
func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), maxSaid-len(h.kept))]...)
	return len(p), nil
}

// text is what was said, on one line.
func (h *head) text() string {
	return strings.ToValidUTF8(strings.Join(strings.Fields(string(bytes.TrimSpace(h.kept))), " "), "?")
}
