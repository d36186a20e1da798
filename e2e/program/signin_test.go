package program

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

var signInService struct {
	once    sync.Once
	program string
	err     error
}

// startWithSignIn starts a sign-in service and a node that sends people there.
func startWithSignIn(t *testing.T) (*harness.Node, *harness.SignInService) {
	t.Helper()
	endToEnd(t)
	signInService.once.Do(func() {
		signInService.program, signInService.err = harness.BuildSignInService(run.Dir)
	})
	require.NoError(t, signInService.err)
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	service := harness.StartSignInService(t, signInService.program, "http://"+address+"/signin/callback")
	return startNode(t, "--addr", address, "--public-url", "http://"+address, "--oidc-issuer", service.Issuer,
		"--oidc-client-id", harness.SignInClient, "--oidc-client-secret", harness.SignInSecret), service
}

// passSignIn gives the sign-in service name and password.
func passSignIn(t *testing.T, page *browser.Page, service *harness.SignInService) {
	t.Helper()
	page.Until(t, "the sign-in service's page", `document.querySelector("#password") !== null`)
	require.True(t, strings.HasPrefix(page.Location(t), service.Issuer))
	browser.Eval[bool](t, page, fmt.Sprintf(`(document.querySelector("#username").value = %q, document.querySelector("#password").value = %q,
		document.querySelector("form").submit(), true)`, harness.SignInUser, harness.SignInPassword))
}

// mySession is what the server says of a page's session.
func mySession(t *testing.T, page *browser.Page) (id, name, via string) {
	t.Helper()
	said := browser.Eval[map[string]any](t, page, `fetch("/session").then((r) => r.json())`)
	text := func(field string) string { value, _ := said[field].(string); return value }
	return text("clientId"), text("name"), text("via")
}

// TestSigningIn is the whole way with a real sign-in service: from a room to it and back into the
// room, and out again.
func TestSigningIn(t *testing.T) {
	node, service := startWithSignIn(t)
	first := chromium(t).Person(t, "Nobody").Page()
	first.Open(t, node.URL+"/signin?room=Kitchen")
	passSignIn(t, first, service)
	first.WaitLive(t, "")
	assert.Equal(t, node.URL+"/rooms/kitchen", first.Location(t))
	id, name, via := mySession(t, first)
	assert.Equal(t, harness.SignInName, name)
	assert.Equal(t, "oidc", via)
	first.Send(t, "it is really me")
	first.WaitSent(t, "it is really me")

	// A guest, and a session, of the same name are not taken for the same.
	client.Guest(node.URL, harness.SignInName).Post(t, "kitchen", "I am a guest")
	mallory := client.SignIn(t, node.URL, harness.SignInName)
	mallory.Do(t, http.MethodPost, "/rooms/kitchen/messages", `{"text":"I have a session","via":"oidc","from":{"via":"oidc"}}`,
		"Content-Type", "application/json", "X-Via", "oidc")
	for _, message := range mallory.Page(t, "kitchen", "").Messages {
		want := ""
		if message.Text == "it is really me" {
			want = "oidc"
		}
		assert.Equal(t, want, message.From.Via, message.Text)
		assert.Equal(t, harness.SignInName, message.From.Name)
	}
	renamed := browser.Eval[int](t, first, `fetch("/session", {method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({name: "The Boss"})}).then((r) => r.status)`)
	assert.Equal(t, http.StatusForbidden, renamed)

	// The same person on another device, who was somebody else there before.
	second := chromium(t).Person(t, "Ann").Page()
	second.Visit(t, node.URL, "kitchen", "")
	before, _, _ := mySession(t, second)
	second.Open(t, node.URL+"/signin?room=kitchen")
	passSignIn(t, second, service)
	second.WaitLive(t, "")
	same, _, _ := mySession(t, second)
	assert.Equal(t, id, same)
	assert.NotEqual(t, before, same)

	// Signing out on one device is not the other's end.
	next := browser.Eval[string](t, first, `fetch("/signout", {method: "POST"}).then((r) => r.json()).then((r) => r.url)`)
	assert.True(t, strings.HasPrefix(next, service.Issuer+"end_session?"), next)
	assert.Equal(t, http.StatusUnauthorized, browser.Eval[int](t, first, `fetch("/session").then((r) => r.status)`))
	same, _, _ = mySession(t, second)
	assert.Equal(t, id, same)
	second.WaitLive(t, "")
	second.Send(t, "still here")
	second.WaitSent(t, "still here")
}

// TestSigningInFromElsewhere does not begin, and a sign-in that came to nothing ends in the room.
func TestSigningInFromElsewhere(t *testing.T) {
	node, service := startWithSignIn(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, service.Issuer+"logged-out")
	browser.Eval[bool](t, page, fmt.Sprintf(`(location.href = %q, true)`, node.URL+"/signin?room=kitchen"))
	page.Until(t, "the room", `location.pathname === "/rooms/kitchen"`)
	page.WaitLive(t, "")

	page.Open(t, node.URL+"/signin?room=kitchen")
	page.Until(t, "the sign-in service's page", `document.querySelector("#password") !== null`)
	page.Open(t, node.URL+"/signin/callback?code=made-up&state=made-up")
	page.Until(t, "the start", `location.href.endsWith("/?signin=expired")`)
	assert.NotContains(t, node.Output.String(), "made-up")
}
