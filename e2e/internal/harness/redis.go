package harness

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Redis is a redis-server of the test's own. It keeps its port and directory when it is stopped and
// started again.
type Redis struct {
	*Process
	// Addr is host:port.
	Addr string
	args []string
	t    testing.TB
}

// StartRedis starts a Redis that keeps nothing on disk. More args are redis-server's own, as in
// "--appendonly", "yes".
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	dir := privateDir(t)
	var r *Redis
	startOnPort(t, func(port int) error {
		r = &Redis{
			Addr: fmt.Sprintf("127.0.0.1:%d", port),
			t:    t,
			args: append([]string{
				"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--daemonize", "no",
				"--save", "", "--appendonly", "no",
			}, args...),
		}
		return r.start()
	})
	return r
}

// URL is Redis's address as the program takes it.
func (r *Redis) URL() string { return "redis://" + r.Addr }

// Start starts Redis again after it was stopped or killed.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	require.NoError(t, r.start())
}

func (r *Redis) start() error {
	r.Process = StartProcess(r.t, "redis-server", exec.Command(Find(r.t, "redis-server"), r.args...))
	client := r.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	return awaitServer(r.Process, func() bool {
		return client.Ping(context.Background()).Err() == nil
	})
}

// Client is a client of this Redis. The caller closes it.
func (r *Redis) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: r.Addr, MaxRetries: -1, DialTimeout: testwait.Limit, ReadTimeout: testwait.Limit, WriteTimeout: testwait.Limit,
	})
}
