package tabs

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/times"
	"github.com/caller-chat/caller/internal/testwait"
)

const (
	// takeover is within what time another tab is promised to carry on.
	takeover = 2 * time.Second
	// pace is between two messages that are posted meanwhile.
	pace = 100 * time.Millisecond
	// pauses is how many of the longest pauses of a page with nothing in between a takeover may
	// take on top: the tab that carries on has to be run, its connection made and the first message
	// shown.
	pauses = 3
)

// TestTenTabs is ten tabs of one browser, which has six connections to an HTTP/1.1 server: all are
// live, and what each writes is seen by all of its room. The node sees one stream, and where a tab
// has to read a log, one read at a time.
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
				tab.assertShows(t, kept)
			}
			g.assertOne(t, "in one room")
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
				tab.assertShows(t, reader.Page(t, fmt.Sprint("room-", i), "").Messages)
			}
			g.assertOne(t, "in ten rooms")
			for _, tab := range tabs {
				assert.NotContains(t, tab.record(t).States, "offline")
			}
		})
	}
}

// TestTakeover ends the tab that holds the connection in every way that there is. Others carry on
// within two seconds, and nothing is lost, doubled or out of order.
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
			// Carol's page has nothing in between, and shows how late the machine itself is.
			carol := tabsOf(t, person(t, "Carol"), 1)[0]
			carol.Visit(t, node.URL, "kitchen", ws)

			const before, after = 5, 30
			for i := range before {
				bob.Post(t, "kitchen", fmt.Sprint("before ", i))
			}
			for _, tab := range append(tabs, carol) {
				tab.waitCount(t, before)
			}
			// Bob goes on while the tab ends, and for longer than a takeover takes.
			at := func() string { return node.URL }
			posted := make(chan error, 1)
			go func() {
				ticker := time.NewTicker(pace)
				defer ticker.Stop()
				var err error
				for i := range after {
					_, failed := bob.Insist(t.Context(), at, "kitchen", fmt.Sprint("after-", i), fmt.Sprint("after ", i))
					err = errors.Join(err, failed)
					<-ticker.C
				}
				posted <- err
			}()
			stalls := times.Stalls()
			test.end(t, leader)
			others[0].Send(t, "mine, meanwhile")
			require.NoError(t, testwait.Receive(t, posted, "all that Bob says"))
			others[0].WaitSent(t, "mine, meanwhile")
			kept := bob.Page(t, "kitchen", "").Messages
			require.Len(t, kept, before+after+1)
			carol.assertShows(t, kept)
			var took, pause time.Duration
			for _, tab := range others {
				tab.assertShows(t, kept)
				assert.NotContains(t, tab.record(t).States, "offline")
				// Her own message is shown at once, and is stored when there is a connection again.
				theirs := slices.DeleteFunc(slices.Clone(kept[before:]), func(m client.Event) bool { return m.From.ID != bob.ID })
				var behind time.Duration
				behind, pause = tab.behind(t, carol, theirs)
				took = max(took, behind)
			}
			held := takeover + pauses*pause + stalls()
			run.Times.Add(times.Row{
				What: "taken over from a tab that was " + test.how + ", " + test.transport, Took: took, Promised: takeover, Machine: pause, Held: held,
			})
			assert.Less(t, took, held, "another tab carries on")
			if test.how == "frozen" {
				leader.Unfreeze(t)
				leader.assertShows(t, kept)
				bob.Post(t, "kitchen", "again")
				kept = bob.Page(t, "kitchen", "").Messages
				for _, tab := range tabs {
					tab.assertShows(t, kept)
				}
			}
			g.awaitOne(t)
		})
	}
}
