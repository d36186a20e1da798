package program

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// appearance is how a page is shown.
type appearance struct {
	theme, language string
	width, height   int64
	mobile          bool
}

// as makes a page look so, from its next document on.
func (a appearance) as(t *testing.T, page *browser.Page) {
	t.Helper()
	page.Emulate(t, "prefers-color-scheme", a.theme)
	page.Resize(t, a.width, a.height, a.mobile)
	page.AtStart(t, fmt.Sprintf(`localStorage.setItem("caller.language", %q)`, `"`+a.language+`"`))
}

// owner is the page of a room's owner, with calls that the page makes on a click.
type owner struct {
	*browser.Page
	room string
}

// change changes the room's settings.
func (o owner) change(t *testing.T, patch string) { t.Helper(); o.call(t, "PATCH", "/settings", patch) }

// clear deletes all that was said.
func (o owner) clear(t *testing.T) { t.Helper(); o.call(t, "DELETE", "/messages", "") }

func (o owner) call(t *testing.T, method, path, body string) {
	t.Helper()
	status := browser.Eval[int](t, o.Page, fmt.Sprintf(`fetch(%q, {method: %q, headers: {"Content-Type": "application/json"}, body: %q || undefined}).then((r) => r.status)`,
		"/rooms/"+o.room+path, method, body))
	require.Equal(t, http.StatusOK, status)
}

// people shows the list of people, which on a phone lies over the page.
func people(t *testing.T, page *browser.Page) {
	t.Helper()
	if !page.Has(t, "member") {
		clickOn(t, page, "people-toggle")
	}
	page.WaitFor(t, "person-more")
}

// held waits until the page says, where one writes, that one may not: at all, or not yet.
func held(t *testing.T, page *browser.Page, how string) {
	t.Helper()
	page.Until(t, "that one may not write: "+how, fmt.Sprintf(`document.querySelector('[data-testid="write-hint"]')?.dataset.held === %q`, how))
}

// seeStates goes through all that the page shows of who may do what, and has each looked at.
func seeStates(t *testing.T, a appearance, look func(page *browser.Page, what string)) {
	node := startNode(t)
	address := func(room string) string { return node.URL + "/rooms/" + room }
	ann, dave := chromium(t).Person(t, "Ann").Page(), chromium(t).Person(t, "Dave").Page()
	a.as(t, ann)
	a.as(t, dave)
	dave.Visit(t, node.URL, "lobby", "")

	ann.Open(t, node.URL+"/")
	ann.Fill(t, "start-name", "Ann")
	clickOn(t, ann, "create")
	ann.WaitLive(t, "")
	ann.WaitFor(t, "owner-link")
	look(ann, "owner's link")
	clickOn(t, ann, "owner-bar-done")
	at := ann.Location(t)
	o := owner{Page: ann, room: at[len(address("")):]}
	o.change(t, `{"title":"Tea at four","topic":"What we drink, and when. Be kind to one another."}`)
	ann.Send(t, "welcome, all")
	ann.WaitSent(t, "welcome, all")

	// At the door.
	refused := func(patch, code, back string) {
		t.Helper()
		o.change(t, patch)
		dave.Open(t, address(o.room))
		doorOf(t, dave, code)
		look(dave, "door "+code)
		o.change(t, back)
	}
	refused(`{"locked":true}`, "locked", `{"locked":null}`)
	refused(`{"maxMembers":1}`, "full", `{"maxMembers":null}`)
	refused(`{"password":"open sesame"}`, "password_required", `{"password":null}`)
	refused(`{"inviteOnly":true}`, "invite_required", `{"inviteOnly":null}`)
	dave.Fill(t, "door-invite", "https://example.org/#i=nonsense nonsense")
	clickOn(t, dave, "door-enter")
	dave.Until(t, "that it is none", `document.querySelector('[data-testid="door-problem"]').textContent`)
	look(dave, "door with what is no invitation")
	dave.Visit(t, node.URL, o.room, "")
	dave.Send(t, "buy now, cheap")
	dave.WaitSent(t, "buy now, cheap")

	// Where one writes.
	o.change(t, `{"posting":"moderators"}`)
	held(t, dave, "closed")
	look(dave, "only moderators write")
	o.change(t, `{"posting":null,"slowMode":300}`)
	gone := func() {
		t.Helper()
		o.clear(t)
		dave.Until(t, "no messages", `!document.querySelector('[data-testid="message"]')`)
	}
	gone() // else the page knows when one wrote last
	dave.Send(t, "and more of it")
	dave.WaitSent(t, "and more of it")
	dave.Fill(t, "composer-input", "and more")
	held(t, dave, "wait")
	look(dave, "slow mode")
	gone()
	clickOn(t, dave, "send")
	dave.Until(t, "that it waits", waits)
	look(dave, "a message that waits")
	o.change(t, `{"slowMode":null}`)
	ann.Send(t, "what did you say?")
	dave.Until(t, "it", messageJS("what did you say?"))

	// About a message, for who has no power.
	aboutMessage(t, dave, "what did you say?", "person-hide")
	dave.WaitFor(t, "folded")
	look(dave, "a hidden message")
	browser.Eval[any](t, dave, `document.querySelector(".folded button").click()`)
	aboutMessage(t, dave, "what did you say?", "person-report")
	dave.WaitFor(t, "ask-reason")
	dave.Fill(t, "ask-reason", "she asks too much")
	look(dave, "a report that is asked for")
	clickOn(t, dave, "ask-do")
	dave.Until(t, "it done", `!document.querySelector("dialog[open]")`)

	// The owner's pages.
	openSettings(t, ann)
	look(ann, "settings")
	page := func(name, has string, do func()) {
		t.Helper()
		clickOn(t, ann, "open-"+name)
		ann.WaitFor(t, has)
		if do != nil {
			do()
		}
		look(ann, "page "+name)
		clickOn(t, ann, "dialog-back")
		ann.WaitFor(t, "set-locked")
	}
	page("invites", "invite-make", func() { clickOn(t, ann, "invite-make"); ann.WaitFor(t, "invite-link"); ann.WaitFor(t, "invite-list") })
	page("programs", "program-name", func() {
		ann.Fill(t, "program-name", "weather station")
		clickOn(t, ann, "program-make")
		ann.WaitFor(t, "program-curl")
		ann.WaitFor(t, "program-list")
		look(ann, "a program's token")
		browser.Eval[any](t, ann, `(e => { e.value = "hook"; e.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector('[data-testid="program-kind"]'))`)
		ann.WaitFor(t, "hook-secret")
		ann.Fill(t, "program-name", "CI")
		clickOn(t, ann, "program-make")
		ann.WaitFor(t, "hook-address")
		address := browser.Eval[string](t, ann, `document.querySelector('[data-testid="hook-address"]').value`)
		answer := client.Do(t, "POST", address, `{"text":"the build is green"}`, "Content-Type", "application/json")
		require.Equal(t, 200, answer.Status, answer.Body)
		ann.Until(t, "what the service says", messageJS("the build is green"))
	})
	page("webhooks", "webhook-url", func() {
		ann.Fill(t, "webhook-url", "http://127.0.0.1:9/")
		clickOn(t, ann, "webhook-make")
		ann.Until(t, "why not", `document.querySelector('dialog [role="alert"]')?.textContent`)
		look(ann, "a webhook that is refused")
		ann.Fill(t, "webhook-url", "https://hooks.example.org/caller")
		clickOn(t, ann, "webhook-make")
		ann.WaitFor(t, "webhook-secret")
		ann.WaitFor(t, "webhook-list")
	})
	page("reports", "report-list", nil)
	page("owner", "owner-link-make", nil)
	page("clear", "clear-do", nil)
	page("close", "close-do", nil)
	closeDialog(t, ann)

	// About a person.
	about := func(choice string) {
		t.Helper()
		people(t, ann)
		aboutPerson(t, ann, "Dave", choice)
	}
	people(t, ann)
	clickOn(t, ann, "person-more")
	ann.WaitFor(t, "person-ban")
	look(ann, "what can be done about a person")
	clickOn(t, ann, "person-mute")
	ann.WaitFor(t, "ask-do")
	look(ann, "a mute that is asked for")
	clickOn(t, ann, "ask-do")
	ann.WaitFor(t, "done-undo")
	look(ann, "what can be undone")
	held(t, dave, "closed")
	look(dave, "who is muted")
	about("person-unmute")
	dave.WaitFor(t, "composer-input")
	about("person-remove")
	clickOn(t, ann, "ask-do")
	doorOf(t, dave, "removed")
	look(dave, "door removed")

	eve := chromium(t).Person(t, "Eve").Page()
	a.as(t, eve)
	o.change(t, `{"newcomers":"read"}`)
	eve.Visit(t, node.URL, o.room, "")
	held(t, eve, "closed")
	look(eve, "raid mode, of a newcomer")
	people(t, ann)
	aboutPerson(t, ann, "Eve", "person-ban")
	ann.Fill(t, "ask-reason", "the same as yesterday")
	clickOn(t, ann, "ask-delete")
	look(ann, "a ban that is asked for")
	clickOn(t, ann, "ask-do")
	ann.WaitFor(t, "done-undo") // which is not there for long
	look(ann, "what can be undone in part")
	doorOf(t, eve, "banned")
	look(eve, "door banned")
	openSettings(t, ann)
	page("bans", "ban-list", nil)
	clickOn(t, ann, "open-close")
	clickOn(t, ann, "close-do")
	doorOf(t, ann, "room_closed")
	look(ann, "door room_closed")
	eve.Open(t, address(o.room))
	doorOf(t, eve, "room_closed")
	look(eve, "door room_closed, from outside")
}

// TestAxeWhoMayDoWhat holds all that the page shows of who may do what to axe-core's rules: on a desk in
// the light, and on a phone in the dark.
func TestAxeWhoMayDoWhat(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	for name, a := range map[string]appearance{
		"desk":  {theme: "light", language: "en", width: 1200, height: 800},
		"phone": {theme: "dark", language: "ru", width: 390, height: 844, mobile: true},
	} {
		t.Run(name, func(t *testing.T) {
			seeStates(t, a, func(page *browser.Page, what string) { t.Helper(); checkAxe(t, page, string(axe), what) })
		})
	}
}
