package networks

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// run is what all tests of one run share.
var run struct {
	programs harness.Programs

	mu      sync.Mutex // guards what follows
	browser *browser.Browser
	firefox *browser.Firefox
}

// quiet is where the small proxies tell of the connections they break.
var quiet = log.New(io.Discard, "", 0)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "6") // networks are waited for, more than they compute
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "caller-networks-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
	if run.programs.Caller, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	seen.rows = map[string]row{}
	code := m.Run()
	if run.browser != nil {
		run.browser.Close()
	}
	if run.firefox != nil {
		run.firefox.Close()
	}
	fmt.Print(table())
	return code
}

// chromium is the browser of this run.
func chromium(t *testing.T) *browser.Browser {
	t.Helper()
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.browser == nil {
		run.browser = browser.Start(t)
	}
	return run.browser
}
