package conformance

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// debianPython is the Python that Debian's package python3-autobahn is for. Another may come first
// on the path.
const debianPython = "/usr/bin/python3"

// TestAutobahnClient has Autobahn's own client library talk, which judges the server's handshake
// and frames by itself.
func TestAutobahnClient(t *testing.T) {
	t.Parallel()
	node := run.Node(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*testwait.Limit) // the script has a limit of its own
	defer cancel()
	url := "ws" + strings.TrimPrefix(node.URL, "http") + "/rooms/autobahn/ws"
	output, err := exec.CommandContext(ctx, debianPython, "testdata/conversation.py", url).CombinedOutput()
	t.Logf("%s", output)
	require.NoError(t, err)
}
