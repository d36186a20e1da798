package program

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/pushservice"
	"github.com/caller-chat/caller/internal/testwait"
)

// shownNotification is one that the browser shows.
type shownNotification struct{ Title, Body string }

const allShown = `navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) => all.map(({ title, body }) => ({ title, body })))`

// waitShown waits until the browser shows a notification that says this.
func waitShown(t *testing.T, page *browser.Page, title, body string) {
	t.Helper()
	page.Until(t, "a notification: "+body, fmt.Sprintf(
		`(await (%s)).some((n) => n.title === %q && n.body === %q)`, allShown, title, body))
}

// mention posts a message that names somebody, or answers a message, as JSON.
func mention(t *testing.T, who client.Person, room string, fields map[string]any) string {
	t.Helper()
	body, err := json.Marshal(fields)
	require.NoError(t, err)
	answer := client.Do(t, http.MethodPost, who.Base+"/rooms/"+room+"/messages", string(body),
		"Content-Type", "application/json", "Authorization", "Bearer "+who.Token)
	require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
	return field(t, answer, "id")
}

// TestNotifications turns them on in the page's menu, and is told of what is said while one does
// not look.
func TestNotifications(t *testing.T) {
	endToEnd(t)
	site := newReleases(t, startNode(t), "")
	ann := chromium(t).Person(t, "Ann").Page()
	ann.MayNotify(t, site.URL)
	ann.Visit(t, site.URL, "kitchen", "")
	ann.Until(t, "the worker", `(await (`+workerRuns+`))`)
	ann.Click(t, "menu")
	ann.Click(t, "notify-on")
	ann.WaitFor(t, "notify-level")
	ann.Press(t, "\x1b")
	self := browser.Eval[string](t, ann, `JSON.parse(localStorage.getItem("caller.session")).clientId`)
	bob := client.SignIn(t, site.URL, "Bob")

	// Who looks at the room is not told.
	mention(t, bob, "kitchen", map[string]any{"text": "@Ann you see this", "mentions": []string{self}})
	ann.Until(t, "the message", `document.body.innerText.includes("you see this")`)
	ann.Load(t, `document.hasFocus = () => false;
		Object.defineProperty(document, "hidden", { value: true, configurable: true });
		document.dispatchEvent(new Event("visibilitychange"));`)
	browser.Eval[bool](t, ann, askWorker(`"behind"`))
	mention(t, bob, "kitchen", map[string]any{"text": "for nobody"})
	id := mention(t, bob, "kitchen", map[string]any{"text": "@Ann look here", "mentions": []string{self}})
	waitShown(t, ann, "Bob · kitchen", "@Ann look here")
	assert.Len(t, browser.Eval[[]shownNotification](t, ann, allShown), 1, "what is for nobody is not told")

	ann.Until(t, "a dot on the icon", `document.querySelector("link[rel=icon]").href.includes("unread")`)

	// A click leads to the message.
	browser.Eval[bool](t, ann, askWorker(`{ do: "click" }`))
	ann.Until(t, "the message's address", `location.hash === "#`+id+`"`)
	ann.Until(t, "that it is closed", `(await (`+allShown+`)).length === 0`)

	// A push is shown alike, and once.
	push := fmt.Sprintf(`{ do: "push", text: %q }`, `{"roomId":"garden","id":"7-0000002a","what":"reply","from":"Cleo","excerpt":"yes"}`)
	for range 2 {
		browser.Eval[bool](t, ann, askWorker(push))
	}
	waitShown(t, ann, "Cleo · garden", "yes")
	assert.Len(t, browser.Eval[[]shownNotification](t, ann, allShown), 1)

	// Nothing of a room that one wants nothing of, everything of another.
	ann.Click(t, "menu")
	choose := func(level string) {
		ann.WaitFor(t, "notify-level")
		browser.Eval[any](t, ann, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector('[data-testid="notify-level"]'))`, level))
	}
	choose("none")
	mention(t, bob, "kitchen", map[string]any{"text": "@Ann ignored", "mentions": []string{self}})
	ann.Until(t, "the message", `document.body.innerText.includes("ignored")`)
	choose("all")
	mention(t, bob, "kitchen", map[string]any{"text": "everything"})
	waitShown(t, ann, "Bob · kitchen", "everything")
	for _, n := range browser.Eval[[]shownNotification](t, ann, allShown) {
		assert.NotContains(t, n.Body, "ignored")
	}
	assert.Empty(t, ann.Console(), "errors in the console")
}

// TestPush has a push service get what is said to somebody who is away, from one of two nodes.
func TestPush(t *testing.T) {
	endToEnd(t)
	service := pushservice.Start()
	defer service.Close()
	one, other, _ := run.TwoNodes(t, "--push-subject", "mailto:ops@example.org", "--push-allow-private")
	key := field(t, client.Do(t, http.MethodGet, one.URL+"/push/key", ""), "key")
	require.Equal(t, key, field(t, client.Do(t, http.MethodGet, other.URL+"/push/key", ""), "key"), "one key for all nodes")

	ann, bob := client.SignIn(t, one.URL, "Ann"), client.SignIn(t, other.URL, "Bob")
	subscribe := func(b *pushservice.Browser) {
		answer := client.Do(t, http.MethodPut, one.URL+"/push/subscription", b.Subscription(map[string]any{"rooms": map[string]string{"attic": "none"}}),
			"Content-Type", "application/json", "Authorization", "Bearer "+ann.Token)
		require.Equal(t, http.StatusNoContent, answer.Status, answer.Body)
	}
	gone, phone := service.Subscribe(key), service.Subscribe(key)
	gone.Unsubscribe()
	subscribe(gone)
	subscribe(phone)
	next := func() (what, id, excerpt string) {
		push := testwait.Receive(t, service.Pushes(), "nothing was pushed: %v", service.Faults())
		assert.Equal(t, phone, push.Browser)
		assert.LessOrEqual(t, push.TTL, 120)
		var got struct{ RoomID, ID, What, From, Excerpt string }
		require.NoError(t, json.Unmarshal([]byte(push.Text), &got))
		assert.Equal(t, "kitchen", got.RoomID)
		assert.Equal(t, "Bob", got.From)
		return got.What, got.ID, got.Excerpt
	}
	mine := mention(t, ann, "kitchen", map[string]any{"text": "does it work?"})
	mention(t, bob, "attic", map[string]any{"text": "@Ann not from here", "mentions": []string{ann.ID}})
	said := mention(t, bob, "kitchen", map[string]any{"text": "@Ann it does", "mentions": []string{ann.ID}})
	what, id, excerpt := next()
	assert.Equal(t, []string{"mention", said, "@Ann it does"}, []string{what, id, excerpt})

	service.Answer(pushservice.Answer{Status: http.StatusTooManyRequests, RetryAfter: "1"})
	mention(t, bob, "kitchen", map[string]any{"text": "really", "replyTo": mine})
	what, _, excerpt = next()
	assert.Equal(t, []string{"reply", "really"}, []string{what, excerpt})

	// Who is there is not pushed to, and neither is who has signed out.
	stream := client.StartCurl(t, "-H", "Authorization: Bearer "+ann.Token, one.URL+"/rooms/kitchen/ndjson")
	testwait.Until(t, func() bool {
		return strings.Contains(client.Do(t, http.MethodGet, other.URL+"/rooms/kitchen/members", "").Body, ann.ID)
	}, "Ann is not there")
	mention(t, bob, "kitchen", map[string]any{"text": "@Ann here", "mentions": []string{ann.ID}})
	stream.Output.WaitFor(t, "@Ann here")
	out := client.Do(t, http.MethodDelete, one.URL+"/session", "", "Authorization", "Bearer "+ann.Token)
	require.Equal(t, http.StatusNoContent, out.Status)
	testwait.Until(t, func() bool {
		return !strings.Contains(client.Do(t, http.MethodGet, other.URL+"/rooms/kitchen/members", "").Body, ann.ID)
	}, "Ann is still there")
	cleo := client.SignIn(t, one.URL, "Cleo")
	last := service.Subscribe(key)
	answer := client.Do(t, http.MethodPut, one.URL+"/push/subscription", last.Subscription(nil), "Authorization", "Bearer "+cleo.Token)
	require.Equal(t, http.StatusNoContent, answer.Status, answer.Body)
	mention(t, bob, "kitchen", map[string]any{"text": "@Ann @Cleo", "mentions": []string{ann.ID, cleo.ID}})
	push := testwait.Receive(t, service.Pushes(), "nothing was pushed: %v", service.Faults())
	assert.Equal(t, last, push.Browser, "and nothing before it")
	assert.Empty(t, service.Faults())
}
