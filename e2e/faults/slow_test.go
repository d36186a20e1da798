package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

const (
	listeners = 1000
	// prompt of the listeners measure: they read at once. The others read what has come a few times a second, so that one
	// machine can be a thousand readers and the node too.
	prompt    = 100
	slowOnes  = 200
	perSecond = 50
	textSize  = 1200
	// phase is how long each thing is measured.
	phase = 8 * time.Second
	// slowTime is for how long a slow reader takes nothing; it is closed well before.
	slowTime = 15 * time.Second
	// backlog is what one slow reader may cost: 256 KiB.
	backlog = 256 << 10
	// slack is what the node's memory may grow beyond its readers' backlogs: garbage between two collections.
	slack = 64 << 20
)

// TestSlowReaders has readers stop reading in a room with a thousand others, one and then two hundred at once. The
// others notice nothing, the node's memory stays bounded, and the slow ones are told, and have everything in the end.
func TestSlowReaders(t *testing.T) {
	long(t)
	redis := harness.StartRedis(t)
	node := plain.Node(t, nodeArgs(redis.URL(), "--history-limit", "10000")...)
	var measured delays
	var ears []*client.Ear
	for i := range listeners {
		ear := &client.Ear{Kind: kindOf(i), Person: client.Guest(node.URL, ""), Room: "hall", Pause: 300 * time.Millisecond}
		if i < prompt {
			ear.Pause, ear.Heard = 0, measured.heard
		}
		ears = append(ears, ear)
	}
	connect(t, ears)
	awaitEars(t, "live", ears, func(_ *client.Ear, s client.EarState) bool { return s.Lives > 0 })
	slow := func(n int) []*client.Ear {
		var some []*client.Ear
		for i := range n {
			some = append(some, &client.Ear{Kind: kindOf(i), Person: client.Guest(node.URL, ""), Room: "hall"})
		}
		connect(t, some)
		awaitEars(t, "live", some, func(_ *client.Ear, s client.EarState) bool { return s.Lives > 0 })
		return some
	}
	one, many := slow(1), slow(slowOnes)
	talk := startTalk(t, node.URL, "hall", time.Second/perSecond, textSize)
	time.Sleep(2 * time.Second) // to warm up
	measure := func(what string) time.Duration {
		measured.take(0)
		began, before := time.Now(), talk.posted.Load()
		time.Sleep(phase) // of measuring
		p99, n := measured.take(0.99)
		rate := float64(talk.posted.Load()-before) / time.Since(began).Seconds()
		t.Logf("%s: p99 %v of %d deliveries, at %.0f messages a second; the node has %s", what, p99.Round(100*time.Microsecond), n, rate, mb(node.Resident(t)))
		return p99
	}
	without := measure("nobody slow")
	memory := node.Resident(t)

	for _, test := range []struct {
		what string
		ears []*client.Ear
	}{{"one slow reader", one}, {fmt.Sprintf("%d slow readers", slowOnes), many}} {
		began := time.Now()
		for _, ear := range test.ears {
			ear.Stop()
		}
		with := measure(test.what)
		t.Logf("%s: p99 is %.2f times what it is without", test.what, float64(with)/float64(without))
		assert.Less(t, with, 10*without+100*time.Millisecond, "nobody waits for slow readers")
		grown := node.Resident(t) - memory
		assert.Less(t, grown, len(test.ears)*backlog+slack, "memory is bounded by the backlogs")
		time.Sleep(slowTime - time.Since(began)) // for as long as they do not read
		told := map[string]int{}
		for _, ear := range test.ears {
			ear.Go()
		}
		caughtUp, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		for _, ear := range test.ears {
			select {
			case <-ear.Done():
				told[ear.State().End]++
			case <-caughtUp.Done():
				told["still connected"]++
			}
		}
		cancel()
		t.Logf("%s, %v later: %v; the node had %s more", test.what, time.Since(began).Round(time.Second), told, mb(grown))
		for end := range told {
			assert.Contains(t, []string{"too_slow", "too_slow 4008", "still connected"}, end)
		}
		assert.Positive(t, told["too_slow 4008"]+told["too_slow"], "a reader that reads nothing for long is closed")
		var again []*client.Ear
		for _, ear := range test.ears {
			if ear.State().End != "" {
				again = append(again, ear)
			}
		}
		for _, ear := range again {
			ear.Close()
		}
		connect(t, again)
	}
	measure("nobody slow any more")
	talk.stop()
	for _, all := range [][]*client.Ear{ears, one, many} {
		awaitEars(t, "everything heard", all, func(_ *client.Ear, s client.EarState) bool { return s.Seq == talk.last.Load() })
		noFaults(t, all)
	}
}
