package faults

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
	"github.com/caller-chat/caller/internal/testwait"
)

const (
	listeners = 1000
	// prompt of the listeners measure: they read at once. The others read what has come a few times
	// a second, so that one machine can be a thousand readers and the node too.
	prompt    = 100
	slowOnes  = 200
	perSecond = 50
	textSize  = 1200
	// phase is how long each thing is measured.
	phase = 8 * time.Second
	// slowPosts is for how many messages a slow reader takes nothing. They are 900 KB: it is closed
	// well before, since the node keeps 256 KiB for it, and the kernels as much again and what a
	// socket takes in unread.
	slowPosts = 750
	// besideSlow is how many times as late as without slow readers messages may be beside them, and
	// tick what the machine may add to that. Who waited for a reader that stands still would be
	// seconds late.
	besideSlow = 10
	tick       = 100 * time.Millisecond
	// backlog is what one slow reader may cost: 256 KiB.
	backlog = 256 << 10
	// slack is what the node's memory may grow beyond its readers' backlogs: garbage between two
	// collections.
	slack = 64 << 20
)

// TestSlowReaders has readers stop reading in a room with a thousand others, one and then two
// hundred at once. The others notice nothing, the node's memory stays bounded, and the slow ones
// are told, and have everything in the end.
func TestSlowReaders(t *testing.T) {
	long(t)
	redis := harness.StartRedis(t)
	node := plain.Node(t, nodeArgs(redis.URL(), "--history-limit", "10000")...)
	var late delays
	var readers []*client.LightReader
	for i := range listeners {
		reader := &client.LightReader{Kind: kindOf(i), Person: client.Guest(node.URL, ""), Room: "hall", Pause: 300 * time.Millisecond}
		if i < prompt {
			reader.Pause, reader.Heard = 0, late.heard
		}
		readers = append(readers, reader)
	}
	connect(t, readers)
	comeBack(t, "live", readers, func(_ *client.LightReader, s client.LightReaderState) bool { return s.Lives > 0 })
	slow := func(n int) []*client.LightReader {
		var some []*client.LightReader
		for i := range n {
			some = append(some, &client.LightReader{Kind: kindOf(i), Person: client.Guest(node.URL, ""), Room: "hall"})
		}
		connect(t, some)
		comeBack(t, "live", some, func(_ *client.LightReader, s client.LightReaderState) bool { return s.Lives > 0 })
		return some
	}
	one, many := slow(1), slow(slowOnes)
	talk := startTalk(t, node.URL, "hall", time.Second/perSecond, textSize)
	time.Sleep(2 * time.Second) // to warm up
	measure := func(what string) time.Duration {
		late.take(0)
		began, before := time.Now(), talk.posted.Load()
		time.Sleep(phase) // of measuring
		p99, n := late.take(0.99)
		rate := float64(talk.posted.Load()-before) / time.Since(began).Seconds()
		t.Logf("%s: p99 %v of %d deliveries, at %.0f messages a second; the node has %s", what, p99.Round(100*time.Microsecond), n, rate, mb(node.Resident(t)))
		return p99
	}
	without := measure("nobody slow")
	with := map[string]time.Duration{}
	memory := node.Resident(t)

	for _, test := range []struct {
		what    string
		readers []*client.LightReader
	}{{"one slow reader", one}, {fmt.Sprintf("%d slow readers", slowOnes), many}} {
		posted := talk.posted.Load()
		for _, reader := range test.readers {
			reader.Stop()
		}
		with[test.what] = measure(test.what)
		grown := node.Resident(t) - memory
		assert.Less(t, grown, len(test.readers)*backlog+slack, "memory is bounded by the backlogs")
		for n := talk.posted.Load(); n-posted < slowPosts; { // a slow machine takes its time for all, not for one
			before := n
			harness.Eventually(t, "one more message", func() bool { n = talk.posted.Load(); return n > before })
		}
		told := map[string]int{}
		newest := talk.last.Load()
		for _, reader := range test.readers {
			reader.Go()
		}
		awaitReaders(t, "ended, or all heard", test.readers, func(_ *client.LightReader, s client.LightReaderState) bool {
			return s.End != "" || s.Seq >= newest
		})
		for _, reader := range test.readers {
			if reader.State().End != "" { // the close code comes after the error
				testwait.Receive(t, reader.Done(), "the connection to end")
			}
			end := reader.State().End
			if end == "" {
				end = "still connected"
			}
			told[end]++
		}
		t.Logf("%s, %d messages later: %v; the node had %s more", test.what, talk.posted.Load()-posted, told, mb(grown))
		for end := range told {
			assert.Contains(t, []string{"too_slow", "too_slow 4008", "still connected"}, end)
		}
		assert.Positive(t, told["too_slow 4008"]+told["too_slow"], "a reader that reads nothing for long is closed")
		var again []*client.LightReader
		for _, reader := range test.readers {
			if reader.State().End != "" {
				again = append(again, reader)
			}
		}
		for _, reader := range again {
			reader.Close()
		}
		connect(t, again)
	}
	without = max(without, measure("nobody slow any more"))
	talk.stop()
	for what, p99 := range with {
		held := besideSlow*without + tick
		measured.Add(times.Row{What: "99 of 100 messages beside " + what, Took: p99, Machine: without, Held: held})
		assert.Less(t, p99, held, "nobody waits for %s", what)
	}
	for _, all := range [][]*client.LightReader{readers, one, many} {
		awaitReaders(t, "everything heard", all, func(_ *client.LightReader, s client.LightReaderState) bool { return s.Seq == talk.last.Load() })
		noFaults(t, all)
	}
}
