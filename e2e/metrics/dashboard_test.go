package metrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// panelQueries are the queries of the dashboard's panels, by their titles, as Grafana would ask them.
func panelQueries(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, "grafana", "caller.json"))
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	filled := strings.NewReplacer("$__rate_interval", "20s", "$job", "caller", "$instance", ".*")
	queries := map[string][]string{}
	for _, p := range dashboard.Panels {
		if p.Type == "row" {
			continue
		}
		require.NotContains(t, queries, p.Title, "two panels of one title")
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			expr := filled.Replace(target.Expr)
			require.NotContains(t, expr, "$", p.Title)
			queries[p.Title] = append(queries[p.Title], expr)
		}
	}
	require.Greater(t, len(queries), 30)
	return queries
}

var selector = regexp.MustCompile(`(?:caller|up|go|process)[a-z_]*\{[^}]*\}`)

// TestEveryFamilyIsOnTheDashboard holds docs/metrics.md's table against the panels: what is worth
// counting is worth being seen.
func TestEveryFamilyIsOnTheDashboard(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	var shown string
	for _, queries := range panelQueries(t) {
		shown += strings.Join(queries, "\n") + "\n"
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(caller_[a-z_]+)` ").FindAllStringSubmatch(string(page), -1) {
		assert.Regexp(t, row[1]+`(_bucket|_count)?[{]`, shown, "no panel shows %s", row[1])
	}
}
