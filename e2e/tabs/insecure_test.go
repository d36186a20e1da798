package tabs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestWithoutLocks is a Caller on somebody's local network, over plain HTTP: the browser has no Web
// Locks for it, and its six connections are all there is. Ten tabs share one connection all the
// same, and carry on when the one that holds it is closed or crashes.
func TestWithoutLocks(t *testing.T) {
	const count = 10
	for _, transport := range []string{sse, poll} {
		t.Run(transport, func(t *testing.T) {
			node := startNode(t)
			g := newGate(t, node)
			base := strings.Replace(g.URL, "127.0.0.1", "caller."+browser.Insecure, 1)
			tabs := tabsOf(t, person(t, "Ann"), count)
			tabs[0].Visit(t, base, "kitchen", transport)
			require.False(t, browser.Eval[bool](t, tabs[0].Page, `"locks" in navigator`), "Web Locks")
			g.awaitOne(t)
			for _, tab := range tabs[1:] {
				tab.Visit(t, base, "kitchen", transport)
			}
			g.awaitOne(t)
			for i, tab := range tabs {
				tab.Send(t, fmt.Sprint("from tab ", i))
			}
			bob := client.SignIn(t, node.URL, "Bob")
			bob.Post(t, "kitchen", "to all")
			tabs[0].waitCount(t, count+1) // what the tabs wrote may come later than what Bob did
			kept := bob.Page(t, "kitchen", "").Messages
			require.Len(t, kept, count+1)
			for _, tab := range tabs {
				tab.assertShows(t, kept)
			}

			tabs[0].Close(t)
			bob.Post(t, "kitchen", "after it was closed")
			tabs[1].waitCount(t, count+2)
			g.awaitOne(t)
			tabs[1].Crash(t)
			bob.Post(t, "kitchen", "after another crashed")
			kept = bob.Page(t, "kitchen", "").Messages
			for _, tab := range tabs[2:] {
				tab.assertShows(t, kept)
				assert.NotContains(t, tab.record(t).States, "offline")
			}
			g.awaitOne(t)
		})
	}
}
