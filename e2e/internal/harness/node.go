package harness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Programs starts nodes.
type Programs struct {
	// Caller is the path of the program under test.
	Caller string
}

// Node is one running node.
type Node struct {
	*Process
	// URL is where it listens, as in http://127.0.0.1:41234.
	URL string
	// Addr is the same as host:port.
	Addr string
}

var listensOn = regexp.MustCompile(`Caller is at (http://((?:127\.0\.0\.1|localhost|\[::1\]):[0-9]+))`)

// Node starts a node on a free port and waits until it is ready. More args are flags of the
// program: a later --addr wins over the free port, and --limits= has the limits that nodes have by
// default, and that tests from one address would run into.
func (p Programs) Node(t testing.TB, args ...string) *Node {
	t.Helper()
	node := p.StartNode(t, args...)
	node.AwaitReady(t)
	return node
}

// StartNode starts a node and waits until it listens; it need not be ready.
func (p Programs) StartNode(t testing.TB, args ...string) *Node {
	t.Helper()
	cmd := exec.Command(p.Caller, append([]string{"--addr", "127.0.0.1:0", "--limits", "off"}, args...)...)
	cmd.Env = Environment("GORACE=atexit_sleep_ms=50")
	cmd.Dir = t.TempDir() // a .env file in the working directory is read
	node := &Node{Process: StartProcess(t, "caller", cmd)}
	err := awaitServer(node.Process, func() bool {
		found := listensOn.FindStringSubmatch(node.Output.String())
		if found == nil {
			return false
		}
		node.URL, node.Addr = found[1], found[2]
		return true
	})
	require.NoError(t, err)
	return node
}

// AwaitReady waits until the node says that it can serve.
func (n *Node) AwaitReady(t testing.TB) {
	t.Helper()
	require.NoError(t, awaitServer(n.Process, func() bool { return Status(n.URL+"/readyz") == http.StatusOK }))
}

// Stop asks the node to stop with SIGTERM, and is its exit code. It is zero only for a node that
// was done within its own time, by its own clock: one that was not says so and exits with another.
func (n *Node) Stop(t testing.TB) (code int) {
	t.Helper()
	n.Signal(syscall.SIGTERM)
	return n.Wait(t)
}

var stopTook = regexp.MustCompile(`msg=gone took=(\S+)`)

// StopTook is how long the node took to stop, by its own clock; 0 for one that does not say.
func (n *Node) StopTook() time.Duration {
	if found := stopTook.FindStringSubmatch(n.Output.String()); found != nil {
		took, _ := time.ParseDuration(found[1]) // it printed one
		return took
	}
	return 0
}

// Status is the status code of a GET; 0 when there is no answer.
func Status(url string) int {
	ctx, cancel := context.WithTimeout(context.Background(), testwait.Limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close() // nothing was read
	return resp.StatusCode
}

// FreePort is a TCP port on loopback that nobody listens on now, and that no other test is given
// until this one is over, in whatever process. It is below those that the system gives to outgoing
// connections (Linux: from 32768), one of which could take it before it is used.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10_000 + rand.IntN(12_000)
		reserved, err := net.Listen("unix", fmt.Sprintf("@caller-e2e-port-%d", port)) // a name, and no file (unix(7))
		if err != nil {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			_ = reserved.Close() // it was of no use
			continue
		}
		_ = listener.Close() // it has served its purpose
		t.Cleanup(func() { _ = reserved.Close() })
		return port
	}
	require.FailNow(t, "no port is free")
	return 0
}

// answers reports whether somebody accepts connections there.
func answers(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// privateDir is a directory of the test's that a server of another user could not enter: servers
// run as ourselves.
func privateDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700))
	return dir
}
