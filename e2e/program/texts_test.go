package program

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestHostileTextsKeepNobodyBusy: each of these once kept a page busy for seconds, at each drawing.
// With so many of them that is far longer than a wait in a test.
func TestHostileTextsKeepNobodyBusy(t *testing.T) {
	node := startNode(t)
	postHostile(t, node.URL)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "")
	// A page begins with the newest; who scrolls up gets the others.
	page.Until(t, "all messages", `(log => { log.scrollTop = 0; return log.querySelectorAll('[data-testid="message"]').length === 25; })(document.querySelector(".log"))`)
	page.Until(t, "the texts formatted", `document.querySelectorAll('[data-testid="code-block"]').length === 5`)
	page.Send(t, "still here")
	page.WaitSent(t, "still here")
	links := browser.Eval[int](t, page, `document.querySelectorAll('[data-testid="message-text"] a[href^="https://a/"]').length`)
	assert.Equal(t, 15, links, "an address is one, whatever follows it")
	folded := browser.Eval[int](t, page, `document.querySelectorAll('[data-testid="show-all"]').length`)
	assert.Equal(t, 25, folded, "what is longer than a screen is folded")
}

// TestHostileTextsInFirefox: its expressions are another machine's than Chromium's.
func TestHostileTextsInFirefox(t *testing.T) {
	endToEnd(t)
	node := startNode(t)
	postHostile(t, node.URL)
	client.SignIn(t, node.URL, "Bob").Post(t, "kitchen", "```go\nfunc main() {}\n```")
	page := run.Firefox(t).Page(t, "Ann")
	page.Visit(t, node.URL, "kitchen", "ws")
	page.Until(t, "code in colours", `document.querySelector('[data-testid="code-block"] .hljs-keyword')`)
	page.Send(t, "still here")
	page.Until(t, "the message sent", `[...document.querySelectorAll('.message.sent [data-testid="message-text"]')].some(e => e.textContent === "still here")`)
	assert.Empty(t, page.Console())
}

// postHostile posts five times each of five texts into the kitchen.
func postHostile(t *testing.T, base string) {
	t.Helper()
	texts := []string{
		"https://a/" + strings.Repeat(".", 1300) + "x" + strings.Repeat(")", 2600),
		"https://a/" + strings.Repeat(".", 2000) + "x" + strings.Repeat(")", 1900),
		"https://a" + strings.Repeat(")", 3990),
		strings.Repeat("[a](", 1000),
		"```javascript\na" + strings.Repeat("\n", 3900) + "b\n```",
	}
	mallory := client.SignIn(t, base, "Mallory")
	for range 5 {
		for _, text := range texts {
			mallory.Post(t, "kitchen", text)
		}
	}
}

// TestFormattedText: what people type without thinking is formatted, and passes axe in both themes.
func TestFormattedText(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err)
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	for _, text := range []string{
		"**bold** *italic* ~~gone~~ `code` https://en.wikipedia.org/wiki/Foo_(bar)",
		"```go\nfunc main() {}\n```",
		"> quoted\nanswer\n- one\n- two",
		"\u202ehttps://evil.example/moc.elgoog.www//:sptth",
		"https://google.com@evil.example/",
	} {
		bob.Post(t, "kitchen", text)
	}
	page := chromium(t).Person(t, "Ann").Page()
	page.AtStart(t, `addEventListener("DOMContentLoaded", () => { navigator.clipboard.writeText = async text => { window.copied = text; }; })`)
	page.Visit(t, node.URL, "kitchen", "")
	page.Until(t, "code in colours", `document.querySelector('[data-testid="code-block"] .hljs-keyword')`)
	assert.Equal(t, []string{
		"bold italic gone code https://en.wikipedia.org/wiki/Foo_(bar)",
		"func main() {}",
		"quotedansweronetwo",
		"\u202ehttps://evil.example/moc.elgoog.www//:sptth",
		"https://google.com@evil.example/ (evil.example)",
	}, page.Texts(t))
	assert.Equal(t, "isolate", browser.Eval[string](t, page, `getComputedStyle(document.querySelector('a[href^="https://evil.example/moc"]')).unicodeBidi`))
	page.Click(t, "copy-code")
	page.Until(t, "the code copied", `window.copied === "func main() {}"`)

	page.Send(t, "mine: **b** `c` https://example.org\n```js\nlet a = 'x';\n```\n> q")
	page.Until(t, "the second in colours", `document.querySelectorAll('[data-testid="code-block"] .hljs-keyword').length === 2`)
	page.Fill(t, "composer-input", "@")
	page.WaitFor(t, "mention-list")
	for _, theme := range []string{"light", "dark"} {
		page.Emulate(t, "prefers-color-scheme", theme)
		page.Load(t, string(axe))
		violations := browser.Eval[[]string](t, page, `(async () => {
			await Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
			const {violations} = await axe.run(document);
			return violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
		})()`)
		assert.Empty(t, violations, theme)
	}
	assert.Empty(t, page.Console())
}

// TestMentions: completed by keyboard, stored as ids, shown as the present name, and marked for
// whom they are meant.
func TestMentions(t *testing.T) {
	node := startNode(t)
	ann, bob := chromium(t).Person(t, "Ann Lee").Page(), chromium(t).Person(t, "Bob").Page()
	ann.Visit(t, node.URL, "kitchen", "")
	bob.Visit(t, node.URL, "kitchen", "")
	waitPeople(t, bob, 2)
	bob.Click(t, "composer-input")
	bob.Press(t, "hi @an")
	bob.WaitFor(t, "mention-list")
	assert.Equal(t, "Ann Lee", browser.Eval[string](t, bob, `document.getElementById(document.activeElement.getAttribute("aria-activedescendant")).querySelector("bdi").textContent`))
	bob.Press(t, kb.Enter)
	bob.Until(t, "the name completed", `document.querySelector('[data-testid="composer-input"]').value === "hi @Ann Lee "`)
	bob.Press(t, "there"+kb.Enter)
	bob.WaitSent(t, "hi @Ann Lee there")
	ann.WaitTexts(t, "hi @Ann Lee there")
	ann.Until(t, "the mention marked", `document.querySelector('.message.mentions-me [data-testid="mention"].me')`)
	stored := client.Guest(node.URL, "").Page(t, "kitchen", "").Messages[0]
	assert.Equal(t, "hi @Ann Lee there", stored.Text)
	id := browser.Eval[string](t, ann, `document.querySelector('[data-testid="mention"]').dataset.id`)
	assert.Equal(t, browser.Eval[string](t, ann, `JSON.parse(localStorage.getItem("caller.session")).clientId`), id)

	ann.Click(t, "menu")
	ann.Click(t, "change-name")
	ann.Fill(t, "name-input", "Anna")
	ann.Click(t, "name-save")
	for _, page := range []*browser.Page{ann, bob} {
		page.Until(t, "the present name", `document.querySelector('[data-testid="message-text"]').textContent === "hi @Anna there"`)
	}
}
