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

// cluster is what a crowd of people stands on: nodes, each with a link of its own to one Redis.
type cluster struct {
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
	program harness.Programs
	link    *harness.Link
	args    []string
}

// restart starts a node again where one has ended.
func (s *station) restart(t *testing.T) {
	t.Helper()
	s.Node = s.program.StartNode(t, s.args...)
}

func newCluster(t *testing.T, nodes, limit int, more ...string) *cluster {
	t.Helper()
	return newClusterOf(t, programs, nodes, limit, more...)
}

// newClusterOf is a cluster of a program's nodes.
func newClusterOf(t *testing.T, program harness.Programs, nodes, limit int, more ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, redis: harness.StartRedis(t, harness.Durable...)}
	for range nodes {
		link := harness.StartLink(t, c.redis.Addr)
		// A port of its own: one that the system gives to outgoing connections could be taken when
		// the node comes back.
		args := nodeArgs("redis://"+link.Addr, "--history-limit", fmt.Sprint(limit),
			"--addr", fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t)))
		args = append(args, more...)
		c.nodes = append(c.nodes, &station{program.Node(t, args...), program, link, args})
	}
	return c
}

func (c *cluster) bases() []string {
	var bases []string
	for _, node := range c.nodes {
		bases = append(bases, node.URL)
	}
	return bases
}

// between is a random time.
func (c *cluster) between(from, to time.Duration) time.Duration {
	return from + time.Duration(c.random.Int64N(int64(to-from)))
}

func (c *cluster) node() (*station, string) {
	i := c.random.IntN(len(c.nodes))
	return c.nodes[i], fmt.Sprintf("node %d", i)
}

// fault is one thing that goes wrong. When do returns, it is over: everybody must be well again in
// bounded time.
type fault struct {
	name string
	// outage is whether a node is without its Redis in it, or stands still.
	outage bool
	do     func(c *cluster)
}

var all = []fault{
	{"redis is killed and comes back with its data", true, func(c *cluster) {
		c.redis.Kill()
		time.Sleep(c.between(200*time.Millisecond, 5*time.Second)) // for how long it is away
		c.redis.Start(c.t)
	}},
	{"redis is killed and comes back without its data", true, func(c *cluster) {
		putBack := c.backUp()
		loss := check.Loss{Why: "Redis lost its data", At: time.Now()}
		c.redis.Kill()
		loss.Gone = time.Now()
		c.redis.Erase(c.t)
		time.Sleep(c.between(0, 3*time.Second)) // for how long it is away
		c.redis.Start(c.t)
		putBack()
		c.recover()
		loss.Recovered = time.Now()
		c.crowd.lost(loss)
	}},
	{"the Pub/Sub connections are cut", false, func(c *cluster) {
		client := c.redis.Client()
		defer func() { _ = client.Close() }() // nothing of it is used after this
		for range 1 + c.random.IntN(4) {
			require.NoError(c.t, client.Do(c.t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err())
			time.Sleep(c.between(0, 500*time.Millisecond)) // until the next
		}
	}},
	{"a link is slow", false, func(c *cluster) {
		node, name := c.node()
		c.crowd.note("%s", name)
		node.link.Slow(500 * time.Millisecond)
		time.Sleep(c.between(2*time.Second, 5*time.Second)) // for how long it is
		node.link.Heal()
	}},
	{"answers are cut half-way", true, func(c *cluster) {
		node, name := c.node()
		c.crowd.note("%s", name)
		for range 1 + c.random.IntN(5) {
			node.link.Halve(1 + c.random.IntN(5))
			time.Sleep(c.between(100*time.Millisecond, time.Second)) // until the next
		}
		node.link.Heal()
	}},
	{"a link swallows everything", true, func(c *cluster) {
		node, name := c.node()
		c.crowd.note("%s", name)
		node.link.Swallow()
		time.Sleep(c.between(3*time.Second, 8*time.Second)) // for how long it does
		node.link.Heal()
	}},
	{"a node is killed", false, func(c *cluster) {
		node, name := c.node()
		c.crowd.note("%s", name)
		node.Kill()
		time.Sleep(c.between(0, 3*time.Second)) // for how long it is away
		node.restart(c.t)
		node.AwaitReady(c.t)
	}},
	{"a node is stopped and resumed", true, func(c *cluster) {
		node, name := c.node()
		c.crowd.note("%s", name)
		length := c.between(3*time.Second, 9*time.Second)
		if c.long {
			length = 30 * time.Second
		}
		node.Signal(syscall.SIGSTOP)
		defer node.Signal(syscall.SIGCONT)
		time.Sleep(length) // for how long it stands
	}},
	{"all nodes are restarted one by one", false, func(c *cluster) {
		for i, node := range c.nodes {
			require.Zero(c.t, node.Stop(c.t), "node %d after SIGTERM", i)
			c.crowd.note("node %d stopped in %v", i, node.StopTook())
			node.restart(c.t)
			node.AwaitReady(c.t)
		}
	}},
}

// recover waits until all is well again.
func (c *cluster) recover() {
	c.t.Helper()
	if err := c.crowd.recovers(); err != nil {
		c.crowd.note("%v", err)
		c.t.Error(err)
	}
}

// suffer has something go wrong, and waits until all is well again.
func (c *cluster) suffer(f fault) {
	c.t.Helper()
	began := time.Now()
	c.crowd.note("%s", f.name)
	f.do(c)
	over := time.Now()
	c.recover()
	c.crowd.note("recovered")
	if f.outage {
		c.crowd.without(check.Outage{From: began, To: time.Now()})
	}
	c.t.Logf("%s: %v, and %v until all was well", f.name, over.Sub(began).Round(time.Millisecond), time.Since(over).Round(time.Millisecond))
}

// TestChaos breaks one thing after the other, in random order, under people who read and post in
// random ways. Two of the rooms are somebody's, who bans and mutes the others and changes the
// settings all the while. It ends with the first promise that is not kept.
func TestChaos(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	random := rand.New(rand.NewPCG(chosen, 0))
	limit := []int{60, 300, 600}[random.IntN(3)]
	t.Logf("seed %d, %v, %d entries kept; again with: make faults DURATION=%v SEED=%d", chosen, *duration, limit, *duration, chosen)
	c := newCluster(t, 3, limit)
	c.random, c.long = random, *duration >= 5*time.Minute
	c.crowd = gather(t, c.bases(), options{rooms: 3, people: 5, limit: limit, pause: 400 * time.Millisecond, seed: chosen, owned: 2})
	deadline := time.Now().Add(*duration)
	c.recover()
	for !t.Failed() && time.Now().Before(deadline) {
		order := random.Perm(len(all))
		for _, i := range order {
			if time.Now().After(deadline) || t.Failed() {
				break
			}
			c.suffer(all[i])
			time.Sleep(c.between(0, 500*time.Millisecond)) // some peace
		}
	}
	c.crowd.judge(t)
}
