package docs

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	protocolPage  = "../../docs/protocol.md"
	protocolFiles = "../../transport/wire/testdata"
)

// TestProtocolPage holds docs/protocol.md and the files that the Go and TypeScript tests read to
// the same examples.
func TestProtocolPage(t *testing.T) {
	onPage := jsonLines(t, protocolPage)
	require.NotEmpty(t, onPage)
	inFiles := map[string]string{}
	err := filepath.WalkDir(protocolFiles, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		line := string(bytes.TrimSpace(data))
		assert.True(t, json.Valid(data), "%s is not JSON", path)
		assert.NotContains(t, line, "\n", "%s has more than one line", path)
		assert.Empty(t, inFiles[line], "%s is the same as another file", path)
		inFiles[line] = path
		return nil
	})
	require.NoError(t, err)

	for line, place := range onPage {
		if inFiles[line] == "" {
			t.Errorf("%s: no file under %s has this example: %s", place, protocolFiles, line)
		}
	}
	for line, path := range inFiles {
		if onPage[line] == "" {
			t.Errorf("%s: %s does not show it", path, protocolPage)
		}
	}
}

// jsonLines is the lines of a page's JSON blocks, with where each stands.
func jsonLines(t *testing.T, page string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	lines := map[string]string{}
	inBlock := false
	for i, line := range strings.Split(string(data), "\n") {
		place := page + ":" + strconv.Itoa(i+1)
		if strings.HasPrefix(line, "```") {
			inBlock = line == "```json"
			continue
		}
		if inBlock {
			lines[line] = place
			continue
		}
	}
	return lines
}
