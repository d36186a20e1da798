package program

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestProxiesPassEveryTransport puts programs behind proxies that are set up well, in front of two
// nodes: each request may go to another one.
func TestProxiesPassEveryTransport(t *testing.T) {
	one, other, _ := twoNodes(t)
	proxies := map[string]*harness.Proxy{
		"haproxy": harness.HAProxy(t, "http", one, other),
		"nginx":   harness.Nginx(t, "balance", one, other),
	}
	for name, proxy := range proxies {
		t.Run(name, func(t *testing.T) {
			ann := client.SignIn(t, proxy.URL, "Ann")
			readers := []*client.Reader{}
			for _, kind := range client.Resuming {
				readers = append(readers, ann.Read(t, kind, name, client.Options{}))
			}
			text := ann.Read(t, client.Text, name, client.Options{})
			for _, reader := range readers {
				reader.WaitType(t, "live")
			}
			waitMembers(t, ann, name, "Ann")
			want := []string{"one", "two", "three", "four"}
			for _, text := range want {
				ann.Post(t, name, text)
			}
			readers[0].Send(t, client.Command{Type: "post", Key: "k-ws", Text: "five"})
			readers[0].WaitType(t, "ack")
			want = append(want, "five")
			for _, reader := range readers {
				reader.WaitTexts(t, want...)
			}
			lines := text.Wait(t, "five lines", func(events []client.Event) bool { return len(events) >= len(want) })
			for i, line := range lines {
				assert.True(t, strings.HasSuffix(line.Text, "Ann: "+want[i]), line.Text)
			}
			assert.Contains(t, client.Curl(t, "-d", "from curl", proxy.URL+"/rooms/"+name), `"from curl"`)
			readers[1].WaitText(t, "from curl")
		})
	}
}

// TestBufferingProxyHoldsStreams shows that the nginx of the page's polling test does hold streams,
// and that polls get through it: if it did not, that test would prove nothing.
func TestBufferingProxyHoldsStreams(t *testing.T) {
	node := startNode(t)
	proxy := harness.Nginx(t, "buffering", node)
	ann := client.SignIn(t, proxy.URL, "Ann")
	stream := client.StartCurl(t, "--include", proxy.URL+"/rooms/kitchen/sse?name=Held")
	waitMembers(t, ann, "kitchen", "Held")
	reader := ann.Read(t, client.Poll, "kitchen", client.Options{})
	ann.Post(t, "kitchen", "hello")
	reader.WaitText(t, "hello")
	assert.Empty(t, stream.Output.String(), "the stream is held")
}
