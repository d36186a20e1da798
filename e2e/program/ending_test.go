package program

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/browser"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

const nodesKey = "a key that all the nodes of the test share"

// sessionUntil is a session as the nodes make them, which is over then: of somebody whom a sign-in
// service has vouched for when it says so.
func sessionUntil(t *testing.T, base string, until time.Time, via string) client.Person {
	t.Helper()
	said := jwt.MapClaims{
		"iss": "caller", "aud": []string{"caller"}, "sub": "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b1" + string(rune('0'+len(via))),
		"name": "Bob", "iat": time.Now().Unix(), "exp": until.Unix(),
	}
	if via != "" {
		said["via"], said["sid"], said["fixed"] = via, "one", true
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, said)
	token.Header["typ"] = "caller-session+jwt"
	text, err := token.SignedString([]byte(nodesKey))
	require.NoError(t, err)
	return client.Person{Base: base, Token: text, Name: "Bob"}
}

// streamsOf are somebody's streams of all kinds, live, on both nodes.
func streamsOf(t *testing.T, who client.Person, room string, bases ...string) (all []*client.Reader) {
	t.Helper()
	for _, base := range bases {
		for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON, client.Poll, client.Text} {
			all = append(all, who.At(base).Read(t, kind, room, client.Options{}))
		}
		for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
			all = append(all, who.At(base).Read(t, kind, "", client.Options{Rooms: []string{room}}))
		}
	}
	for _, stream := range all {
		if stream.Kind != client.Text {
			stream.WaitType(t, "live")
		}
	}
	return all
}

// wantEnd says that a stream ends by a code: a WebSocket closes with 4001, a stream says the error
// last, a poll is answered so.
func wantEnd(t *testing.T, stream *client.Reader, code string) {
	t.Helper()
	end := stream.WaitEnd(t)
	events := stream.Events()
	require.GreaterOrEqual(t, len(events), 2, stream.Who)
	last := events[len(events)-2]
	switch stream.Kind {
	case client.Poll:
		assert.Contains(t, end.Detail, `"code":"`+code+`"`, stream.Who)
		assert.Contains(t, end.Detail, "status 401", stream.Who)
	case client.Text:
		assert.Contains(t, last.Text, map[string]string{
			"session_invalid": "The session is not valid", "session_over": "The sign-in is over",
		}[code], stream.Who)
	case client.WebSocket:
		assert.Equal(t, 4001, end.Status, stream.Who)
		fallthrough
	default:
		assert.Equal(t, "error", last.Type, stream.Who)
		assert.Equal(t, code, last.Code, stream.Who)
		assert.Empty(t, last.RoomID, "%s: it is the connection's end", stream.Who)
	}
}

// TestStreamsEndWithWhatTheyWereOpenedBy has a session, one that a sign-in service vouches for, a
// token of the site and a program's, each of which is over while streams of all kinds are open by
// it, on both nodes. A connection that has a room on keeps no other open, and posts nothing.
func TestStreamsEndWithWhatTheyWereOpenedBy(t *testing.T) {
	const life = 40 * time.Second // for all that is opened meanwhile, also by a machine that stops for a while
	one, other, _ := run.TwoNodes(t, "--session-key", nodesKey, "--site-jwt-secret", siteSecret, "--limits=off")
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", fmt.Sprintf(`{"name":"ci","expiresIn":%d}`, int(life.Seconds())), "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	until := time.Now().Add(life)
	witness := ann.Read(t, client.NDJSON, room, client.Options{})
	cases := []struct {
		name, code string
		who        client.Person
		streams    []*client.Reader
	}{
		{"a session", "session_invalid", sessionUntil(t, one.URL, until, ""), nil},
		{"one that is vouched for", "session_over", sessionUntil(t, one.URL, until, "oidc"), nil},
		{"a site's token", "session_invalid", siteUser(t, one.URL, jwt.MapClaims{"exp": until.Add(-time.Minute).Unix()}), nil}, // which may be as late
		{"a program's token", "session_invalid", client.Person{Base: one.URL, Token: field(t, made, "token"), Name: "ci"}, nil},
	}
	for i, c := range cases {
		cases[i].streams = streamsOf(t, c.who, room, one.URL, other.URL)
		require.True(t, time.Now().Before(until), "the machine is too slow for this test: %s are over", life)
	}
	for i, c := range cases {
		writing := c.streams[0]
		for sent := 0; ; sent++ { // until its end
			if writing.TrySend(client.Command{Type: "post", Key: "key-" + strconv.Itoa(i) + "-" + strconv.Itoa(sent), Text: c.name}) != nil {
				break
			}
			select {
			case <-writing.Done():
			case <-time.After(20 * time.Millisecond): // a post each
				require.True(t, time.Now().Before(until.Add(testwait.Limit)), "%s goes on and on", c.name)
				continue
			}
			break
		}
		for _, stream := range c.streams {
			wantEnd(t, stream, c.code)
		}
		answer := c.who.Do(t, http.MethodPost, "/rooms/"+room, "late")
		assert.Equal(t, http.StatusUnauthorized, answer.Status, answer.Body)
	}
	said := 0
	for _, event := range witness.Events() {
		if event.Text == cases[0].name {
			said++
			assert.False(t, event.Time.After(until.Add(time.Second)), "said at %s, and it was over at %s", event.Time, until)
		}
	}
	assert.NotZero(t, said)
}

// TestStreamsEndOnTheOtherNode ends a sign-in and a program's token on one node, and all streams by
// them end on both; the person's other sign-in goes on.
func TestStreamsEndOnTheOtherNode(t *testing.T) {
	one, other, _ := run.TwoNodes(t, "--session-key", nodesKey, "--limits=off")
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", `{"name":"ci"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	bot := client.Person{Base: one.URL, Token: field(t, made, "token"), Name: "ci"}
	streams := streamsOf(t, bot, room, one.URL, other.URL)
	gone := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/tokens/"+field(t, made, "id"), "")
	require.Equal(t, http.StatusNoContent, gone.Status, gone.Body)
	for _, stream := range streams {
		wantEnd(t, stream, "session_invalid")
	}

	site, otherSite, _ := run.TwoNodes(t, "--site-jwt-secret", siteSecret, "--limits=off")
	eve := siteUser(t, site.URL, nil)
	signIn := func() client.Person {
		made := eve.Do(t, http.MethodPost, "/session", "")
		require.Equal(t, http.StatusCreated, made.Status, made.Body)
		return client.Person{Base: site.URL, Token: field(t, made, "token"), Name: "Eve"}
	}
	first, second := signIn(), signIn()
	stays := streamsOf(t, second, "tea", site.URL, otherSite.URL)
	ends := streamsOf(t, first, "tea", site.URL, otherSite.URL)
	answer := first.Do(t, http.MethodDelete, "/session", "")
	require.Equal(t, http.StatusNoContent, answer.Status, answer.Body)
	for _, stream := range ends {
		wantEnd(t, stream, "session_invalid")
	}
	second.Post(t, "tea", "still here")
	for _, stream := range stays {
		if stream.Kind == client.Text {
			stream.Wait(t, "the line", func(events []client.Event) bool {
				return strings.Contains(events[len(events)-1].Text, "still here")
			})
			continue
		}
		stream.WaitText(t, "still here")
	}
}

// TestPageWhenASignInEnds has a sign-in end while its page is open: one is told, reads on, and is
// nobody else by oneself; what was being written stays. It is the same when one comes back later,
// with the cookie that the browser still has.
func TestPageWhenASignInEnds(t *testing.T) {
	const life = 30 * time.Second // for what is done meanwhile, also by a machine that stops for a while
	node := startNode(t, "--session-key", nodesKey)
	page := chromium(t).Person(t, "Nobody").Page()
	page.Open(t, node.URL+"/healthz")
	signedIn := func(until time.Time) {
		bob := sessionUntil(t, node.URL, until, "oidc")
		browser.Eval[bool](t, page, fmt.Sprintf(`(document.cookie = "caller_session=%s; path=/; max-age=9999",
			document.cookie = "caller_vouched=1; path=/; max-age=9999", true)`, bob.Token))
	}
	saysSo := func() {
		t.Helper()
		page.Until(t, "that it is over", `document.querySelector("#name-problem")?.textContent.includes("no longer signed in")`)
		page.WaitLive(t, "")
		assert.Empty(t, browser.Eval[string](t, page, `document.cookie`))
		assert.Equal(t, http.StatusUnauthorized, browser.Eval[int](t, page, `fetch("/session").then((r) => r.status)`), "nobody is made of it")
		client.Guest(node.URL, "Ann").Post(t, "kitchen", "can you read this?")
		page.Until(t, "what is said", `document.body.textContent.includes("can you read this?")`)
	}
	signedIn(time.Now().Add(life))
	page.Open(t, node.URL+"/rooms/kitchen")
	page.WaitLive(t, "")
	page.Send(t, "it is me")
	page.WaitSent(t, "it is me")
	page.Fill(t, "composer-input", "what I was writing")
	saysSo()

	page.Open(t, node.URL+"/healthz")
	signedIn(time.Now().Add(-time.Hour))
	page.Open(t, node.URL+"/rooms/kitchen")
	saysSo()
	page.Fill(t, "name-input", "Bobby") // on purpose somebody else
	page.Press(t, kb.Enter)
	inComposer(t, page, "what I was writing")
}

// TestWhichRoomRefuses asks for several rooms together, of which one is not open to whoever asks.
func TestWhichRoomRefuses(t *testing.T) {
	node := startNode(t)
	ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
	room := ownedRoom(t, ann)
	locked := ann.Do(t, http.MethodPatch, "/rooms/"+room+"/settings", `{"inviteOnly":true}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusOK, locked.Status, locked.Body)
	for _, path := range []string{"/stream/sse", "/stream/ndjson", "/stream/messages", "/stream/ws"} {
		headers := []string{}
		if path == "/stream/ws" {
			headers = []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
		}
		answer := bob.Do(t, http.MethodGet, path+"?room=lobby&room="+room+"&wait=5", "", headers...)
		assert.Equal(t, http.StatusForbidden, answer.Status, path)
		assert.Equal(t, "invite_required", problemCode(t, answer), path)
		assert.Equal(t, room, field(t, answer, "roomId"), path)
	}
}
