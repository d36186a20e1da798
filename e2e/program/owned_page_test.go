package program

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// createRoom makes a room on the start page, which is its maker's, and returns its name and the
// owner's link, which is shown once.
func createRoom(t *testing.T, page *browser.Page, base, name string) (room, ownerLink string) {
	t.Helper()
	page.Open(t, base+"/")
	page.Fill(t, "start-name", name)
	clickOn(t, page, "create")
	page.WaitLive(t, "")
	page.WaitFor(t, "owner-link")
	ownerLink = browser.Eval[string](t, page, `document.querySelector('[data-testid="owner-link"]').value`)
	clickOn(t, page, "owner-bar-done")
	address := page.Location(t)
	require.Equal(t, address, strings.Split(ownerLink, "#")[0], "the owner's link leads to the room")
	return address[strings.LastIndex(address, "/")+1:], ownerLink
}

// openSettings opens the room's settings from its menu.
func openSettings(t *testing.T, page *browser.Page) {
	t.Helper()
	clickOn(t, page, "menu")
	clickOn(t, page, "room-about-open")
	page.WaitFor(t, "set-locked")
}

// closeDialog closes what is open over the page.
func closeDialog(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Press(t, kb.Escape)
	page.Until(t, "the dialog closed", `!document.querySelector("dialog[open]")`)
}

// setBox turns a switch of the settings on or off, and waits until that is so.
func setBox(t *testing.T, page *browser.Page, id string, on bool) {
	t.Helper()
	box := `document.querySelector('[data-testid="` + id + `"]')`
	page.Until(t, id+" as it was", fmt.Sprintf("%s?.checked === %t", box, !on))
	clickOn(t, page, id)
	page.Until(t, id+" saved", fmt.Sprintf("%s?.checked === %t && !!%s.closest('.setting-line').querySelector('.saved-sign svg')", box, on, box))
}

// sees waits until the page has this quiet line of what was done.
func sees(t *testing.T, page *browser.Page, line string) {
	t.Helper()
	page.Until(t, "the line "+line, fmt.Sprintf(
		`[...document.querySelectorAll('[data-testid="notice-line"]')].some(e => e.textContent.replace(/[\u2068\u2069]/g, "") === %q)`, line))
}

// doorOf waits until the page says that one is not let in, by a code.
func doorOf(t *testing.T, page *browser.Page, code string) {
	t.Helper()
	page.Until(t, "the door "+code, fmt.Sprintf(`document.querySelector('[data-testid="door"]')?.dataset.code === %q`, code))
}

// aboutMessage opens the menu of a message and takes a choice of it.
func aboutMessage(t *testing.T, page *browser.Page, text, choice string) {
	t.Helper()
	focusMessage(t, page, text)
	page.Press(t, kb.Enter)
	clickOn(t, page, choice)
}

// aboutPerson opens the menu of somebody in the list of people and takes a choice of it.
func aboutPerson(t *testing.T, page *browser.Page, name, choice string) {
	t.Helper()
	more := fmt.Sprintf(`[...document.querySelectorAll('[data-testid="member"]')].find(e =>
		e.querySelector(".name").textContent === %q)?.querySelector('[data-testid="person-more"]')`, name)
	page.Until(t, name+" in the list", "!!"+more)
	browser.Eval[any](t, page, more+".click()")
	clickOn(t, page, choice)
}

// TestPageOwnedRoom is the life of a room that somebody owns, in the pages of its people: getting
// in, settings, and keeping order.
func TestPageOwnedRoom(t *testing.T) {
	node := startNode(t)
	person := func(name string) *browser.Page { return chromium(t).Person(t, name).Page() }
	ann, bob, carol := person("Ann"), person("Bob"), person("Carol")
	for _, page := range []*browser.Page{ann, bob, carol} {
		page.Resize(t, 1200, 800, false)
	}
	room, ownerLink := createRoom(t, ann, node.URL, "Ann")
	bob.Visit(t, node.URL, room, "")
	bob.Send(t, "hello")
	bob.WaitSent(t, "hello")

	// What is set is seen at once, and undone by the same control.
	openSettings(t, ann)
	ann.Fill(t, "set-topic", "at <b>four</b>")
	ann.Press(t, kb.Enter)
	bob.Until(t, "the topic", `document.querySelector('[data-testid="topic"]')?.textContent === "at <b>four</b>"`)
	sees(t, bob, "Ann set the topic: at <b>four</b>")
	setBox(t, ann, "set-locked", true)
	carol.Open(t, node.URL+"/rooms/"+room)
	doorOf(t, carol, "locked")
	setBox(t, ann, "set-locked", false)
	clickOn(t, carol, "door-again")
	carol.WaitLive(t, "")

	// A password is asked for in place; who is in stays in.
	clickOn(t, ann, "set-password")
	ann.Fill(t, "new-password", "open sesame")
	clickOn(t, ann, "save-password")
	sees(t, bob, "Ann set a password")
	carol.Open(t, node.URL+"/rooms/"+room)
	doorOf(t, carol, "password_required")
	assert.Empty(t, carol.Texts(t), "nothing is told of what is said inside")
	carol.WaitFor(t, "name-save")
	carol.SaveName(t)
	carol.WaitFor(t, "door-password")
	carol.Fill(t, "door-password", "guess")
	clickOn(t, carol, "door-enter")
	carol.Until(t, "that it is wrong", `document.querySelector('[data-testid="door-problem"]').textContent.includes("isn't the password")`)
	carol.Fill(t, "door-password", "open sesame")
	carol.Press(t, kb.Enter)
	carol.WaitLive(t, "")
	carol.WaitTexts(t, "hello")
	carol.Send(t, "let me in")
	carol.WaitSent(t, "let me in")
	closeDialog(t, ann)

	// Two clicks from a message: banned, with a reason, and what they wrote goes along.
	bob.Fill(t, "composer-input", "what I was writing")
	aboutMessage(t, ann, "hello", "person-ban")
	ann.Fill(t, "ask-reason", "spam <i>")
	clickOn(t, ann, "ask-delete")
	clickOn(t, ann, "ask-do")
	doorOf(t, bob, "banned")
	bob.Until(t, "the reason", `document.querySelector('[data-testid="door"]').textContent.includes("spam <i>")`)
	sees(t, carol, "Ann banned Bob")
	carol.Until(t, "the message gone", `![...document.querySelectorAll('[data-testid="message-text"]')].some(e => e.textContent === "hello")`)
	bob.Open(t, node.URL+"/rooms/"+room)
	doorOf(t, bob, "banned")
	assert.Empty(t, bob.Texts(t))

	// It is undone in the list of bans.
	openSettings(t, ann)
	clickOn(t, ann, "open-bans")
	clickOn(t, ann, "unban")
	ann.Until(t, "nobody banned", `!document.querySelector('[data-testid="ban-list"]')`)
	closeDialog(t, ann)
	clickOn(t, bob, "door-again")
	doorOf(t, bob, "password_required") // what had let him in is gone
	bob.Fill(t, "door-password", "open sesame")
	bob.Press(t, kb.Enter)
	bob.WaitLive(t, "")
	inComposer(t, bob, "what I was writing")

	// From a person: muted, and written to again.
	aboutPerson(t, ann, "Bob", "person-mute")
	clickOn(t, ann, "ask-do")
	bob.Until(t, "until when", `document.querySelector('[data-testid="write-hint"]')?.dataset.held === "closed"`)
	assert.Contains(t, browser.Eval[string](t, bob, `document.querySelector('[data-testid="write-hint"]').textContent`), "until")
	aboutPerson(t, ann, "Bob", "person-unmute")
	bob.WaitFor(t, "composer-input")
	aboutPerson(t, ann, "Carol", "person-moderator")
	sees(t, bob, "Ann made Carol a moderator")
	carol.Until(t, "the role", `[...document.querySelectorAll('[data-testid="member-role"]')].length === 2`)

	// Carol keeps order now: newcomers only read, until she lets them in.
	openSettings(t, carol)
	assert.False(t, carol.Has(t, "set-password") || carol.Has(t, "open-close"), "what only an owner may")
	setBox(t, carol, "set-newcomers", true)
	closeDialog(t, carol)
	openSettings(t, ann)
	clickOn(t, ann, "set-password")
	clickOn(t, ann, "take-password")
	sees(t, carol, "Ann took the password off")
	closeDialog(t, ann)
	dave := person("Dave")
	dave.Visit(t, node.URL, room, "")
	dave.Until(t, "that one reads", `document.querySelector('[data-testid="write-hint"]')?.dataset.held === "closed"`)
	aboutPerson(t, carol, "Dave", "person-let-in")
	dave.WaitFor(t, "composer-input")
	dave.Send(t, "thank you")
	dave.WaitSent(t, "thank you")

	// Removed: they may come back.
	aboutPerson(t, carol, "Dave", "person-remove")
	clickOn(t, carol, "ask-do")
	doorOf(t, dave, "removed")
	sees(t, ann, "Carol removed Dave")

	// The owner's link makes another browser an owner's, and is out of its address at once.
	frank := person("Frank")
	frank.Open(t, ownerLink)
	frank.WaitFor(t, "name-save")
	assert.NotContains(t, frank.Location(t), "#")
	frank.SaveName(t)
	frank.Until(t, "that one owns it", `document.querySelector('[data-testid="notice"]')?.textContent.includes("owner of this room")`)
	openSettings(t, frank)
	clickOn(t, frank, "open-clear")
	clickOn(t, frank, "clear-do")
	for _, page := range []*browser.Page{ann, bob, carol, frank} {
		sees(t, page, "Frank deleted all messages before")
		page.Until(t, "no message", `!document.querySelector('[data-testid="message"][data-state="sent"]')`)
		page.Until(t, "nothing of it in the list of rooms", `!document.querySelector(".room-row-last")?.textContent`)
	}
	openSettings(t, frank)
	clickOn(t, frank, "open-close")
	clickOn(t, frank, "close-do")
	for _, page := range []*browser.Page{ann, bob, carol, frank} {
		doorOf(t, page, "room_closed")
	}
	ann.Open(t, node.URL+"/rooms/"+room)
	doorOf(t, ann, "room_closed")
}

// TestPageInvited gets into a room by a link, over each transport: once, and only by what is good.
func TestPageInvited(t *testing.T) {
	node := startNode(t)
	// A browser does not say why a WebSocket is refused: the page finds that out by another transport.
	for _, transport := range []string{"", "sse", "poll"} {
		t.Run("over "+transport, func(t *testing.T) {
			ann := chromium(t).Person(t, "Ann").Page()
			room, secret := inviteInto(t, ann, node.URL)
			at := node.URL + "/rooms/" + room
			if transport != "" {
				at += "?transport=" + transport
			}
			pinned := at + "#" + secret

			bob := chromium(t).Person(t, "Bob").Page()
			bob.Open(t, pinned)
			doorOf(t, bob, "invite_required")
			assert.NotContains(t, bob.Location(t), secret)
			bob.WaitFor(t, "name-save")
			bob.SaveName(t)
			bob.WaitLive(t, transport)
			bob.WaitTexts(t, "inside")
			bob.Send(t, "here I am")
			bob.WaitSent(t, "here I am")
			stored := browser.Eval[string](t, bob, `JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])`)
			assert.NotContains(t, stored, strings.TrimPrefix(secret, "i="), "the secret is kept nowhere")
			bob.Open(t, at) // one stays in
			bob.WaitLive(t, transport)

			carol := chromium(t).Person(t, "Carol").Page()
			carol.Open(t, pinned)
			doorOf(t, carol, "invite_required")
			carol.WaitFor(t, "name-save")
			carol.SaveName(t)
			carol.Until(t, "that it was used", `document.querySelector('[data-testid="entering-problem"]')?.textContent.includes("no longer good")`)
			assert.Empty(t, carol.Texts(t))
		})
	}
}

// TestAxeOwnedRoom holds what is about who may do what to axe-core's rules: the door, the settings,
// and what is asked before it is done.
func TestAxeOwnedRoom(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	node := startNode(t)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			ann := chromium(t).Person(t, "Ann").Page()
			ann.Emulate(t, "prefers-color-scheme", theme)
			ann.Resize(t, 1200, 800, false)
			check := func(page *browser.Page, what string) {
				t.Helper()
				checkAxe(t, page, string(axe), what+" in "+theme)
			}
			room, _ := createRoom(t, ann, node.URL, "Ann")
			bob := client.SignIn(t, node.URL, "Bob")
			bob.Read(t, client.WebSocket, room, client.Options{})
			bob.Post(t, room, "buy now")
			openSettings(t, ann)
			ann.Fill(t, "set-topic", "at four")
			ann.Press(t, kb.Enter)
			setBox(t, ann, "set-newcomers", true)
			check(ann, "the settings")
			clickOn(t, ann, "set-password")
			ann.WaitFor(t, "new-password")
			check(ann, "the password")
			ann.Fill(t, "new-password", "s3cret")
			clickOn(t, ann, "save-password")
			sees(t, ann, "Ann set a password")
			for page, has := range map[string]string{"invites": "invite-make", "programs": "program-name", "owner": "owner-link-make", "close": "close-do"} {
				clickOn(t, ann, "open-"+page)
				ann.WaitFor(t, has)
				check(ann, page)
				clickOn(t, ann, "dialog-back")
				ann.WaitFor(t, "set-locked")
			}
			closeDialog(t, ann)
			check(ann, "the room with a topic and lines of what was done")
			focusMessage(t, ann, "buy now")
			ann.Press(t, kb.Enter)
			ann.WaitFor(t, "person-ban")
			check(ann, "what can be done about a person")
			clickOn(t, ann, "person-ban")
			ann.WaitFor(t, "ask-do")
			check(ann, "a ban that is asked for")
			clickOn(t, ann, "ask-do")
			sees(t, ann, "Ann banned Bob")
			openSettings(t, ann)
			clickOn(t, ann, "open-bans")
			ann.WaitFor(t, "ban-list")
			check(ann, "the bans")
			closeDialog(t, ann)

			carol := chromium(t).Person(t, "Carol").Page()
			carol.Emulate(t, "prefers-color-scheme", theme)
			carol.Open(t, node.URL+"/rooms/"+room)
			doorOf(t, carol, "password_required")
			carol.WaitFor(t, "name-save")
			check(carol, "the door that asks for a name")
			carol.SaveName(t)
			carol.WaitFor(t, "door-password")
			carol.Fill(t, "door-password", "guess")
			clickOn(t, carol, "door-enter")
			carol.Until(t, "that it is wrong", `document.querySelector('[data-testid="door-problem"]').textContent`)
			check(carol, "the door")
		})
	}
}
