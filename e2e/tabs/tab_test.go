package tabs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// recorder notes in the page when each message was first shown, each state the connection was shown in, and when the
// page was frozen and went on. Times are milliseconds of the machine's clock, which the node's are too.
const recorder = `window.record = {shown: {}, states: [], life: []};
new MutationObserver(() => {
	const now = performance.timeOrigin + performance.now();
	const state = document.querySelector('[data-testid="connection"]')?.dataset.state;
	if (state !== undefined && state !== record.states.at(-1)) record.states.push(state);
	for (const message of document.querySelectorAll('[data-testid="message"][data-id]')) record.shown[message.dataset.id] ??= now;
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-state", "data-id"]});
for (const type of ["freeze", "resume"]) {
	document.addEventListener(type, () => record.life.push({type, at: performance.timeOrigin + performance.now()}));
}`

// tab is a tab with a record.
type tab struct {
	*browser.Page
}

// tabsOf opens tabs of one person, which show nothing yet.
func tabsOf(t *testing.T, p *browser.Person, count int) []tab {
	t.Helper()
	tabs := []tab{{p.Page()}}
	for len(tabs) < count {
		tabs = append(tabs, tab{p.NewTab(t)})
	}
	for _, tab := range tabs {
		tab.AtStart(t, recorder)
	}
	return tabs
}

type record struct {
	Shown  map[string]float64 `json:"shown"`
	States []string           `json:"states"`
	Life   []struct {
		Type string  `json:"type"`
		At   float64 `json:"at"`
	} `json:"life"`
}

func (tab tab) record(t *testing.T) record {
	t.Helper()
	return browser.Eval[record](t, tab.Page, "window.record")
}

// waitCount waits until the tab shows as many messages that are stored.
func (tab tab) waitCount(t *testing.T, count int) {
	t.Helper()
	tab.Until(t, fmt.Sprint(count, " messages"), fmt.Sprintf(`document.querySelectorAll('[data-testid="message"][data-id]').length >= %d`, count))
}

// assertShows asserts that the tab shows just what the room keeps, each message once and in order, and that each was shown
// within the time after it was stored, but for the first skip of them.
func (tab tab) assertShows(t *testing.T, kept []client.Event, skip int, within time.Duration) {
	t.Helper()
	tab.waitCount(t, len(kept))
	var ids, shown []string
	for _, message := range kept {
		ids = append(ids, message.ID)
	}
	for _, message := range tab.Messages(t) {
		if message.ID != "" {
			shown = append(shown, message.ID)
		}
	}
	require.Equal(t, ids, shown, "each message once and in order")
	record := tab.record(t)
	worst := time.Duration(0)
	for _, message := range kept[skip:] {
		took := time.Duration(record.Shown[message.ID]*1e6 - float64(message.Time.UnixNano()))
		worst = max(worst, took)
	}
	t.Logf("shown at most %v after it was stored", worst.Round(time.Millisecond))
	assert.Less(t, worst, within, "from stored to shown")
}

// leads reports whether the tab is the one that holds the connection of all: the lock for it is named after the server's
// address, each tab's own has its id behind that.
func (tab tab) leads(t *testing.T) bool {
	t.Helper()
	return browser.Eval[bool](t, tab.Page, `(async () => {
		const mine = "test-" + Math.random();
		return navigator.locks.request(mine, async () => {
			const {held} = await navigator.locks.query();
			const me = held.find((lock) => lock.name === mine).clientId;
			return held.some((lock) => lock.clientId === me && lock.name.startsWith("caller") && lock.name.endsWith("/"));
		});
	})()`)
}

// leaderOf returns the tab that holds the connection; the others come after it.
func leaderOf(t *testing.T, tabs []tab) (leader tab, others []tab) {
	t.Helper()
	leaders := 0
	for _, tab := range tabs {
		if tab.leads(t) {
			leader = tab
			leaders++
		} else {
			others = append(others, tab)
		}
	}
	require.Equal(t, 1, leaders, "tabs that hold the connection")
	return leader, others
}
