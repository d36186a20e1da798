package program

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestVerify has "caller verify" look at two nodes behind a proxy that is set up well, where it finds
// nothing, and behind one that refuses WebSockets and holds streams, which it names, and nothing
// else.
func TestVerify(t *testing.T) {
	one, other, _ := twoNodes(t)
	for name, test := range map[string]struct {
		proxy  *harness.Proxy
		code   int
		failed []string
	}{
		"set up well":   {harness.HAProxy(t, "http", one, other), 0, nil},
		"holds streams": {harness.Nginx(t, "buffering", one, other), 1, []string{"stream/ws", "stream/sse", "ndjson", "text"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.Command(run.Programs.Caller, "verify", test.proxy.URL, "--json", "--seed", "7")
			process := harness.StartProcess(t, "caller verify", command)
			assert.Equal(t, test.code, process.Wait(t), process.Output)
			var report struct {
				Seed   int
				Checks []struct{ Name, Outcome, Seen string }
			}
			require.NoError(t, json.NewDecoder(strings.NewReader(process.Output.String())).Decode(&report))
			assert.Equal(t, 7, report.Seed)
			var failed []string
			for _, c := range report.Checks {
				if c.Outcome == "fail" {
					failed = append(failed, c.Name)
				}
				t.Logf("%s %s: %s", c.Outcome, c.Name, c.Seen)
			}
			assert.Equal(t, test.failed, failed)
			assert.Greater(t, len(report.Checks), 40)
		})
	}
}
