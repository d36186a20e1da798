package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinks follows every link from one document to a file or a heading of the repository.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s:]+)\)`)
	code := regexp.MustCompile("`[^`]*`")
	pages, links := 0, 0
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", "node_modules", "testdata", "bin":
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		pages++
		for _, line := range prose(t, path) {
			for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(line, ""), -1) {
				links++
				name, heading, _ := strings.Cut(match[1], "#")
				to := path
				if name != "" {
					to = filepath.Join(filepath.Dir(path), name)
				}
				if _, err := os.Stat(to); !assert.NoError(t, err, "%s: %s", path, match[1]) {
					continue
				}
				if heading != "" && filepath.Ext(to) == ".md" {
					assert.Contains(t, headings(t, to), heading, "%s: %s", path, match[1])
				}
			}
		}
		return nil
	}))
	require.Greater(t, pages, 50)
	require.Greater(t, links, 200)
}

// prose is the lines of a page that are in no block of code.
func prose(t *testing.T, page string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	inBlock := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "```") {
			inBlock = !inBlock
		} else if !inBlock {
			lines = append(lines, line)
		}
	}
	return lines
}

// headings are the names by which a page's headings are linked to, as GitHub makes them.
func headings(t *testing.T, page string) (names []string) {
	t.Helper()
	heading := regexp.MustCompile(`^#{1,6} (.*)`)
	linked := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	for _, line := range prose(t, page) {
		match := heading.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		text := strings.ToLower(strings.TrimSpace(linked.ReplaceAllString(match[1], "$1")))
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return r
			}
			return -1
		}, text))
	}
	return names
}
