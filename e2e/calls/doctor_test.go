package calls

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestDoctor has caller doctor look at a LiveKit, by its key and by another secret.
func TestDoctor(t *testing.T) {
	run.Needed(t)
	livekit := harness.StartLiveKit(t, liveKitProgram)
	for secret, want := range map[string]string{
		harness.LiveKitSecret:                       `(?m)^ok +livekit .*knows the key`,
		"another secret, of 32 characters and more": `(?m)^problem +livekit +does not take --livekit-api-key and --livekit-api-secret`,
	} {
		cmd := exec.Command(run.Programs.Caller, "doctor", "--quick", "--at", "http://127.0.0.1:9",
			"--livekit-url", livekit.URL, "--livekit-api-key", harness.LiveKitKey, "--livekit-api-secret", secret)
		cmd.Dir = t.TempDir()
		report, err := cmd.Output()
		assert.Error(t, err, "nobody is at the address")
		assert.Regexp(t, want, string(report))
	}
}
