package tabs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestSleep freezes a page, takes its connections away in every way that a network does meanwhile, and lets it go on: within
// two seconds it shows what it missed, and at no time that it is off line.
func TestSleep(t *testing.T) {
	const wake = 2 * time.Second
	for _, transport := range []string{ws, sse, poll} {
		for name, meanwhile := range map[string]func(*gate){
			"nothing":      func(*gate) {},
			"a cut":        func(g *gate) { g.cut(ws, sse, poll) },
			"a black hole": (*gate).forget,
		} {
			t.Run(transport+" and "+name, func(t *testing.T) {
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
				page.assertShows(t, kept, len(kept), wake)
				record := page.record(t)
				require.Len(t, record.Life, 2)
				require.Equal(t, "resume", record.Life[1].Type)
				last := record.Shown[kept[len(kept)-1].ID]
				took := time.Duration((last - record.Life[1].At) * 1e6)
				t.Logf("all shown %v after it went on", took.Round(time.Millisecond))
				assert.Less(t, took, wake)

				bob.Post(t, "kitchen", "after")
				kept = bob.Page(t, "kitchen", "").Messages
				page.assertShows(t, kept, len(kept)-1, soon)
				page.Send(t, "good morning")
				page.WaitSent(t, "good morning")
				assert.NotContains(t, page.record(t).States, "offline")
			})
		}
	}
}
