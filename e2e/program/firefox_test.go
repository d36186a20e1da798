package program

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// TestFirefoxNotifications is told in Firefox of what is said while one does not look: the browser
// is asked once for two tabs, and a click leads there. No desktop is there to show it.
func TestFirefoxNotifications(t *testing.T) {
	endToEnd(t)
	site := newReleases(t, startNode(t), "")
	ann := run.Firefox(t).Page(t, "Ann")
	ann.MayNotify(t, site.URL)
	ann.Visit(t, site.URL, "kitchen", "ws")
	ann.Until(t, "the worker", `(await (`+workerRuns+`))`)
	ann.Click(t, "menu")
	ann.Click(t, "notify-on")
	ann.Until(t, "them on", `document.querySelector('[data-testid="notify-level"]')`)
	ann.Press(t, browser.FirefoxEscape)
	var self string
	ann.Read(t, `JSON.parse(localStorage.getItem("caller.session")).clientId`, &self)
	other := ann.NewTab(t)
	other.Visit(t, site.URL, "kitchen", "ws")
	bob := client.SignIn(t, site.URL, "Bob")

	// Neither tab is looked at.
	for _, tab := range []*browser.FirefoxPage{ann, other} {
		tab.Read(t, `(() => { document.hasFocus = () => false;
			Object.defineProperty(document, "hidden", { value: true, configurable: true });
			document.dispatchEvent(new Event("visibilitychange")); })()`, new(any))
	}
	ann.Read(t, askWorker(`"behind"`), new(bool))
	mention(t, bob, "kitchen", map[string]any{"text": "for nobody"})
	tell := func(text string) (id string) {
		t.Helper()
		id = mention(t, bob, "kitchen", map[string]any{"text": text, "mentions": []string{self}})
		ann.Until(t, "that both tabs have asked for it", fmt.Sprintf(`(await (%s)).filter((text) => text === %q).length === 2`, askWorker(`"asked"`), text))
		ann.Until(t, "a notification", fmt.Sprintf(`(await (%s)).some((n) => n.title === "Bob · kitchen" && n.body === %q)`, askWorker(`"told"`), text))
		return id
	}
	tell("@Ann look here")
	id := tell("@Ann and here")
	var told []string
	ann.Read(t, `(`+askWorker(`"told"`)+`).then((all) => all.map(({ body }) => body))`, &told)
	assert.Equal(t, []string{"@Ann look here", "@Ann and here"}, told, "once each, whatever the number of tabs")

	// A click leads to the message, in one of the tabs.
	ann.Read(t, askWorker(`{ do: "click-last" }`), new(bool))
	testwait.Until(t, func() bool {
		var here, there string
		ann.Read(t, "location.hash", &here)
		other.Read(t, "location.hash", &there)
		return here == "#"+id != (there == "#"+id)
	}, "neither tab shows the message")
	ann.Until(t, "that it is closed", `(await (`+askWorker(`"told"`)+`)).at(-1).closed`)
	assert.Empty(t, ann.Console(), "errors in the console")
}

// TestFirefoxSelection selects a message's text with the mouse and copies it, while others write,
// edit and react.
func TestFirefoxSelection(t *testing.T) {
	endToEnd(t)
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Post(t, "kitchen", "what is selected stays selected")
	other := bob.Post(t, "kitchen", "another one").ID
	page := run.Firefox(t).Page(t, "Ann")
	page.Visit(t, node.URL, "kitchen", "ws")
	page.Until(t, "the messages", messageJS("another one"))
	page.Select(t, partJS("what is selected stays selected", "message-text"))
	var selected string
	page.Read(t, "getSelection().toString()", &selected)
	require.Equal(t, "what is selected stays selected", selected)

	bob.Post(t, "kitchen", "a new one")
	page.Until(t, "the new one", messageJS("a new one"))
	bob.Do(t, "PATCH", "/rooms/kitchen/messages/"+other, "another, changed")
	page.Until(t, "the edit", messageJS("another, changed"))
	bob.Do(t, "PUT", "/rooms/kitchen/messages/"+other+"/reactions/👍", "")
	page.Until(t, "the reaction", partJS("another, changed", "reaction"))
	page.Read(t, "getSelection().toString()", &selected)
	assert.Equal(t, "what is selected stays selected", selected)
	page.Read(t, `(() => { addEventListener("copy", () => { window.copied = getSelection().toString(); }); })()`, new(any))
	page.Copy(t)
	page.Until(t, "it copied", `window.copied === "what is selected stays selected"`)
	assert.Empty(t, page.Console(), "errors in the console")
}
