package tabs

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// run is what all tests of one run share: the program built once, one browser started when first needed.
var run struct {
	programs harness.Programs

	mu      sync.Mutex // guards what follows
	browser *browser.Browser
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "caller-tabs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
	if run.programs.Caller, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if run.browser != nil {
			run.browser.Close()
		}
	}()
	return m.Run()
}

// startNode starts a node of the test's own; args are the program's flags.
func startNode(t *testing.T, args ...string) *harness.Node {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	return run.programs.Node(t, args...)
}

// person is somebody new in the browser of this run.
func person(t *testing.T, name string) *browser.Person {
	t.Helper()
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.browser == nil {
		run.browser = browser.Start(t)
	}
	return run.browser.Person(t, name)
}
