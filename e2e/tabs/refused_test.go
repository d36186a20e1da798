package tabs

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
)

// written is a message of one's own as the page shows it before it is stored.
type written struct {
	Text  string `json:"text"`
	Key   string `json:"key"`
	State string `json:"state"`
}

func (tab tab) written(t *testing.T) []written {
	t.Helper()
	return browser.Eval[[]written](t, tab.Page, `[...document.querySelectorAll('[data-testid="message"]:not([data-id])')].map((e) => (
		{text: e.querySelector('[data-testid="message-text"]').textContent, key: e.dataset.key, state: e.dataset.state}))`)
}

// waitWritten waits until the tab shows just these as not stored, and is their keys.
func (tab tab) waitWritten(t *testing.T, state string, texts ...string) (keys []string) {
	t.Helper()
	tab.Until(t, fmt.Sprint(len(texts), " messages ", state), fmt.Sprintf(
		`document.querySelectorAll('[data-testid="message"][data-state=%q]:not([data-id])').length === %d`, state, len(texts)))
	var shown []string
	for _, message := range tab.written(t) {
		shown = append(shown, message.Text)
		keys = append(keys, message.Key)
	}
	require.Equal(t, texts, shown)
	return keys
}

// discard discards the message that says this.
func (tab tab) discard(t *testing.T, text string) {
	t.Helper()
	button := fmt.Sprintf(`[...[...document.querySelectorAll('[data-testid="message"]')]
		.find((e) => e.querySelector('[data-testid="message-text"]').textContent === %q).querySelectorAll("button")].find((e) => e.textContent.trim() === "Discard")`, text)
	tab.Until(t, "a button to discard "+text, button) // a message that waits has one after a moment
	browser.Eval[any](t, tab.Page, button+".click()")
}

// TestRefused is a message that the server does not have. The page itself lets none through: this
// one shows nothing, and was kept unsent by a version of the page that had let it be written.
func TestRefused(t *testing.T) {
	const kept = `localStorage.setItem("caller.posts.kitchen/before", JSON.stringify(
		{beat: 0, posts: [{key: "k-blank", text: "\u2800", at: Date.now(), state: "waiting"}]}))`
	for _, transport := range []string{ws, sse, poll} {
		t.Run(transport, func(t *testing.T) {
			node := startNode(t)
			page := tabsOf(t, person(t, "Ann"), 1)[0]
			page.Visit(t, node.URL, "kitchen", transport)
			browser.Eval[any](t, page.Page, kept)
			page.Open(t, page.Location(t))
			require.Equal(t, []string{"k-blank"}, page.waitWritten(t, "refused", "\u2800"))
			page.Send(t, "next")
			page.WaitSent(t, "next") // is not held up
			why := browser.Eval[string](t, page.Page, `document.querySelector('[data-testid="message"][data-state="refused"]').textContent`)
			assert.Contains(t, why, "Not sent")
			assert.Greater(t, len(why), len("Not sent. Retry Discard")+10, "the reason: %q", why)
			page.discard(t, "\u2800")
			page.waitWritten(t, "refused")
			page.Open(t, page.Location(t))
			page.WaitTexts(t, "next")
		})
	}
}
