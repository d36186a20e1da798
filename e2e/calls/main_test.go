package calls

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/suite"
)

var (
	run suite.Suite
	// liveKitProgram is built once for all tests, beside the program under test.
	liveKitProgram string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withLiveKit(m))
}

func withLiveKit(m *testing.M) int {
	lksdk.SetLogger(logger.LogRLogger(logr.Discard())) // it would say what the tests do
	if testing.Short() {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "caller-livekit-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // what is left is in the system's own place for such things
		liveKitProgram, err = harness.BuildLiveKit(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer talkative.close()
	defer wary.close()
	return run.Main(m)
}
