package faults

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

// tail is for how long what is stored is to be lost.
const tail = 700 * time.Millisecond

// gatherAround starts two nodes on a Redis and lets a crowd in, which is reading and posting when
// it returns.
func gatherAround(t *testing.T, redisURL string, args ...string) *crowd {
	t.Helper()
	var bases []string
	for range 2 {
		node := programs.Node(t, nodeArgs(redisURL, append(args, "--history-limit", "300")...)...)
		bases = append(bases, node.URL)
	}
	c := gather(t, bases, options{rooms: 4, people: 4, limit: 300, pause: 200 * time.Millisecond, seed: *seed})
	require.NoError(t, c.recovers())
	time.Sleep(time.Second) // of chat
	return c
}

// resets counts the resets that all were told, by their reason.
func (c *crowd) resets() map[string]int {
	count := map[string]int{}
	for _, r := range c.rooms {
		for _, p := range r.people {
			for _, event := range p.record.Events() {
				if event.Type == "reset" {
					count[event.Reason]++
				}
			}
		}
	}
	return count
}

// recoversIn waits until all is well, and says after how long.
func (c *crowd) recoversIn(t *testing.T) {
	t.Helper()
	began := time.Now()
	if assert.NoError(t, c.recovers()) {
		measured.Add(times.Row{What: "all well again: " + t.Name(), Took: time.Since(began)})
	}
}

// TestSentinelFailover loses a master whose replicas had everything: nobody notices but those who
// post meanwhile.
func TestSentinelFailover(t *testing.T) {
	long(t)
	t.Parallel() // it mostly waits
	s := harness.StartSentinels(t)
	c := gatherAround(t, s.URL())
	c.note("the master is lost")
	harness.LoseMaster(t, s.Master, s.Replicas...)
	c.recoversIn(t)
	c.judge(t)
	assert.Empty(t, c.resets())
}

// TestSentinelFailoverLosesTail loses a master together with what it had acknowledged last: readers
// are told.
func TestSentinelFailoverLosesTail(t *testing.T) {
	long(t)
	t.Parallel() // it mostly waits
	s := harness.StartSentinels(t)
	c := gatherAround(t, s.URL())
	c.loseTail(t, s.Master, s.Replicas...)
	c.judge(t)
	assert.Positive(t, c.resets()["rewritten"], "the test lost nothing")
}

func (c *crowd) loseTail(t *testing.T, master *harness.Redis, replicas ...*harness.Redis) {
	t.Helper()
	c.note("the replicas get nothing more")
	loss := check.Loss{Why: "the master's last writes were not replicated"}
	loss.Since, loss.At, loss.Gone = harness.LoseMasterAndTail(t, master, tail, replicas...)
	c.note("the master is lost")
	c.recoversIn(t)
	loss.Recovered = time.Now()
	c.lost(loss)
}

// TestSentinelFailoverWaitingForReplicas loses a master in the middle of everything; its nodes
// acknowledge what a replica has. Readers may be told of a rewritten log, since they are shown what
// the master has, but nothing acknowledged is lost.
func TestSentinelFailoverWaitingForReplicas(t *testing.T) {
	long(t)
	t.Parallel() // it mostly waits
	s := harness.StartSentinels(t)
	c := gatherAround(t, s.URL(), "--wait-replicas", "1")
	c.note("the master is lost")
	loss := check.Loss{Why: "what was not acknowledged yet", At: time.Now()}
	s.Master.Kill()
	c.recoversIn(t)
	loss.Recovered = time.Now()
	loss.Since = loss.Recovered.Add(time.Hour) // nothing that was acknowledged
	c.lost(loss)
	c.judge(t)
}

// TestClusterFailover loses a master of a Cluster whose replica had everything, and then another
// one with what it had acknowledged last.
func TestClusterFailover(t *testing.T) {
	long(t)
	t.Parallel() // it mostly waits
	cluster := harness.StartCluster(t)
	c := gatherAround(t, cluster.URL())
	_, master := cluster.Find(t, "caller:*:room-0:log")
	c.note("a master is lost")
	harness.LoseMaster(t, master, cluster.Replica(t, master))
	cluster.AwaitOK(t)
	c.recoversIn(t)
	assert.Empty(t, c.resets())

	_, master = cluster.Find(t, "caller:*:room-1:log")
	for _, other := range []string{"room-2", "room-3"} {
		if len(replicasOf(cluster, master)) > 0 {
			break
		}
		_, master = cluster.Find(t, "caller:*:"+other+":log")
	}
	if replicas := replicasOf(cluster, master); assert.NotEmpty(t, replicas, "no room is where there is a replica left") {
		c.loseTail(t, master, replicas...)
	}
	c.judge(t)
	assert.Positive(t, c.resets()["rewritten"], "the test lost nothing")
}

func replicasOf(cluster *harness.Cluster, master *harness.Redis) []*harness.Redis {
	if master.InfoField("replication", "connected_slaves") == "0" {
		return nil
	}
	var all []*harness.Redis
	for _, node := range cluster.Nodes {
		if node != master && "127.0.0.1:"+node.InfoField("replication", "master_port") == master.Addr {
			all = append(all, node)
		}
	}
	return all
}

// TestSlotMovesWhileBusy moves a room to another master of a Cluster, key by key, while people are
// in it, and back.
func TestSlotMovesWhileBusy(t *testing.T) {
	long(t)
	t.Parallel() // it mostly waits
	cluster := harness.StartCluster(t)
	for _, node := range cluster.Nodes { // which also shows what a user may have to do in a Cluster
		node.Do(t, append([]any{"ACL", "SETUSER", "caller", "on", ">sesame", "+cluster|slots"}, rights...)...)
	}
	c := gatherAround(t, strings.Replace(cluster.URL(), "://", "://caller:sesame@", 1))
	for range 2 {
		key, from := cluster.Find(t, "caller:*:room-0:log")
		masters := cluster.Masters()
		to := masters[0]
		if to == from {
			to = masters[1]
		}
		c.note("a slot is moved")
		keys := cluster.Move(t, cluster.Slot(t, key), from, to, 40*time.Millisecond)
		t.Logf("moved %d keys", keys)
		c.recoversIn(t)
		assert.Greater(t, keys, 5, "log, members, leases, holds, version, and posts' keys")
	}
	c.judge(t)
	refused := 0
	for _, a := range c.rooms[0].attempts {
		if a.Status == http.StatusServiceUnavailable {
			refused++
		}
	}
	t.Logf("%d posts were refused while keys were half here and half there", refused)
	assert.Empty(t, c.resets())
	for _, node := range cluster.Nodes {
		assert.Empty(t, node.Do(t, "ACL", "LOG"), "the user was never refused anything")
	}
}
