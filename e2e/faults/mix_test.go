package faults

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// world is what a crowd of people stands on: nodes, each with a link of its own to one Redis.
type world struct {
	t      *testing.T
	redis  *harness.Redis
	nodes  []*station
	random *rand.Rand
	crowd  *crowd
	// long is whether there is time for long faults.
	long bool
}

// station is a node's place: it is started again at the same address.
type station struct {
	*harness.Node
	link *harness.Link
	args []string
}

// restart starts a node again where one has ended.
func (s *station) restart(t *testing.T) {
	t.Helper()
	s.Node = programs.StartNode(t, s.args...)
}

func newWorld(t *testing.T, nodes, limit int, more ...string) *world {
	t.Helper()
	w := &world{t: t, redis: harness.StartRedis(t, harness.Durable...)}
	for range nodes {
		link := harness.StartLink(t, w.redis.Addr)
		// A port of its own: one that the system gives to outgoing connections could be taken when the node comes back.
		args := nodeArgs("redis://"+link.Addr, "--history-limit", fmt.Sprint(limit),
			"--addr", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)))
		args = append(args, more...)
		w.nodes = append(w.nodes, &station{programs.Node(t, args...), link, args})
	}
	return w
}

func (w *world) bases() []string {
	var bases []string
	for _, node := range w.nodes {
		bases = append(bases, node.URL)
	}
	return bases
}

// between is a random time.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.random.Int64N(int64(to-from)))
}

func (w *world) node() (*station, string) {
	i := w.random.IntN(len(w.nodes))
	return w.nodes[i], fmt.Sprintf("node %d", i)
}

// fault is one thing that goes wrong. When do returns, it is over: everybody must be well again in bounded time.
type fault struct {
	name string
	// outage is whether a node is without its Redis in it, or stands still.
	outage bool
	do     func(w *world)
}

var all = []fault{
	{"redis is killed and comes back with its data", true, func(w *world) {
		w.redis.Kill()
		time.Sleep(w.between(200*time.Millisecond, 5*time.Second)) // for how long it is away
		w.redis.Start(w.t)
	}},
	{"redis is killed and comes back without its data", true, func(w *world) {
		loss := check.Loss{Why: "Redis lost its data", At: time.Now()}
		w.redis.Kill()
		loss.Gone = time.Now()
		w.redis.Erase(w.t)
		time.Sleep(w.between(0, 3*time.Second)) // for how long it is away
		w.redis.Start(w.t)
		w.recover()
		loss.Recovered = time.Now()
		w.crowd.lost(loss)
	}},
	{"the Pub/Sub connections are cut", false, func(w *world) {
		client := w.redis.Client()
		defer func() { _ = client.Close() }() // nothing of it is used after this
		for range 1 + w.random.IntN(4) {
			require.NoError(w.t, client.Do(w.t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err())
			time.Sleep(w.between(0, 500*time.Millisecond)) // until the next
		}
	}},
	{"a link is slow", false, func(w *world) {
		node, name := w.node()
		w.crowd.note("%s", name)
		node.link.Slow(500 * time.Millisecond)
		time.Sleep(w.between(2*time.Second, 5*time.Second)) // for how long it is
		node.link.Heal()
	}},
	{"answers are cut half-way", true, func(w *world) {
		node, name := w.node()
		w.crowd.note("%s", name)
		for range 1 + w.random.IntN(5) {
			node.link.Halve(1 + w.random.IntN(5))
			time.Sleep(w.between(100*time.Millisecond, time.Second)) // until the next
		}
		node.link.Heal()
	}},
	{"a link swallows everything", true, func(w *world) {
		node, name := w.node()
		w.crowd.note("%s", name)
		node.link.Swallow()
		time.Sleep(w.between(3*time.Second, 8*time.Second)) // for how long it does
		node.link.Heal()
	}},
	{"a node is killed", false, func(w *world) {
		node, name := w.node()
		w.crowd.note("%s", name)
		node.Kill()
		time.Sleep(w.between(0, 3*time.Second)) // for how long it is away
		node.restart(w.t)
		node.AwaitReady(w.t)
	}},
	{"a node is stopped and resumed", true, func(w *world) {
		node, name := w.node()
		w.crowd.note("%s", name)
		length := w.between(3*time.Second, 9*time.Second)
		if w.long {
			length = 30 * time.Second
		}
		node.Signal(syscall.SIGSTOP)
		defer node.Signal(syscall.SIGCONT)
		time.Sleep(length) // for how long it stands
	}},
	{"all nodes are restarted one by one", false, func(w *world) {
		for i, node := range w.nodes {
			require.Zero(w.t, node.Stop(w.t), "node %d after SIGTERM", i)
			w.crowd.note("node %d stopped in %v", i, node.StopTook())
			node.restart(w.t)
			node.AwaitReady(w.t)
		}
	}},
}

// recover waits until all is well again.
func (w *world) recover() {
	w.t.Helper()
	if err := w.crowd.recovers(); err != nil {
		w.crowd.note("%v", err)
		w.t.Error(err)
	}
}

// TestMix breaks one thing after the other, in random order, under people who read and post in random ways. It ends with
// the first promise that is not kept.
func TestMix(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	random := rand.New(rand.NewPCG(chosen, 0))
	limit := []int{60, 300, 600}[random.IntN(3)]
	t.Logf("seed %d, %v, %d entries kept; again with: make faults DURATION=%v SEED=%d", chosen, *duration, limit, *duration, chosen)
	w := newWorld(t, 3, limit)
	w.random, w.long = random, *duration >= 5*time.Minute
	w.crowd = gather(t, w.bases(), options{rooms: 3, people: 5, limit: limit, pause: 400 * time.Millisecond, seed: chosen})
	deadline := time.Now().Add(*duration)
	w.recover()
	for !t.Failed() && time.Now().Before(deadline) {
		order := random.Perm(len(all))
		for _, i := range order {
			began := time.Now()
			if began.After(deadline) || t.Failed() {
				break
			}
			w.crowd.note("%s", all[i].name)
			all[i].do(w)
			over := time.Now()
			w.recover()
			w.crowd.note("recovered")
			if all[i].outage {
				w.crowd.without(check.Outage{From: began, To: time.Now()})
			}
			t.Logf("%s: %v, and %v until all was well", all[i].name, over.Sub(began).Round(time.Millisecond), time.Since(over).Round(time.Millisecond))
			time.Sleep(w.between(0, 500*time.Millisecond)) // some peace
		}
	}
	w.crowd.judge(t)
}
