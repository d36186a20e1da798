package faults

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
)

const (
	stormReaders = 5000
	stormRooms   = 50
	// spread is over what time they come back, as people do.
	spread = 3 * time.Second
	// stormTime is within what time all are promised to be back, by a machine with time for it.
	stormTime = 5 * time.Second
	// askedPerRoom bounds what the nodes ask of Redis for a room that a storm hits, posts not
	// counted: below its hundred readers. askedPerSecond is what they ask in time and not for
	// readers: a room's roster ten times a second, and leases and pings now and then.
	askedPerRoom, askedPerSecond = 30, 12
)

// issued are the commands that nodes send. What their scripts do inside Redis grows with the
// members, as it must.
var issued = []string{"evalsha", "eval", "exec", "lrange", "subscribe", "unsubscribe", "publish", "ping"}

// asked counts the commands sent to Redis, by INFO commandstats.
func asked(redis *harness.Redis) map[string]int {
	counts := map[string]int{}
	for line := range strings.Lines(redis.Info("commandstats")) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		count, _, _ := strings.Cut(rest, ",")
		n, err := strconv.Atoi(count)
		if err == nil {
			counts[name] = n
		}
	}
	return counts
}

// TestStorm has the node of 5,000 readers killed: all of them come back at another node. Then their
// connections break there, all at once, twice: what that costs does not grow.
func TestStorm(t *testing.T) {
	long(t)
	redis := harness.StartRedis(t)
	one := plain.Node(t, nodeArgs(redis.URL())...)
	other := plain.Node(t, nodeArgs(redis.URL())...)
	filesIdle, memoryIdle := other.Files(t), other.Resident(t)
	people := make([]client.Person, stormReaders)
	var signIn errgroup.Group
	signIn.SetLimit(8)
	for i := range people {
		signIn.Go(func() error {
			people[i] = client.SignIn(t, one.URL, fmt.Sprintf("Reader %d", i))
			return nil
		})
	}
	require.NoError(t, signIn.Wait())
	room := func(i int) string { return fmt.Sprintf("room-%d", i%stormRooms) }
	var readers []*client.LightReader
	for i, person := range people {
		readers = append(readers, &client.LightReader{Kind: kindOf(i / stormRooms), Person: person, Room: room(i)})
	}
	poster := client.SignIn(t, other.URL, "Poster")
	var last [stormRooms]atomic.Uint64
	posts := 0
	post := func() {
		for i := range stormRooms {
			key := fmt.Sprintf("k-%d", posts)
			message := harness.Await(t, "a post to be stored", func() client.Event {
				message, _, err := poster.TryPost(t.Context(), room(i), key, fmt.Sprintf("message %d", posts))
				require.NoError(t, err)
				return message
			}, func(message client.Event) bool { return message.ID != "" })
			seq, _ := strconv.ParseUint(strings.Split(message.ID, "-")[0], 10, 64)
			last[i].Store(seq)
			posts++
		}
	}
	heardAll := func(what string) {
		began := time.Now()
		index := map[*client.LightReader]int{}
		for i, reader := range readers {
			index[reader] = i
		}
		refused := comeBack(t, what, readers, func(reader *client.LightReader, s client.LightReaderState) bool {
			return s.End == "" && s.Lives > 0 && s.Seq == last[index[reader]%stormRooms].Load()
		})
		noFaults(t, readers)
		t.Logf("%s: all have all after %v more; %d were refused and came back", what, time.Since(began).Round(time.Millisecond), refused)
	}
	began := time.Now()
	post()
	connect(t, readers)
	heardAll("come")
	came := time.Since(began)
	t.Logf("%d readers in %d rooms came within %v; the node has %s and %d files", len(readers), stormRooms,
		came.Round(time.Millisecond), mb(one.Resident(t)), one.Files(t))

	// storm has all come back, at random moments, and is what Redis was asked meanwhile.
	storm := func(what string, lose func()) (perRoom float64) {
		before, postsBefore := asked(redis), posts
		began := time.Now()
		lose()
		var back sync.WaitGroup
		var failed atomic.Int64
		work := make(chan *client.LightReader)
		for range connectAtOnce {
			back.Go(func() {
				for reader := range work {
					reader.Close()
					reader.Person.Base = other.URL
					for reader.Connect() != nil {
						failed.Add(1)
						time.Sleep(50 * time.Millisecond) // before the next try
					}
				}
			})
		}
		order := rand.Perm(len(readers))
		for i, at := range order {
			time.Sleep(time.Until(began.Add(spread * time.Duration(i) / time.Duration(len(order)))))
			work <- readers[at]
			if i == len(order)/2 {
				post() // while half of them are not back
			}
		}
		close(work)
		back.Wait()
		post()
		heardAll(what)
		took := time.Since(began)
		measured.Add(times.Row{What: "5,000 back: " + what, Took: took, Promised: stormTime, Machine: came})
		after := asked(redis)
		total := 0
		var each []string
		for _, name := range issued {
			n := after[name] - before[name]
			total += n
			each = append(each, fmt.Sprintf("%s %d", name, n))
		}
		total -= posts - postsBefore
		perRoom = float64(total) / stormRooms
		t.Logf("%s: back within %v (%d tries failed); Redis was asked %.1f times for each room of %d readers: %s; the node has %s and %d files",
			what, took.Round(time.Millisecond), failed.Load(), perRoom, stormReaders/stormRooms, strings.Join(each, ", "), mb(other.Resident(t)), other.Files(t))
		assert.Less(t, perRoom, askedPerRoom+askedPerSecond*took.Seconds(), "%s: what Redis is asked grows with rooms, not with readers", what)
		return perRoom
	}
	storm("the node is killed", one.Kill)
	cut := func() {
		for _, reader := range readers {
			reader.Close()
		}
	}
	storm("connections break", cut)
	// What was cut is noticed a moment later.
	files := func(what string) {
		harness.Await(t, what+": as many files as readers", func() int { return other.Files(t) - filesIdle },
			func(open int) bool { return open >= stormReaders && open < stormReaders+50 })
	}
	files("once")
	memoryOnce := other.Resident(t)
	storm("they break again", cut)
	files("twice")
	harness.Eventually(t, "the memory of a storm to be given back", func() bool {
		return other.Resident(t) < memoryOnce+memoryOnce/4+32<<20
	})

	cut()
	harness.Eventually(t, "the node's connections to be closed", func() bool { return other.Files(t) < filesIdle+50 })
	t.Logf("when all have left: %d files (%d before), %s (%s before)", other.Files(t), filesIdle, mb(other.Resident(t)), mb(memoryIdle))
}
