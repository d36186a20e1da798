package program

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/r3labs/sse/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestR3LabsClient reads with a well-known SSE client for Go, which loses its node and resumes on
// another by itself: the last id it saw goes along as Last-Event-ID.
func TestR3LabsClient(t *testing.T) {
	one, other, _ := twoNodes(t)
	proxy := harness.Nginx(t, "balance", one, other)
	ann := client.SignIn(t, one.URL, "Ann")
	want := []string{}
	for i := range 3 {
		want = append(want, fmt.Sprint("before ", i))
		ann.Post(t, "kitchen", want[i])
	}

	var mu sync.Mutex // guards what follows
	var texts, ids []string
	lives := 0
	reader := sse.NewClient(proxy.URL + "/rooms/kitchen/sse?name=r3labs")
	reader.Headers["X-Name"] = "r3labs"
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil { // it gives up at an end without an error, which is how a node says goodbye
			_ = reader.SubscribeRawWithContext(ctx, func(event *sse.Event) {
				mu.Lock()
				defer mu.Unlock()
				switch string(event.Event) {
				case "":
					var message client.Event
					if json.Unmarshal(event.Data, &message) == nil && message.Type == "message" {
						texts, ids = append(texts, message.Text), append(ids, message.ID)
						assert.Equal(t, message.ID, string(event.ID))
					}
				case "live":
					lives++
				}
			})
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	seen := func(what string, enough func() bool) {
		t.Helper()
		harness.Eventually(t, what, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return enough()
		})
	}
	seen("live", func() bool { return lives == 1 })
	ann.Post(t, "kitchen", "live")
	want = append(want, "live")
	seen("a live message", func() bool { return len(texts) == len(want) })

	// Whichever node it is on goes; the proxy takes it to the other.
	code := one.Stop(t)
	require.Zero(t, code)
	ann = ann.At(other.URL)
	for i := range 3 {
		want = append(want, fmt.Sprint("after ", i))
		ann.Post(t, "kitchen", want[len(want)-1])
	}
	seen("the rest", func() bool { return len(texts) >= len(want) })
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, want, texts)
	assert.Len(t, ids, len(want))
}
