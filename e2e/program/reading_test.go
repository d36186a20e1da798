package program

import (
	"fmt"
	"math"
	"testing"

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
	page.Until(t, "the news drawn", `document.querySelector('[role="log"]').textContent.includes("news 40")`)
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
