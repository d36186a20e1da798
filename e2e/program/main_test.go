package program

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

func chromium(t *testing.T) *browser.Browser { t.Helper(); return run.Chromium(t) }

func endToEnd(t *testing.T) { t.Helper(); run.Needed(t) }
