package files

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	people "github.com/caller-chat/caller/e2e/internal/client"
)

// TestLinksReachNothingPrivate has the program look up links to a server on this machine, as anybody
// might who writes, in every way in which its address can be written.
func TestLinksReachNothingPrivate(t *testing.T) {
	var asked atomic.Int32
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = fmt.Fprint(w, "<title>secret</title>")
	}))
	defer private.Close()
	t.Setenv("HTTP_PROXY", private.URL) // behind it nothing could be seen of where it goes
	one, other := twoNodes(t, "--link-previews", "on", "--limits", "off")
	_, port, _ := strings.Cut(private.Listener.Addr().String(), ":")
	for _, address := range []string{
		private.URL, "http://localhost:" + port, "http://127.1:" + port, "http://2130706433:" + port, "http://0x7f.1:" + port,
		"http://[::ffff:127.0.0.1]:" + port, "http://0:" + port, "http://127.0.0.1", "http://169.254.169.254/latest/meta-data/",
	} {
		var message struct{ ID string }
		posted := people.Curl(t, "-d", "look at "+address+" please", one.URL+"/rooms/lobby/messages")
		require.NoError(t, json.Unmarshal([]byte(posted), &message), posted)
		at := other.URL + "/rooms/lobby/messages/" + message.ID + "/link"
		assert.Contains(t, people.Curl(t, at), "not_found", address)
		assert.Contains(t, people.Curl(t, at+"/image"), "not_found", address)
	}
	assert.Zero(t, asked.Load(), "it was asked")
	assert.Contains(t, people.Curl(t, "-H", "Accept: text/html", one.URL+"/rooms/lobby"), `<meta name="caller-link-previews" content="on">`)
}
