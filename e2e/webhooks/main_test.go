package webhooks

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

var (
	duration = flag.Duration("duration", 0, "for how long TestChaos breaks things; 60s by default, 15s with -short")
	seed     = flag.Uint64("seed", 0, "what TestChaos chooses by; by default another one each time, which it prints")
)

// programs is the program under test, built once, with the race detector.
var programs harness.Programs

func TestMain(m *testing.M) {
	flag.Parse()
	if *duration == 0 {
		*duration = time.Minute
		if testing.Short() {
			*duration = 15 * time.Second
		}
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "caller-webhooks-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
	if programs.Caller, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
