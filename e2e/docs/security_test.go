package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSecurityNamesItsTests holds that each test that docs/security.md names is there, and that it
// says of each attack what holds it and which test shows it.
func TestSecurityNamesItsTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range declared.FindAllSubmatch(source, -1) {
			tests[string(match[1])] = true
		}
		return err
	}))
	named := regexp.MustCompile("`(Test\\w+|Fuzz\\w+)`").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, named)
	for _, match := range named {
		assert.True(t, tests[match[1]], "there is no %s", match[1])
	}
	for _, match := range regexp.MustCompile("`(frontend/test/[^`]+)`").FindAllStringSubmatch(string(page), -1) {
		assert.FileExists(t, filepath.Join("../..", match[1]))
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.Contains(cells[1], "---") || strings.TrimSpace(cells[1]) == "attack" {
			continue
		}
		rows++
		for _, cell := range cells[1:4] {
			assert.NotEmpty(t, strings.TrimSpace(cell), line)
		}
		assert.Regexp(t, "`(Test|Fuzz|frontend/test/)", cells[3], line)
	}
	assert.Greater(t, rows, 20)
}
