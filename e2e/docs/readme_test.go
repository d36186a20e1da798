package docs

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadmeSettings holds the README's table to what the program says of itself: every flag with
// its variable.
func TestReadmeSettings(t *testing.T) {
	run.Needed(t)
	help, err := exec.Command(run.Programs.Caller, "--help").Output()
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	pairs := func(text string, pattern string) []string {
		all := []string{}
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, match[1]+" "+match[2])
		}
		slices.Sort(all)
		return all
	}
	inHelp := pairs(string(help), `(?s)\n {6}(--[a-z-]+)\b[^$]*?\(\$([A-Z_]+)\)`)
	require.NotEmpty(t, inHelp)
	assert.Equal(t, inHelp, pairs(string(readme), "(?m)^\\| `(--[a-z-]+)` \\| `([A-Z_]+)` \\|"))
}
