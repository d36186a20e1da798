package program

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestReactionAmongMany takes one's own reaction away where more have reacted than the message
// names, and puts it there again: after a reload only the server knows that it was there, and the
// page asks it once one comes near.
func TestReactionAmongMany(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "many", "")
	page.Send(t, "tea?")
	id := page.WaitSent(t, "tea?").ID
	const others = 24
	for i := range others {
		who := client.SignIn(t, node.URL, fmt.Sprint("person ", i))
		who.Amend(t, "many", client.Command{Type: "react", Target: id, Emoji: "👍"})
	}
	count := func(n int) string {
		return fmt.Sprintf("%s?.textContent === %q", partJS("tea?", "reaction"), fmt.Sprint("👍", n))
	}
	page.Until(t, "all others", count(others))
	clickOn(t, page, "reaction")
	page.Until(t, "one's own", count(others+1))
	page.Open(t, node.URL+"/rooms/many")
	page.Until(t, "all", count(others+1))
	assert.Equal(t, "false", browser.Eval[string](t, page, partJS("tea?", "reaction")+".ariaPressed"), "it is not known")
	browser.Eval[any](t, page, partJS("tea?", "reaction")+".focus()")
	page.Until(t, "that it is one's own", partJS("tea?", "reaction")+`.ariaPressed === "true"`)
	clickOn(t, page, "reaction")
	page.Until(t, "it taken away", count(others))
	clickOn(t, page, "reaction")
	page.Until(t, "it back", count(others+1))
	assert.Empty(t, page.Console(), "errors in the console")
}
