package calls

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestLiveKitComesBack holds the harness to what the other tests need of it: ready when started, gone when killed, and
// back at the same address.
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
