package admin

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// Every curl of docs/admin.md does what the page says: it is answered with a success.
func TestEveryCurlOfThePage(t *testing.T) {
	one := withAdmin(t)
	ann, bob := newPerson(t, one.node, "Ann"), newPerson(t, one.node, "Bob")
	require.Less(t, ann.ask(t, "POST", "/rooms/lobby/messages", `{"text":"hello"}`, nil), 300)
	in := ann.follow(t, "/rooms/tea/ndjson")
	in.live(t)
	require.Less(t, ann.ask(t, "POST", "/rooms/tea/own", `{}`, nil), 300)
	require.Less(t, bob.ask(t, "POST", "/rooms/tea/messages", `{"text":"hello"}`, nil), 300)

	his := bob.follow(t, "/rooms/garden/ndjson") // of whom something is known when he was banned elsewhere
	his.live(t)

	page, err := os.ReadFile("../../docs/admin.md")
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^curl -H @admin-header .*$`).FindAllString(string(page), -1)
	require.Greater(t, len(lines), 25)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "admin-header"), []byte("Authorization: Bearer "+token+"\n"), 0o600))
	seen := map[string]bool{}
	for _, line := range lines {
		if strings.Contains(line, "HOOK") || strings.Contains(line, "LETTER") {
			continue // which e2e/webhooks has
		}
		var bans struct{ Bans []struct{ ID string } }
		if strings.Contains(line, "/bans/BAN") {
			one.get(t, "/api/rooms/tea/bans", &bans)
			require.NotEmpty(t, bans.Bans)
			line = strings.ReplaceAll(line, "BAN", bans.Bans[0].ID)
		}
		line = strings.ReplaceAll(strings.ReplaceAll(line, "MEMBER", bob.id), "http://127.0.0.1:9090", one.url)
		cmd := exec.Command("bash", "-c", "cd "+dir+" && exec "+strings.Replace(line, "curl", `curl -sS -D - --max-time 60`, 1))
		running := harness.StartProcess(t, line, cmd)
		if strings.Contains(line, " -N ") { // a stream, which does not end by itself
			running.Output.WaitFor(t, "\r\n\r\n")
			running.Kill()
		}
		running.Wait(t)
		assert.Regexp(t, `(?m)^HTTP/1\.1 2\d\d `, running.Output.String(), line)
		seen[regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(line, "ID")] = true
	}
	assert.Greater(t, len(seen), 25)
}

// The page names each call, and each kind of entry that the audit log may have.
func TestThePageNamesAll(t *testing.T) {
	page, err := os.ReadFile("../../docs/admin.md")
	require.NoError(t, err)
	var code []byte
	for _, name := range []string{"admin/api/api.go", "admin/api/health.go", "archive/http.go", "webhooks/admin.go"} {
		text, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		code = append(code, text...)
	}
	routes := regexp.MustCompile(`"[A-Z]+ (/api/[^"]+)"`).FindAllStringSubmatch(string(code), -1)
	require.Greater(t, len(routes), 30)
	for _, route := range routes {
		pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(route[1]), `[^/ '?]+`)
		assert.True(t, regexp.MustCompile(`127\.0\.0\.1:9090`+pattern+`(['? \n]|$)`).MatchString(string(page)), "%s is not on the page", route[1])
	}
	actions, err := os.ReadFile("../../chat/audit.go")
	require.NoError(t, err)
	named := regexp.MustCompile("(?m)^\tAudit[A-Za-z]+ += \"([a-z-]+)\"").FindAllStringSubmatch(string(actions), -1)
	require.Greater(t, len(named), 20)
	for _, action := range named {
		assert.True(t, strings.Contains(string(page), "`"+action[1]+"`"), "%s is not on the page", action[1])
	}
}
