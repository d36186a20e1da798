package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

func TestTellSupervisor(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	require.NoError(t, tellSupervisor(supervisorReady), "nobody asked")

	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { _ = socket.Close() }()
	t.Setenv("NOTIFY_SOCKET", path)
	require.NoError(t, socket.SetReadDeadline(testwait.Deadline()))
	for _, state := range []string{supervisorReady, supervisorStopping} {
		require.NoError(t, tellSupervisor(state))
		told := make([]byte, 100)
		n, err := socket.Read(told)
		require.NoError(t, err)
		assert.Equal(t, state, string(told[:n]))
	}
	_ = socket.Close()
	require.Error(t, tellSupervisor(supervisorReady))
}

func TestReady(t *testing.T) {
	status := http.StatusOK
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/chat/readyz", r.URL.Path)
		w.WriteHeader(status)
	}))
	ask := func(url string) int {
		t.Helper()
		t.Chdir(t.TempDir())
		var out bytes.Buffer
		i := &invocation{ctx: t.Context(), args: []string{"ready", "--url", url, "--timeout", time.Minute.String()}, stdout: &out, stderr: &out}
		return exitCode(i.run(), &out)
	}
	assert.Equal(t, 0, ask(node.URL+"/chat"))
	status = http.StatusServiceUnavailable
	assert.Equal(t, exitUnavailable, ask(node.URL+"/chat/"))
	node.Close()
	assert.Equal(t, exitUnavailable, ask(node.URL))
	assert.Equal(t, exitUsage, ask("localhost:8080"))
}
