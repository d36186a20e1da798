// Package suite is what the tests of one package share in one run: the program, built once, and
// browsers, each started when it is first needed. It knows the harness and the browsers, and
// nothing of what is tested.
package suite

import (
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

// Suite is one run's. Make one for each package of tests; its methods may be called at the same
// time.
type Suite struct {
	// Programs is set by Main before the tests run, unless they are short ones.
	Programs harness.Programs
	// Dir is a folder of this run, set by Main too.
	Dir string
	// Times is printed when the tests have run.
	Times times.Table

	mu       sync.Mutex // protects following
	chromium *browser.Browser
	firefox  *browser.Firefox
}

// Main builds the program, runs the tests, and ends the browsers. It returns the process's exit
// code, which is not 0 either when the program has answered otherwise than its API is described.
func (s *Suite) Main(m *testing.M) (code int) {
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "caller-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.Dir = dir
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
	if s.Programs.Caller, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.close()
	defer s.Times.Print(os.Stdout)
	http.DefaultTransport = described.Transport(http.DefaultTransport)
	if code = m.Run(); described.Failed() && code == 0 {
		code = 1
	}
	return code
}

func (s *Suite) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chromium != nil {
		s.chromium.Close()
	}
	if s.firefox != nil {
		s.firefox.Close()
	}
}

// Needed marks a test that starts programs: short runs leave it out.
func (s *Suite) Needed(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
}

// Node starts a node of the test's own; args are the program's flags.
func (s *Suite) Node(t testing.TB, args ...string) *harness.Node {
	t.Helper()
	s.Needed(t)
	return s.Programs.Node(t, args...)
}

// TwoNodes starts two nodes on one Redis, all of the test's own; args are flags of both nodes.
func (s *Suite) TwoNodes(t testing.TB, args ...string) (one, other *harness.Node, redis *harness.Redis) {
	t.Helper()
	s.Needed(t)
	redis = harness.StartRedis(t)
	args = append([]string{"--redis-url", redis.URL()}, args...)
	return s.Node(t, args...), s.Node(t, args...), redis
}

// Chromium is the Chromium of this run.
func (s *Suite) Chromium(t testing.TB) *browser.Browser {
	t.Helper()
	s.Needed(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chromium == nil {
		s.chromium = browser.Start(t)
	}
	return s.chromium
}

// Firefox is the Firefox of this run.
func (s *Suite) Firefox(t testing.TB) *browser.Firefox {
	t.Helper()
	s.Needed(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.firefox == nil {
		s.firefox = browser.StartFirefox(t)
	}
	return s.firefox
}
