package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// finding is one of the doctor's.
type finding struct{ Area, State, What, Do string }

// see has the doctor look, and gives what it found by area.
func see(t *testing.T, wantCode int, args ...string) map[string][]finding {
	t.Helper()
	got := finish(t, command(t, "", append([]string{"doctor", "--json"}, args...)...), "")
	assert.Equal(t, wantCode, got.code, got.stdout+got.stderr)
	var all struct{ Findings []finding }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &all), got.stderr)
	by := map[string][]finding{}
	for _, f := range all.Findings {
		by[f.Area] = append(by[f.Area], f)
		if f.State == "problem" {
			assert.NotEmpty(t, f.Do, "each problem says what to do: %s", f.What)
		}
	}
	return by
}

// has asserts that something was found.
func has(t *testing.T, found []finding, state, what string) {
	t.Helper()
	for _, f := range found {
		if f.State == state && strings.Contains(f.What, what) {
			return
		}
	}
	assert.Failf(t, "not found", "%s %q in %+v", state, what, found)
}

// TestDoctorOfAWellServer finds nothing wrong where nothing is.
func TestDoctorOfAWellServer(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t, "--appendonly", "yes", "--maxmemory", "100mb")
	settings := []string{"--redis-url", redis.URL(), "--files", "file://" + t.TempDir(), "--max-connections", "100"}
	node := run.Node(t, settings...)
	found := see(t, 0, append(settings, "--at", node.URL)...)
	for _, area := range []string{"settings", "redis", "clock", "url", "websocket", "stream", "poll", "bodies", "proxy", "files"} {
		has(t, found[area], "ok", "")
	}
	got := finish(t, command(t, "", append([]string{"doctor", "--quick", "--at", node.URL}, settings...)...), "")
	assert.Contains(t, got.stdout, "0 problems")
}

// TestDoctorOfRedis gives it each real fault that a Redis may have.
func TestDoctorOfRedis(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t, "--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb", "--save", "")
	found := see(t, 1, "--quick", "--redis-url", redis.URL(), "--at", "http://127.0.0.1:9")
	has(t, found["redis"], "problem", "allkeys-lru")
	has(t, found["redis"], "warning", "keeps nothing")
	has(t, found["url"], "problem", "does not answer")

	has(t, see(t, 1, "--quick", "--redis-url", "redis://user:sekret@127.0.0.1:9", "--at", "http://127.0.0.1:9")["redis"], "problem", "does not answer")

	cluster := harness.StartCluster(t)
	has(t, see(t, 1, "--quick", "--redis-url", cluster.URL(), "--at", "http://127.0.0.1:9")["redis"], "ok", "answers")

	has(t, see(t, 1, "--quick", "--redis-url", "redis://"+anHourAhead(t, redis.Addr), "--at", "http://127.0.0.1:9")["clock"], "problem", "differ by 1h0m")
}

// timeReply is what Redis answers to TIME: seconds, and the rest of one.
var timeReply = regexp.MustCompile(`\*2\r\n\$10\r\n(\d{10})\r\n`)

// anHourAhead is the address of something that speaks for a Redis, and says that it is an hour later.
func anHourAhead(t *testing.T, redis string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // ends the loop below
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			server, err := net.Dial("tcp", redis)
			if err != nil {
				_ = conn.Close() // the doctor says so
				continue
			}
			go func() {
				_, _ = io.Copy(server, conn) // until one of them ends
				_ = server.Close()
			}()
			go func() {
				defer func() { _ = conn.Close() }() // its other half has ended
				chunk := make([]byte, 64<<10)
				for n, err := server.Read(chunk); err == nil; n, err = server.Read(chunk) {
					later := timeReply.ReplaceAllFunc(chunk[:n], func(reply []byte) []byte {
						at, _ := strconv.Atoi(string(timeReply.FindSubmatch(reply)[1])) // ten digits
						return fmt.Appendf(nil, "*2\r\n$10\r\n%d\r\n", at+3600)
					})
					if _, err := conn.Write(later); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestDoctorOfProxies puts what people put in front of a server, as it comes.
func TestDoctorOfProxies(t *testing.T) {
	node := run.Node(t)
	buffers := harness.StartProxy(t, "nginx", "site.conf", map[string]string{"location": "proxy_ignore_headers X-Accel-Buffering; proxy_read_timeout 5s;"},
		func(c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "nginx"), "-p", c.Dir, "-e", "stderr", "-c", c.Config)
		}, node)
	found := see(t, 1, "--at", buffers.URL)
	has(t, found["websocket"], "problem", "not let through")
	has(t, found["stream"], "problem", "held back")
	has(t, found["poll"], "problem", "504")
	has(t, found["bodies"], "problem", "refused before")
	has(t, found["proxy"], "problem", "")

	host, port, err := net.SplitHostPort(node.Addr)
	require.NoError(t, err)
	lighttpd := harness.StartProxy(t, "lighttpd", "site.conf", map[string]string{"host": host, "port": port},
		func(c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "lighttpd"), "-D", "-f", c.Config)
		}, node)
	found = see(t, 1, "--quick", "--at", lighttpd.URL)
	has(t, found["websocket"], "problem", "426")
	has(t, found["stream"], "problem", "held back")

	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	has(t, see(t, 1, "--quick", "--at", other.URL)["url"], "problem", "not answered by Caller")
}

// TestDoctorOfTheRest gives it a bucket that can't be written to, a LiveKit that is not there, and
// an admin listener for everybody.
func TestDoctorOfTheRest(t *testing.T) {
	run.Needed(t)
	found := see(t, 1, "--quick", "--at", "http://127.0.0.1:9", "--files", "file:///proc/sys/caller-files",
		"--livekit-url", "ws://127.0.0.1:9", "--livekit-api-key", "key", "--livekit-api-secret", "secret-secret-secret-secret-secret-secret",
		"--admin-addr", "0.0.0.0:9090", "--admin-token", "token-token-token-token-token-token-token")
	has(t, found["files"], "problem", "")
	has(t, found["livekit"], "problem", "does not answer")
	has(t, found["admin"], "problem", "not encrypted")

	wrong := finish(t, command(t, "", "doctor", "--heartbeat", "never"), "")
	assert.Equal(t, 2, wrong.code)
	assert.Contains(t, wrong.stderr, "--heartbeat (CALLER_HEARTBEAT)")
}
