package program

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// TestTheSamePersonOnThePhone hands a session on by the link of the page's dialog, from one node to
// another.
func TestTheSamePersonOnThePhone(t *testing.T) {
	endToEnd(t)
	one, other, _ := run.TwoNodes(t)
	ann := chromium(t).Person(t, "Ann").Page()
	ann.Visit(t, one.URL, "kitchen", "")
	ann.Click(t, "menu")
	ann.Click(t, "link-device")
	ann.WaitFor(t, "qr-code")
	shown, err := url.Parse(browser.Eval[string](t, ann, `document.querySelector('[data-testid="link-address"]').value`))
	require.NoError(t, err)
	require.Equal(t, "/rooms/kitchen", shown.Path)
	require.True(t, strings.HasPrefix(shown.Fragment, "link="), shown.Fragment)
	theirs := other.URL + shown.RequestURI() + "#" + shown.Fragment

	// A phone that nobody has used is Ann at once, in the room, and was nobody else before.
	phone := chromium(t).Person(t, "Ann's phone").Page()
	phone.Open(t, theirs)
	phone.WaitLive(t, "")
	phone.WaitFor(t, "composer-input")
	assert.Equal(t, other.URL+"/rooms/kitchen", phone.Location(t), "the code is not in the address")
	assert.NotContains(t, browser.Eval[string](t, phone, `JSON.stringify([localStorage, sessionStorage])`), shown.Fragment)
	phone.Send(t, "from the phone")
	phone.WaitSent(t, "from the phone")
	ann.Press(t, "\x1b")
	ann.Until(t, "the message as her own", `[...document.querySelectorAll('[data-testid="message"]')].some((e) =>
		e.dataset.own !== undefined && e.dataset.own !== "false" && e.textContent.includes("from the phone"))`)
	waitPeople(t, ann, 1)
	waitPeople(t, phone, 1)

	// The link was good once; who is somebody is asked before.
	bob := chromium(t).Person(t, "Bob").Page()
	bob.Visit(t, other.URL, "kitchen", "")
	waitPeople(t, ann, 2)
	bob.Open(t, "about:blank")
	bob.Open(t, theirs)
	bob.WaitFor(t, "claim-agree")
	bob.Click(t, "claim-agree")
	bob.Until(t, "that it was used", `document.querySelector('[data-testid="claim"]')?.textContent.includes("already used")`)
	bob.Click(t, "claim-cancel")
	bob.WaitLive(t, "")
	bob.Send(t, "still Bob")
	bob.WaitSent(t, "still Bob")

	for _, page := range []*browser.Page{ann, phone} {
		assert.Empty(t, page.Console(), "errors in the console")
	}
}

// TestLinkFromAProgram is the same with HTTP alone, and ends with the session signed out.
func TestLinkFromAProgram(t *testing.T) {
	endToEnd(t)
	one, other, _ := run.TwoNodes(t)
	ann := client.SignIn(t, one.URL, "Ann")
	link := func() (code string) {
		answer := client.Do(t, http.MethodPost, one.URL+"/session/link", "", "Authorization", "Bearer "+ann.Token)
		require.Equal(t, http.StatusCreated, answer.Status, answer.Body)
		return field(t, answer, "code")
	}
	claim := func(code string) client.Response {
		return client.Do(t, http.MethodPost, other.URL+"/session/claim", `{"code":"`+code+`"}`, "Content-Type", "application/json")
	}
	code := link()
	claimed := claim(code)
	require.Equal(t, http.StatusOK, claimed.Status, claimed.Body)
	assert.Equal(t, ann.ID, field(t, claimed, "clientId"))
	assert.Equal(t, "not_found", field(t, claim(code), "code"))

	code = link()
	out := client.Do(t, http.MethodDelete, one.URL+"/session", "", "Authorization", "Bearer "+ann.Token)
	require.Equal(t, http.StatusNoContent, out.Status, out.Body)
	gone := claim(code)
	assert.Equal(t, http.StatusNotFound, gone.Status, gone.Body)
}

// field is a field of text in a JSON answer.
func field(t *testing.T, answer client.Response, name string) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &fields), answer.Body)
	text, _ := fields[name].(string)
	return text
}
