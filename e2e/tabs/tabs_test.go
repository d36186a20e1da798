package tabs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// soon is how soon tabs see what others write where issue 5 names no figure: in seconds, on a busy machine.
const soon = 5 * time.Second

// takeover is how soon another tab carries on.
const takeover = 2 * time.Second

// TestTenTabs is ten tabs of one browser, which has six connections to an HTTP/1.1 server: all are live, and what each
// writes is seen by all of its room. The node sees one stream.
func TestTenTabs(t *testing.T) {
	const count = 10
	for _, transport := range []string{ws, sse, poll} {
		t.Run(transport, func(t *testing.T) {
			node := startNode(t)
			g := newGate(t, node)
			tabs := tabsOf(t, person(t, "Ann"), count)
			for _, tab := range tabs {
				tab.Visit(t, g.URL, "kitchen", transport)
			}
			g.awaitOne(t)
			g.count()
			for i, tab := range tabs {
				tab.Send(t, fmt.Sprint("from tab ", i))
			}
			reader := client.SignIn(t, node.URL, "Bob")
			reader.Post(t, "kitchen", "from Bob")
			tabs[0].waitCount(t, count+1)
			kept := reader.Page(t, "kitchen", "").Messages
			for _, tab := range tabs {
				tab.assertShows(t, kept, 0, soon)
			}
			assert.Equal(t, 1, g.count(), "streams at once in one room")
			members := reader.Members(t, "kitchen").Members
			require.Len(t, members, 1)
			assert.Equal(t, "Ann "+transport, members[0].Name+" "+members[0].Transport)

			for i, tab := range tabs {
				tab.Visit(t, g.URL, fmt.Sprint("room-", i), transport)
			}
			g.awaitOne(t)
			g.count()
			for i, tab := range tabs {
				tab.Send(t, fmt.Sprint("from tab ", i))
				reader.Post(t, fmt.Sprint("room-", i), fmt.Sprint("to tab ", i))
			}
			for i, tab := range tabs {
				tab.waitCount(t, 2)
				tab.assertShows(t, reader.Page(t, fmt.Sprint("room-", i), "").Messages, 0, soon)
			}
			assert.Equal(t, 1, g.count(), "streams at once in ten rooms")
			for _, tab := range tabs {
				assert.NotContains(t, tab.record(t).States, "offline")
			}
		})
	}
}

// TestTakeover ends the tab that holds the connection in every way that there is. Others carry on within two seconds,
// and nothing is lost, doubled or out of order.
func TestTakeover(t *testing.T) {
	tests := []struct {
		how, transport string
		end            func(*testing.T, tab)
	}{
		{"closed", ws, func(t *testing.T, tab tab) { tab.Close(t) }},
		{"closed", poll, func(t *testing.T, tab tab) { tab.Close(t) }},
		{"crashed", sse, func(t *testing.T, tab tab) { tab.Crash(t) }},
		{"frozen", ws, func(t *testing.T, tab tab) { tab.Freeze(t) }},
		{"frozen", sse, func(t *testing.T, tab tab) { tab.Freeze(t) }},
	}
	for _, test := range tests {
		t.Run(test.how+" "+test.transport, func(t *testing.T) {
			node := startNode(t)
			g := newGate(t, node)
			tabs := tabsOf(t, person(t, "Ann"), 3)
			for _, tab := range tabs {
				tab.Visit(t, g.URL, "kitchen", test.transport)
			}
			g.awaitOne(t)
			leader, others := leaderOf(t, tabs)
			bob := client.SignIn(t, node.URL, "Bob")

			const before, after = 5, 30
			for i := range before {
				bob.Post(t, "kitchen", fmt.Sprint("before ", i))
			}
			for _, tab := range tabs {
				tab.waitCount(t, before)
			}
			test.end(t, leader)
			others[0].Send(t, "mine, meanwhile")
			pace := time.NewTicker(100 * time.Millisecond) // longer than a takeover takes
			defer pace.Stop()
			for i := range after {
				bob.Post(t, "kitchen", fmt.Sprint("after ", i))
				<-pace.C
			}
			others[0].WaitSent(t, "mine, meanwhile")
			kept := bob.Page(t, "kitchen", "").Messages
			require.Len(t, kept, before+after+1)
			for _, tab := range others {
				tab.assertShows(t, kept, before, takeover)
				assert.NotContains(t, tab.record(t).States, "offline")
			}
			if test.how == "frozen" {
				leader.Unfreeze(t)
				leader.assertShows(t, kept, len(kept), takeover)
				bob.Post(t, "kitchen", "again")
				kept = bob.Page(t, "kitchen", "").Messages
				for _, tab := range tabs {
					tab.assertShows(t, kept, len(kept)-1, soon)
				}
			}
			g.awaitOne(t)
		})
	}
}
