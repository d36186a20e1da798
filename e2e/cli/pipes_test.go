package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestReadersThatHaveHadEnough has a shell run commands in pipelines whose reader has had enough: they end with it, also
// when nothing more is said, without a word and without a failure.
func TestReadersThatHaveHadEnough(t *testing.T) {
	t.Parallel() // it mostly waits
	node := run.Node(t)
	said := finish(t, command(t, node.URL, "post", "-r", "kitchen"), strings.Repeat(strings.Repeat("tea ", 900)+"\n", 40))
	require.Zero(t, said.code, said.stderr)
	for _, pipeline := range []string{
		"tail kitchen -f -n 2 | head -2",
		"tail kitchen -f -n 2 --json | head -1",
		"tail kitchen -n 40 | head -1",
		"tail kitchen -n 40 --json | true",
		"members kitchen | true",
		"--help | head -1",
	} {
		t.Run(pipeline, func(t *testing.T) {
			cmd := command(t, node.URL)
			cmd.Path, cmd.Args = harness.Find(t, "bash"), []string{"bash", "-c", "set -o pipefail; env caller " + pipeline}
			got := finish(t, cmd, "")
			assert.Zero(t, got.code)
			assert.Empty(t, got.stderr)
		})
	}
}
