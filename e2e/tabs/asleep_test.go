package tabs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/times"
)

const (
	// wake is within what time a page that goes on is promised to show what it missed.
	wake = 2 * time.Second
	// wakings is how often what a page takes whose connections stayed may be taken on top, by one
	// that has to make new ones: that is a request there and back before the same.
	wakings = 3
)

// TestSleep freezes a page, takes its connections away in every way that a network does meanwhile,
// and lets it go on: it shows what it missed, and at no time that it is off line.
func TestSleep(t *testing.T) {
	nothing := func(*gate) {}
	for _, transport := range []string{ws, sse, poll} {
		var plain time.Duration // what it takes where nothing happened
		t.Run(transport+" and nothing", func(t *testing.T) {
			plain = sleep(t, transport, nothing)
			run.Times.Add(times.Row{What: "awake, " + transport + " and nothing", Took: plain, Promised: wake})
		})
		for _, network := range []struct {
			name      string
			meanwhile func(*gate)
		}{
			{"a cut", func(g *gate) { g.cut(ws, sse, poll) }},
			{"a black hole", (*gate).forget},
		} {
			t.Run(transport+" and "+network.name, func(t *testing.T) {
				if plain == 0 {
					plain = sleep(t, transport, nothing)
				}
				stalls := times.Stalls()
				took := sleep(t, transport, network.meanwhile)
				held := wake + wakings*plain + stalls()
				run.Times.Add(times.Row{What: "awake, " + transport + " and " + network.name, Took: took, Promised: wake, Machine: plain, Held: held})
				assert.Less(t, took, held, "all shown after it went on")
			})
		}
	}
}

// sleep has a page sleep, and returns how long it took to show what it missed, by its own clock.
func sleep(t *testing.T, transport string, meanwhile func(*gate)) (took time.Duration) {
	t.Helper()
	node := startNode(t)
	g := newGate(t, node)
	page := tabsOf(t, person(t, "Ann"), 1)[0]
	page.Visit(t, g.URL, "kitchen", transport)
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Post(t, "kitchen", "before")
	page.waitCount(t, 1)
	g.awaitOne(t)

	page.Freeze(t)
	meanwhile(g)
	for i := range 20 {
		bob.Post(t, "kitchen", fmt.Sprint("meanwhile ", i))
	}
	page.Unfreeze(t)
	kept := bob.Page(t, "kitchen", "").Messages
	page.assertShows(t, kept)
	record := page.record(t)
	require.Len(t, record.Life, 2)
	require.Equal(t, "resume", record.Life[1].Type)
	took = milliseconds(record.Shown[kept[len(kept)-1].ID] - record.Life[1].At)

	bob.Post(t, "kitchen", "after")
	page.assertShows(t, bob.Page(t, "kitchen", "").Messages)
	page.Send(t, "good morning")
	page.WaitSent(t, "good morning")
	assert.NotContains(t, page.record(t).States, "offline")
	return took
}
