package adminpage

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestPageAxe holds each state of the page to axe-core's rules, in light and dark and on a phone, in
// both languages; nothing is wider than the window.
func TestPageAxe(t *testing.T) {
	node := startPaged(t)
	room, owner := ownedRoom(t, node, "Tea at four")
	bob, eve := client.SignIn(t, node.URL, "Bob"), client.SignIn(t, node.URL, "علي")
	for _, person := range []client.Person{owner, bob, eve} {
		person.Read(t, client.WebSocket, room, client.Options{})
		said := person.Post(t, room, "hello\nfrom "+person.Name)
		owner.Amend(t, room, client.Command{Type: "react", Target: said.ID, Emoji: "👍"})
	}
	owner.Do(t, "PATCH", "/rooms/"+room+"/settings", `{"password":"secret","slowMode":5}`, "Content-Type", "application/json")
	owner.Do(t, "POST", "/rooms/"+room+"/members/"+eve.ID+"/ban", `{"reason":"spam"}`, "Content-Type", "application/json")
	for _, look := range []struct{ name, theme, language string }{
		{"light", "light", "en"}, {"dark", "dark", "en"}, {"phone", "light", "ru"}, {"phone in the dark", "dark", "ru"},
	} {
		t.Run(look.name, func(t *testing.T) {
			page := run.Chromium(t).Person(t, "the operator").Page()
			page.Emulate(t, "prefers-color-scheme", look.theme)
			page.AtStart(t, `localStorage.setItem("caller.language", JSON.stringify("`+look.language+`"))`)
			if look.language == "ru" {
				page.Resize(t, 390, 844, true)
				page.Touch(t)
			}
			check := axeOf(t, page)
			page.Open(t, node.Admin+"/")
			page.WaitFor(t, "token")
			check("the form")
			page.Fill(t, "token", "wrong")
			page.Press(t, kb.Enter)
			page.Until(t, "why not", `document.querySelector('[data-testid="login-problem"]').textContent !== ""`)
			check("a wrong token")
			signIn(t, page, node, "")
			for _, state := range []struct{ place, has string }{
				{"#/overview", "nodes"},
				{"#/rooms", "rooms"},
				{"#/rooms?query=none", "none"},
				{"#/rooms/" + room, "message"},
				{"#/rooms/" + room + "/members", "members"},
				{"#/rooms/" + room + "/settings", "settings"},
				{"#/rooms/" + room + "/bans", "bans"},
				{"#/rooms/" + room + "/actions", "close"},
				{"#/rooms/nothing-of-it", "room-gone"},
				{"#/announce", "announce-go"},
				{"#/sessions/" + bob.ID, "session"},
				{"#/sessions/nobody", "session-none"},
				{"#/audit", "audit"},
				{"#/webhooks", "title"},
			} {
				goTo(t, page, state.place)
				page.WaitFor(t, state.has)
				check(state.place)
			}
			goTo(t, page, "#/rooms/"+room+"/members")
			page.Click(t, "member-ban")
			page.WaitFor(t, "ask-reason")
			check("the question before a ban")
			page.Press(t, kb.Escape)
			goTo(t, page, "#/rooms/"+room+"/actions")
			page.Click(t, "close")
			page.WaitFor(t, "type-name")
			check("the question before a room is closed")
			page.Press(t, kb.Escape)
			if look.language == "ru" {
				page.Click(t, "more")
				page.WaitFor(t, "theme")
				check("what else there is")
				small := browser.Eval[[]string](t, page, `[...document.querySelectorAll("main button, main a, nav a")]
					.filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()]).filter(([, r]) => r.height > 0 && r.height < 44)
					.map(([e]) => e.outerHTML)`)
				if len(small) > 0 {
					t.Errorf("targets that are too small for a finger: %q", small)
				}
			}
		})
	}
}
