package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// former is the commit before metrics, the administration, webhooks and the other parts for operators
// and programs: the version whose nodes have to live beside ours on one Redis.
const former = "a44b19f82f110db430afbc3a476897123ed783de"

// noFormer is set when the history does not go back so far.
var noFormer atomic.Bool

// tellSkipped says at the end of the run what was left out, which go test does not show.
func tellSkipped() {
	if noFormer.Load() {
		fmt.Printf("NOT CHECKED: rolling upgrades: this clone does not have %s; get it by: git fetch --unshallow\n", former[:12])
	}
}

var buildFormer = sync.OnceValues(func() (string, error) { return harness.BuildCommit(runDir, former) })

// formerPrograms is the program as it was then. The test is skipped where the history does not go
// back so far.
func formerPrograms(t *testing.T) harness.Programs {
	t.Helper()
	program, err := buildFormer()
	if errors.Is(err, harness.ErrNoHistory) {
		noFormer.Store(true)
		t.Skip(err)
	}
	require.NoError(t, err)
	return harness.Programs{Caller: program}
}

// upgrading is three nodes of the former program behind one address, and people at it.
func upgrading(t *testing.T, old harness.Programs, o options) *cluster {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("seed %d", chosen)
	c := newClusterOf(t, old, 3, o.limit)
	c.random = rand.New(rand.NewPCG(chosen, 0))
	var nodes []*harness.Node
	for _, node := range c.nodes {
		nodes = append(nodes, node.Node)
	}
	o.seed, o.nodes = chosen, c.bases()
	c.crowd = gather(t, []string{harness.HAProxy(t, "nodes", nodes...).URL}, o)
	c.recover()
	return c
}

// replace puts another program in a node's place, in the way that docs/upgrading.md says, or with the
// node killed.
func (c *cluster) replace(i int, by harness.Programs, killed bool) {
	c.t.Helper()
	node, which := c.nodes[i], "this program"
	if by != programs {
		which = "the former program"
	}
	if killed {
		c.crowd.note("node %d is killed, %s takes its place", i, which)
		node.Kill()
	} else {
		c.crowd.note("node %d is asked to stop, %s takes its place", i, which)
		require.Zero(c.t, node.Stop(c.t), "node %d after SIGTERM", i)
	}
	node.program = by
	node.restart(c.t)
	node.AwaitReady(c.t)
	c.recover()
	c.crowd.note("recovered")
}

// TestRollingUpgrade replaces the former program's nodes with this one's, one after another, while
// people talk through one address, and puts one back for a while. Nobody loses anything, and nobody
// is shown leaving.
func TestRollingUpgrade(t *testing.T) {
	long(t)
	old := formerPrograms(t)
	c := upgrading(t, old, options{rooms: 3, people: 5, limit: 300, pause: 400 * time.Millisecond, owned: 2, stays: true})
	for _, step := range []struct {
		node int
		by   harness.Programs
	}{
		{0, programs},
		{1, programs},
		{1, old}, // it is rolled back
		{2, programs},
		{1, programs},
	} {
		if t.Failed() {
			break
		}
		c.replace(step.node, step.by, false)
		time.Sleep(c.between(2*time.Second, 5*time.Second)) // for how long they are mixed so
	}
	c.crowd.judge(t)
}

// TestRollingUpgradeUnderFaults is the same with nodes that are killed, and with every fault of
// TestChaos once while the nodes are of both programs.
func TestRollingUpgradeUnderFaults(t *testing.T) {
	long(t)
	old := formerPrograms(t)
	c := upgrading(t, old, options{rooms: 3, people: 5, limit: 300, pause: 400 * time.Millisecond, owned: 2})
	order := c.random.Perm(len(all))
	mixed := [][]struct {
		node int
		by   harness.Programs
	}{
		{{0, programs}},
		{{1, programs}},
		{{0, old}, {2, programs}}, // one is rolled back
	}
	for i, steps := range mixed {
		for _, step := range steps {
			if !t.Failed() {
				c.replace(step.node, step.by, true)
			}
		}
		for _, which := range order[i*len(order)/len(mixed) : (i+1)*len(order)/len(mixed)] {
			if !t.Failed() {
				c.suffer(all[which])
			}
		}
	}
	if !t.Failed() {
		c.replace(0, programs, true)
	}
	c.crowd.judge(t)
}
