package faults

import (
	"fmt"
	"net/http"
	"regexp"
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
	"github.com/caller-chat/caller/e2e/internal/times"
)

const (
	// soon is within what time a post is promised to be refused while Redis is away: what the node
	// waits for it.
	soon = 2 * time.Second
	// besides is how many times the longest that the node took for a post which it could store a
	// refusal may take on top: the same way through the program, with a timer that has to be run in
	// the middle of it.
	besides = 3
	// usual is what a post is taken to need at least, so that one slice of the scheduler more is no
	// fault.
	usual = 50 * time.Millisecond
)

// took is the longest that the node was at a post with this status, by its own clock.
func took(node *harness.Node, status int) (longest time.Duration) {
	line := regexp.MustCompile(fmt.Sprintf(`msg=request .*method=POST path=/rooms/kitchen/messages status=%d .*took=(\S+)`, status))
	for _, found := range line.FindAllStringSubmatch(node.Output.String(), -1) {
		one, _ := time.ParseDuration(found[1]) // it printed one
		longest = max(longest, one)
	}
	return longest
}

// TestRedisAway takes Redis away in two ways: it is dead, and nobody says anything. Posts are
// refused in time and with when to come back, readers keep their connections, and afterwards nobody
// has missed anything.
func TestRedisAway(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, way := range []struct {
		name       string
		take, back func(c *cluster)
	}{
		{"dead", func(c *cluster) { c.redis.Kill() }, func(c *cluster) { c.redis.Start(c.t) }},
		{"silent", func(c *cluster) { c.nodes[0].link.Swallow() }, func(c *cluster) { c.nodes[0].link.Heal() }},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := newCluster(t, 1, 300, "--log-level", "debug")
			node := c.nodes[0]
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
			for i := range 20 {
				require.NotEmpty(t, post(fmt.Sprintf("k-before-%d", i), fmt.Sprintf("before %d", i)).ID)
			}
			stored := harness.Await(t, "posts in the node's log", func() time.Duration { return took(node.Node, http.StatusCreated) },
				func(longest time.Duration) bool { return longest > 0 })
			stalls := times.Stalls()
			way.take(c)

			for i := range 5 {
				a := post(fmt.Sprintf("k-%d", i), fmt.Sprintf("meanwhile %d", i))
				assert.Equal(t, http.StatusServiceUnavailable, a.Status)
			}
			resp := ann.Do(t, http.MethodPost, "/rooms/kitchen/messages", `{"text":"meanwhile 0","key":"k-0"}`, "Content-Type", "application/json")
			assert.Equal(t, "unavailable", resp.Problem(t).Code)
			seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			assert.NoError(t, err)
			assert.Positive(t, seconds)
			readers[client.WebSocket].Send(t, client.Command{Type: "post", Key: "k-ws", Text: "meanwhile"})
			assert.Equal(t, "unavailable", readers[client.WebSocket].WaitType(t, "error").Code)
			harness.Eventually(t, "the node to say that it is not ready", func() bool {
				return statusOf(t, node.URL+"/readyz") == http.StatusServiceUnavailable
			})
			assert.Equal(t, http.StatusOK, statusOf(t, node.URL+"/healthz"), "the node itself is alive")

			way.back(c)
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
			refused := took(node.Node, http.StatusServiceUnavailable)
			require.Positive(t, refused)
			held := soon + besides*max(stored, usual) + stalls()
			measured.Add(times.Row{What: "a post refused, Redis " + way.name, Took: refused, Promised: soon, Machine: stored, Held: held})
			assert.Less(t, refused, held, "a post is refused in time")
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
	c := newCluster(t, 2, 1000)
	ann := client.SignIn(t, c.nodes[0].URL, "Ann")
	var attempts [2][]check.Attempt
	for i := range times {
		key, text := fmt.Sprintf("k-%d", i), fmt.Sprintf("message %d", i)
		var both sync.WaitGroup
		for j, node := range c.nodes {
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
