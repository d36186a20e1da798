package networks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestFirefox is the page in the other browser, over each transport: it joins, posts and receives,
// and when the network swallows everything for a while and then breaks, it resumes, with what was
// said meanwhile on both sides.
func TestFirefox(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			node := run.Node(t)
			link := harness.StartLink(t, node.Addr)
			other := client.SignIn(t, node.URL, "Bob")
			reader := other.Read(t, client.WebSocket, "kitchen", client.Options{})
			reader.WaitType(t, "live")
			other.Post(t, "kitchen", "before")

			page := run.Firefox(t).Page(t, "Ann")
			page.Visit(t, "http://"+link.Addr, "kitchen", transport)
			page.WaitMessages(t, "before")
			page.Send(t, "from Firefox")
			reader.WaitTexts(t, "before", "from Firefox")
			other.Post(t, "kitchen", "to Firefox")
			page.WaitMessages(t, "before", "from Firefox", "to Firefox")
			members := other.Members(t, "kitchen").Members
			require.Len(t, members, 2)
			for _, member := range members {
				if member.Name == "Ann" {
					assert.Equal(t, transport, member.Transport, "as the server sees it")
				}
			}

			page.Read(t, "window.neverReloaded = true", new(bool))
			// Neither is a reason to open a second WebSocket where the first answers in half a
			// second: given up, that would be an error in the console.
			answers := roundTrip(t, page)
			page.Read(t, `dispatchEvent(new Event("online"))`, new(bool))
			page.Read(t, `document.dispatchEvent(new Event("visibilitychange"))`, new(bool))
			answers = max(answers, roundTrip(t, page))
			link.Swallow()
			other.Post(t, "kitchen", "missed")
			page.Send(t, "said in the gap")
			link.Heal()
			reader.WaitTexts(t, "before", "from Firefox", "to Firefox", "missed", "said in the gap")
			shown := page.WaitMessages(t, "before", "from Firefox", "to Firefox", "missed", "said in the gap")
			page.WaitLive(t, transport)
			other.Post(t, "kitchen", "after")
			page.WaitMessages(t, "before", "from Firefox", "to Firefox", "missed", "said in the gap", "after")
			for i, message := range other.Page(t, "kitchen", "").Messages[:5] {
				assert.Equal(t, message.ID, shown[i].ID)
			}
			var same bool
			page.Read(t, "window.neverReloaded === true", &same)
			assert.True(t, same, "it resumed without a reload")
			console := page.Console()
			if transport == "ws" && answers > asked/2 { // the machine was too busy for an answer in that time
				t.Logf("an answer takes %v: whether a second WebSocket was opened is not looked at", answers)
				console = slices.DeleteFunc(console, func(line string) bool { return strings.Contains(line, "/ws") })
			}
			assert.Empty(t, console, "errors in the console")
		})
	}
}

// asked is how long the page waits for a WebSocket's answer before it opens another.
const asked = 500 * time.Millisecond

// roundTrip is how long a request of the page takes there and back, by its own clock; the longest
// of three.
func roundTrip(t *testing.T, page *browser.FirefoxPage) time.Duration {
	t.Helper()
	var ms float64
	page.Read(t, `(async () => {
		let longest = 0;
		for (let i = 0; i < 3; i++) {
			const began = performance.now();
			await (await fetch("/healthz")).text();
			longest = Math.max(longest, performance.now() - began);
		}
		return longest;
	})()`, &ms)
	return time.Duration(ms * float64(time.Millisecond))
}

// TestFirefoxTellsOfErrors shows that the errors which TestFirefox finds none of would have been
// found.
func TestFirefoxTellsOfErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, `console.error("said"); throw new Error("thrown")`) // the test misses it then
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		_, _ = io.WriteString(w, `<!doctype html><script>document.title = "inline"</script><script src="wrong.js"></script>`)
	}))
	t.Cleanup(server.Close)
	page := run.Firefox(t).Page(t, "Ann")
	page.Open(t, server.URL+"/")
	harness.Eventually(t, "three errors", func() bool { return len(page.Console()) >= 3 })
	console := strings.Join(page.Console(), "\n")
	for _, want := range []string{"blocked an inline script", "said", "thrown"} {
		assert.Contains(t, console, want)
	}
}
