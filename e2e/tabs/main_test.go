package tabs

import (
	"flag"
	"os"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/suite"
)

var run suite.Suite

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run.Main(m))
}

func startNode(t *testing.T, args ...string) *harness.Node { t.Helper(); return run.Node(t, args...) }

// person is somebody new in the browser of this run.
func person(t *testing.T, name string) *browser.Person {
	t.Helper()
	return run.Chromium(t).Person(t, name)
}
