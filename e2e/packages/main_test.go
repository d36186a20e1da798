package packages

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// released is one run of the release program.
type released struct {
	dir     string
	version string // as v1.2.3
	commit  string
	output  string
}

var (
	// runDir is a folder of this run.
	runDir string
	// tools has the programs of deploy/tools.
	tools struct{ release, check string }

	mu         sync.Mutex // protects following
	notChecked []string   // what was left out, and why
)

// older is the version of the package that an upgrade begins with.
const older = "0.0.0~0older"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if testing.Short() {
		return m.Run()
	}
	var err error
	if runDir, err = os.MkdirTemp("", "caller-packages-"); err == nil {
		defer func() { _ = os.RemoveAll(runDir) }() // what is left is in the system's own place for such things
		var other error
		tools.release, err = harness.BuildRelease(runDir)
		tools.check, other = harness.BuildManifestCheck(runDir)
		err = errors.Join(err, other)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		for _, what := range notChecked {
			fmt.Println("NOT CHECKED:", what)
		}
	}()
	return m.Run()
}

// needed marks a test that builds and runs programs: short runs leave it out.
func needed(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
}

// leaveOut skips a test, and has the end of the run say so.
func leaveOut(t *testing.T, format string, args ...any) {
	t.Helper()
	mu.Lock()
	notChecked = append(notChecked, t.Name()+": "+fmt.Sprintf(format, args...))
	mu.Unlock()
	t.Skipf(format, args...)
}

// needRoot leaves a test out for everybody else: chroot and mounts are root's.
func needRoot(t *testing.T) {
	t.Helper()
	needed(t)
	if os.Geteuid() != 0 {
		leaveOut(t, "it needs root")
	}
}

// release builds a release into a folder of this run.
func release(name string, args ...string) (released, error) {
	dir := filepath.Join(runDir, "of", name)
	run := exec.Command(tools.release, append([]string{"-top", top(), "-out", dir}, args...)...)
	output, err := run.CombinedOutput()
	if err != nil {
		return released{}, fmt.Errorf("release: %w\n%s", err, output)
	}
	r := released{dir: dir, output: string(output)}
	for line := range strings.Lines(r.output) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "caller" {
			r.version = fields[1]
			if len(fields) > 2 {
				r.commit = fields[2]
			}
		}
	}
	return r, nil
}

// all is the release with everything in it, and an older Debian package beside.
var all = sync.OnceValues(func() (released, error) { return release("release", "-also-deb", older) })

// theRelease is that, for a test.
func theRelease(t *testing.T) released {
	t.Helper()
	needed(t)
	r, err := all()
	require.NoError(t, err)
	require.NotEmpty(t, r.version, r.output)
	return r
}

// file is the one file of a release that matches; %s is this machine's architecture.
func (r released) file(t *testing.T, pattern string) string {
	t.Helper()
	if strings.Contains(pattern, "%s") {
		pattern = fmt.Sprintf(pattern, runtime.GOARCH)
	}
	found, err := filepath.Glob(filepath.Join(r.dir, pattern))
	require.NoError(t, err)
	require.Len(t, found, 1, "%s in:\n%s", pattern, r.output)
	return found[0]
}

// top is where the sources are: tests run in the folder of their package.
func top() string { return filepath.Join("..", "..") }

// command runs a program to its end and is what it printed; another exit code than 0 fails the test.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v:\n%s", name, args, output)
	return string(output)
}
