package chat_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The core knows no HTTP, no Redis and no WebSocket: the standard library without net, and google/uuid.
func TestTheCoreImportsNothingElse(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}}{{end}}`, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	require.ElementsMatch(t,
		[]string{"github.com/google/uuid", "github.com/caller-chat/caller/chat"}, strings.Fields(string(out)))

	out, err = exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, imported := range strings.Fields(string(out)) {
		require.NotEqual(t, "net", strings.SplitN(imported, "/", 2)[0], "chat imports %s", imported)
	}
}
