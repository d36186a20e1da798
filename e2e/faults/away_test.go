package faults

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// soon is within how long a post is refused while Redis is away: 2 s, and what a busy machine adds to it.
const soon = 2*time.Second + 250*time.Millisecond

// TestRedisAway takes Redis away in two ways: it is dead, and nobody says anything. Posts are refused in time and with
// when to come back, readers keep their connections, and afterwards nobody has missed anything.
func TestRedisAway(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, way := range []struct {
		name       string
		take, back func(w *world)
	}{
		{"dead", func(w *world) { w.redis.Kill() }, func(w *world) { w.redis.Start(w.t) }},
		{"silent", func(w *world) { w.nodes[0].link.Swallow() }, func(w *world) { w.nodes[0].link.Heal() }},
	} {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t, 1, 300)
			node := w.nodes[0]
			ann := client.SignIn(t, node.URL, "Ann")
			room := check.Room{Name: "kitchen", Limit: 300}
			readers := map[client.Kind]*client.Reader{}
			for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
				readers[kind] = client.SignIn(t, node.URL, "Reader by "+string(kind)).Read(t, kind, "kitchen", client.Options{})
				readers[kind].WaitType(t, "live")
			}
			post := func(key, text string) check.Attempt {
				a := check.Attempt{Author: ann.ID, Key: key, Text: text, Sent: time.Now()}
				message, status, err := ann.TryPost(t.Context(), "kitchen", key, text)
				require.NoError(t, err, "a post is always answered")
				a.Answered, a.Status = time.Now(), status
				if status != http.StatusServiceUnavailable {
					a.ID = message.ID
				}
				room.Attempts = append(room.Attempts, a)
				return a
			}
			require.NotEmpty(t, post("k-before", "before").ID)
			way.take(w)

			var longest time.Duration
			for i := range 5 {
				a := post(fmt.Sprintf("k-%d", i), fmt.Sprintf("meanwhile %d", i))
				assert.Equal(t, http.StatusServiceUnavailable, a.Status)
				longest = max(longest, a.Answered.Sub(a.Sent))
			}
			assert.Less(t, longest, soon)
			t.Logf("a post was refused after %v at most", longest.Round(time.Millisecond))
			resp := ann.Do(t, http.MethodPost, "/rooms/kitchen/messages", `{"text":"meanwhile 0","key":"k-0"}`, "Content-Type", "application/json")
			assert.Equal(t, "unavailable", resp.Problem(t).Code)
			seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			assert.NoError(t, err)
			assert.Positive(t, seconds)
			began := time.Now()
			readers[client.WebSocket].Send(t, client.Command{Type: "post", Key: "k-ws", Text: "meanwhile"})
			assert.Equal(t, "unavailable", readers[client.WebSocket].WaitType(t, "error").Code)
			assert.Less(t, time.Since(began), soon)
			harness.Eventually(t, "the node to say that it is not ready", func() bool {
				return statusOf(t, node.URL+"/readyz") == http.StatusServiceUnavailable
			})
			assert.Equal(t, http.StatusOK, statusOf(t, node.URL+"/healthz"), "the node itself is alive")

			way.back(w)
			harness.Eventually(t, "posts to be stored again", func() bool { return post("k-0", "meanwhile 0").ID != "" })
			for i := 1; i < 5; i++ {
				require.NotEmpty(t, post(fmt.Sprintf("k-%d", i), fmt.Sprintf("meanwhile %d", i)).ID)
			}
			ws := client.Command{Type: "post", Key: "k-ws", Text: "meanwhile"}
			sent := time.Now()
			readers[client.WebSocket].Send(t, ws)
			ack := readers[client.WebSocket].WaitType(t, "ack")
			room.Attempts = append(room.Attempts, check.Attempt{
				Author: readers[client.WebSocket].WaitType(t, "welcome").ClientID, Key: ws.Key, Text: ws.Text,
				Sent: sent, Answered: ack.At, Status: http.StatusCreated, ID: ack.ID,
			})
			last := post("k-last", "after")
			node.AwaitReady(t)
			for kind, reader := range readers {
				reader.WaitText(t, "after")
				events := reader.Events()
				assert.False(t, slices.ContainsFunc(events, func(e client.Event) bool {
					return e.Type == client.TypeEnd || e.Type == client.TypeOpen
				}), "the reader by %s has kept its connection", kind)
				room.Readings = append(room.Readings, check.Reading{Who: string(kind), Events: events})
			}
			room.Kept = ann.Page(t, "kitchen", "limit=1000").Messages
			assert.Equal(t, last.ID, room.Kept[len(room.Kept)-1].ID)
			if faults := room.Check(); !assert.Empty(t, faults) {
				t.Log(check.Dump(room))
			}
		})
	}
}

// statusOf is the status of a GET, however long it takes.
func statusOf(t *testing.T, url string) int {
	t.Helper()
	return client.Do(t, http.MethodGet, url, "").Status
}

// TestSameKeyAtTwoNodes gives two nodes the same key at the same moment, many times over.
func TestSameKeyAtTwoNodes(t *testing.T) {
	const times = 300
	w := newWorld(t, 2, 1000)
	ann := client.SignIn(t, w.nodes[0].URL, "Ann")
	var attempts [2][]check.Attempt
	for i := range times {
		key, text := fmt.Sprintf("k-%d", i), fmt.Sprintf("message %d", i)
		var both sync.WaitGroup
		for j, node := range w.nodes {
			both.Go(func() {
				a := check.Attempt{Author: ann.ID, Key: key, Text: text, Sent: time.Now()}
				message, status, err := ann.At(node.URL).TryPost(t.Context(), "kitchen", key, text)
				if assert.NoError(t, err) {
					a.Answered, a.Status, a.ID = time.Now(), status, message.ID
				}
				attempts[j] = append(attempts[j], a)
			})
		}
		both.Wait()
		one, other := attempts[0][i], attempts[1][i]
		require.Equal(t, one.ID, other.ID)
		require.Equal(t, http.StatusCreated+http.StatusOK, one.Status+other.Status, "one of them stored it, the other found it")
	}
	first := 0
	for _, a := range attempts[0] {
		if a.Status == http.StatusCreated {
			first++
		}
	}
	t.Logf("of %d, the one node was first %d times", times, first)
	room := check.Room{Name: "kitchen", Limit: 1000, Attempts: slices.Concat(attempts[0], attempts[1])}
	room.Kept = ann.Page(t, "kitchen", "limit=1000").Messages
	assert.Len(t, room.Kept, times)
	assert.Empty(t, room.Check())
}
