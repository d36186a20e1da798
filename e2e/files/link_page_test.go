package files

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
)

// TestLinkPreviewsInThePage has the page show what a server has found. The program finds nothing on this
// machine, so the answer is put in its place.
func TestLinkPreviewsInThePage(t *testing.T) {
	one, _ := twoNodes(t, "--link-previews", "on")
	page := run.Chromium(t).Person(t, "Ann").Page()
	page.Visit(t, one.URL, "lobby", "")
	browser.Eval[bool](t, page, `(() => {
		const real = window.fetch;
		window.fetch = (url, ...more) => String(url).endsWith("/link")
			? Promise.resolve(Response.json({url: "https://example.org/a", title: "A title ".repeat(30), text: "Some words ".repeat(50),
				site: "Example", image: "/rooms/lobby/messages/1-00000000/link/image"}))
			: real(url, ...more);
		return true;
	})()`)
	page.Send(t, "look at https://example.org/a and say something")
	page.WaitFor(t, "link-preview")
	assert.Equal(t, 88.0, browser.Eval[float64](t, page, `document.querySelector("[data-testid=link-preview]").getBoundingClientRect().height`))
	assert.True(t, browser.Eval[bool](t, page, `(() => {
		const at = (e) => e.getBoundingClientRect();
		const card = document.querySelector("[data-testid=link-preview]");
		const inside = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
		return inside(at(card), at(card.closest(".text"))) && inside(at(card.querySelector(".link-about")), at(card)) &&
			[...card.querySelectorAll("bdi")].every((e) => inside(at(e), at(card)));
	})()`), "it stays within its message")
	page.Until(t, "the picture that can't be had is left out", `document.querySelector("[data-testid=link-preview] img") === null`)
}
