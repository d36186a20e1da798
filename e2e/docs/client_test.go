package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const clientPage = "../../docs/client.md"

// TestClientPageIsWhole holds the page's tables to the library's types: every option and every
// event, and no others.
func TestClientPageIsWhole(t *testing.T) {
	page, err := os.ReadFile(clientPage)
	require.NoError(t, err)
	files, err := filepath.Glob("../../frontend/lib/types/*.d.ts")
	require.NoError(t, err)
	var types strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		types.Write(data)
	}
	for section, name := range map[string]string{"## Options": "ClientOptions", "## Events": "ClientEvents"} {
		declared := regexp.MustCompile(`(?s)export interface ` + name + `[^{]*\{\n(.*?)\n\}`).FindStringSubmatch(types.String())
		require.NotNil(t, declared, name)
		var fields []string
		for _, field := range regexp.MustCompile(`(?m)^    (\w+)\??:`).FindAllStringSubmatch(declared[1], -1) {
			fields = append(fields, field[1])
		}
		_, text, found := strings.Cut(string(page), section+"\n")
		require.True(t, found, section)
		text, _, _ = strings.Cut(text, "\n## ")
		var rows []string
		for _, row := range regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\|").FindAllStringSubmatch(text, -1) {
			rows = append(rows, regexp.MustCompile(`\w+`).FindAllString(row[1], -1)...)
		}
		slices.Sort(fields)
		slices.Sort(rows)
		assert.Equal(t, fields, rows, name)
	}
	timing := regexp.MustCompile(`(?s)export interface Timing \{\n(.*?)\n\}`).FindStringSubmatch(types.String())
	require.NotNil(t, timing)
	for _, field := range regexp.MustCompile(`(?m)^    (\w+):`).FindAllStringSubmatch(timing[1], -1) {
		assert.Contains(t, string(page), "`"+field[1]+"`")
	}
	for _, match := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllStringSubmatch(string(page), -1) {
		file, _, _ := strings.Cut(match[1], "#")
		assert.FileExists(t, filepath.Join("../../docs", file))
	}
}
