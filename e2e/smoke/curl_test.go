package smoke

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestReadmeLines runs the README's first lines as they stand, but for the address.
func TestReadmeLines(t *testing.T) {
	node := run.Node(t)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "```sh\n")
	require.True(t, found, "README.md has no ```sh block")
	block, _, _ := strings.Cut(rest, "```")
	var lines []string
	for line := range strings.Lines(block) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for i, want := range []string{
		`curl -d 'hello' localhost:8080/rooms/lobby`,
		`curl -N localhost:8080/rooms/lobby/text`,
		`curl -N localhost:8080/rooms/lobby/sse`,
		`curl 'localhost:8080/rooms/lobby/messages?limit=5'`,
	} {
		require.Greater(t, len(lines), i)
		command, _, _ := strings.Cut(lines[i], "#")
		require.Equal(t, want, strings.TrimSpace(command), "line %d of the first block", i+1)
	}
	shell := func(line string) *harness.Process {
		return client.Shell(t, strings.ReplaceAll(line, "localhost:8080", node.Addr))
	}

	text := shell(lines[1])
	sse := shell(lines[2])
	sse.Output.WaitFor(t, "event: live")
	post := shell(lines[0])
	require.Zero(t, post.Wait(t), post.Output)
	assert.Contains(t, post.Output.String(), `"text":"hello"`)
	text.Output.WaitFor(t, ": hello\n")
	sse.Output.WaitFor(t, `"text":"hello"`)
	messages := shell(lines[3])
	require.Zero(t, messages.Wait(t), messages.Output)
	assert.Contains(t, messages.Output.String(), `"text":"hello"`)
}
