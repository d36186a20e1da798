package client

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// Curl runs the real curl to its end and is what it printed. What it is answered has to be as
// described.
func Curl(t testing.TB, args ...string) string {
	t.Helper()
	process := StartCurl(t, args...)
	code := process.Wait(t)
	require.Zero(t, code, "curl %q: %s", args, process.Output)
	return process.Output.String()
}

// StartCurl starts the real curl on a stream; its Output grows as it reads.
func StartCurl(t testing.TB, args ...string) *harness.Process {
	t.Helper()
	args = append([]string{"--silent", "--show-error", "--no-buffer", "--noproxy", "*"}, args...)
	return harness.StartProcess(t, "curl", exec.Command(described.Curl(t).Program, args...))
}

// Shell runs a line as somebody types it and is the running process. What a curl in it is answered has
// to be as described.
func Shell(t testing.TB, line string) *harness.Process {
	t.Helper()
	shell := exec.Command("bash", "-c", "exec "+line)
	shell.Env = harness.Environment(described.Curl(t).Environment)
	return harness.StartProcess(t, line, shell)
}
