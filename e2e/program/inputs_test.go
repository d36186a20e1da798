package program

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// As many rooms as one poll may name, with the longest names there are.
func TestAPollOfAsManyRoomsAsThereMayBe(t *testing.T) {
	node := startNode(t)
	for _, letter := range []string{"я", "字", "\U00010428"} { // two, three and four bytes
		var query strings.Builder
		var last string
		for i := range 64 {
			last = strings.Repeat(letter, 61) + fmt.Sprintf("%03d", i)
			name := url.QueryEscape(last)
			fmt.Fprintf(&query, "&room=%s@0-0&roster=%s@1795522470120", name, name)
		}
		client.Guest(node.URL, "Bob").Post(t, last, "hello")
		answer := client.Do(t, http.MethodGet, node.URL+"/stream/messages?wait=5"+query.String(), "")
		require.Equal(t, http.StatusOK, answer.Status, "%d bytes", query.Len())
		require.Equal(t, 64, strings.Count(answer.Body, `"roomId":"`+letter)-1, "each once, and one in the message")
		require.Contains(t, answer.Body, `"text":"hello"`)
	}
}

// A proxy in front may send credentials of its own along.
func TestCredentialsOfOthers(t *testing.T) {
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	jwt := part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(`{"iss":"https://login.example","sub":"42"}`) + ".c2ln"
	for name, authorization := range map[string]string{
		"a token": "Bearer ya29.a0AfH6SMB", "a JWT": "Bearer " + jwt, "a password": "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:secret")),
		"nothing": "Bearer ", "another scheme": "Negotiate abc", "two parts": "Bearer " + part(`{"a":1}`) + "." + part("x"),
	} {
		t.Run(name, func(t *testing.T) {
			as := func(method, path, body string, more ...string) client.Response {
				return client.Do(t, method, node.URL+path, body, append([]string{"Authorization", authorization}, more...)...)
			}
			for _, accept := range []string{"text/html", "*/*"} {
				assert.Equal(t, http.StatusOK, as("GET", "/", "", "Accept", accept).Status)
				assert.Equal(t, http.StatusOK, as("GET", "/rooms/kitchen", "", "Accept", accept).Status)
			}
			for _, path := range []string{"/rooms/kitchen/messages", "/rooms/kitchen/members", "/stream/messages?room=kitchen&wait=0", "/healthz", "/readyz"} {
				assert.Equal(t, http.StatusOK, as("GET", path, "").Status, path)
			}
			assert.Equal(t, http.StatusCreated, as("POST", "/rooms/kitchen", "hello").Status)
			assert.Equal(t, http.StatusCreated, as("POST", "/session", `{"name":"Eve"}`).Status)
			assert.Equal(t, "session_required", as("GET", "/session", "").Problem(t).Code)
			for _, stream := range []string{"sse", "ndjson", "text"} {
				curl := client.StartCurl(t, "-i", "-H", "Authorization: "+authorization, node.URL+"/rooms/kitchen/"+stream)
				curl.Output.WaitFor(t, "200 OK")
				curl.Kill()
			}
			cookie := []string{"Cookie", "caller_session=" + ann.Token}
			mine := as("GET", "/session", "", cookie...)
			assert.Equal(t, http.StatusOK, mine.Status)
			assert.Contains(t, mine.Body, ann.ID)
			assert.Contains(t, as("POST", "/rooms/kitchen", "hello", cookie...).Body, ann.ID)
		})
	}
}

// A native EventSource comes back by itself to whatever has ended it.
func TestANativeEventSourceStaysOutOfWhatWasLeft(t *testing.T) {
	node := startNode(t)
	page := chromium(t).Person(t, "Ann").Page()
	page.Open(t, node.URL+"/healthz")
	browser.Eval[any](t, page, `(async () => {
		await fetch("/session", {method: "POST", body: JSON.stringify({name: "Ann"})});
		window.listen = () => {
			const source = new EventSource("/rooms/kitchen/sse");
			source.live = 0;
			source.addEventListener("live", () => source.live++);
			return source;
		};
		window.source = listen();
	})()`)
	here := func(n int) func() bool {
		return func() bool { return len(client.Guest(node.URL, "").Members(t, "kitchen").Members) == n }
	}
	page.Until(t, "the stream is live", `window.source.live === 1`)
	testwait.Until(t, here(1), "Ann is not there")
	browser.Eval[any](t, page, `fetch("/rooms/kitchen/leave", {method: "POST"}).then(() => null)`)
	page.Until(t, "it has come back, and was sent away for good", `window.source.readyState === EventSource.CLOSED`)
	require.True(t, here(0)(), "she is in the room again")
	require.Equal(t, 1.0, browser.Eval[float64](t, page, `window.source.live`))
	browser.Eval[any](t, page, `(window.source = listen(), null)`)
	page.Until(t, "another one is live", `window.source.live === 1`)
	testwait.Until(t, here(1), "Ann is not there again")
}

// A script that posts is one guest to the eye, and names that nobody sees are refused.
func TestGuestsAndNamesToTheEye(t *testing.T) {
	node := startNode(t)
	post := func(name string) client.Response {
		return client.Do(t, http.MethodPost, node.URL+"/rooms/kitchen", "done", "X-Name", name)
	}
	look := func(r client.Response) string {
		_, after, found := strings.Cut(r.Body, `"look":"`)
		require.True(t, found, r.Body)
		look, _, _ := strings.Cut(after, `"`)
		return look
	}
	first, second, other := post("ci"), post("ci"), post("cd")
	assert.NotEmpty(t, look(first))
	assert.Equal(t, look(first), look(second))
	assert.NotEqual(t, look(first), look(other))
	assert.Contains(t, client.Do(t, http.MethodGet, node.URL+"/rooms/kitchen/messages", "").Body, look(first), "it is kept")
	for _, name := range []string{"Ann\u200b", "\u3164", "\u2800", "Ann\u00ad", "\u200b"} {
		refused := post(name)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status, "%q", name)
		assert.Equal(t, "name", refused.Problem(t).Field)
	}
	for _, text := range []string{"\u200b", "\u3164", "\u2800", "\u00ad", "\u0085"} {
		refused := client.Do(t, http.MethodPost, node.URL+"/rooms/kitchen", text)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status, "%q", text)
		assert.Contains(t, refused.Problem(t).Detail, "is empty")
	}

	ann := client.SignIn(t, node.URL, "Ann")
	there := ann.Read(t, client.WebSocket, "den", client.Options{})
	there.WaitType(t, "live")
	other1 := client.SignIn(t, node.URL, "Аnn") // with a Cyrillic А
	other1.Read(t, client.SSE, "den", client.Options{}).WaitType(t, "live")
	joined := there.WaitType(t, "joined")
	assert.Contains(t, joined.Raw, `"looksLike":"`+ann.ID+`"`)
	members := client.Do(t, http.MethodGet, node.URL+"/rooms/den/members", "").Body
	assert.Equal(t, 1, strings.Count(members, `"looksLike":"`+ann.ID+`"`), members)
}

// A key is for one request, whatever its method.
func TestAKeyIsForOneRequest(t *testing.T) {
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	ask := func(method, path, body string) client.Response {
		return ann.Do(t, method, "/rooms/kitchen"+path, body, "Idempotency-Key", "42", "Content-Type", "text/plain")
	}
	first := ask("POST", "", "buy milk")
	require.Equal(t, http.StatusCreated, first.Status)
	assert.Equal(t, http.StatusOK, ask("POST", "/messages", "buy milk").Status)
	assert.Equal(t, http.StatusOK, ask("PUT", "", "buy milk").Status)
	var message client.Event
	require.NoError(t, json.Unmarshal([]byte(first.Body), &message))
	id := message.ID
	for _, other := range []client.Response{
		ask("POST", "", "the house is on fire"), ask("PATCH", "/messages/"+id, "buy milk"), ask("DELETE", "/messages/"+id, ""),
		ask("PUT", "/messages/"+id+"/reactions/👍", ""),
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, other.Status, other.Body)
		assert.Equal(t, "key_reused", other.Problem(t).Code)
	}
	assert.Equal(t, []string{"buy milk"}, client.Guest(node.URL, "").Page(t, "kitchen", "").Texts())
}
