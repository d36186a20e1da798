package harness

import (
	"context"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Cluster is a Redis Cluster of three masters with a replica each.
type Cluster struct {
	Nodes []*Redis
}

// StartCluster starts six servers and makes a Cluster of them. A node is given up after
// [giveUpAfter].
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	for range 6 {
		args := []string{
			"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(FreePort(t)),
			"--cluster-node-timeout", strconv.Itoa(giveUpAfter), "--cluster-replica-validity-factor", "0",
		}
		c.Nodes = append(c.Nodes, StartRedis(t, append(args, replicating...)...))
	}
	create := exec.Command(Find(t, "redis-cli"), append(append([]string{"--cluster", "create"}, c.addresses()...), "--cluster-replicas", "1", "--cluster-yes")...)
	output, err := create.CombinedOutput()
	require.NoError(t, err, "%s", output)
	c.AwaitOK(t)
	Eventually(t, "each master to have a replica", func() bool {
		masters := 0
		for _, node := range c.Nodes {
			if strings.Contains(node.Info("replication"), "state=online") {
				masters++
			}
		}
		return masters == 3
	})
	return c
}

func (c *Cluster) addresses() []string {
	var all []string
	for _, node := range c.Nodes {
		all = append(all, node.Addr)
	}
	return all
}

// URL is where the program finds it.
func (c *Cluster) URL() string { return "redis+cluster://" + strings.Join(c.addresses(), ",") }

// AwaitOK waits until every node that runs finds the Cluster well.
func (c *Cluster) AwaitOK(t testing.TB) {
	t.Helper()
	Eventually(t, "the Cluster to be well", func() bool {
		for _, node := range c.Nodes {
			if !node.ended() && !strings.Contains(node.clusterInfo(), "cluster_state:ok") {
				return false
			}
		}
		return true
	})
}

func (r *Redis) clusterInfo() string {
	client := r.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	return client.ClusterInfo(context.Background()).Val()
}

// Masters are the masters that run.
func (c *Cluster) Masters() []*Redis {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(node *Redis) bool {
		return node.ended() || node.InfoField("replication", "role") != "master"
	})
}

// Replica is a master's replica.
func (c *Cluster) Replica(t testing.TB, master *Redis) *Redis {
	t.Helper()
	_, port, _ := strings.Cut(master.Addr, ":")
	for _, node := range c.Nodes {
		if node != master && node.InfoField("replication", "master_port") == port {
			return node
		}
	}
	require.FailNow(t, "no replica", "of %s", master.Addr)
	return nil
}

// Find is a key that matches a pattern and the master that has it.
func (c *Cluster) Find(t testing.TB, pattern string) (key string, master *Redis) {
	t.Helper()
	for _, node := range c.Masters() {
		client := node.Client()
		keys, err := client.Keys(t.Context(), pattern).Result()
		_ = client.Close()
		require.NoError(t, err)
		if len(keys) > 0 {
			return keys[0], node
		}
	}
	require.FailNow(t, "no such key", pattern)
	return "", nil
}

// Slot is a key's slot.
func (c *Cluster) Slot(t testing.TB, key string) int64 {
	t.Helper()
	return c.Nodes[0].Do(t, "CLUSTER", "KEYSLOT", key).(int64)
}

// Move moves a slot from one master to another, with all keys in it, as redis-cli does. pause is
// between two keys.
func (c *Cluster) Move(t testing.TB, slot int64, from, to *Redis, pause time.Duration) (keys int) {
	t.Helper()
	fromID, toID := from.Do(t, "CLUSTER", "MYID"), to.Do(t, "CLUSTER", "MYID")
	to.Do(t, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	from.Do(t, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	host, port, _ := strings.Cut(to.Addr, ":")
	client := from.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	for {
		some, err := client.ClusterGetKeysInSlot(t.Context(), int(slot), 1).Result()
		require.NoError(t, err)
		if len(some) == 0 {
			break
		}
		require.NoError(t, client.Migrate(t.Context(), host, port, some[0], 0, testwait.Limit).Err())
		keys++
		time.Sleep(pause) // posts and reads find half of a room's keys here and half there
	}
	for _, node := range append([]*Redis{to, from}, c.Masters()...) {
		node.Do(t, "CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	return keys
}
