package program

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// row is the list's row of a room, in JavaScript.
func row(room string) string {
	return fmt.Sprintf(`document.querySelector('[data-testid="room-row"][data-room=%q]')`, room)
}

// waitUnread waits until the list says how much of a room is not read.
func waitUnread(t *testing.T, page *browser.Page, room string, unread, mentions int) {
	t.Helper()
	page.Until(t, fmt.Sprint(room, " with ", unread, " unread and ", mentions, " mentions"), fmt.Sprintf(
		`(r => r && r.dataset.joined === "true" && r.dataset.unread === "%d" && r.dataset.mentions === "%d")(%s)`, unread, mentions, row(room)))
}

func waitTitle(t *testing.T, page *browser.Page, title string) {
	t.Helper()
	page.Until(t, "the title "+title, fmt.Sprintf("document.title === %q", title))
}

// click clicks on what a JavaScript expression finds.
func click(t *testing.T, page *browser.Page, element string) {
	t.Helper()
	page.Until(t, "there: "+element, element)
	browser.Eval[any](t, page, element+".click()")
}

// TestMyRooms has somebody in two rooms, on two devices and nodes: what comes to the room that is
// not on the screen is counted on both, and read on both once it was seen on one.
func TestMyRooms(t *testing.T) {
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			one, other, _ := run.TwoNodes(t)
			ann := chromium(t).Person(t, "Ann")
			page := ann.Page()
			page.Visit(t, one.URL, "kitchen", transport)
			page.Visit(t, one.URL, "lobby", transport)
			waitUnread(t, page, "kitchen", 0, 0)
			me := browser.Eval[string](t, page, `JSON.parse(localStorage.getItem("caller.session")).clientId`)

			bob := client.SignIn(t, other.URL, "Bob")
			bob.Post(t, "kitchen", "one")
			two := bob.Do(t, "POST", "/rooms/kitchen/messages", fmt.Sprintf(`{"text":"@Ann two","mentions":[%q]}`, me), "Content-Type", "application/json")
			require.Equal(t, 201, two.Status)
			waitUnread(t, page, "kitchen", 2, 1)
			waitTitle(t, page, "(2) lobby · Caller")
			page.Until(t, "the last line", row("kitchen")+`.textContent.includes("Bob: @Ann two")`)
			page.Until(t, "the room that was written in is the first", `document.querySelector('[data-testid="room-row"]').dataset.room === "kitchen"`)

			// A browser keeps its own storage for each origin, and the cookie for both: another
			// device of the same session. It knows the rooms from the server.
			device := ann.NewTab(t)
			device.Visit(t, other.URL, "lobby", transport)
			waitUnread(t, device, "kitchen", 2, 1)
			waitTitle(t, device, "(2) lobby · Caller")

			// Its messages are there at once, with the line where one left off.
			texts := browser.Eval[[]string](t, page, `(async () => {
				`+row("kitchen")+`.querySelector("a").click();
				for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
				return [...document.querySelectorAll('[data-testid="message-text"]')].map(e => e.textContent);
			})()`)
			assert.Equal(t, []string{"one", "@Ann two"}, texts, "from memory")
			page.Until(t, "the line", `document.querySelector(".unread")`)
			assert.Equal(t, one.URL+"/rooms/kitchen?transport="+transport, page.Location(t))
			waitUnread(t, page, "kitchen", 0, 0)
			waitUnread(t, device, "kitchen", 0, 0)
			waitTitle(t, page, "kitchen · Caller")
			waitTitle(t, device, "lobby · Caller")

			// What one writes oneself, on whichever device, counts nowhere.
			page.Send(t, "mine")
			page.WaitSent(t, "mine")
			device.Until(t, "what was written on the other device", row("kitchen")+`.textContent.includes("mine")`)
			waitUnread(t, device, "kitchen", 0, 0)

			// What was missed is counted after a resume.
			page.Offline(t, true)
			page.Until(t, "off line", `document.querySelector('[data-testid="connection"]').dataset.state === "offline"`)
			for i := range 3 {
				bob.Post(t, "lobby", fmt.Sprint("missed ", i))
			}
			page.Offline(t, false)
			waitUnread(t, page, "lobby", 3, 0)
			waitTitle(t, page, "(3) kitchen · Caller")
		})
	}
}

// TestMyRoomsCanBeMutedLeftAndForgotten is the menu of a row.
func TestMyRoomsCanBeMutedLeftAndForgotten(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "")
	page.Visit(t, node.URL, "lobby", "")
	bob := client.SignIn(t, node.URL, "Bob")
	bob.Read(t, client.WebSocket, "kitchen", client.Options{})
	waitUnread(t, page, "kitchen", 0, 0)
	choose := func(action string) {
		t.Helper()
		click(t, page, row("kitchen")+`.querySelector('[data-testid="room-options"]')`)
		page.Click(t, action)
	}

	choose("room-mute")
	bob.Post(t, "kitchen", "quietly")
	waitUnread(t, page, "kitchen", 1, 0)
	assert.Equal(t, "lobby · Caller", browser.Eval[string](t, page, "document.title"), "it does not count")
	choose("room-mute")
	waitTitle(t, page, "(1) lobby · Caller")

	waitMembers(t, bob, "kitchen", "Ann", "Bob")
	choose("room-leave")
	waitMembers(t, bob, "kitchen", "Bob")
	page.Until(t, "it stays in the list", row("kitchen")+`.dataset.joined === "false"`)
	waitTitle(t, page, "lobby · Caller")
	page.Open(t, node.URL+"/rooms/lobby")
	page.WaitLive(t, "")
	page.Until(t, "left is left", row("kitchen")+`.dataset.joined === "false"`)

	choose("room-forget")
	page.Until(t, "it is gone", "!"+row("kitchen"))
	// One that can't be opened is not among them.
	page.Open(t, node.URL+"/rooms/%C2%BD")
	page.Until(t, "refused", `document.querySelector('[role="alert"]')`)
	page.Open(t, node.URL+"/rooms/lobby")
	page.WaitLive(t, "")
	assert.Equal(t, []string{"lobby"}, browser.Eval[[]string](t, page, `[...document.querySelectorAll('[data-testid="room-row"]')].map(e => e.dataset.room)`))
}

// TestJump goes to rooms by their names, without a mouse.
func TestJump(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	for _, room := range []string{"kitchen", "garden", "lobby"} {
		page.Visit(t, node.URL, room, "")
	}
	waitUnread(t, page, "garden", 0, 0)
	jump := func(name string) {
		t.Helper()
		page.Press(t, "k", chromedp.ModifierCtrl)
		page.WaitFor(t, "jump-input")
		page.Press(t, name)
		page.Press(t, kb.Enter)
	}
	jump("kit")
	page.Until(t, "the kitchen", `document.querySelector("h1").textContent === "kitchen"`)
	page.Until(t, "the dialog closed", `!document.querySelector("dialog")`)
	jump("Attic")
	page.Until(t, "a new room", `document.querySelector("h1").textContent === "attic"`)
	waitUnread(t, page, "attic", 0, 0)

	// Back closes what is open, and then goes back.
	page.Press(t, "k", chromedp.ModifierCtrl)
	page.WaitFor(t, "jump-input")
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "the dialog closed", `!document.querySelector("dialog")`)
	assert.Equal(t, node.URL+"/rooms/attic", page.Location(t))
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "the room before", `document.querySelector("h1").textContent === "kitchen"`)
}

// TestBackClosesThePeople has the list of people open over a phone's page.
func TestBackClosesThePeople(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Resize(t, 390, 844, true)
	page.Visit(t, node.URL, "kitchen", "")
	for range 2 {
		page.Click(t, "people-toggle")
		page.Until(t, "the sheet", `document.querySelector("dialog.sheet")`)
		browser.Eval[any](t, page, "history.back()")
		page.Until(t, "the sheet closed", `!document.querySelector("dialog")`)
		assert.Equal(t, node.URL+"/rooms/kitchen", page.Location(t))
		page.WaitLive(t, "")
	}
	// Closed otherwise it leaves nothing in the history.
	page.Click(t, "people-toggle")
	click(t, page, `document.querySelector("dialog.sheet .dialog-header button")`)
	page.Until(t, "the sheet closed", `!document.querySelector("dialog") && !history.state?.layers`)

	// So is the menu of the header, and a dialog that it leads to.
	page.Click(t, "menu")
	page.WaitFor(t, "change-name")
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "the menu closed", `!document.querySelector(".menu-box")`)
	assert.Equal(t, node.URL+"/rooms/kitchen", page.Location(t))
	page.Click(t, "menu")
	page.Click(t, "link-device")
	page.WaitFor(t, "qr-code")
	assert.False(t, page.Has(t, "change-name"))
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "the dialog closed", `!document.querySelector("dialog")`)
	assert.Equal(t, node.URL+"/rooms/kitchen", page.Location(t))
	page.Click(t, "menu")
	page.Click(t, "composer-input")
	page.Until(t, "the menu closed by a click beside it", `!document.querySelector(".menu-box") && !history.state?.layers`)

	// The rooms are a drawer here.
	page.Click(t, "rooms-toggle")
	page.Until(t, "the drawer", `document.querySelector("dialog.drawer")`)
	click(t, page, `document.querySelector("dialog.drawer .drawer-row")`)
	page.WaitFor(t, "start-room")
	assert.Equal(t, "H1", browser.Eval[string](t, page, "document.activeElement.tagName"), "the focus is on the heading")
	browser.Eval[any](t, page, "history.back()")
	page.Until(t, "the room again", `document.querySelector("h1").textContent === "kitchen" && !document.querySelector("dialog")`)
}

// TestFind looks for messages, without a mouse: those on the page and those that only the server
// has.
func TestFind(t *testing.T) {
	node := startNode(t, "--history-limit", "1500")
	bob := client.SignIn(t, node.URL, "Bob")
	carol := client.SignIn(t, node.URL, "Carol")
	first := bob.Post(t, "kitchen", "The Needle is here").ID
	for i := range 1200 {
		bob.Post(t, "kitchen", fmt.Sprint("hay ", i))
	}
	carol.Post(t, "kitchen", "another NEEDLE of mine")
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "")

	page.Press(t, "F", chromedp.ModifierCtrl, chromedp.ModifierShift)
	page.WaitFor(t, "find-input")
	page.Press(t, "needle")
	results := `[...document.querySelectorAll('[data-testid="find-result"]')]`
	page.Until(t, "both", results+`.length === 2`)
	assert.Equal(t, []string{"NEEDLE", "Needle"}, browser.Eval[[]string](t, page, results+`.map(e => e.querySelector("mark").textContent)`))
	page.Press(t, kb.ArrowDown)
	page.Press(t, kb.ArrowDown)
	page.Press(t, kb.Enter)
	page.Until(t, "the message in its place", fmt.Sprintf(`(e => e && e.getBoundingClientRect().top > 0 && e.getBoundingClientRect().bottom < innerHeight)(document.querySelector('[data-testid="message"][data-id=%q]'))`, first))

	browser.Eval[any](t, page, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector('[data-testid="find-from"]'))`, carol.ID))
	page.Until(t, "hers alone", results+`.length === 1 && `+results+`[0].textContent.includes("Carol")`)
	page.Click(t, "find-close")
	page.Until(t, "closed", `!document.querySelector(".find")`)
}

// TestMyRoomsAxe holds the list, its menu, the dialogs and the search to axe-core's rules.
func TestMyRoomsAxe(t *testing.T) {
	endToEnd(t)
	axe, err := os.ReadFile(axePath)
	require.NoError(t, err, "make test installs the page's packages")
	node := startNode(t)
	bob := client.SignIn(t, node.URL, "Bob")
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Emulate(t, "prefers-color-scheme", theme)
			check := func(what string) {
				t.Helper()
				page.Load(t, string(axe))
				violations := browser.Eval[[]string](t, page, `(async () => {
					await Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
					const {violations} = await axe.run(document);
					return violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n    "));
				})()`)
				assert.Empty(t, violations, "%s in %s", what, theme)
			}
			for _, room := range []string{"kitchen", "attic", "lobby"} {
				page.Visit(t, node.URL, room, "")
			}
			me := browser.Eval[string](t, page, `JSON.parse(localStorage.getItem("caller.session")).clientId`)
			waitUnread(t, page, "attic", 0, 0)
			bob.Do(t, "POST", "/rooms/kitchen/messages", fmt.Sprintf(`{"text":"@Ann","mentions":[%q]}`, me), "Content-Type", "application/json")
			bob.Post(t, "attic", "hello")
			waitUnread(t, page, "kitchen", 1, 1)
			waitUnread(t, page, "attic", 1, 0)
			check("the list")
			click(t, page, row("attic")+`.querySelector('[data-testid="room-options"]')`)
			page.WaitFor(t, "room-mute")
			check("a row's menu")
			page.Click(t, "room-mute")
			page.Until(t, "muted", row("attic")+`.dataset.muted === "true"`)
			check("a muted room")
			page.Click(t, "rooms-width")
			page.Until(t, "initials", `document.querySelector(".rooms-column.narrow")`)
			check("initials")
			page.Press(t, "k", chromedp.ModifierCtrl)
			page.WaitFor(t, "jump-input")
			check("the jump")
			page.Press(t, kb.Escape)
			page.Until(t, "closed", `!document.querySelector("dialog")`)
			page.Click(t, "find-open")
			page.WaitFor(t, "find-input")
			page.Press(t, "nothing")
			page.Until(t, "nothing found", `document.querySelector('[data-testid="find-count"]').textContent.includes("Nothing")`)
			check("the search")
			page.Click(t, "find-close")
			page.Resize(t, 390, 844, true)
			page.WaitFor(t, "rooms-toggle")
			check("a phone")
			page.Click(t, "rooms-toggle")
			page.WaitFor(t, "room-row")
			check("the drawer")
			page.Resize(t, 1200, 800, false)
		})
	}
}

// TestWithoutCookies has a browser that gets no cookie: the page is who it says it is all the same,
// over every transport.
func TestWithoutCookies(t *testing.T) {
	node := startNode(t)
	target, err := url.Parse(node.URL)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the node compares it with Origin
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Set-Cookie")
			return nil
		},
		FlushInterval: -1,
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	bob := client.SignIn(t, node.URL, "Bob")
	for _, transport := range []string{"ws", "sse", "poll"} {
		t.Run(transport, func(t *testing.T) {
			page := chromium(t).Person(t, "Ann").Page()
			page.Visit(t, server.URL, transport, transport)
			page.Send(t, "one")
			page.WaitSent(t, "one")
			page.Send(t, "two")
			page.WaitSent(t, "two")
			kept := bob.Page(t, transport, "").Messages
			require.Len(t, kept, 2)
			for _, message := range kept {
				assert.Equal(t, "Ann", message.From.Name)
				assert.False(t, message.From.Guest)
				assert.Equal(t, kept[0].From.ID, message.From.ID, "one and the same")
			}
			waitMembers(t, bob, transport, "Ann")
		})
	}
}
