package main

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// TestAdminCommands goes through them against the real admin listener.
func TestAdminCommands(t *testing.T) {
	const token = "a-token-of-the-admin-a-token-of-the-admin"
	p := begin(t, "--admin-addr", "127.0.0.1:0", "--admin-token", token, "--webhook", "http://127.0.0.1:1/hook",
		"--webhook-secret", "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
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
		{`(?m)^\d{4}-.* operator +announcement +soon, we restart +\d+-`, []string{"messages", "tea"}},
		{`(?m)^\d{4}-.* announce`, []string{"audit"}},
		{`^ID +URL +EVENTS\nnh-\S+ +http://127.0.0.1:1/hook +message, edit, delete\n$`, []string{"webhooks"}},
		{`^ID +URL +EVENTS\nnh-`, []string{"webhooks", "--room", "tea"}},
		{`^GIVEN UP +ROOM +EVENT +URL`, []string{"webhooks", "--dead"}},
	} {
		out, errs, code := admin(c.args...)
		assert.Zero(t, code, "%v: %s", c.args, errs)
		assert.Regexp(t, c.want, out, c.args)
		out, _, code = admin(append(c.args, "--json")...)
		assert.Zero(t, code, c.args)
		assert.True(t, json.Valid([]byte(out)), out)
	}
	out, errs, code := p.cli(t, "", "tail", "tea")
	assert.Zero(t, code, errs)
	assert.Regexp(t, `\* operator announced: soon, we restart\n$`, out)
	_, errs, code = p.cli(t, "one\n", "post", "-r", "coffee", "--name", "Ann")
	require.Zero(t, code, errs)
	rooms := func(args ...string) (string, string) {
		out, errs, code := admin(append([]string{"rooms", "--limit", "1"}, args...)...)
		assert.Zero(t, code, errs)
		return out, errs
	}
	testwait.Until(t, func() bool { // what was found is kept for some seconds
		out, errs = rooms()
		return strings.Contains(out, "coffee")
	}, "the first room is listed")
	goOn := regexp.MustCompile(`^caller: there is more: --after (\S+)\n$`).FindStringSubmatch(errs)
	require.NotNil(t, goOn, errs)
	out, errs = rooms("--after", goOn[1])
	assert.Regexp(t, `(?m)^tea `, out)
	assert.Empty(t, errs)
	for _, short := range []string{"--for=10ms", "--for=-1h"} { // either would be for good
		_, errs, code = admin("ban", "tea", "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", short)
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, errs, "--for is at least 1s")
	}
	out, errs, code = admin("clear", "tea")
	assert.Zero(t, code, errs)
	assert.Equal(t, "cleared\n", out)
	assert.Empty(t, p.texts(t, "tea"))
	for _, args := range [][]string{{"clear", "tae"}, {"close", "tae"}, {"announce", "--to", "tae", "hear"}} {
		_, errs, code = admin(args...)
		assert.Equal(t, exitRefused, code, args)
		assert.Contains(t, errs, "nobody is in the room tae", args)
	}
	_, _, code = admin("room", "tae")
	assert.Equal(t, exitRefused, code, "a name that was mistyped has made a room")
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

// Columns stay under their titles where cells are empty, also at the ends of rows; no line ends in
// spaces; what another command is given is shown whole.
func TestTables(t *testing.T) {
	long := strings.Repeat("x", 200)
	shown := table{of: "entries", columns: []column{
		{title: "ACTION", path: "action"}, {title: "ROOM", path: "room"}, {title: "TARGET", path: "target"}, {title: "DETAIL", path: "detail"},
		{title: "NEVER", path: "never"}, {title: "OF", path: "of"}, {title: "ID", path: "id", kind: whole},
	}}
	var out strings.Builder
	require.NoError(t, shown.print(&out, json.RawMessage(`{"entries":[
		{"action":"revoke","target":"Ann"}, {"action":"clear","room":"`+long+`"}, {"action":"announce","detail":"to all","of":["a","b"],"id":"`+long+`"}
	]}`)))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	at := func(line int, text string) int {
		before, _, found := strings.Cut(lines[line], text)
		require.True(t, found, "%q in %q", text, lines[line])
		return utf8.RuneCountInString(before)
	}
	assert.Equal(t, at(0, "TARGET"), at(1, "Ann"))
	assert.Equal(t, at(0, "ROOM"), at(2, "xxx"))
	assert.Equal(t, at(0, "DETAIL"), at(3, "to all"))
	assert.Equal(t, at(0, "OF"), at(3, "a, b"))
	assert.Equal(t, at(0, "ID"), at(3, long))
	assert.Contains(t, lines[2], strings.Repeat("x", 63)+"…")
	assert.NotContains(t, lines[0], "NEVER")
	for _, line := range lines {
		assert.Equal(t, strings.TrimRight(line, " "), line)
	}
}

// TestHealthOfAFailingNode is an answer with 503, and no failure of the call.
func TestHealthOfAFailingNode(t *testing.T) {
	failing := `{"status":"failing","store":"standalone","checks":{"store":{"ok":false,"took":1.5,"error":"connection refused"},"bucket":{"ok":true,"took":0.3}}}`
	contentType := "application/json"
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(failing))
	}))
	defer node.Close()
	env := []string{"CALLER_ADMIN_URL=" + node.URL, "CALLER_ADMIN_TOKEN=token"}
	out, errs, code := runCLI(t, strings.NewReader(""), env, "admin", "health")
	assert.Equal(t, exitFailed, code)
	assert.Regexp(t, `(?m)^status +failing$`, out)
	assert.Contains(t, errs, "caller: store: connection refused\n")
	assert.NotContains(t, errs, "bucket")
	out, _, code = runCLI(t, strings.NewReader(""), env, "admin", "health", "--json")
	assert.Equal(t, exitFailed, code)
	assert.JSONEq(t, failing, out)

	contentType, failing = "application/problem+json", `{"title":"The server is busy","status":503,"code":"busy"}`
	_, errs, code = runCLI(t, strings.NewReader(""), env, "admin", "health")
	assert.Equal(t, exitUnavailable, code)
	assert.Contains(t, errs, "The server is busy")
}
