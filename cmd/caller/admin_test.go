package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

const adminToken = "token-of-the-admin-token-of-the-admin"

func TestAdminSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(adminToken+"\n"), 0o600))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--admin-addr", "9090"}, "is not HOST:PORT"},
		{[]string{"--admin-addr", ":9090"}, "needs --admin-token"},
		{[]string{"--admin-token", adminToken}, "need --admin-addr"},
		{[]string{"--admin-host", "admin.example"}, "need --admin-addr"},
		{[]string{"--admin-addr", ":9090", "--admin-token", "short"}, "want 32 or more"},
		{[]string{"--admin-addr", ":9090", "--admin-token", adminToken, "--admin-token-file", file}, "can't go together"},
		{[]string{"--admin-addr", ":9090", "--admin-token-file", file + "x"}, "CALLER_ADMIN_TOKEN_FILE"},
		{[]string{"--admin-addr", ":8080", "--admin-token", adminToken}, "the same as --addr"},
		{[]string{"--admin-addr", "0.0.0.0:8080", "--admin-token", adminToken}, "the same as --addr"},
		{[]string{"--admin-addr", ":8080", "--addr", "localhost:8080", "--admin-token", adminToken}, "the same as --addr"},
		{[]string{"--admin-addr", ":9090", "--admin-token", adminToken, "--session-key", adminToken}, "could be anybody"},
	} {
		_, err := read(t, "", nil, c.args...)
		require.ErrorContains(t, err, c.want, c.args)
		assert.NotContains(t, err.Error(), adminToken)
	}
	c, err := read(t, "", []string{"CALLER_ADMIN_ADDR=:9090", "CALLER_ADMIN_TOKEN_FILE=" + file})
	require.NoError(t, err)
	assert.Equal(t, adminAddress("127.0.0.1:9090"), c.AdminAddr, "no host is this machine alone")
	assert.Equal(t, adminToken, c.secrets.admin)
	assert.True(t, c.AdminAddr.isLoopback())
	c, err = read(t, "", nil, "--admin-addr", "0.0.0.0:9090", "--admin-token", adminToken)
	require.NoError(t, err)
	assert.False(t, c.AdminAddr.isLoopback())
	c, err = read(t, "", nil)
	require.NoError(t, err)
	assert.Empty(t, c.AdminAddr)
}

// TestATokenForTheCommands stands in the environment of whoever uses "caller admin" and "caller
// export", who can start a server and the doctor there too.
func TestATokenForTheCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(adminToken+"\n"), 0o600))
	for _, variable := range []string{"CALLER_ADMIN_TOKEN=" + adminToken, "CALLER_ADMIN_TOKEN_FILE=" + file} {
		c, err := read(t, "", []string{variable})
		require.NoError(t, err, variable)
		assert.Empty(t, c.secrets.admin)
		assert.True(t, c.idleAdminToken, "which is said in the log")
		c, err = read(t, variable, nil)
		require.NoError(t, err, variable)
		assert.True(t, c.idleAdminToken)
		_, err = read(t, "", []string{variable}, "--admin-host", "admin.example")
		assert.ErrorContains(t, err, "need --admin-addr")
	}
	c, err := read(t, "", []string{"CALLER_ADMIN_TOKEN=" + adminToken, "CALLER_ADMIN_ADDR=:9090"})
	require.NoError(t, err)
	assert.Equal(t, adminToken, c.secrets.admin)
	assert.False(t, c.idleAdminToken)
}

var adminAt = regexp.MustCompile(`"serving the operator","url":"(http://[^"]+)"`)

// asAdmin asks the admin listener of a running program.
func (p *program) asAdmin(t *testing.T, method, path string) *http.Response {
	t.Helper()
	var at []string
	testwait.Until(t, func() bool { at = adminAt.FindStringSubmatch(p.stderr.String()); return at != nil }, "no admin listener")
	r, err := http.NewRequestWithContext(t.Context(), method, at[1]+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+adminToken)
	answer, err := p.client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestAdminListener(t *testing.T) {
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", adminToken)
	answer := p.asAdmin(t, "GET", "/api/health")
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	var health struct {
		Status, Store string
		Checks        map[string]struct{ OK bool }
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&health))
	assert.Equal(t, "ok", health.Status)
	assert.Equal(t, "embedded", health.Store)
	assert.True(t, health.Checks["store"].OK)
	assert.True(t, health.Checks["bucket"].OK)

	line, err := bufio.NewReader(p.asAdmin(t, "GET", "/debug/pprof/goroutine?debug=1").Body).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, "goroutine profile")
	text, err := io.ReadAll(p.asAdmin(t, "GET", "/debug/pprof/cmdline").Body)
	require.NoError(t, err)
	assert.NotContains(t, string(text), adminToken)
	for _, path := range []string{"/api/health", "/debug/pprof/", "/metrics", "/api/rooms", "/login"} {
		assert.Equal(t, http.StatusNotFound, p.status(t, path), "nothing of it is on the public port")
	}
	p.end(t)
	assert.NotContains(t, p.stderr.String()+p.stdout.String(), adminToken)
}

func TestNoAdminListener(t *testing.T) {
	p := begin(t)
	testwait.Until(t, func() bool { return strings.Contains(p.stderr.String(), `"serving"`) }, "not serving")
	assert.NotContains(t, p.stderr.String(), "serving the operator")
	p.end(t)
}
