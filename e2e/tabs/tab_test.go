package tabs

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// recorder notes in the page when each message was first shown, each state the connection was shown
// in, and when the page was frozen and went on. The state is "offline" once a try has failed, and
// "late" while the first one just takes more than two seconds, as it may on a busy machine. Times are milliseconds of the browser's clock, and
// are compared with each other only.
const recorder = `window.record = {shown: {}, states: [], life: []};
new MutationObserver(() => {
	const now = performance.timeOrigin + performance.now();
	let state = document.querySelector('[data-testid="connection"]')?.dataset.state;
	if (state === "offline" && !document.querySelector('[data-testid="retry-now"]')) state = "late";
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

// assertShows waits until the tab shows as many messages as the room keeps, and asserts that they
// are those, each once and in order.
func (tab tab) assertShows(t *testing.T, kept []client.Event) {
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
}

// behind is the longest that these messages were shown later in the tab than in another of the same
// browser, and the longest time between two of them there.
func (tab tab) behind(t *testing.T, other tab, messages []client.Event) (longest, pause time.Duration) {
	t.Helper()
	here, there := tab.record(t).Shown, other.record(t).Shown
	for i, message := range messages {
		longest = max(longest, milliseconds(here[message.ID]-there[message.ID]))
		if i > 0 {
			pause = max(pause, milliseconds(there[message.ID]-there[messages[i-1].ID]))
		}
	}
	return longest, pause
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// leads reports whether the tab is the one that holds the connection of all: the lock for it is
// named after the server's address, each tab's own has its id behind that.
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
