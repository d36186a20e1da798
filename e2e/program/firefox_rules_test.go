package program

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestFirefoxOwnedRoom makes a room one's own and keeps order in it in Firefox, by its keys: settings,
// a mute that is undone, a selection that stays while others change the room, and the door.
func TestFirefoxOwnedRoom(t *testing.T) {
	endToEnd(t)
	node := startNode(t)
	ann := run.Firefox(t).Page(t, "Ann")
	ann.Visit(t, node.URL, "kitchen", "ws")
	shows := func(page *browser.FirefoxPage, id string) {
		t.Helper()
		page.Until(t, id, fmt.Sprintf(`document.querySelector('[data-testid=%q]')`, id))
	}
	focused := func(id string) {
		t.Helper()
		ann.Until(t, "the focus on "+id, fmt.Sprintf(`document.activeElement?.dataset?.testid === %q`, id))
	}
	line := func(text string) {
		t.Helper()
		ann.Until(t, text, fmt.Sprintf(
			`[...document.querySelectorAll('[data-testid="notice-line"]')].some(e => e.textContent.replace(/[\u2068\u2069]/g, "") === %q)`, text))
	}
	ann.Click(t, "menu")
	ann.Click(t, "room-about-open")
	focused("mine-do")
	ann.Press(t, browser.FirefoxEnter)
	shows(ann, "owner-link")
	ann.Click(t, "mine-settings")

	// Enter saves a text, Esc brings back what it was and leaves the dialog open; Space turns a switch.
	ann.Fill(t, "set-topic", "at four")
	ann.Press(t, browser.FirefoxEnter)
	line("Ann set the topic: at four")
	ann.Fill(t, "set-topic", "at five")
	ann.Press(t, browser.FirefoxEscape)
	ann.Until(t, "the topic as it was", `document.querySelector('[data-testid="set-topic"]')?.value === "at four"`)
	ann.Read(t, `document.querySelector('[data-testid="set-locked"]').focus()`, new(any))
	ann.Press(t, " ")
	line("Ann locked the room: nobody new comes in")
	ann.Press(t, " ")
	line("Ann unlocked the room")
	ann.Press(t, browser.FirefoxEscape)
	ann.Until(t, "the dialog closed", `!document.querySelector("dialog[open]")`)

	// From a message: down to the mute, and back again.
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Post(t, "kitchen", "what is selected stays selected")
	ann.Until(t, "it", messageJS("what is selected stays selected"))
	ann.Read(t, messageJS("what is selected stays selected")+".focus()", new(any))
	ann.Press(t, browser.FirefoxEnter)
	shows(ann, "person-mute")
	for range 20 {
		var at string
		ann.Read(t, `document.activeElement?.dataset?.testid ?? ""`, &at)
		if at == "person-mute" {
			break
		}
		ann.Press(t, browser.FirefoxDown)
	}
	focused("person-mute")
	ann.Press(t, browser.FirefoxEnter)
	focused("ask-do")
	ann.Press(t, browser.FirefoxEnter)
	line("Ann muted Bob")
	shows(ann, "done-undo")
	ann.Read(t, `document.querySelector('[data-testid="done-undo"]').focus()`, new(any))
	ann.Press(t, browser.FirefoxEnter)
	line("Ann unmuted Bob")

	ann.Select(t, partJS("what is selected stays selected", "message-text"))
	ann.Read(t, `fetch("/rooms/kitchen/settings", {method: "PATCH", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({title: "Tea", slowMode: 60})}).then((r) => r.status)`, new(any))
	ann.Until(t, "the title", `document.querySelector("h1").textContent === "Tea"`)
	ann.Read(t, `fetch("/rooms/kitchen/settings", {method: "PATCH", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({password: "open sesame"})}).then((r) => r.status)`, new(any))
	line("Ann set a password")
	var selected string
	ann.Read(t, "getSelection().toString()", &selected)
	assert.Equal(t, "what is selected stays selected", selected)

	// The door, by its keys.
	carol := run.Firefox(t).Page(t, "Carol")
	carol.Open(t, node.URL+"/rooms/kitchen")
	carol.Until(t, "the door", `document.querySelector('[data-testid="door"]')?.dataset.code === "password_required"`)
	carol.Fill(t, "name-input", "Carol")
	carol.Press(t, browser.FirefoxEnter)
	carol.Fill(t, "door-password", "guess")
	carol.Press(t, browser.FirefoxEnter)
	carol.Until(t, "that it is wrong", `document.querySelector('[data-testid="door-problem"]')?.textContent.includes("isn't the password")`)
	carol.Press(t, "open sesame") // over the wrong one, which is selected
	carol.Press(t, browser.FirefoxEnter)
	carol.Until(t, "what is said inside", messageJS("what is selected stays selected"))
	carol.Until(t, "that the room is slow", `document.querySelector('[data-testid="write-hint"]')?.textContent.includes("1 minute")`)
	assert.Empty(t, ann.Console(), "errors in the console")
}
