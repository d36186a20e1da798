package files

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/suite"
)

var (
	run suite.Suite
	// s3Program is built once for all tests, beside the program under test.
	s3Program string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withS3(m))
}

func withS3(m *testing.M) int {
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "caller-s3-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
		s3Program, err = harness.BuildS3(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run.Main(m)
}
