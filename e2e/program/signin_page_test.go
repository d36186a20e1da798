package program

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// inviteInto makes a room that takes an invitation, on the page of its owner, and returns its
// address and the fragment of one.
func inviteInto(t *testing.T, owner *browser.Page, base string) (room, secret string) {
	t.Helper()
	room, _ = createRoom(t, owner, base, "Ann")
	owner.Send(t, "inside")
	owner.WaitSent(t, "inside")
	openSettings(t, owner)
	setBox(t, owner, "set-inviteOnly", true)
	clickOn(t, owner, "open-invites")
	clickOn(t, owner, "invite-make")
	owner.WaitFor(t, "invite-link")
	link := browser.Eval[string](t, owner, `document.querySelector('[data-testid="invite-link"]').value`)
	at, secret, _ := strings.Cut(link, "#")
	require.Equal(t, base+"/rooms/"+room, at)
	return room, secret
}

// vouchedSigns counts the signs, beside messages, that somebody vouches for who wrote them.
const vouchedSigns = `document.querySelectorAll('.message .vouched').length`

// TestPageSignsIn is the way of the page's own button, to a real sign-in service and back: the room and an
// invitation into it are kept, and who is back is whom the service says.
func TestPageSignsIn(t *testing.T) {
	node, service := startWithSignIn(t)
	ann := chromium(t).Person(t, "Ann").Page()
	room, secret := inviteInto(t, ann, node.URL)
	closeDialog(t, ann)

	bob := chromium(t).Person(t, "Bob").Page()
	bob.Open(t, node.URL+"/rooms/"+room+"#"+secret)
	doorOf(t, bob, "invite_required")
	bob.WaitFor(t, "name-input")
	clickOn(t, bob, "sign-in")
	passSignIn(t, bob, service)
	bob.WaitLive(t, "")
	assert.Equal(t, node.URL+"/rooms/"+room, bob.Location(t))
	bob.WaitTexts(t, "inside")
	_, name, via := mySession(t, bob)
	assert.Equal(t, harness.SignInName, name)
	assert.Equal(t, "oidc", via)
	bob.Send(t, "it is really me")
	bob.WaitSent(t, "it is really me")
	ann.Until(t, "the sign beside the name", vouchedSigns+` === 1`)
	kept := browser.Eval[string](t, bob, `JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])`)
	assert.NotContains(t, kept, strings.TrimPrefix(secret, "i="), "the secret is kept nowhere")
	bob.Open(t, node.URL+"/rooms/"+room)
	bob.WaitTexts(t, "inside", "it is really me")

	// A session of the same name has no such sign.
	client.SignIn(t, node.URL, harness.SignInName).Post(t, "kitchen", "so am I")
	bob.Open(t, node.URL+"/rooms/kitchen")
	bob.WaitTexts(t, "so am I")
	bob.Send(t, "no, I am")
	bob.WaitSent(t, "no, I am")
	ann.Open(t, node.URL+"/rooms/kitchen")
	ann.WaitTexts(t, "so am I", "no, I am")
	ann.Until(t, "one sign", vouchedSigns+` === 1`)
}

// TestPageSignInIsOver has a sign-in end, as it does after a week: one is asked to sign in again, is nobody
// else by oneself meanwhile, and what was being written is there when one is back.
func TestPageSignInIsOver(t *testing.T) {
	node, service := startWithSignIn(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Visit(t, node.URL, "kitchen", "") // by a name of one's own, which is not taken again
	page.Click(t, "menu")
	page.Click(t, "sign-in")
	passSignIn(t, page, service)
	page.WaitLive(t, "")
	id, _, via := mySession(t, page)
	require.Equal(t, "oidc", via)
	page.Fill(t, "composer-input", "what I was writing")

	page.ForgetCookies(t)
	page.Open(t, node.URL+"/rooms/kitchen")
	page.Until(t, "that it is over", `document.querySelector("#name-problem")?.textContent.includes("no longer signed in")`)
	page.WaitLive(t, "")
	assert.Equal(t, http.StatusUnauthorized, browser.Eval[int](t, page, `fetch("/session").then((r) => r.status)`), "nobody is made of it")
	assert.Empty(t, browser.Eval[string](t, page, `document.querySelector('[data-testid="name-input"]').value`))
	clickOn(t, page, "sign-in")
	passSignIn(t, page, service)
	page.WaitLive(t, "")
	same, _, _ := mySession(t, page)
	assert.Equal(t, id, same)
	inComposer(t, page, "what I was writing")

	// Who signs out knows it, and is nobody then.
	page.Click(t, "menu")
	page.WaitFor(t, "sign-out")
	assert.False(t, page.Has(t, "change-name"), "the name is the service's")
	page.Click(t, "sign-out")
	page.Until(t, "the service, or back from it", `location.href.startsWith(`+fmt.Sprintf("%q", service.Issuer)+`) || location.pathname === "/"`)
	page.Open(t, node.URL+"/rooms/kitchen")
	page.WaitLive(t, "")
	page.WaitFor(t, "name-input")
	assert.Empty(t, browser.Eval[string](t, page, `document.querySelector("#name-problem").textContent + document.querySelector('[data-testid="name-input"]').value`))
	assert.Equal(t, http.StatusUnauthorized, browser.Eval[int](t, page, `fetch("/session").then((r) => r.status)`))
}

// TestPageSessionIsOver has a session end at its own time, while one writes: the page says so, goes on reading
// as a guest, and sends nothing as somebody else that waited or was being written.
func TestPageSessionIsOver(t *testing.T) {
	node := startNode(t, "--site-jwt-secret", siteSecret, "--limits", "messages=1/1/m") // what is more waits
	page := chromium(t).Person(t, "Somebody").Page()
	page.Visit(t, node.URL, "kitchen", "") // a name of one's own, which is not gone back to
	// It is over before what waits would be sent, and after all that is done before.
	eve := siteUser(t, node.URL, jwt.MapClaims{"exp": time.Now().Add(40 * time.Second).Unix()})
	browser.Eval[int](t, page, fmt.Sprintf(`fetch("/session", {method: "POST", headers: {Authorization: "Bearer " + %q}}).then((r) => r.status)`, eve.Token))
	page.Open(t, node.URL+"/rooms/kitchen")
	page.WaitLive(t, "")
	page.Send(t, "it is Eve")
	page.WaitSent(t, "it is Eve")
	page.Send(t, "and more")
	page.Until(t, "that it waits", waits)
	page.Fill(t, "composer-input", "what I was writing")

	page.Until(t, "that it is over", `document.querySelector("#name-problem")?.textContent.includes("no longer signed in")`)
	page.WaitLive(t, "")
	client.Guest(node.URL, "Bob").Post(t, "kitchen", "are you there?")
	page.Until(t, "what others say", messageJS("are you there?"))
	page.Until(t, "what waited", messageJS("and more")+`?.dataset.state === "refused"`)
	assert.Equal(t, []string{"it is Eve", "are you there?"}, client.Guest(node.URL, "Bob").Page(t, "kitchen", "").Texts())
	page.Open(t, node.URL+"/rooms/kitchen") // it is so after a reload, too
	page.Until(t, "that it is over", `document.querySelector("#name-problem")?.textContent.includes("no longer signed in")`)
	page.WaitLive(t, "")
	page.Fill(t, "name-input", "Eve, by herself")
	page.Press(t, kb.Enter)
	inComposer(t, page, "what I was writing")
	page.WaitLive(t, "")
	clickOn(t, page, "send")
	page.WaitSent(t, "what I was writing")
	said := client.Guest(node.URL, "Bob").Page(t, "kitchen", "").Messages
	require.Equal(t, "what I was writing", said[len(said)-1].Text)
	assert.Equal(t, "Eve, by herself", said[len(said)-1].From.Name)
	assert.Empty(t, said[len(said)-1].From.Via)
}

// TestPageSignInThatFails says why one is not signed in, where one is asked for a name: what was
// written and the room are kept.
func TestPageSignInThatFails(t *testing.T) {
	node, service := startWithSignIn(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/rooms/kitchen")
	page.WaitLive(t, "")
	page.WaitFor(t, "sign-in")
	service.Kill()
	clickOn(t, page, "sign-in")
	page.Until(t, "why", `document.querySelector("#name-problem")?.textContent.trim().length > 0`)
	assert.Equal(t, node.URL+"/rooms/kitchen", page.Location(t), "the reason is said once")
	page.WaitLive(t, "")
	// A name of one's own does as well.
	page.Fill(t, "name-input", "Ann")
	page.Press(t, kb.Enter)
	page.Send(t, "hello")
	page.WaitSent(t, "hello")
}
