package wire

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKnowsNoHTTP holds what the package's doc says: it must not know how bytes travel.
func TestKnowsNoHTTP(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "encoding/json", "the list is one of packages")
	require.NotContains(t, deps, "net/http")
}
