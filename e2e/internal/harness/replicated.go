package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// replicating are the arguments of servers that replicate: they find each other, and what is wrong,
// soon.
var replicating = []string{"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1", "--repl-timeout", "10"}

// Sentinels is a master with two replicas, and three Sentinels that watch them.
type Sentinels struct {
	Master    *Redis
	Replicas  []*Redis
	addresses []string
}

// masterName is what the Sentinels call the master.
const masterName = "chat"

// StartSentinels starts six processes: a master, two replicas that have all it has, three Sentinels
// that know all that.
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{Master: StartRedis(t, replicating...)}
	host, port, _ := strings.Cut(s.Master.Addr, ":")
	for range 2 {
		s.Replicas = append(s.Replicas, StartRedis(t, append([]string{"--replicaof", host + " " + port}, replicating...)...))
	}
	var clients []*redis.Client
	for range 3 {
		client := startSentinel(t, host, port)
		clients = append(clients, client)
		s.addresses = append(s.addresses, client.Options().Addr)
	}
	s.AwaitReplicas(t)
	Eventually(t, "the Sentinels to know each other and the replicas", func() bool {
		for _, client := range clients {
			state, err := client.Do(context.Background(), "SENTINEL", "MASTER", masterName).Result()
			if err != nil || field(state, "num-slaves") != "2" || field(state, "num-other-sentinels") != "2" {
				return false
			}
		}
		return true
	})
	return s
}

// URL is where the program finds them.
func (s *Sentinels) URL() string {
	return "redis+sentinel://" + strings.Join(s.addresses, ",") + "/" + masterName
}

// field is a value of a reply that has names and values by turns.
func field(reply any, name string) string {
	switch reply := reply.(type) {
	case map[any]any:
		return fmt.Sprint(reply[name])
	case []any:
		for i := 0; i+1 < len(reply); i += 2 {
			if reply[i] == name {
				return fmt.Sprint(reply[i+1])
			}
		}
	}
	return ""
}

// giveUpAfter is after how many milliseconds without an answer a server is replaced. One that got
// no time to run is not to be: with 1000 a Sentinel, which asks once a second, took a live master
// for a dead one.
const giveUpAfter = 3000

func startSentinel(t testing.TB, host, port string) *redis.Client {
	t.Helper()
	dir := privateDir(t)
	var client *redis.Client
	startOnPort(t, func(own int) error {
		config := filepath.Join(dir, "sentinel.conf")
		require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `port %d
bind 127.0.0.1
dir %s
sentinel monitor %s %s %s 2
sentinel down-after-milliseconds %[3]s %[6]d
sentinel failover-timeout %[3]s 5000
sentinel parallel-syncs %[3]s 1
`, own, dir, masterName, host, port, giveUpAfter), 0o600))
		process := StartProcess(t, "redis-sentinel", exec.Command(Find(t, "redis-server"), config, "--sentinel"))
		client = redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + strconv.Itoa(own), MaxRetries: -1})
		return awaitServer(process, func() bool { return client.Ping(context.Background()).Err() == nil })
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// AwaitReplicas waits until both replicas follow the master.
func (s *Sentinels) AwaitReplicas(t testing.TB) {
	t.Helper()
	Eventually(t, "the replicas to follow", func() bool {
		return strings.Count(s.Master.Info("replication"), "state=online") == len(s.Replicas)
	})
}

// Info is a section of INFO; "" when the server does not answer.
func (r *Redis) Info(section string) string {
	client := r.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	return client.Info(context.Background(), section).Val()
}

// InfoField is one value of INFO.
func (r *Redis) InfoField(section, name string) string {
	for line := range strings.Lines(r.Info(section)) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), ":"); key == name {
			return value
		}
	}
	return ""
}

// Do runs a command, which must succeed, and is its reply.
func (r *Redis) Do(t testing.TB, command ...any) any {
	t.Helper()
	client := r.Client()
	defer func() { _ = client.Close() }() // nothing of it is used after this
	reply, err := client.Do(t.Context(), command...).Result()
	require.NoError(t, err, "%v", command)
	return reply
}

// LoseMaster kills a master so that its replicas have all it has stored: nothing is written any
// more when it dies.
func LoseMaster(t testing.TB, master *Redis, replicas ...*Redis) {
	t.Helper()
	awaitCaughtUp(t, master, replicas)
	master.Kill()
}

// awaitCaughtUp has a master take no more writes, and waits until its replicas have all that it
// has.
func awaitCaughtUp(t testing.TB, master *Redis, replicas []*Redis) {
	t.Helper()
	master.Do(t, "CLIENT", "PAUSE", 2*testwait.Limit.Milliseconds(), "WRITE")
	Eventually(t, "the replicas to have everything", func() bool {
		for _, replica := range replicas {
			if replica.InfoField("replication", "slave_repl_offset") != master.InfoField("replication", "master_repl_offset") {
				return false
			}
		}
		return true
	})
}

// LoseMasterAndTail kills a master after a time in which its replicas got nothing of what it
// stored. They are stopped meanwhile, so that they do not connect again, and what was under way to
// them is thrown away with the connection.
func LoseMasterAndTail(t testing.TB, master *Redis, tail time.Duration, replicas ...*Redis) (since, at, gone time.Time) {
	t.Helper()
	awaitCaughtUp(t, master, replicas)
	since = time.Now()
	for _, replica := range replicas {
		replica.Signal(syscall.SIGSTOP)
	}
	master.Do(t, "CLIENT", "UNPAUSE")
	master.Do(t, "CLIENT", "KILL", "TYPE", "replica")
	time.Sleep(tail) // what is stored now will be lost
	at = time.Now()
	master.Kill()
	gone = time.Now()
	for _, replica := range replicas {
		replica.Signal(syscall.SIGCONT)
	}
	return since, at, gone
}
