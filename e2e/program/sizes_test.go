package program

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestPrintsAllThatIsShown: a room goes to paper as a whole, and not as the screenful that one
// sees.
func TestPrintsAllThatIsShown(t *testing.T) {
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	for i := range 60 {
		bob.Post(t, "kitchen", fmt.Sprintf("message %d\nof several lines\nand a third", i))
	}
	bob.Post(t, "kitchen", strings.Repeat("a long one\n", 60))
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "")
	page.Until(t, "all messages", `document.querySelectorAll('[data-testid="message"]').length === 61`)
	pdf := page.Print(t)
	pages := bytes.Count(pdf, []byte("/Type /Page\n"))
	assert.GreaterOrEqual(t, pages, 4, "62 messages of three lines and one of sixty are on %d pages", pages)

	page.EmulatePrint(t)
	cut := browser.Eval[[]string](t, page, `[...document.querySelectorAll('[data-testid="message"]')].filter(m => {
		const {bottom} = m.getBoundingClientRect();
		return bottom + scrollY > document.documentElement.scrollHeight + 1;
	}).map(m => m.textContent)`)
	assert.Empty(t, cut, "messages that are cut off on paper")
	assert.False(t, browser.Eval[bool](t, page, `document.querySelector('[data-testid="composer-input"]').checkVisibility()`), "there is nothing to press on paper")
}

// TestHeaderOnNarrowScreens: the words about the connection do not lie over the buttons, and the
// room's name has room.
func TestHeaderOnNarrowScreens(t *testing.T) {
	node := startNode(t, "--livekit-url", "ws://127.0.0.1:9", "--livekit-api-key", "key", "--livekit-api-secret", strings.Repeat("s", 32))
	page := chromium(t).Person(t, "Ann").Page()
	for _, language := range []string{"en", "ru"} {
		for _, transport := range []string{"ws", "sse", "poll"} {
			page.Visit(t, node.URL, "a-room-with-a-long-name", transport)
			browser.Eval[any](t, page, `localStorage.setItem("caller.language", '"`+language+`"')`)
			page.Visit(t, node.URL, "a-room-with-a-long-name", transport)
			for _, width := range []int64{320, 360, 414} {
				page.Resize(t, width, 640, false)
				over := browser.Eval[[]string](t, page, `(() => {
					const range = document.createRange();
					range.selectNodeContents(document.querySelector('[data-testid="connection"] [role="status"]'));
					const words = range.getBoundingClientRect();
					return [...document.querySelectorAll(".room-header .icon-button")].filter(b => {
						const box = b.getBoundingClientRect();
						return box.left < words.right && words.left < box.right && box.top < words.bottom && words.top < box.bottom;
					}).map(b => b.title);
				})()`)
				assert.Empty(t, over, "under the words at %d px, %s, %s", width, transport, language)
				assert.LessOrEqual(t, browser.Eval[int64](t, page, "document.documentElement.scrollWidth"), width)
				assert.Greater(t, browser.Eval[int64](t, page, `document.querySelector("h1").clientWidth`), int64(150), "of the name at %d px, %s, %s", width, transport, language)
			}
		}
	}
}

// TestCodeOnAPhone: a long line of code scrolls within its message, which is as wide as the screen
// lets it be.
func TestCodeOnAPhone(t *testing.T) {
	node := startNode(t)
	client.SignIn(t, node.URL, "Bob").Post(t, "kitchen", "see\n```go\n"+strings.Repeat("call(1); ", 30)+"\n```")
	page := chromium(t).Person(t, "Ann").Page()
	page.Resize(t, 390, 800, true)
	page.Visit(t, node.URL, "kitchen", "")
	page.WaitFor(t, "code-block")
	for _, part := range []string{`[data-testid="message-text"]`, `.copy-code`} {
		right := browser.Eval[float64](t, page, `document.querySelector('`+part+`').getBoundingClientRect().right`)
		assert.LessOrEqual(t, right, 380.0, "%s is cut at the edge", part)
	}
	assert.True(t, browser.Eval[bool](t, page, `(pre => pre.scrollWidth > pre.clientWidth)(document.querySelector('[data-testid="code-block"] pre'))`), "the line scrolls")
}

// TestTimesAtZoom: beside a long address the time is on the screen, at 200 % of a usual window too.
func TestTimesAtZoom(t *testing.T) {
	node := startNode(t)
	long := "https://example.org/" + strings.Repeat("a-long-address/", 12)
	client.SignIn(t, node.URL, "Bob").Post(t, "kitchen", long)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "")
	page.Send(t, long)
	page.WaitSent(t, long)
	for _, width := range []int64{600, 640, 683, 720} {
		page.Resize(t, width, 400, false)
		out := browser.Eval[[]string](t, page, `[...document.querySelectorAll(".message .time")].map(e => e.getBoundingClientRect()).filter(({left, right}) => left < 0 || right > innerWidth).map(r => r.left + " to " + r.right)`)
		assert.Empty(t, out, "times that are cut at %d px", width)
	}
}

// TestForcedColours: what colours say otherwise is said by shapes.
func TestForcedColours(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Emulate(t, "forced-colors", "active")
	page.Visit(t, node.URL, "kitchen", "")
	page.Send(t, "hello")
	page.WaitSent(t, "hello")
	shape := func(state string) string {
		return browser.Eval[string](t, page, `(c => {
			const {className} = c;
			c.className = "connection `+state+`";
			const {backgroundColor, borderRadius} = getComputedStyle(c.querySelector(".shape"));
			c.className = className;
			return backgroundColor + " " + borderRadius;
		})(document.querySelector('[data-testid="connection"]'))`)
	}
	shapes := map[string]bool{shape("live"): true, shape("connecting"): true, shape("offline"): true}
	assert.Len(t, shapes, 3, "shapes of the connection that differ")
	assert.Equal(t, "2px", browser.Eval[string](t, page, `getComputedStyle(document.querySelector('[data-testid="message-text"]')).borderTopWidth`), "a bubble without a ground has a border")
}
