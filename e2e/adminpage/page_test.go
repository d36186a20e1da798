package adminpage

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestPageSignIn is the way in and out: a wrong token, the right one, a reload, an end.
func TestPageSignIn(t *testing.T) {
	node := startPaged(t)
	page := run.Chromium(t).Person(t, "the operator").Page()
	page.Open(t, node.Admin+"/#/audit")
	page.Fill(t, "token", "a-wrong-token-that-is-long-enough-to-be-one")
	page.Press(t, kb.Enter)
	waitText(t, page, "login-problem", "isn't the admin token")
	page.Fill(t, "token", pageToken)
	page.Press(t, kb.Enter)
	waitText(t, page, "title", "Audit log")
	waitText(t, page, "audit", "gave a wrong token")
	page.Open(t, node.Admin+"/")
	waitRow(t, page, "nodes", browser.Eval[string](t, page, `(async () => (await (await fetch("api/nodes")).json()).nodes[0].id)()`))
	assert.NotContains(t, browser.Eval[string](t, page, `document.cookie + JSON.stringify({...localStorage, ...sessionStorage})`), pageToken,
		"the page keeps the token nowhere")
	page.Click(t, "sign-out")
	page.WaitFor(t, "token")
	assert.Equal(t, http.StatusUnauthorized, browser.Eval[int](t, page, `(async () => (await fetch("api/stats")).status)()`))
}

// TestPageByKeyboard is a visit without a mouse: in, to a room, what is said there, a ban that is
// thought over and then done, and out.
func TestPageByKeyboard(t *testing.T) {
	node := startPaged(t)
	room, owner := ownedRoom(t, node, "The kitchen")
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Read(t, client.WebSocket, room, client.Options{})
	bob.Post(t, room, "buy now")
	page := run.Chromium(t).Person(t, "the operator").Page()
	page.Open(t, node.Admin+"/")
	focusOn(t, page, "token")
	page.Type(t, pageToken)
	page.Press(t, kb.Enter)
	page.WaitFor(t, "title")
	tabTo(t, page, "go-rooms")
	page.Press(t, kb.Enter)
	waitText(t, page, "title", "Rooms")
	focusOn(t, page, "title")
	tabTo(t, page, "search")
	page.Type(t, "kitchen")
	page.Until(t, "the room alone", `document.querySelectorAll('[data-testid="rooms"] tbody tr').length === 1`)
	tabTo(t, page, "room-link")
	page.Press(t, kb.Enter)
	waitText(t, page, "message", "buy now")
	tabTo(t, page, "post-text")
	page.Press(t, "Stop that")
	page.Press(t, kb.Enter)
	waitText(t, page, "message", "Stop that")
	assert.Equal(t, []string{"buy now", "Stop that"}, owner.Page(t, room, "").Texts())

	tabBack(t, page, "part-members")
	page.Press(t, kb.Enter)
	waitText(t, page, "members", "Bob")
	tabTo(t, page, "member-ban")
	page.Press(t, kb.Enter)
	focusOn(t, page, "ask-for")
	page.Press(t, kb.Escape)
	page.Until(t, "no question", `!document.querySelector('[data-testid="ask"]')`)
	focusOn(t, page, "member-ban")
	page.Press(t, kb.Enter)
	tabTo(t, page, "ask-reason")
	page.Type(t, "spam")
	page.Press(t, kb.Enter)
	waitText(t, page, "said", "is banned")
	answer := bob.Do(t, http.MethodGet, "/rooms/"+room+"/messages", "")
	assert.Equal(t, http.StatusForbidden, answer.Status)
	assert.Equal(t, "banned", answer.Problem(t).Code)
	page.Until(t, "nobody in the list", `!document.querySelector('[data-testid="members"]')`)
	focusOn(t, page, "title")

	goTo(t, page, "#/rooms/"+room+"/bans")
	waitText(t, page, "bans", "spam")
	tabTo(t, page, "unban")
	page.Press(t, kb.Enter)
	waitText(t, page, "said", "was lifted")
	page.Until(t, "no ban in the list", `!document.querySelector('[data-testid="bans"]')`)
	focusOn(t, page, "title")
	assert.Equal(t, http.StatusOK, bob.Do(t, http.MethodGet, "/rooms/"+room+"/messages", "").Status)
	goTo(t, page, "#/audit")
	waitText(t, page, "audit", "banned")
	tabTo(t, page, "sign-out")
	page.Press(t, kb.Enter)
	focusOn(t, page, "token")
	assert.Empty(t, console(page))
}

// tabBack presses Shift+Tab until the focus is on the hook.
func tabBack(t *testing.T, page *browser.Page, id string) {
	t.Helper()
	browser.Eval[any](t, page, `document.querySelector('[data-testid="title"]').focus()`)
	tabTo(t, page, id)
}

// TestPageGoesBack goes back through places, a search and a question: each is an address.
func TestPageGoesBack(t *testing.T) {
	node := startPaged(t)
	room, owner := ownedRoom(t, node, "Tea")
	owner.Post(t, room, "hello")
	page := openPage(t, node, "")
	back := func() { t.Helper(); browser.Eval[any](t, page, `history.back()`) }
	page.Click(t, "go-rooms")
	page.Fill(t, "search", "tea")
	page.Until(t, "that it is looked for", `location.hash.includes("query=tea")`)
	waitRow(t, page, "rooms", room)
	page.Click(t, "room-link")
	waitText(t, page, "message", "hello")
	page.Click(t, "part-actions")
	page.WaitFor(t, "export")
	archive := browser.Eval[string](t, page, `(async () => (await fetch(document.querySelector('[data-testid="export"]').href)).headers.get("Content-Type"))()`)
	assert.Equal(t, "application/x-tar", archive)
	page.Click(t, "close")
	page.WaitFor(t, "type-name")
	back()
	page.Until(t, "no question", `!document.querySelector('[data-testid="ask"]')`)
	page.WaitFor(t, "close")
	back()
	waitText(t, page, "message", "hello")
	back()
	waitText(t, page, "title", "Rooms")
	page.Until(t, "what was looked for", `document.querySelector('[data-testid="search"]').value === "tea"`)
	waitRow(t, page, "rooms", room)
	back()
	waitText(t, page, "title", "Overview")

	page.Open(t, "about:blank")
	page.Open(t, node.Admin+"/#/rooms/"+room+"/settings")
	page.WaitFor(t, "settings")
}

// TestPageShowsAnything has names, titles and texts that want to be something else.
func TestPageShowsAnything(t *testing.T) {
	node := startPaged(t)
	title := "تقرير <img src=x onerror=alert(1)>"
	room, _ := ownedRoom(t, node, title)
	eve := client.SignIn(t, node.URL, "علي <b>بن</b> أبي")
	eve.Read(t, client.SSE, room, client.Options{})
	texts := []string{
		"<script>alert(1)</script>", "\u202eover\u0007ride", strings.Repeat("W", 4000), "one\ntwo", "👩‍💻",
		"https://example.org/\u2066" + strings.Repeat("🙂", 100),
	}
	for _, text := range texts {
		eve.Post(t, room, text)
	}
	page := openPage(t, node, "#/rooms/"+room)
	page.Until(t, "all messages", fmt.Sprintf(`document.querySelectorAll('[data-testid="message"]').length === %d`, len(texts)))
	waitText(t, page, "message", "<script>alert(1)</script>")
	waitText(t, page, "message", "U+202Eover")
	waitText(t, page, "title", "<img src=x onerror=alert(1)>")
	for _, place := range []string{"", "/members", "/settings", "/bans", "/actions"} {
		goTo(t, page, "#/rooms/"+room+place)
		page.WaitFor(t, "facts")
		assert.Zero(t, browser.Eval[int](t, page, `document.querySelectorAll("main img, main script, main b").length`), place)
		assert.NotContains(t, browser.Eval[string](t, page, `document.body.innerText`), "\u202e", place)
		assert.LessOrEqual(t, browser.Eval[int](t, page, `document.documentElement.scrollWidth - innerWidth`), 0, place)
	}
	goTo(t, page, "#/rooms/"+room+"/members")
	waitText(t, page, "members", "<b>بن</b>")
	assert.Empty(t, console(page))
}
