package program

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// waits is the page's line beside a message that says how long it waits.
const waits = `document.querySelector('[data-testid="message-waits"]')`

// TestPageWaitsForLimits says more at once than the server takes, over each transport: the page says how
// long it waits, keeps what was said through a reload, and sends all of it in order.
func TestPageWaitsForLimits(t *testing.T) {
	node := startNode(t, "--limits", "messages=2/12/m") // one more each five seconds
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run("over "+transport, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Visit(t, node.URL, transport, transport)
			var said []string
			for i := range 5 {
				said = append(said, fmt.Sprintf("line %d", i+1))
				page.Send(t, said[i])
			}
			page.Until(t, "how long it waits", waits+`?.textContent.match(/\d+ second/)`)
			page.Fill(t, "composer-input", "what I write meanwhile")
			page.Open(t, page.Location(t))
			page.WaitLive(t, transport)
			inComposer(t, page, "what I write meanwhile")
			page.WaitTexts(t, said...)
			for _, text := range said {
				page.WaitSent(t, text)
			}
			assert.False(t, page.Has(t, "message-waits"))
			assert.Equal(t, said, client.Guest(node.URL, "Bob").Page(t, transport, "").Texts(), "once each, in order")
		})
	}
}

// TestPageWaitsInSlowMode counts down until one may write again; what is sent all the same, because the
// page can't know, waits and goes out by itself.
func TestPageWaitsInSlowMode(t *testing.T) {
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	change := func(patch string) {
		t.Helper()
		answer := ann.Do(t, http.MethodPatch, "/rooms/"+room+"/settings", patch, "Content-Type", "application/json")
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	}
	bob := chromium(t).Person(t, "Bob").Page()
	bob.Visit(t, node.URL, room, "")
	change(`{"slowMode":20}`)
	bob.Until(t, "that it is slow", `document.querySelector('[data-testid="write-hint"]')?.textContent.includes("20 seconds")`)
	bob.Send(t, "one")
	bob.WaitSent(t, "one")
	bob.Fill(t, "composer-input", "two")
	bob.Until(t, "how long one waits", `document.querySelector('[data-testid="write-hint"]').textContent.match(/again in \d+ second/)`)
	clickOn(t, bob, "send")
	inComposer(t, bob, "two")
	bob.Until(t, "that one may", `!document.querySelector('[data-testid="send"]').disabled`)
	clickOn(t, bob, "send")
	bob.WaitSent(t, "two")
	require.Equal(t, []string{"one", "two"}, bob.Texts(t))

	// The page is told nothing of when one wrote last: all of it is deleted.
	change(`{"slowMode":30}`)
	bob.Until(t, "that it is slower", `document.querySelector('[data-testid="write-hint"]')?.textContent.includes("30 seconds")`)
	bob.Until(t, "that one may", `!document.querySelector('[data-testid="write-hint"]').textContent.includes("again in")`)
	bob.Send(t, "three")
	bob.WaitSent(t, "three")
	answer := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/messages", "")
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	bob.Until(t, "no messages", `!document.querySelector('[data-testid="message"]')`)
	bob.Send(t, "four")
	bob.Until(t, "how long it waits", waits+`?.textContent.match(/\d+ second/)`)
	assert.Empty(t, browser.Eval[string](t, bob, `document.querySelector('[data-testid="composer-input"]').value`))
	bob.WaitSent(t, "four")
	assert.False(t, bob.Has(t, "message-waits"))
	assert.Equal(t, []string{"four"}, ann.Page(t, room, "").Texts())
}
