package harness

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The key of the tests' LiveKit. It is a secret to nobody.
const (
	LiveKitKey    = "testkey"
	LiveKitSecret = "a secret of the tests, 32 characters or more"
)

// LiveKit is a LiveKit server of the test's own. It keeps its ports when it is killed and started
// again.
type LiveKit struct {
	*Process
	// URL is where clients connect, as in ws://127.0.0.1:41234.
	URL     string
	program string
	config  string
	http    string
}

// StartLiveKit starts program on free ports of loopback. Webhooks are sent to the URLs given.
func StartLiveKit(t testing.TB, program string, webhooks ...string) *LiveKit {
	t.Helper()
	dir := privateDir(t)
	var l *LiveKit
	startOnPort(t, func(port int) error {
		l = &LiveKit{
			URL: fmt.Sprintf("ws://127.0.0.1:%d", port), http: fmt.Sprintf("http://127.0.0.1:%d", port),
			program: program, config: filepath.Join(dir, "livekit.yaml"),
		}
		if err := os.WriteFile(l.config, []byte(liveKitConfig(port, FreePort(t), FreePort(t), webhooks)), 0o600); err != nil {
			return err
		}
		return l.start(t)
	})
	return l
}

// Start starts LiveKit again after it was stopped or killed.
func (l *LiveKit) Start(t testing.TB) {
	t.Helper()
	require.NoError(t, l.start(t))
}

func (l *LiveKit) start(t testing.TB) error {
	l.Process = StartProcess(t, "livekit-server", exec.Command(l.program, "--config", l.config))
	return awaitServer(l.Process, func() bool { return Status(l.http) == http.StatusOK })
}

// liveKitConfig has all media on one UDP port, so that tests beside each other need no ranges of
// their own.
func liveKitConfig(port, tcp, udp int, webhooks []string) string {
	config := fmt.Sprintf(`port: %d
bind_addresses: ["127.0.0.1"]
rtc:
  tcp_port: %d
  udp_port: %d
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
keys:
  %s: %q
`, port, tcp, udp, LiveKitKey, LiveKitSecret)
	if len(webhooks) > 0 {
		config += fmt.Sprintf("webhook:\n  api_key: %s\n  urls:\n", LiveKitKey)
		for _, url := range webhooks {
			config += fmt.Sprintf("    - %q\n", url)
		}
	}
	return config
}
