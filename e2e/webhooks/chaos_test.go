package webhooks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// TestChaos kills nodes and has receivers fail, be slow, cut off and start again, by a seed, while
// people talk in several rooms. In the end every hook has had every event that it asked for of its
// room, in order, and nothing else.
func TestChaos(t *testing.T) {
	by := *seed
	if by == 0 {
		by = rand.Uint64()
	}
	t.Logf("seed %d", by)
	random := rand.New(rand.NewPCG(by, 0))
	redis := harness.StartRedis(t)
	ofNode := startReceiver(t, nodeSecret)
	args := []string{"--redis-url", redis.URL(), "--webhook-allow-private", "--webhook", ofNode.url(), "--webhook-secret", nodeSecret, "--webhook-events", "message"}
	nodes := &cluster{args: args}
	for range 3 {
		nodes.nodes = append(nodes.nodes, programs.Node(t, args...))
	}
	ann := client.SignIn(t, nodes.any(), "Ann")
	const rooms = 4
	type told struct {
		room string
		*receiver
	}
	var receivers []told
	var ids []string
	for range rooms {
		room := ownedRoom(t, ann)
		ids = append(ids, room)
		for range 2 {
			r := startReceiver(t)
			r.knows(makeHook(t, ann, room, r.url(), "message").Secret)
			receivers = append(receivers, told{room, r})
		}
	}
	quiet := startReceiver(t)
	quiet.knows(makeHook(t, ann, ids[0], quiet.url(), "room.closed").Secret)

	ctx, stop := context.WithTimeout(t.Context(), *duration)
	defer stop()
	said := make([][]string, rooms)
	var talking sync.WaitGroup
	for i, room := range ids {
		talking.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				text := fmt.Sprintf("%d-%d", i, n)
				// It goes on until it knows that it was taken.
				if _, err := ann.Insist(t.Context(), nodes.any, room, "k-"+text, text); !assert.NoError(t, err) {
					return
				}
				said[i] = append(said[i], text)
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond): // a pace that people do not reach
				}
			}
		})
	}
	for ctx.Err() == nil {
		r := receivers[random.IntN(len(receivers))]
		switch random.IntN(7) {
		case 0, 1:
			nodes.replace(t, random.IntN(3))
		case 2:
			r.behave(func(w http.ResponseWriter, g got) bool { w.WriteHeader(http.StatusBadGateway); return false })
		case 3:
			r.behave(func(w http.ResponseWriter, g got) bool { time.Sleep(300 * time.Millisecond); return true }) // a slow one
		case 4:
			r.stop()
			r.start(t)
		case 5: // it takes what it is sent, and the answer gets lost
			r.behave(func(w http.ResponseWriter, g got) bool {
				if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
					_ = c.Close()
				}
				return true
			})
		case 6:
			r.behave(nil)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(random.IntN(1000)) * time.Millisecond):
		}
	}
	talking.Wait()
	for _, r := range receivers {
		r.behave(nil)
	}
	total := 0
	for i := range said {
		total += len(said[i])
		require.NotEmpty(t, said[i])
	}
	check := func(r *receiver, i int) {
		t.Helper()
		testwait.Until(t, func() bool { return len(r.texts(ids[i])) >= len(said[i]) }, "room %d has been told", i)
		assert.Equal(t, said[i], r.texts(ids[i]), "all, in the order in which they were said")
	}
	for n, r := range receivers {
		check(r.receiver, n/2)
		for _, g := range r.all() {
			assert.Equal(t, r.room, g.Room, "of its own room alone")
			assert.Equal(t, "message", g.Type, "and what it asked for")
		}
		assert.Empty(t, r.faults())
	}
	for i := range ids {
		check(ofNode, i)
	}
	assert.Empty(t, ofNode.faults())
	assert.Empty(t, quiet.requests(), "nothing that was not asked for")
	sameIDs(t, ofNode, receivers[0].receiver)
	t.Logf("%d messages, %d nodes killed, %d requests to a room's first hook for %d", total, nodes.killed, len(receivers[0].requests()), len(said[0]))
}

// sameIDs checks that an event has one id, wherever and however often it is sent.
func sameIDs(t *testing.T, receivers ...*receiver) {
	t.Helper()
	known := map[string]string{}
	for _, r := range receivers {
		for _, g := range r.requests() {
			event := g.Room + " " + g.Entry
			if id, ok := known[event]; ok {
				assert.Equal(t, id, g.ID)
			}
			known[event] = g.ID
		}
	}
}

// cluster are the nodes, of which one at a time is killed and replaced.
type cluster struct {
	args   []string
	killed int

	mu    sync.Mutex // protects following
	nodes []*harness.Node
	next  int
}

func (c *cluster) any() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return c.nodes[c.next%len(c.nodes)].URL
}

func (c *cluster) replace(t *testing.T, i int) {
	t.Helper()
	c.mu.Lock()
	node := c.nodes[i]
	c.mu.Unlock()
	node.Kill()
	c.killed++
	node = programs.Node(t, c.args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i] = node
}
