package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// told is what a receiver of traces was told: the spans of each trace, as NODE/NAME.
type told struct {
	mu     sync.Mutex // protects following
	traces map[string][]string
	nodes  map[string]bool
	all    string
}

func (r *told) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var export collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &export) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all += string(body)
	for _, of := range export.ResourceSpans {
		node := ""
		for _, about := range of.Resource.Attributes {
			if about.Key == "service.instance.id" {
				node = about.Value.GetStringValue()
			}
		}
		r.nodes[node] = true
		for _, in := range of.ScopeSpans {
			for _, s := range in.Spans {
				id := fmt.Sprintf("%x", s.TraceId)
				r.traces[id] = append(r.traces[id], node+"/"+s.Name)
			}
		}
	}
}

// count is how often a span of a name is in a trace.
func count(spans []string, name string) (n int) {
	for _, s := range spans {
		if len(s) > len(name) && s[len(s)-len(name)-1:] == "/"+name {
			n++
		}
	}
	return n
}

// TestTraces has two nodes tell a receiver of a post's way: over HTTP and over a WebSocket.
func TestTraces(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t)
	r := &told{traces: map[string][]string{}, nodes: map[string]bool{}}
	receiver := httptest.NewServer(r)
	t.Cleanup(receiver.Close)
	args := []string{"--redis-url", redis.URL(), "--otlp-endpoint", receiver.URL, "--otlp-sample", "1"}
	one, other := run.Node(t, args...), run.Node(t, args...)
	ann, bob := client.SignIn(t, one.URL, "Ann"), client.SignIn(t, one.URL, "Bob")
	socket := ann.Read(t, client.WebSocket, "hidden-room", client.Options{})
	stream := bob.At(other.URL).Read(t, client.SSE, "hidden-room", client.Options{})
	socket.WaitType(t, "live")
	stream.WaitType(t, "live")
	_, status, err := bob.TryPost(t.Context(), "hidden-room", "the-key", "said by http")
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	socket.Send(t, client.Command{Type: "post", Key: "another-key", Text: "said by a socket"})
	socket.WaitTexts(t, "said by http", "said by a socket")
	stream.WaitTexts(t, "said by http", "said by a socket")
	require.Zero(t, one.Stop(t)) // what is left is sent
	require.Zero(t, other.Stop(t))

	r.mu.Lock()
	defer r.mu.Unlock()
	require.Len(t, r.traces, 2, "a trace for each post, and for nothing else")
	require.Len(t, r.nodes, 2)
	requests := 0
	for id, spans := range r.traces {
		for name, n := range map[string]int{"post": 1, "feed": 2, "deliver": 2} {
			assert.Equal(t, n, count(spans, name), "%s of %s: %v", name, id, spans)
		}
		assert.NotZero(t, count(spans, "policy"), spans)
		assert.NotZero(t, count(spans, "append"), spans)
		requests += count(spans, "request")
	}
	assert.Equal(t, 1, requests, "the other one had no request of its own")
	for _, secret := range []string{"hidden-room", "Ann", "Bob", "said by", "the-key"} {
		assert.NotContains(t, r.all, secret)
	}
}
