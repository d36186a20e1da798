package networks

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/suite"
)

var run suite.Suite

// quiet is where the small proxies tell of the connections they break.
var quiet = log.New(io.Discard, "", 0)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "6") // networks are waited for, more than they compute
	seen.rows = map[string]row{}
	code := run.Main(m)
	fmt.Print(table())
	os.Exit(code)
}

func chromium(t *testing.T) *browser.Browser { t.Helper(); return run.Chromium(t) }
