package program

import (
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// messageJS is the element of the message whose text, or the place of it, is this.
func messageJS(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('[data-testid="message"]')].find(m =>
		m.querySelector('[data-testid="message-text"]')?.textContent === %q)`, text)
}

// partJS is an element within that message.
func partJS(text, id string) string {
	return messageJS(text) + `?.querySelector('[data-testid="` + id + `"]')`
}

// focusMessage goes to a message, as the arrow keys do.
func focusMessage(t *testing.T, page *browser.Page, text string) {
	t.Helper()
	page.Until(t, text, messageJS(text))
	browser.Eval[any](t, page, messageJS(text)+".focus()")
}

// inComposer waits until the composer has this text.
func inComposer(t *testing.T, page *browser.Page, text string) {
	t.Helper()
	page.Until(t, fmt.Sprintf("%q in the composer", text), fmt.Sprintf(
		`document.querySelector('[data-testid="composer-input"]')?.value === %q`, text))
}

// clickOn clicks on an element wherever it stands: messages move as others come.
func clickOn(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	page.WaitFor(t, id)
	browser.Eval[any](t, page, `document.querySelector('[data-testid="`+id+`"]').click()`)
}

func focusComposer(t *testing.T, page *browser.Page) {
	t.Helper()
	browser.Eval[any](t, page, `document.querySelector('[data-testid="composer-input"]').focus()`)
}

// TestPageConversation edits, answers, reacts and deletes by the keyboard, over each transport.
func TestPageConversation(t *testing.T) {
	node := startNode(t)
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			room := "talk-" + transport
			ann, bob := chromium(t).Person(t, "Ann").Page(), chromium(t).Person(t, "Bob").Page()
			ann.Visit(t, node.URL, room, transport)
			bob.Visit(t, node.URL, room, transport)
			ann.Send(t, "teh tea")
			mine := ann.WaitSent(t, "teh tea")

			// ↑ edits one's last message; a draft comes back afterwards.
			ann.Press(t, kb.ArrowUp)
			inComposer(t, ann, "teh tea")
			ann.Fill(t, "composer-input", "the tea")
			ann.Press(t, kb.Enter)
			inComposer(t, ann, "")
			for _, page := range []*browser.Page{ann, bob} {
				page.Until(t, "the edit", partJS("the tea", "edited")+`?.title`)
			}

			// Bob answers; it shows whom and what.
			focusMessage(t, bob, "the tea")
			bob.Press(t, "r")
			bob.Until(t, "replying", `document.querySelector('[data-testid="replying"]')?.textContent.includes("Ann")`)
			bob.Press(t, "is ready?")
			bob.Press(t, kb.Enter)
			ann.Until(t, "the answer", partJS("is ready?", "quote")+`?.textContent === "Ann: the tea"`)
			clickOn(t, ann, "quote")
			ann.Until(t, "what it answers", "document.activeElement === "+messageJS("the tea"))

			// Bob reacts, found by a word of the other language; Ann joins in, and takes it away.
			focusMessage(t, bob, "the tea")
			for _, again := range []bool{false, true} {
				bob.Press(t, "+")
				bob.Until(t, "the search", `document.activeElement?.dataset.testid === "emoji-search"`)
				if !again {
					back(t, bob, `!document.querySelector(".popup") && document.activeElement === `+messageJS("the tea"))
				}
			}
			bob.Press(t, "ракета")
			bob.Press(t, kb.Enter)
			reaction := func(count, pressed string) string {
				return fmt.Sprintf(`(r => r?.dataset.emoji === "🚀" && r.textContent === "🚀%s" && r.ariaPressed === %q)(%s)`,
					count, pressed, partJS("the tea", "reaction"))
			}
			bob.Until(t, "one's own reaction", reaction("1", "true"))
			ann.Until(t, "Bob's reaction", reaction("1", "false"))
			clickOn(t, ann, "reaction")
			bob.Until(t, "both", reaction("2", "true"))
			ann.Until(t, "both", reaction("2", "true"))
			clickOn(t, ann, "reaction")
			ann.Until(t, "Bob's alone", reaction("1", "false"))
			bob.Until(t, "Bob's alone", reaction("1", "true"))

			// Who comes later sees the same.
			kept := client.Guest(node.URL, "").Page(t, room, "").Messages
			require.Len(t, kept, 2)
			assert.Equal(t, "the tea", kept[0].Text)
			carol := chromium(t).Person(t, "Carol").Page()
			carol.Visit(t, node.URL, room, transport)
			carol.Until(t, "the reaction", reaction("1", "false"))
			carol.Until(t, "the edit", partJS("the tea", "edited"))

			// Deleting asks once, and is done for everybody five seconds later. That it can be
			// undone meanwhile is frontend/test/ui's, which has a clock of its own.
			focusMessage(t, ann, "the tea")
			ann.Press(t, kb.Delete)
			ann.WaitFor(t, "remove-ask")
			ann.Press(t, kb.Escape)
			ann.Until(t, "the focus back on the message", messageJS("the tea")+" === document.activeElement && !history.state?.layers")
			ann.Press(t, kb.Delete)
			ann.WaitFor(t, "remove-ask")
			ann.Press(t, kb.Enter)
			deleted := fmt.Sprintf(`document.querySelector('[data-id=%q]')?.dataset.deleted === "true" && !document.querySelector('[data-testid="undo"]')`, mine.ID)
			for _, page := range []*browser.Page{ann, bob, carol} {
				page.Until(t, "it deleted", deleted)
				page.Until(t, "the answer without it", partJS("is ready?", "quote")+`?.textContent === "Ann: Deleted message"`)
			}
			kept = client.Guest(node.URL, "").Page(t, room, "").Messages
			assert.Equal(t, "", kept[0].Text)

			// What is not one's own, or is gone, can't be changed.
			focusMessage(t, ann, "is ready?")
			ann.Press(t, "e")
			ann.Press(t, kb.Delete)
			assert.False(t, ann.Has(t, "editing") || ann.Has(t, "remove-ask"))
			for _, page := range []*browser.Page{ann, bob, carol} {
				assert.Empty(t, page.Console(), "errors in the console")
			}
		})
	}
}

// TestPageConversationSurvives leaves the page in the middle of things.
func TestPageConversationSurvives(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "survives", "")
	page.Send(t, "first")
	page.WaitSent(t, "first")

	t.Run("a draft and an edit", func(t *testing.T) {
		page.Fill(t, "composer-input", "a draft")
		focusMessage(t, page, "first")
		page.Press(t, "e")
		inComposer(t, page, "first")
		page.Press(t, "ly")
		page.Open(t, node.URL+"/rooms/survives")
		inComposer(t, page, "firstly")
		focusComposer(t, page)
		page.Press(t, kb.Escape)
		inComposer(t, page, "a draft")
		browser.Eval[any](t, page, `document.querySelector('.back').click()`)
		page.WaitFor(t, "start-room")
		browser.Eval[any](t, page, `history.back()`)
		page.WaitFor(t, "composer-input")
		inComposer(t, page, "a draft")
	})
	t.Run("what was sent does not come back", func(t *testing.T) {
		browser.Eval[any](t, page, `(document.querySelector('[data-testid="send"]').click(), document.querySelector('.back').click())`)
		page.WaitFor(t, "start-room")
		browser.Eval[any](t, page, `history.back()`)
		page.WaitSent(t, "a draft")
		inComposer(t, page, "")
		focusComposer(t, page)
		page.Press(t, kb.Enter)
		page.Send(t, "after it")
		page.WaitSent(t, "after it")
		assert.Equal(t, []string{"first", "a draft", "after it"}, page.Texts(t))
	})
	t.Run("a deletion is done when the tab is closed", func(t *testing.T) {
		focusMessage(t, page, "first")
		page.Press(t, kb.Delete)
		page.WaitFor(t, "remove-ask")
		page.Click(t, "remove")
		page.WaitFor(t, "message-deleted")
		bob := client.SignIn(t, node.URL, "Bob")
		record := bob.Read(t, client.WebSocket, "survives", client.Options{})
		record.WaitType(t, "live")
		page.Open(t, "about:blank")
		record.WaitType(t, "delete")
	})
}

// back goes back in the browser's history: what lies over the page is closed by it, and one is
// still in the room.
func back(t *testing.T, page *browser.Page, closed string) {
	t.Helper()
	before := page.Location(t)
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "it closed", closed+" && !history.state?.layers")
	assert.Equal(t, before, page.Location(t))
	assert.True(t, page.Has(t, "composer-input"))
}

// TestPageConversationByTouch holds a finger on a message.
func TestPageConversationByTouch(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Resize(t, 390, 780, true)
	page.Touch(t)
	client.SignIn(t, node.URL, "Bob").Post(t, "touch", "hold me")
	page.Visit(t, node.URL, "touch", "")
	page.Until(t, "the message", messageJS("hold me"))
	page.Hold(t, partJS("hold me", "message-text"), "message-sheet")
	back(t, page, `!document.querySelector("dialog")`)
	page.Hold(t, partJS("hold me", "message-text"), "message-sheet")
	page.Click(t, "quick-more")
	page.WaitFor(t, "emoji-picker")
	back(t, page, `!document.querySelector("dialog")`)
	focusComposer(t, page)
	page.Press(t, "@b")
	page.WaitFor(t, "mention-list")
	back(t, page, `!document.querySelector('[data-testid="mention-list"]')`)
	inComposer(t, page, "@b")
	page.Fill(t, "composer-input", "")
	page.Hold(t, partJS("hold me", "message-text"), "message-sheet")
	page.Until(t, "a few emoji", `document.querySelectorAll('[data-testid="message-sheet"] .quick').length === 7`)
	browser.Eval[any](t, page, `document.querySelector('.quick').click()`)
	page.Until(t, "the reaction", partJS("hold me", "reaction"))

	// Who answers writes at once.
	page.Hold(t, partJS("hold me", "message-text"), "message-sheet")
	page.Click(t, "menu-reply")
	page.WaitFor(t, "replying")
	page.Until(t, "the field with the focus", `document.activeElement?.dataset.testid === "composer-input"`)
	page.Press(t, kb.Escape)

	// Its keyboard's Enter breaks the line.
	page.Fill(t, "composer-input", "one")
	page.Press(t, kb.Enter)
	page.Press(t, "two")
	inComposer(t, page, "one\ntwo")
	page.Click(t, "send")
	page.WaitSent(t, "one\ntwo")
}

// TestPageInputMethod ends a word by Enter, as browsers tell it: Safari's event has the code 229
// alone.
func TestPageInputMethod(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "ime", "")
	page.Fill(t, "composer-input", "にほんご")
	for _, init := range []string{"keyCode: 229, isComposing: true", "keyCode: 229, isComposing: false"} {
		browser.Eval[any](t, page, `(f => { f.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true}));
			f.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, `+init+`})); })(document.querySelector('[data-testid="composer-input"]'))`)
	}
	inComposer(t, page, "にほんご")
	page.Press(t, kb.Enter)
	page.WaitSent(t, "にほんご")
	assert.Len(t, page.Texts(t), 1)
}

// TestAxeOfTheConversation holds what opens over messages to axe-core's rules, wide and narrow, in
// light and dark.
func TestAxeOfTheConversation(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	for _, mode := range []struct {
		theme string
		width int64
	}{{"light", 1100}, {"dark", 390}} {
		t.Run(mode.theme, func(t *testing.T) {
			ann.Post(t, mode.theme, "theirs")
			page := chromium(t).Person(t, "Bob").Page()
			page.Resize(t, mode.width, 780, false)
			page.Emulate(t, "prefers-color-scheme", mode.theme)
			page.Visit(t, node.URL, mode.theme, "")
			page.Send(t, "mine")
			page.WaitSent(t, "mine")
			check := func(what string) {
				t.Helper()
				page.Load(t, string(axe))
				violations := browser.Eval[[]string](t, page, `(async () => {
					await Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
					const {violations} = await axe.run(document);
					return violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
				})()`)
				assert.Empty(t, violations, "%s in %s", what, mode.theme)
			}
			focusMessage(t, page, "mine")
			page.WaitFor(t, "message-bar")
			check("the bar of a message")
			page.Press(t, kb.Enter)
			page.WaitFor(t, "message-menu")
			check("the menu")
			page.Press(t, kb.Escape)
			page.Until(t, "the menu closed", `!document.querySelector('[data-testid="message-menu"]')`)
			focusMessage(t, page, "theirs")
			page.Press(t, "+")
			page.WaitFor(t, "emoji-search")
			check("the picker")
			page.Press(t, "heart")
			page.Press(t, kb.Enter)
			page.WaitFor(t, "reaction")
			check("a reaction")
			focusMessage(t, page, "theirs")
			page.Press(t, "r")
			page.WaitFor(t, "replying")
			check("an answer")
			page.Press(t, "answer")
			page.Press(t, kb.Enter)
			page.WaitSent(t, "answer")
			focusMessage(t, page, "mine")
			page.Press(t, "e")
			page.WaitFor(t, "editing")
			check("an edit")
			page.Press(t, kb.Escape)
			focusMessage(t, page, "mine")
			page.Press(t, kb.Delete)
			page.WaitFor(t, "remove-ask")
			check("the question")
			page.Click(t, "remove")
			page.WaitFor(t, "message-deleted")
			check("what can be undone")
		})
	}
}

// TestFirefoxConversation does by Firefox's keys what a message offers.
func TestFirefoxConversation(t *testing.T) {
	endToEnd(t)
	node := startNode(t)
	firefox := browser.StartFirefox(t)
	t.Cleanup(firefox.Close)
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Post(t, "firefox", "from Bob")
	page := firefox.Page(t, "Ann")
	page.Visit(t, node.URL, "firefox", "ws")
	page.Send(t, "fisrt")
	page.Until(t, "it sent", messageJS("fisrt")+`?.dataset.state === "sent"`)
	page.Press(t, browser.FirefoxUp)
	page.Until(t, "it in the field", `document.querySelector('[data-testid="composer-input"]').value === "fisrt"`)
	page.Fill(t, "composer-input", "first")
	page.Press(t, browser.FirefoxEnter)
	page.Until(t, "the edit", partJS("first", "edited"))
	page.Read(t, messageJS("first")+".focus()", new(any))
	page.Press(t, browser.FirefoxUp)
	page.Until(t, "the message before", "document.activeElement === "+messageJS("from Bob"))
	page.Press(t, "+")
	page.Until(t, "the picker", `document.activeElement?.dataset.testid === "emoji-search"`)
	page.Press(t, browser.FirefoxDown)
	page.Press(t, browser.FirefoxEnter)
	page.Until(t, "the reaction", partJS("from Bob", "reaction"))
	page.Until(t, "the focus back", "document.activeElement === "+messageJS("from Bob"))
	page.Press(t, "r")
	page.Until(t, "an answer", `document.querySelector('[data-testid="replying"]') && document.activeElement?.dataset.testid === "composer-input"`)
	page.Press(t, browser.FirefoxEscape)
	page.Until(t, "no answer", `!document.querySelector('[data-testid="replying"]')`)
	page.Read(t, messageJS("first")+".focus()", new(any))
	page.Press(t, browser.FirefoxDelete)
	page.Until(t, "the question", `document.activeElement?.dataset.testid === "remove"`)
	page.Press(t, browser.FirefoxEnter)
	page.Until(t, "it deleted", `document.querySelector('[data-testid="message-deleted"]')`)
	page.Until(t, "it gone", `!document.querySelector('[data-testid="undo"]') && document.querySelector('[data-testid="message-deleted"]')`)
	assert.Empty(t, page.Console(), "errors in the console")
	assert.Equal(t, []string{"from Bob", ""}, bob.Page(t, "firefox", "").Texts())
}
