package tabs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestOffline writes where there is no network. What was written is shown as waiting, is there
// again after a reload and after the tab was closed, can be discarded, and goes out in order under
// its keys.
func TestOffline(t *testing.T) {
	node := startNode(t)
	g := newGate(t, node)
	ann := person(t, "Ann")
	page := tabsOf(t, ann, 1)[0]
	page.Visit(t, g.URL, "kitchen", "")
	page.Send(t, "before")
	page.WaitSent(t, "before")

	g.block(ws, sse, poll, post)
	page.Offline(t, true)
	page.Until(t, "offline", `document.querySelector('[data-testid="connection"]').dataset.state === "offline"`)
	texts := []string{"one", "two", "three", "four"}
	for _, text := range texts {
		page.Send(t, text)
	}
	keys := page.waitWritten(t, "waiting", texts...)
	page.discard(t, "two")
	require.Equal(t, []string{keys[0], keys[2], keys[3]}, page.waitWritten(t, "waiting", "one", "three", "four"))

	// The page itself can be had again, the server's rooms cannot.
	page.Offline(t, false)
	address := page.Location(t)
	page.Open(t, address)
	require.Equal(t, []string{keys[0], keys[2], keys[3]}, page.waitWritten(t, "waiting", "one", "three", "four"))
	page.Close(t)
	other := tab{ann.NewTab(t)}
	other.AtStart(t, recorder)
	other.Open(t, address)
	require.Equal(t, []string{keys[0], keys[2], keys[3]}, other.waitWritten(t, "waiting", "one", "three", "four"))
	other.discard(t, "three")
	other.waitWritten(t, "waiting", "one", "four")

	g.block()
	other.WaitSent(t, "four")
	other.WaitTexts(t, "before", "one", "four")
	kept := client.Guest(node.URL, "").Page(t, "kitchen", "").Messages
	require.Len(t, kept, 3)
	assert.Equal(t, []string{"one", keys[0], "four", keys[3]}, []string{kept[1].Text, kept[1].Key, kept[2].Text, kept[2].Key})
	assert.Equal(t, kept[0].From, kept[2].From, "by the same person")

	// Nothing of it is kept for the next time.
	other.Open(t, address)
	other.WaitTexts(t, "before", "one", "four")
}
