package calls

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestLiveKitComesBack holds the harness to what the other tests need of it: ready when started,
// gone when killed, and back at the same address.
func TestLiveKitComesBack(t *testing.T) {
	t.Parallel()
	run.Needed(t)
	livekit := harness.StartLiveKit(t, liveKitProgram, "http://127.0.0.1:9/livekit/webhook")
	address := "http" + livekit.URL[len("ws"):]
	require.Equal(t, 200, harness.Status(address))
	livekit.Kill()
	require.Zero(t, harness.Status(address))
	livekit.Start(t)
	require.Equal(t, 200, harness.Status(address))
}

// TestDeployedConfiguration has LiveKit itself read the file that docs/calls.md recommends: it
// refuses what it does not know.
func TestDeployedConfiguration(t *testing.T) {
	t.Parallel()
	run.Needed(t)
	config, err := os.ReadFile("../../docs/deploy/livekit.yaml")
	require.NoError(t, err)
	const asksOutside = "use_external_ip: true" // a server on the internet for the machine's address
	require.Contains(t, string(config), asksOutside)
	config = bytes.Replace(config, []byte(asksOutside), []byte("node_ip: 127.0.0.1"), 1)
	out, err := exec.Command(liveKitProgram, "--config-body", string(config), "ports").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, port := range []string{"7880", "7881", "7882", "443", "3478"} {
		assert.Contains(t, string(out), port)
	}
	out, err = exec.Command(liveKitProgram, "--config-body", string(config)+"\nnonsense: true", "ports").CombinedOutput()
	assert.NotContains(t, string(out), "7880", "it would say what it does not know: %v", err)
}
