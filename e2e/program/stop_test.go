package program

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestStop stops one of two nodes with SIGTERM while people read and post on it.
func TestStop(t *testing.T) {
	t.Parallel() // it mostly waits
	one, other, _ := twoNodes(t, "--history-limit", "10000")
	ann := client.SignIn(t, one.URL, "Ann")
	readers := map[client.Kind]*client.Reader{}
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON, client.Text} {
		readers[kind] = client.SignIn(t, one.URL, "Reader by "+string(kind)).Read(t, kind, "kitchen", client.Options{Query: "all=1"})
	}
	waiting := make(chan client.Response, 1)
	go func() { waiting <- ann.Do(t, http.MethodGet, "/rooms/empty/messages?wait=50", "") }()
	watch := client.SignIn(t, other.URL, "Watcher").Read(t, client.WebSocket, "kitchen", client.Options{})
	watch.WaitType(t, "live")
	waitMembers(t, ann.At(other.URL), "empty", "Ann")

	var mu sync.Mutex // guards posts
	var posts []check.Post
	var writers sync.WaitGroup
	for i := range 4 {
		writer := client.SignIn(t, one.URL, fmt.Sprintf("Writer %d", i))
		writers.Go(func() {
			for n := 0; ; n++ {
				message, status, err := writer.TryPost(t.Context(), "kitchen", fmt.Sprintf("k-%d-%d", i, n), fmt.Sprintf("writer %d, message %d", i, n))
				if err != nil || status == http.StatusServiceUnavailable {
					return // the node has gone
				}
				if !assert.Equal(t, http.StatusCreated, status, message.Raw) {
					return
				}
				mu.Lock()
				posts = append(posts, check.Posted(message))
				mu.Unlock()
			}
		})
	}
	watch.Wait(t, "50 messages", func(events []client.Event) bool { return len(of("message", events)) >= 50 })

	assert.Zero(t, one.Stop(t), "it was done within its own time")
	writers.Wait()

	for kind, reader := range readers {
		end := reader.WaitEnd(t)
		assert.Equal(t, client.TypeEnd, end.Type)
		switch kind {
		case client.WebSocket:
			assert.Equal(t, websocket.CloseGoingAway, end.Status, client.Dump(reader.Events()[len(reader.Events())-3:]))
		case client.Text:
			assert.Equal(t, "<nil>", end.Detail, "the text stream ends properly")
		default:
			news := of("error", reader.Events())
			if assert.Len(t, news, 1, kind) {
				assert.Equal(t, "going_away", news[0].Code)
				assert.Positive(t, news[0].RetryAfter)
			}
			assert.Equal(t, "<nil>", end.Detail, "%s ends properly", kind)
		}
	}
	answer := <-waiting
	assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, answer.Status, "the poll is answered: %s", answer.Body)

	// All that was acknowledged is kept, in one order, and the others have it already.
	last := client.SignIn(t, other.URL, "Last").Post(t, "kitchen", "the end")
	watch.WaitText(t, "the end")
	posts = append(posts, check.Posted(last))
	assert.Empty(t, check.Posts(posts))
	assert.Empty(t, check.Reader(posts, "", watch.Events()))
	kept := client.Guest(other.URL, "").Page(t, "kitchen", "limit=1000").Messages
	assert.Empty(t, check.Reader(posts, before(kept), kept))

	// The node has given up its members' leases: they are gone well before a lease would have
	// ended.
	waitMembers(t, ann.At(other.URL), "kitchen", "Watcher")
	t.Logf("stopped in %v by its own clock, after %d posts", one.StopTook(), len(posts))
}

// before is a cursor right before the first of these messages.
func before(messages []client.Event) string {
	var seq int
	if len(messages) == 0 {
		return ""
	}
	if _, err := fmt.Sscanf(messages[0].ID, "%d-", &seq); err != nil || seq <= 1 {
		return ""
	}
	return fmt.Sprintf("%d-00000001", seq-1)
}

func TestInterrupt(t *testing.T) {
	node := startNode(t)
	reader := client.SignIn(t, node.URL, "Ann").Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	node.Signal(syscall.SIGINT)
	assert.Zero(t, node.Wait(t), "it was done within its own time")
	assert.Equal(t, websocket.CloseGoingAway, reader.WaitEnd(t).Status)
}

// TestRedisAway takes Redis away from a node: posts are refused and never half acknowledged,
// readers keep their connections, and when Redis is back all goes on.
func TestRedisAway(t *testing.T) {
	one, _, redis := twoNodes(t)
	ann := client.SignIn(t, one.URL, "Ann")
	reader := ann.Read(t, client.WebSocket, "kitchen", client.Options{})
	reader.WaitType(t, "live")
	ann.Post(t, "kitchen", "before")
	reader.WaitText(t, "before")

	redis.Kill()
	resp := ann.Do(t, http.MethodPost, "/rooms/kitchen/messages", `{"text":"meanwhile","key":"k-1"}`, asJSON...)
	require.Equal(t, http.StatusServiceUnavailable, resp.Status, resp.Body)
	assert.Equal(t, "unavailable", resp.Problem(t).Code)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	reader.Send(t, client.Command{Type: "post", Key: "k-2", Text: "meanwhile too"})
	refused := reader.WaitType(t, "error")
	assert.Equal(t, "unavailable", refused.Code)
	assert.Equal(t, "k-2", refused.Key)
	harness.Await(t, "the node to say that it is not ready", func() int { return harness.Status(one.URL + "/readyz") },
		func(status int) bool { return status == http.StatusServiceUnavailable })
	assert.Equal(t, http.StatusOK, harness.Status(one.URL+"/healthz"), "the node itself is alive")

	redis.Start(t)
	one.AwaitReady(t)
	harness.Await(t, "the post to be stored", func() string {
		_, status, err := ann.TryPost(t.Context(), "kitchen", "k-1", "after")
		return fmt.Sprint(status, err)
	}, func(outcome string) bool { return outcome == fmt.Sprint(http.StatusCreated, nil) })
	reader.WaitText(t, "after")
	assert.Empty(t, of(client.TypeEnd, reader.Events()), "the reader's connection stayed")
	assert.Equal(t, "rewritten", reader.WaitType(t, "reset").Reason, "this Redis came back without its data")
}
