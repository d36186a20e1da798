package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// stopTime is how long a process has after SIGTERM at the end of its test, before SIGKILL. Nothing
// is asserted of that end, and a test that is over waits for nobody.
const stopTime = 5 * time.Second

// Process is a program that a test started. It ends with the test at the latest; when the test has
// failed its output is in the test's log.
type Process struct {
	Name string
	// Output is what the process has written so far, to stdout and stderr both.
	Output *Output
	cmd    *exec.Cmd
	done   chan struct{}
	// code is the exit code, -1 after a signal. It is read after done is closed.
	code int
}

// StartProcess starts cmd. The name is for the test's log.
func StartProcess(t testing.TB, name string, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Name: name, Output: newOutput(), cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	cmd.WaitDelay = 2 * time.Second
	if cmd.Env == nil {
		cmd.Env = Environment()
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, onStarter(cmd.Start), name)
	go func() {
		_ = cmd.Wait() // the code says it
		p.code = cmd.ProcessState.ExitCode()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(stopTime):
			p.Kill()
		}
		output := p.Output.String()
		if strings.Contains(output, "WARNING: DATA RACE") || strings.Contains(output, "\npanic: ") {
			t.Errorf("%s has a data race or a panic", name)
		}
		if t.Failed() {
			t.Logf("output of %s (exit code %d):\n%s", name, p.code, tail(output, 16<<10))
		}
	})
	return p
}

// Signal sends the process a signal; to one that has ended it does nothing.
func (p *Process) Signal(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // the only error is that it has ended
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process with SIGKILL and waits for its end.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the process to end by itself and is its exit code, -1 after a signal.
func (p *Process) Wait(t testing.TB) int {
	t.Helper()
	testwait.Receive(t, p.done, "%s to end", p.Name)
	return p.code
}

// ended reports whether the process has ended.
func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// onStarter runs start on the one thread that starts processes. Pdeathsig is bound to the thread
// that made the process and not to the program: on a thread that ends early the process would end
// with it (golang/go#27505).
func onStarter(start func() error) error {
	result := make(chan error)
	starter() <- func() { result <- start() }
	return <-result
}

var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// Output collects what a process writes. It can be read while that goes on.
type Output struct {
	mu sync.Mutex // guards both fields
	// changed is closed, and made anew, at each write.
	changed chan struct{}
	data    bytes.Buffer
}

func newOutput() *Output { return &Output{changed: make(chan struct{})} }

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.data.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// WaitFor waits until the output holds all of these, and is the whole output.
func (o *Output) WaitFor(t testing.TB, wants ...string) string {
	t.Helper()
	deadline := time.After(testwait.Limit)
	for {
		o.mu.Lock()
		output, changed := o.data.String(), o.changed
		o.mu.Unlock()
		missing := ""
		for _, want := range wants {
			if !strings.Contains(output, want) {
				missing = want
			}
		}
		if missing == "" {
			return output
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(t, "not in the output", "%q is not in:\n%s", missing, tail(output, 16<<10))
		}
	}
}

func tail(s string, size int) string {
	if len(s) <= size {
		return s
	}
	return "…" + s[len(s)-size:]
}

// Find is the path of a program that the tests need.
func Find(t testing.TB, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	require.FailNow(t, "missing program", "%s is not installed: docs/testing.md has which programs each suite needs", name)
	return ""
}

// errPortTaken says that somebody was faster on a port that was free when it was chosen.
var errPortTaken = errors.New("the port is taken")

// startOnPort starts a server that can't choose a free port by itself: start is given one, and
// another when it says errPortTaken.
func startOnPort(t testing.TB, start func(port int) error) {
	t.Helper()
	var err error
	for range 5 {
		if err = start(FreePort(t)); !errors.Is(err, errPortTaken) {
			break
		}
	}
	require.NoError(t, err)
}

// awaitServer waits until ready says that the server answers, and tells why it does not when it has
// ended.
func awaitServer(p *Process, ready func() bool) error {
	deadline := testwait.Deadline()
	for !ready() {
		switch {
		case p.ended():
			if output := p.Output.String(); strings.Contains(strings.ToLower(output), "address already in use") {
				return errPortTaken
			}
			return fmt.Errorf("%s has ended with code %d:\n%s", p.Name, p.code, p.Output)
		case time.Now().After(deadline):
			return fmt.Errorf("%s does not answer:\n%s", p.Name, p.Output)
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
	return nil
}

// Environment is the tests' own without what would change how a program under test behaves.
func Environment(extra ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "CALLER_"), strings.HasPrefix(name, "REDIS_"), strings.HasPrefix(name, "LIVEKIT_"), strings.HasSuffix(strings.ToLower(name), "_proxy"):
		default:
			env = append(env, entry)
		}
	}
	return append(env, extra...)
}
