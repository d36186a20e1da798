package deploy

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// programs is the program under test, built once.
var programs harness.Programs

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "caller-deploy-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
		programs.Caller, err = harness.Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
