package harness

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The keys of the tests' S3. They are secrets to nobody.
const (
	S3Key    = "testkey"
	S3Secret = "a secret of the tests"
)

// S3 is an S3 server of the test's own, with one bucket. It keeps its port and what is in it when it
// is killed and started again.
type S3 struct {
	*Process
	// Addr is where it listens, host:port.
	Addr string
	// Folder is where the bucket's objects are.
	Folder string

	program string
	args    []string
}

// StartS3 starts program, which [BuildS3] has built, on a free port of loopback.
func StartS3(t testing.TB, program string) *S3 {
	t.Helper()
	dir := privateDir(t)
	s := &S3{Folder: filepath.Join(dir, "root", "files"), program: program}
	side := filepath.Join(dir, "side") // what the gateway keeps of objects, for file systems without attributes
	for _, folder := range []string{s.Folder, side} {
		require.NoError(t, os.MkdirAll(folder, 0o700))
	}
	startOnPort(t, func(port int) error {
		s.Addr = fmt.Sprintf("127.0.0.1:%d", port)
		s.args = []string{
			"--port", s.Addr, "--access", S3Key, "--secret", S3Secret, "--health", "/health", "--quiet",
			"posix", "--sidecar", side, filepath.Dir(s.Folder),
		}
		return s.start(t)
	})
	return s
}

// Start starts it again after it was stopped or killed.
func (s *S3) Start(t testing.TB) {
	t.Helper()
	require.NoError(t, s.start(t))
}

func (s *S3) start(t testing.TB) error {
	s.Process = StartProcess(t, "versitygw", exec.Command(s.program, s.args...))
	return awaitServer(s.Process, func() bool { return Status("http://"+s.Addr+"/health") == http.StatusOK })
}

// URL is the bucket's as the program takes it, by way of an address, such as a link's; empty for its
// own. The keys are in the environment: see [S3Environment].
func (s *S3) URL(addr string) string {
	if addr == "" {
		addr = s.Addr
	}
	return "s3://files?endpoint=http://" + addr + "&region=us-east-1&use_path_style=true"
}

// S3Environment has what starts after it know the keys, until the test is over.
func S3Environment(t testing.TB) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", S3Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", S3Secret)
}
