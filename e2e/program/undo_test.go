package program

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// holdUndo has the page wait for the test where it would wait for five seconds, which is how long a
// deletion can be undone: undoTime() lets the time pass.
const holdUndo = `{
	const set = setTimeout, clear = clearTimeout, held = new Map();
	window.setTimeout = (run, ms, ...rest) => {
		if (ms !== 5000) return set(run, ms, ...rest);
		held.set(-1 - held.size, run);
		return -held.size;
	};
	window.clearTimeout = (id) => { if (id < 0) held.set(id, undefined); else clear(id); };
	window.undoTime = () => { for (const [id, run] of held) { held.set(id, undefined); run?.(); } };
}`

// TestPageDeletionUndone deletes messages and undoes it in time, or does not: by the button, by
// reloading the page, by leaving the room, and by waiting, over each kind of transport.
func TestPageDeletionUndone(t *testing.T) {
	node := startNode(t)
	for _, transport := range []string{"ws", "poll"} {
		t.Run(transport, func(t *testing.T) {
			room := "undo-" + transport
			bob := client.SignIn(t, node.URL, "Bob")
			record := bob.Read(t, client.WebSocket, room, client.Options{})
			record.WaitType(t, "live")
			page := chromium(t).Person(t, "Ann").Page()
			page.AtStart(t, holdUndo)
			page.Visit(t, node.URL, room, transport)
			for _, text := range []string{"kept", "reloaded", "left", "waited for"} {
				page.Send(t, text)
				page.WaitSent(t, text)
			}
			gone := 0
			waitGone := func() { // one more
				t.Helper()
				gone++
				record.Wait(t, "the deletion", func(events []client.Event) bool { return len(of("delete", events)) >= gone })
			}
			remove := func(text string) {
				t.Helper()
				focusMessage(t, page, text)
				page.Press(t, kb.Delete)
				page.WaitFor(t, "remove-ask")
				page.Click(t, "remove")
				page.WaitFor(t, "undo")
			}

			remove("kept")
			page.Click(t, "undo")
			page.Until(t, "it back, with the focus", `document.activeElement === `+messageJS("kept"))
			assert.False(t, page.Has(t, "undo"))
			browser.Eval[any](t, page, "undoTime()")

			remove("reloaded")
			page.Open(t, node.URL+"/rooms/"+room+"?transport="+transport)
			waitGone()
			page.WaitFor(t, "message-deleted")
			assert.False(t, page.Has(t, "undo"))
			assert.Equal(t, []string{"kept", "", "left", "waited for"}, bob.Page(t, room, "").Texts())

			// Elsewhere in the page one is still in the room, and nothing is lost or hurried.
			remove("waited for")
			browser.Eval[any](t, page, `document.querySelector(".back").click()`)
			page.WaitFor(t, "start-room")
			assert.Equal(t, []string{"kept", "", "left", "waited for"}, bob.Page(t, room, "").Texts())
			browser.Eval[any](t, page, "undoTime()")
			waitGone()
			browser.Eval[any](t, page, "history.back()")

			remove("left")
			clickOn(t, page, "leave")
			page.WaitFor(t, "start-room")
			waitGone()
			assert.Equal(t, []string{"kept", "", "", ""}, bob.Page(t, room, "").Texts())
			assert.Empty(t, page.Console(), "errors in the console")
		})
	}
}
