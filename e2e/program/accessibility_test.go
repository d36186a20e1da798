package program

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// tabTo presses Tab until the focus is on the hook, as somebody without a mouse does; each stop
// must be to be seen.
func tabTo(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	var stops []string
	for range 60 {
		if focused(t, page) == id {
			return
		}
		page.Press(t, kb.Tab)
		stops = append(stops, focused(t, page))
		visible := browser.Eval[bool](t, page, `(e => !e || e === document.body || e.checkVisibility())(document.activeElement)`)
		require.True(t, visible, "the focus is on something that is not to be seen: %s", stops[len(stops)-1])
	}
	require.FailNow(t, "not reached", "%s can't be reached with Tab; stops: %q", id, stops)
}

func focused(t *testing.T, page *browser.Page) string {
	t.Helper()
	return browser.Eval[string](t, page, `document.activeElement?.dataset?.testid ?? document.activeElement?.tagName ?? ""`)
}

// TestKeyboardOnly is the whole visit without a mouse: join, write, break a line, look who is
// there, leave.
func TestKeyboardOnly(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/")
	page.WaitFor(t, "join")
	tabTo(t, page, "start-room")
	page.Press(t, "kitchen")
	tabTo(t, page, "start-name")
	page.Press(t, "Ann")
	tabTo(t, page, "join")
	page.Press(t, kb.Enter)
	page.WaitLive(t, "")

	tabTo(t, page, "composer-input")
	page.Press(t, "hello")
	page.Press(t, kb.Enter)
	page.WaitTexts(t, "hello")
	page.Press(t, "two")
	page.Press(t, kb.Enter, chromedp.ModifierShift)
	page.Press(t, "lines")
	page.Press(t, kb.Enter)
	page.WaitTexts(t, "hello", "two\nlines")
	assert.Equal(t, "composer-input", focused(t, page), "one goes on writing")

	bob := client.SignIn(t, node.URL, "Bob")
	bob.Read(t, client.WebSocket, "kitchen", client.Options{})
	waitPeople(t, page, 2)
	if !page.Has(t, "member") { // the list is open where there is room for it
		tabTo(t, page, "people-toggle")
		page.Press(t, kb.Enter)
	}
	page.Until(t, "Bob in the list", `[...document.querySelectorAll('[data-testid="member"]')].some(e => e.checkVisibility() && e.textContent.includes("Bob"))`)
	page.Press(t, kb.Escape)
	tabTo(t, page, "leave")
	page.Press(t, kb.Enter)
	page.WaitFor(t, "start-room")
	waitMembers(t, bob, "kitchen", "Bob")
}

const axePath = "../../frontend/node_modules/axe-core/axe.min.js"

// TestAxe holds the start and room pages to axe-core's rules, in light and dark: with what a name
// that is none is answered, with what leads to what is new, and with a message that a link leads
// to.
func TestAxe(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			linked := ann.Post(t, theme, "hello, see https://example.org/ and `code`").ID
			client.Guest(node.URL, "A guest").Post(t, theme, "🙂")
			page := chromium(t).Person(t, "Bob").Page()
			page.Emulate(t, "prefers-color-scheme", theme)
			check := func(what string) { t.Helper(); checkAxe(t, page, string(axe), what+" in "+theme) }
			page.Open(t, node.URL+"/")
			page.WaitFor(t, "join")
			check("the start page")
			page.Fill(t, "start-room", "My room")
			page.Press(t, kb.Enter)
			page.WaitFor(t, "start-offer")
			check("a room's name that is offered")
			page.Visit(t, node.URL, theme, "")
			page.Until(t, "two messages", `document.querySelectorAll('[data-testid="message"]').length === 2`)
			page.Send(t, "mine")
			page.WaitSent(t, "mine")
			check("the room")
			background := browser.Eval[string](t, page, "getComputedStyle(document.body).backgroundColor")
			assert.Equal(t, theme == "dark", dark(t, background), "the background is %s", background)

			self := browser.Eval[string](t, page, `JSON.parse(localStorage.getItem("caller.session")).clientId`)
			behind(t, page, true)
			fillRoom(t, ann, theme, 40)
			page.Until(t, "the news", `document.querySelector('[role="log"]').textContent.includes("message 40 of many")`)
			behind(t, page, false)
			page.WaitFor(t, "to-unread")
			check("what leads to the first unread message")
			page.Click(t, "to-unread")
			page.Until(t, "the line", `document.querySelector(".unread")?.checkVisibility() && !document.querySelector('[data-testid="to-unread"]')`)
			mention(t, ann, theme, map[string]any{"text": "@Bob you too", "mentions": []string{self}})
			page.WaitFor(t, "to-end")
			page.WaitFor(t, "to-mention")
			check("the line, and what leads to the mention and the end")
			page.Click(t, "find-open")
			page.WaitFor(t, "find-input")
			page.Press(t, "of many")
			page.WaitFor(t, "find-result")
			check("what was found")
			page.Open(t, "about:blank")
			page.Open(t, node.URL+"/rooms/"+theme+"#"+linked)
			page.Until(t, "the message of the link", `document.querySelector(".message[data-linked]")`)
			check("the message of a link")
		})
	}
}

// checkAxe holds what a page shows to axe-core's rules.
func checkAxe(t *testing.T, page *browser.Page, axe, what string) {
	t.Helper()
	page.Load(t, axe)
	violations := browser.Eval[[]string](t, page, `(async () => {
		await Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
		const {violations} = await axe.run(document);
		return violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
	})()`)
	assert.Empty(t, violations, what)
}

// TestAxeInTheMenu holds to axe-core's rules what the menu leads to: notifications, and the link
// for another device on both devices.
func TestAxeInTheMenu(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	node := startNode(t)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Emulate(t, "prefers-color-scheme", theme)
			page.MayNotify(t, node.URL)
			page.Visit(t, node.URL, "kitchen", "")
			check := func(what string) { t.Helper(); checkAxe(t, page, string(axe), what+" in "+theme) }
			page.Click(t, "menu")
			page.WaitFor(t, "notify-on")
			check("notifications that are off")
			page.Click(t, "notify-on")
			page.WaitFor(t, "notify-level")
			check("notifications that are on")
			page.Click(t, "link-device")
			page.WaitFor(t, "qr-code")
			check("the link")
			page.Open(t, node.URL+"/rooms/kitchen#link=used")
			page.WaitFor(t, "claim-agree")
			check("the question")
			page.Click(t, "claim-agree")
			page.Until(t, "that it was used", `document.querySelector('[data-testid="claim"]')?.textContent.includes("already used")`)
			check("a link that was used")
		})
	}
}

// dark reports whether a colour, as in "rgb(1, 2, 3)", is dark.
func dark(t *testing.T, color string) bool {
	t.Helper()
	var r, g, b int
	_, err := fmt.Sscanf(strings.NewReplacer("rgba(", "rgb(").Replace(color), "rgb(%d, %d, %d", &r, &g, &b)
	require.NoError(t, err, color)
	return r+g+b < 3*128
}
