package faults

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

var (
	duration = flag.Duration("duration", 0, "for how long TestChaos breaks things; 90s by default, 20s with -short")
	seed     = flag.Uint64("seed", 0, "what TestChaos chooses by; by default another one each time, which it prints")
)

// programs is the program under test, built once, with the race detector. plain is without it, for
// what is measured.
var programs, plain harness.Programs

// runDir is a folder of this run.
var runDir string

// measured is printed when the tests have run.
var measured times.Table

func TestMain(m *testing.M) {
	flag.Parse()
	if *duration == 0 {
		*duration = 90 * time.Second
		if testing.Short() {
			*duration = 20 * time.Second
		}
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "caller-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	runDir = dir
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
	if programs.Caller, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if !testing.Short() {
		if plain.Caller, err = harness.BuildPlain(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	defer measured.Print(os.Stdout)
	defer tellSkipped()
	if code := m.Run(); code != 0 || !described.Failed() {
		return code
	}
	return 1
}

// long marks a test that -short leaves out.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes its time")
	}
}
