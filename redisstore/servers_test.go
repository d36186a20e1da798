package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// server is a Redis for one test.
type server struct {
	url    string
	client redis.UniversalClient // to look at it from outside
	// restart and stop are there for real servers only.
	stop, restart func()
}

// command finds a program of Redis's.
func command(t testing.TB, name string) string {
	path, err := exec.LookPath(name)
	require.NoError(t, err, "the tests need %s on PATH: apt-get install redis-server redis-tools", name)
	return path
}

// startRedis runs a redis-server of its own in a folder of its own, until the test is over.
func startRedis(t testing.TB, args ...string) *server {
	path, port := command(t, "redis-server"), freePort(t)
	dir := t.TempDir()
	s := &server{url: fmt.Sprintf("redis://127.0.0.1:%d", port)}
	s.client = redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Protocol: 2, MaxRetries: -1})
	t.Cleanup(func() { _ = s.client.Close() })
	var cmd *exec.Cmd
	s.restart = func() {
		cmd = exec.Command(path, append([]string{
			"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no",
			"--logfile", filepath.Join(dir, "redis.log"), "--daemonize", "no",
		}, args...)...)
		require.NoError(t, cmd.Start())
		testwait.Until(t, func() bool { return s.client.Ping(context.Background()).Err() == nil }, "redis-server is not up")
	}
	s.stop = func() {
		if cmd != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			cmd = nil
		}
	}
	t.Cleanup(s.stop)
	s.restart()
	return s
}

// manyServers marks a test that needs more than one Redis: make test-stores has it, and short runs
// leave it out.
func manyServers(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs more than one Redis")
	}
}

// startCluster runs three masters.
func startCluster(t testing.TB) *server {
	manyServers(t)
	cli := command(t, "redis-cli")
	var addrs []string
	for range 3 { // none of which is given up, as one that gets no time to run might be
		n := startRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "10000")
		addrs = append(addrs, strings.TrimPrefix(n.url, "redis://"))
	}
	args := append(append([]string{"--cluster", "create"}, addrs...), "--cluster-yes")
	out, err := exec.Command(cli, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	s := &server{url: "redis+cluster://" + strings.Join(addrs, ",")}
	s.client = redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Protocol: 2})
	t.Cleanup(func() { _ = s.client.Close() })
	testwait.Until(t, func() bool {
		for _, addr := range addrs { // each finds out for itself
			c := redis.NewClient(&redis.Options{Addr: addr, Protocol: 2})
			info := c.ClusterInfo(context.Background()).Val()
			_ = c.Close()
			if !strings.Contains(info, "cluster_state:ok") {
				return false
			}
		}
		return true
	}, "the cluster is not up")
	return s
}

// startSentinel runs a Sentinel that watches nobody yet.
func startSentinel(t testing.TB) *redis.Client {
	manyServers(t)
	path, port := command(t, "redis-server"), freePort(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "sentinel.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil,
		"port %d\nbind 127.0.0.1\ndir %s\nlogfile %s/sentinel.log\n", port, dir, dir), 0o600))
	cmd := exec.Command(path, config, "--sentinel")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	c := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port), Protocol: 2, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	testwait.Until(t, func() bool { return c.Ping(context.Background()).Err() == nil }, "the Sentinel is not up")
	return c
}

// freePort is one that, with ten thousand more, is free: a Cluster's node listens there too. Both
// are below those that the system gives to who asks for any (Linux: from 32768), who could take it
// before it is used.
func freePort(t testing.TB) int {
	for range 100 {
		port := 10_000 + rand.IntN(12_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = l.Close()
		if bus, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10_000)); err == nil {
			_ = bus.Close()
			return port
		}
	}
	require.FailNow(t, "no free port")
	return 0
}

// open opens a store, a node's, on a server until the test is over. Unless o says otherwise, it
// waits for Redis as long as tests wait for anything.
func (s *server) open(t testing.TB, o Options) *Store {
	o.URL = s.url
	o.Timeout, o.FeedTimeout = cmp.Or(o.Timeout, testwait.Limit), cmp.Or(o.FeedTimeout, testwait.Limit)
	if o.Logger == nil {
		o.Logger = quiet()
	}
	st, err := Open(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// startEmbedded starts an embedded server; what the test opens are further nodes on it.
func startEmbedded(t testing.TB) *server {
	st, err := OpenEmbedded(context.Background(), Options{Logger: quiet(), Timeout: testwait.Limit})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	c := st.client.(*redis.Client)
	return &server{url: fmt.Sprintf("redis://default:%s@%s", c.Options().Password, c.Options().Addr), client: c}
}

func quiet() *slog.Logger {
	if os.Getenv("CALLER_TEST_LOG") != "" {
		return slog.Default()
	}
	return slog.New(slog.DiscardHandler)
}
