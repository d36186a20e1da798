package cli

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/suite"
)

var run suite.Suite

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run.Main(m))
}

// command is a command of the program in a folder of its own, without what this machine's
// environment says of a Caller.
func command(t testing.TB, url string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(run.Programs.Caller, args...)
	cmd.Dir = t.TempDir()
	if err := os.Symlink(run.Programs.Caller, filepath.Join(run.Dir, "caller")); !errors.Is(err, fs.ErrExist) {
		require.NoError(t, err)
	}
	cmd.Env = []string{"PATH=" + run.Dir + ":" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TERM=xterm", "LANG=C.UTF-8", "CALLER_URL=" + url}
	return cmd
}

// result is how a command has ended.
type result struct {
	stdout, stderr string
	code           int
}

// finish runs a command to its end.
func finish(t testing.TB, cmd *exec.Cmd, stdin string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
