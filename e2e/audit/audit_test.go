package audit

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// known is what a registry says of a package.
func known(name string) map[string]any {
	return map[string]any{name: []map[string]any{{
		"id": 1, "url": "https://advisories.example/1", "title": "made up", "severity": "high", "vulnerable_versions": "*",
	}}}
}

// registry is npm's, as far as an audit asks it.
func registry(t *testing.T, says any) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if says == nil || r.URL.Path != "/-/npm/v1/security/advisories/bulk" {
			http.Error(w, "{}", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(says)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// database is one of Go's (https://go.dev/doc/security/vuln/database) in which a function of
// gorilla/websocket is vulnerable; "" for none.
func database(t *testing.T, symbol string) string {
	dir := t.TempDir()
	write := func(name string, v any) {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
	}
	const module, id, modified = "github.com/gorilla/websocket", "GO-2026-9999", "2026-01-01T00:00:00Z"
	type object = map[string]any
	modules := []object{}
	if symbol != "" {
		modules = append(modules, object{"path": module, "vulns": []object{{"id": id, "modified": modified}}})
		write("ID/"+id+".json", object{
			"schema_version": "1.3.1", "id": id, "modified": modified, "published": modified, "summary": "made up", "details": "made up",
			"database_specific": object{"url": "https://advisories.example/2"},
			"affected": []object{{
				"package":            object{"name": module, "ecosystem": "Go"},
				"ranges":             []object{{"type": "SEMVER", "events": []object{{"introduced": "0"}}}},
				"ecosystem_specific": object{"imports": []object{{"path": module, "symbols": []string{symbol}}}},
			}},
		})
	}
	write("index/modules.json", modules)
	write("index/vulns.json", []object{})
	write("index/db.json", object{"modified": modified})
	return "file://" + dir
}

func TestAudit(t *testing.T) {
	const notChecked, away = "NOT CHECKED, since the database can't be reached: ", "http://127.0.0.1:1"
	nothing := map[string]any{}
	for _, c := range []struct {
		name          string
		db            string
		registry      any
		packages      string
		fails         bool
		says, not     []string
		registryIsOff bool
	}{
		{name: "nothing is known", db: database(t, ""), registry: nothing,
			says: []string{"No vulnerabilities found", "nothing is known of the page's packages", "preact"}, not: []string{notChecked}},
		{name: "what our code calls", db: database(t, "Upgrader.Upgrade"), registry: nothing, fails: true,
			says: []string{"GO-2026-9999", "handler.go"}, not: []string{notChecked}},
		{name: "what our code does not call", db: database(t, "Dialer.NeverCalled"), registry: nothing,
			says: []string{"No vulnerabilities found"}},
		{name: "Go's database is away", db: away, registry: nothing, says: []string{notChecked + "Go: ", "nothing is known of the page's packages"}},
		{name: "npm's registry is away", db: database(t, ""), registryIsOff: true, says: []string{notChecked + "npm: ", "No vulnerabilities found"}},
		{name: "a registry that can't be asked", db: database(t, ""), says: []string{notChecked + "npm: 405"}},
		{name: "both are away", db: away, registryIsOff: true, says: []string{notChecked + "Go: ", notChecked + "npm: "}},
		{name: "one is away, the other knows something", db: away, registry: known("preact"), fails: true, says: []string{notChecked + "Go: ", "in the page: preact"}},
		{name: "a package of the page", db: database(t, ""), registry: known("preact"), fails: true,
			says: []string{"in the page: preact *: high: made up (https://advisories.example/1)"}},
		{name: "a package of a package of the page", db: database(t, ""), registry: known("uc.micro"), fails: true, says: []string{"in the page: uc.micro"}},
		{name: "a package that builds the page", db: database(t, ""), registry: known("vitest"),
			says: []string{"to build it: vitest *: high: made up"}},
		{name: "code that can't be read", db: database(t, ""), registry: nothing, packages: "./nowhere", fails: true, not: []string{notChecked}},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := away
			if !c.registryIsOff {
				at = registry(t, c.registry)
			}
			if c.packages == "" {
				c.packages = "./transport/ws"
			}
			cmd := exec.Command("../../scripts/audit.sh")
			cmd.Env = append(os.Environ(), "AUDIT_GO_DB="+c.db, "AUDIT_NPM_REGISTRY="+at, "AUDIT_PACKAGES="+c.packages,
				"npm_config_fetch_retries=0", "npm_config_cache="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.Equal(t, c.fails, err != nil, "%v: %s", err, out)
			for _, what := range c.says {
				require.Contains(t, string(out), what)
			}
			for _, what := range c.not {
				require.NotContains(t, string(out), what)
			}
		})
	}
}
