package program

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// stand is a message on screen, and how far below the top of the log it stands. Pixels.
type stand struct {
	Text string  `json:"text"`
	Top  float64 `json:"top"`
}

// firstRead is the first message that begins on screen: what somebody who reads looks at.
func firstRead(t *testing.T, page *browser.Page) stand {
	t.Helper()
	return browser.Eval[stand](t, page, `(log => { const top = log.getBoundingClientRect().top;
		for (const m of log.querySelectorAll('[data-testid="message"]')) {
			const at = m.getBoundingClientRect().top - top;
			if (at >= 0) return {text: m.querySelector('[data-testid="message-text"]').textContent, top: at};
		}
		return {text: "", top: 0}; })(document.querySelector('[role="log"]'))`)
}

// topOf is how far below the top of the log a message stands.
func topOf(t *testing.T, page *browser.Page, text string) float64 {
	t.Helper()
	return browser.Eval[float64](t, page, fmt.Sprintf(`(log => { const m = [...log.querySelectorAll('[data-testid="message"]')]
		.find(m => m.querySelector('[data-testid="message-text"]').textContent === %q);
		return m ? m.getBoundingClientRect().top - log.getBoundingClientRect().top : 1e6; })(document.querySelector('[role="log"]'))`, text))
}

// onScreen reports whether a message is to be seen in the log.
func onScreen(t *testing.T, page *browser.Page, text string) bool {
	t.Helper()
	return topOf(t, page, text) >= -1 &&
		topOf(t, page, text) < browser.Eval[float64](t, page, `document.querySelector('[role="log"]').clientHeight`)
}

// settled waits until the page has drawn what it draws by itself.
func settled(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Until(t, "the log at rest", `document.querySelector('[role="log"]').ariaBusy === "false"`)
	browser.Eval[any](t, page, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))`)
}

// scrollLog scrolls as a wheel does, and waits until nothing more is drawn for it.
func scrollLog(t *testing.T, page *browser.Page, by int) {
	t.Helper()
	browser.Eval[any](t, page, fmt.Sprintf(`document.querySelector('[role="log"]').scrollBy(0, %d)`, by))
	browser.Eval[any](t, page, `(async log => { for (let same = 0, was = -1; same < 10; ) {
		await new Promise(done => requestAnimationFrame(done));
		const now = log.scrollHeight + log.scrollTop * 1e-6;
		same = now === was ? same + 1 : 0; was = now; } })(document.querySelector('[role="log"]'))`)
}

func fillRoom(t *testing.T, who client.Person, room string, n int) {
	t.Helper()
	for i := range n {
		who.Post(t, room, fmt.Sprintf("message %d of many", i+1))
	}
}

// TestWhatOneReadsStays: with more rows than are drawn, whatever comes, goes or gets another size
// around it, and however the window changes.
func TestWhatOneReadsStays(t *testing.T) {
	node := startNode(t, "--history-limit", "1000")
	bob := client.SignIn(t, node.URL, "Bob")
	fillRoom(t, bob, "lobby", 420)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "lobby", "")
	page.Until(t, "the newest", `document.querySelector('[role="log"]').textContent.includes("message 420 of many")`)
	settled(t, page)
	require.True(t, onScreen(t, page, "message 420 of many"), "one is at the end first")

	scrollLog(t, page, -2_000)
	read := firstRead(t, page)
	t.Logf("reads %+v", read)
	stays := func(after string) {
		t.Helper()
		settled(t, page)
		assert.InDelta(t, read.Top, topOf(t, page, read.Text), 2, "%s: %s was there; now %+v", after, read.Text, firstRead(t, page))
	}
	for i := range 40 {
		bob.Post(t, "lobby", fmt.Sprintf("news %d", i+1))
	}
	page.Until(t, "the news counted", `/\b40\b/.test(document.querySelector('[data-testid="to-end"]')?.textContent)`)
	stays("40 new messages")

	// Something above and below it gets another size.
	browser.Eval[any](t, page, `(all => { for (const m of [all[3], all.at(-4)]) m.querySelector('[data-testid="message-text"]').style.setProperty("padding-bottom", "180px"); })(
		[...document.querySelectorAll('[data-testid="message"]')])`)
	stays("a row above that grew")

	for _, width := range []int64{620, 1200, 380, 1000} {
		page.Resize(t, width, 800, false)
		settled(t, page)
		assert.True(t, onScreen(t, page, read.Text), "%d px: %s is read; now %+v", width, read.Text, firstRead(t, page))
	}

	// All the way up, a screen at a time: nothing is left out, nothing jumps.
	page.Resize(t, 1200, 800, false)
	settled(t, page)
	for steps := 0; ; steps++ {
		require.Less(t, steps, 100, "the first message is not reached; the top is %+v", firstRead(t, page))
		before := firstRead(t, page)
		if before.Text == "message 1 of many" && browser.Eval[float64](t, page, `document.querySelector('[role="log"]').scrollTop`) == 0 {
			break
		}
		scrollLog(t, page, -600)
		now := topOf(t, page, before.Text)
		assert.LessOrEqual(t, math.Abs(now-before.Top), 602.0, "%s at %v jumped to %v", before.Text, before.Top, now)
		if t.Failed() {
			break
		}
	}
	page.Click(t, "to-end")
	page.Until(t, "the end", `(log => log.scrollHeight - log.scrollTop - log.clientHeight < 2)(document.querySelector('[role="log"]'))`)
	assert.True(t, onScreen(t, page, "news 40"))
	assert.Empty(t, page.Console())
}

// TestMessageLink opens links to messages: one that is far above, one that is no longer kept.
func TestMessageLink(t *testing.T) {
	node := startNode(t, "--history-limit", "700")
	bob := client.SignIn(t, node.URL, "Bob")
	gone := bob.Post(t, "lobby", "the first of all")
	fillRoom(t, bob, "lobby", 740)
	kept := bob.Page(t, "lobby", "limit=1000").Messages
	require.Len(t, kept, 700)
	far := kept[100]

	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/rooms/lobby#"+far.ID)
	page.Until(t, "the message it leads to", fmt.Sprintf(`document.querySelector('[data-linked]')?.dataset.id === %q`, far.ID))
	settled(t, page)
	assert.True(t, onScreen(t, page, far.Text), "%s is not on screen; the top is %+v", far.Text, firstRead(t, page))
	assert.Less(t, len(page.Messages(t)), 700, "not all of a long history is drawn")
	page.SaveName(t)
	page.WaitLive(t, "")
	assert.True(t, onScreen(t, page, far.Text), "taking a name moves nothing")

	// What comes meanwhile is counted, and leads to the end.
	bob.Post(t, "lobby", "meanwhile")
	page.Until(t, "a count", `/\b1\b/.test(document.querySelector('[data-testid="to-end"]')?.textContent)`)
	assert.True(t, onScreen(t, page, far.Text))
	page.Click(t, "to-end")
	page.Until(t, "the end", `document.querySelector('[role="log"]').textContent.includes("meanwhile") && !document.querySelector('[data-testid="to-end"]')`)
	assert.True(t, onScreen(t, page, "meanwhile"))

	// The time is the message's address. It is the same page: nothing is loaded anew.
	browser.Eval[any](t, page, "window.stays = true")
	browser.Eval[any](t, page, `document.querySelectorAll('[data-testid="message"]')[5].querySelector("time").click()`)
	page.Until(t, "another one linked", `location.hash.slice(1) === document.querySelector('[data-linked]')?.dataset.id`)
	assert.NotEqual(t, far.ID, browser.Eval[string](t, page, "location.hash.slice(1)"))
	assert.True(t, browser.Eval[bool](t, page, "window.stays"))

	page.Open(t, node.URL+"/rooms/lobby#"+gone.ID)
	page.Until(t, "that it is gone", `document.querySelector('[data-testid="notice"]')?.textContent === "This message is no longer kept"`)
	assert.Empty(t, page.Console())
}

// TestNewLine leads who was away to what is new: by a line, and by a button where the line is not
// on screen.
func TestNewLine(t *testing.T) {
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	ann := chromium(t).Person(t, "Ann")
	page := ann.Page()
	fillRoom(t, bob, "lobby", 30)
	page.Visit(t, node.URL, "lobby", "")
	settled(t, page)

	// The tab goes behind another one; from there one writes, and Bob too.
	behind(t, page, true)
	other := ann.NewTab(t)
	other.Visit(t, node.URL, "lobby", "")
	other.Send(t, "mine")
	other.WaitSent(t, "mine")
	other.Close(t) // else it reads what follows
	for i := range 40 {
		bob.Post(t, "lobby", fmt.Sprintf("news %d", i+1))
	}
	page.Until(t, "the news", `document.querySelector('[role="log"]').textContent.includes("news 40")`)
	behind(t, page, false)
	page.Until(t, "what points to it", `/\b40\b/.test(document.querySelector('[data-testid="to-unread"]')?.textContent)`)
	line := `(line => line?.nextElementSibling?.querySelector('[data-testid="message-text"]')?.textContent)(document.querySelector(".unread"))`
	assert.Equal(t, "news 1", browser.Eval[string](t, page, line), "not before one's own of another tab")
	page.Click(t, "to-unread")
	page.Until(t, "no pointer", `!document.querySelector('[data-testid="to-unread"]')`)
	assert.True(t, onScreen(t, page, "news 1"))
	assert.GreaterOrEqual(t, browser.Eval[float64](t, page, `document.querySelector(".unread").getBoundingClientRect().top - document.querySelector('[role="log"]').getBoundingClientRect().top`), 0.0, "the line is on screen")
	assert.Equal(t, "message", focused(t, page))

	// The same by key.
	page.Click(t, "to-end")
	page.Until(t, "the end", `!document.querySelector('[data-testid="to-end"]')`)
	page.Press(t, "u", chromedp.ModifierAlt)
	page.Until(t, "the first unread", `document.activeElement?.textContent.includes("news 1") && !document.activeElement.textContent.includes("news 10")`)

	// On the next visit it is where one left off.
	page.Click(t, "to-end")
	page.Until(t, "read", `JSON.parse(localStorage.getItem("caller.rooms") ?? "[]")[0]?.read === [...document.querySelectorAll('[data-testid="message"]')].at(-1).dataset.id`)
	page.Open(t, node.URL+"/")
	page.WaitFor(t, "join")
	for i := range 3 {
		bob.Post(t, "lobby", fmt.Sprintf("later %d", i+1))
	}
	page.Open(t, node.URL+"/rooms/lobby")
	page.Until(t, "the line", line+` === "later 1"`)
	assert.Empty(t, page.Console())
}

// behind hides the tab, as going to another one does, or shows it again. (Every tab of the tests is
// in front otherwise; see the browser package.)
func behind(t *testing.T, page *browser.Page, hidden bool) {
	t.Helper()
	browser.Eval[any](t, page, fmt.Sprintf(`(() => { Object.defineProperty(document, "hidden", {configurable: true, get: () => %t});
		document.dispatchEvent(new Event("visibilitychange")); })()`, hidden))
}

// heardScript notes what a screen reader says by itself: the text that comes into live regions,
// unless they are off or busy.
const heardScript = `(() => {
	window.heard = [];
	const regions = '[aria-live], [role="log"], [role="alert"], [role="status"]';
	const live = (node) => {
		const region = (node.nodeType === 1 ? node : node.parentElement)?.closest(regions);
		if (!region || region.closest('[aria-busy="true"]')) return false;
		return (region.getAttribute("aria-live") ?? "polite") !== "off";
	};
	new MutationObserver((records) => {
		for (const { type, addedNodes, target } of records) {
			if (type === "characterData" && live(target)) window.heard.push(target.data);
			for (const node of addedNodes) if (live(node) && node.textContent) window.heard.push(node.textContent);
		}
	}).observe(document, {subtree: true, childList: true, characterData: true});
})()`

// TestHeardOnce is what can be known of a screen reader without one: each new message is said once,
// and nothing of the past.
func TestHeardOnce(t *testing.T) {
	node := startNode(t, "--history-limit", "400")
	bob := client.SignIn(t, node.URL, "Bob")
	fillRoom(t, bob, "lobby", 300)
	page := chromium(t).Person(t, "Ann").Page()
	page.AtStart(t, heardScript)
	page.Visit(t, node.URL, "lobby", "")
	settled(t, page)
	about := func(text string) []string {
		t.Helper()
		return browser.Eval[[]string](t, page, fmt.Sprintf(`window.heard.filter(h => h.includes(%q))`, text))
	}
	assert.Empty(t, about("of many"), "the past is not read out")

	bob.Post(t, "lobby", "hello")
	page.Until(t, "hello", `window.heard.some(h => h.includes("hello"))`)
	page.Rest(t, 500*time.Millisecond)
	assert.Equal(t, []string{"Bob: hello"}, about("hello"), "once, and without the time")

	page.Send(t, "mine")
	page.WaitSent(t, "mine")
	assert.Empty(t, about("mine"))

	// Earlier pages come without a word.
	for range 40 {
		scrollLog(t, page, -900)
	}
	page.Until(t, "earlier messages", `document.querySelector('[role="log"]').textContent.includes("message 1 of many")`)
	assert.Empty(t, about("of many"))

	tree := page.AccessibilityTree(t)
	var logs, headings []string
	for _, n := range tree {
		switch n.Role {
		case "log":
			logs = append(logs, fmt.Sprint(n.Name, " ", n.Properties["live"], " ", n.Properties["busy"]))
		case "heading":
			headings = append(headings, fmt.Sprint(n.Properties["level"], " ", n.Name))
		}
	}
	assert.Equal(t, []string{"Messages <nil> <nil>"}, logs)
	assert.Contains(t, headings, "1 lobby")
	assert.Contains(t, headings, "2 Today")
}
