package main

import (
	"encoding/json"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// TestAdminCommands goes through them against the real admin listener.
func TestAdminCommands(t *testing.T) {
	const token = "a-token-of-the-admin-a-token-of-the-admin"
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", token)
	at := regexp.MustCompile(`"msg":"serving the operator","url":"([^"]+)"`)
	var url string
	testwait.Until(t, func() bool {
		found := at.FindStringSubmatch(p.stderr.String())
		if found != nil {
			url = found[1]
		}
		return found != nil
	}, "the admin listener is there")
	admin := func(args ...string) (string, string, int) {
		t.Helper()
		return runCLI(t, strings.NewReader(""), []string{"CALLER_ADMIN_URL=" + url, "CALLER_ADMIN_TOKEN=" + token, "CALLER_URL=" + p.url},
			append([]string{"admin"}, args...)...)
	}
	_, errs, code := p.cli(t, "one\ntwo\n", "post", "-r", "tea", "--name", "Ann")
	require.Zero(t, code, errs)
	for _, c := range []struct {
		want string
		args []string
	}{
		{`(?m)^status +ok`, []string{"health"}},
		{`(?m)^NODE +`, []string{"nodes"}},
		{`(?m)^messages kept +2$`, []string{"stats"}},
		{`(?m)^tea +.* 2 `, []string{"rooms", "--sort", "messages", "--order", "desc", "-q", "te"}},
		{`(?m)^messages +2$`, []string{"room", "tea"}},
		{`(?m)^NAME`, []string{"members", "tea"}},
		{`(?m)^\d{4}-.* Ann +two +\d+-`, []string{"messages", "tea", "-n", "1"}},
		{`(?m)^rooms +1$`, []string{"announce", "--to", "tea", "soon, we restart"}},
		{`(?m)^\d{4}-.* announce`, []string{"audit"}},
	} {
		out, errs, code := admin(c.args...)
		assert.Zero(t, code, "%v: %s", c.args, errs)
		assert.Regexp(t, c.want, out, c.args)
		out, _, code = admin(append(c.args, "--json")...)
		assert.Zero(t, code, c.args)
		assert.True(t, json.Valid([]byte(out)), out)
	}
	out, errs, code := admin("clear", "tea")
	assert.Zero(t, code, errs)
	assert.Equal(t, "cleared\n", out)
	assert.Empty(t, p.texts(t, "tea"))
	out, errs, code = admin("revoke", "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11")
	assert.Zero(t, code, errs)
	assert.Equal(t, "revoked\n", out)

	_, errs, code = runCLI(t, strings.NewReader(""), []string{"CALLER_ADMIN_URL=" + url}, "admin", "stats")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "--admin-token (CALLER_ADMIN_TOKEN)")
	_, errs, code = runCLI(t, strings.NewReader(""), []string{"CALLER_ADMIN_URL=" + url, "CALLER_ADMIN_TOKEN=wrong-wrong"}, "admin", "stats")
	assert.Equal(t, exitRefused, code, errs)
	assert.NotContains(t, errs, "wrong-wrong")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, errs, code = runCLI(t, strings.NewReader(""), []string{"CALLER_ADMIN_TOKEN=" + token}, "admin", "stats", "--admin-url", "http://"+l.Addr().String())
	assert.Equal(t, exitUnavailable, code, errs)
	p.end(t)
}
