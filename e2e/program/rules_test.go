package program

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// secretTopic and secretText are in every room of the table: who may not read a room is told neither.
const (
	secretTopic = "the-topic-of-the-room"
	secretText  = "what-was-said-in-the-room, a secret"
	notAsked    = "-" // of a room that is still needed
)

// TestRules holds the program to testdata/rules.json: who may do what in which room, by every way to
// do it, and on two nodes.
func TestRules(t *testing.T) {
	text, err := os.ReadFile("testdata/rules.json")
	require.NoError(t, err)
	var table struct {
		Columns []string
		Rows    [][]string
	}
	require.NoError(t, json.Unmarshal(text, &table))
	one, other, _ := twoNodes(t, "--trusted-proxy", "127.0.0.1/32", "--history-limit", "1000", "--operator-token", operatorToken,
		"--livekit-url", "ws://127.0.0.1:9", "--livekit-api-key", "key", "--livekit-api-secret", "a secret that nobody asks for, as there is no LiveKit")
	rooms := map[string]*ruledRoom{}
	for _, row := range table.Rows {
		if rooms[row[0]] == nil {
			rooms[row[0]] = newRuledRoom(t, one.URL, row[0])
		}
	}
	for name, room := range rooms {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			for _, row := range table.Rows {
				require.Len(t, row, len(table.Columns))
				if row[0] == name {
					t.Run(row[1], func(t *testing.T) { room.holds(t, row[1], table.Columns, row, one.URL, other.URL) })
				}
			}
		})
	}
}

// holds has one visitor do all that the table has columns for, on each node.
func (r *ruledRoom) holds(t *testing.T, name string, columns, row []string, nodes ...string) {
	t.Helper()
	who := r.visitor(t, name)
	for i := 2; i < len(row); i++ {
		if row[i] == notAsked {
			continue
		}
		for _, base := range nodes {
			for way, answer := range r.asked(t, name, who.at(base), columns[i]) {
				assert.Equal(t, row[i], answer, "%s by %s on %s", columns[i], way, base)
			}
		}
	}
	if row[slices.Index(columns, "read")] != "ok" && name != "revoked" { // who is nobody is told so everywhere
		r.saysNothing(t, who, row[slices.Index(columns, "settings")] == "ok")
	}
}

// visitor is somebody who does things in a room, with what their requests have in their headers.
type visitor struct {
	base, id string
	headers  []string
	guest    bool
}

func (v visitor) at(base string) visitor {
	v.base = base
	return v
}

func (v visitor) do(t testing.TB, method, path, body string, headers ...string) client.Response {
	t.Helper()
	var answer client.Response
	comeBack(t, func() bool {
		answer = client.Do(t, method, v.base+path, body, append(slices.Clone(v.headers), headers...)...)
		return answer.Status == http.StatusServiceUnavailable && strings.Contains(answer.Body, noAnswer)
	})
	return answer
}

// noAnswer is in an answer when the store had no time for one, which a machine may cause that has
// much else to do.
const noAnswer = `"code":"unavailable"`

// comeBack asks again as long as the store does not answer, as whoever is told so does.
func comeBack(t testing.TB, unanswered func() bool) {
	t.Helper()
	testwait.Until(t, func() bool { return !unanswered() }, "the store answers")
}

// answerOf is "ok" for what was done, and the code of what was refused.
func answerOf(t testing.TB, r client.Response) string {
	t.Helper()
	if r.Status < 300 {
		return "ok"
	}
	return r.Problem(t).Code
}

// ruledRoom is a room in one of the table's states.
type ruledRoom struct {
	state, id, base, first, message string
	visitors                        map[string]visitor
	changes                         int
}

func (r *ruledRoom) path() string { return "/rooms/" + r.id }

// bannedNetwork, as a proxy tells it, is where somebody was banned.
const bannedNetwork, anotherNetwork = "203.0.113.7", "198.51.100.7"

func person(t testing.TB, base, name string, headers ...string) visitor {
	t.Helper()
	made := client.Do(t, http.MethodPost, base+"/session", "name="+name, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var session struct{ ClientID, Token string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &session))
	return visitor{base: base, id: session.ClientID, headers: append([]string{"Authorization", "Bearer " + session.Token}, headers...)}
}

func guestOf(base, name string, headers ...string) visitor {
	return visitor{base: base, guest: true, headers: append([]string{"X-Name", name}, headers...)}
}

// want does what has to be done, and is the answer's fields.
func want(t testing.TB, v visitor, method, path, body string) map[string]any {
	t.Helper()
	answer := v.do(t, method, path, body)
	require.Less(t, answer.Status, 300, "%s %s %s: %s", method, path, body, answer.Body)
	fields := map[string]any{}
	if answer.Body != "" {
		require.NoError(t, json.Unmarshal([]byte(answer.Body), &fields), answer.Body)
	}
	return fields
}

// doors are the settings that make a room's state, once all are in it who are to be.
var doors = map[string]string{
	"password":        `{"password":"hunter2"}`,
	"invite":          `{"inviteOnly":true}`,
	"locked":          `{"locked":true}`,
	"moderators-post": `{"posting":"moderators"}`,
	"sessions-post":   `{"posting":"sessions"}`,
	"newcomers-read":  `{"newcomers":"read"}`,
	"slow":            `{"slowMode":3600}`,
	"full":            `{"maxMembers":1}`,
	"since-joined":    `{"history":"since-joined"}`,
	"none":            `{"history":"none"}`,
	"no-calls":        `{"calls":false}`,
}

func newRuledRoom(t *testing.T, base, state string) *ruledRoom {
	t.Helper()
	r := &ruledRoom{state: state, id: "open", base: base, visitors: map[string]visitor{
		"guest":                    guestOf(base, "Gus"),
		"guest-of-banned-network":  guestOf(base, "Gus", "X-Forwarded-For", bannedNetwork),
		"guest-of-another-network": guestOf(base, "Gus", "X-Forwarded-For", anotherNetwork),
	}}
	r.visitors["operator"] = visitor{base: base, headers: []string{"Authorization", "Bearer " + operatorToken}}
	for name, password := range map[string]string{"guest-with-password": "hunter2", "guest-with-wrong-password": "hunter3"} {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+password))
		r.visitors[name] = guestOf(base, "Gus", "Authorization", basic)
	}
	for _, name := range []string{"newcomer", "let-in", "member", "moderator", "owner", "muted", "removed", "victim"} {
		r.visitors[name] = person(t, base, name)
	}
	for _, name := range []string{"banned", "older-of-banned-network"} {
		r.visitors[name] = person(t, base, name, "X-Forwarded-For", bannedNetwork)
	}
	owner := r.visitors["owner"]
	if state == "open" {
		r.first = want(t, owner, "POST", r.path(), "the first")["id"].(string)
		r.message = want(t, owner, "POST", r.path(), secretText)["id"].(string)
		return r
	}
	r.id = want(t, owner, "POST", "/rooms", "")["roomId"].(string)
	want(t, owner, "PATCH", r.path()+"/settings", `{"title":"`+secretTopic+`","topic":"`+secretTopic+`"}`)
	r.first = want(t, owner, "POST", r.path(), "the first")["id"].(string)
	r.message = want(t, owner, "POST", r.path(), secretText)["id"].(string)
	for _, name := range []string{"member", "moderator", "muted", "banned", "removed", "victim"} {
		want(t, r.visitors[name], "POST", r.path(), "hello, I am "+name)
	}
	made := time.Now().Unix() // a session's age is known to the second
	testwait.Until(t, func() bool { return time.Now().Unix() > made }, "time stands still")
	for name, call := range map[string]string{
		"member": `role {"role":"member"}`, "moderator": `role {"role":"moderator"}`,
		"muted": `mute {"reason":"loud"}`, "banned": `ban {"reason":"spam"}`,
	} {
		what, body, _ := strings.Cut(call, " ")
		want(t, owner, "POST", r.path()+"/members/"+r.visitors[name].id+"/"+what, body)
	}
	r.visitors["newcomer-of-banned-network"] = person(t, base, "Neo", "X-Forwarded-For", bannedNetwork)
	for name, body := range map[string]string{
		"program": `{"name":"ci"}`, "reader": `{"name":"reader","post":false}`, "writer": `{"name":"writer","read":false}`,
		"revoked": `{"name":"revoked"}`, "moderating-program": `{"name":"warden","role":"moderator"}`,
	} {
		token := want(t, owner, "POST", r.path()+"/tokens", body)
		r.visitors[name] = visitor{base: base, id: token["id"].(string), headers: []string{"Authorization", "Bearer " + token["token"].(string)}}
	}
	want(t, owner, "DELETE", r.path()+"/tokens/"+r.visitors["revoked"].id, "")
	elsewhere := want(t, owner, "POST", "/rooms", "")["roomId"].(string)
	token := want(t, owner, "POST", "/rooms/"+elsewhere+"/tokens", `{"name":"elsewhere"}`)["token"].(string)
	r.visitors["elsewhere"] = visitor{base: base, headers: []string{"Authorization", "Bearer " + token}}
	r.close(t, owner)
	return r
}

// close brings a room that all have seen into its state.
func (r *ruledRoom) close(t *testing.T, owner visitor) {
	t.Helper()
	if settings := doors[r.state]; settings != "" {
		want(t, owner, "PATCH", r.path()+"/settings", settings)
	}
	switch r.state {
	case "password":
		want(t, r.visitors["let-in"], "POST", r.path()+"/enter", `{"password":"hunter2"}`)
	case "invite":
		url := want(t, owner, "POST", r.path()+"/invites", "")["url"].(string)
		_, secret, _ := strings.Cut(url, "#i=")
		want(t, r.visitors["let-in"], "POST", r.path()+"/enter", `{"invite":"`+secret+`"}`)
	case "slow":
		for _, name := range []string{"guest", "newcomer", "member", "program", "writer"} {
			want(t, r.visitors[name], "POST", r.path(), "the first")
		}
	case "full":
		victim := r.visitors["victim"]
		token := strings.TrimPrefix(victim.headers[1], "Bearer ")
		client.Person{Base: r.base, ID: victim.id, Token: token, Name: "victim"}.
			Read(t, client.SSE, r.id, client.Options{}).WaitType(t, "live")
	case "closed":
		want(t, owner, "DELETE", r.path(), "")
	}
}

func (r *ruledRoom) visitor(t *testing.T, name string) visitor {
	t.Helper()
	v, ok := r.visitors[name]
	require.True(t, ok, "nobody is called %s", name)
	return v
}

// removedTime is within what time somebody who was removed is surely still kept out.
const removedTime = 20 * time.Second

// asked is ask, for somebody who is what the table says at that moment.
func (r *ruledRoom) asked(t *testing.T, name string, who visitor, what string) map[string]string {
	t.Helper()
	switch name {
	case "revoked":
		testwait.Until(t, func() bool { return who.do(t, "GET", r.path()+"/settings", "").Status == http.StatusUnauthorized }, "a token is revoked")
	case "removed":
		for {
			began := time.Now()
			want(t, r.visitors["owner"], "POST", r.path()+"/members/"+who.id+"/remove", "")
			if answers := r.ask(t, who, what); time.Since(began) < removedTime {
				return answers
			}
		}
	}
	return r.ask(t, who, what)
}

// ask does something by all ways, and is what each was answered. What is asked to change something
// changes it every time.
func (r *ruledRoom) ask(t *testing.T, who visitor, what string) map[string]string {
	t.Helper()
	path := r.path()
	answers := map[string]string{}
	ask := func(method, path, body string, headers ...string) {
		t.Helper()
		answers[strings.Join(append([]string{method, path}, headers...), " ")] = answerOf(t, who.do(t, method, path, body, headers...))
	}
	r.changes++
	switch what {
	case "read":
		ask("GET", path, "", "Accept", "*/*")
		ask("GET", path+"/messages", "")
		ask("GET", path+"/messages?q=what", "")
		ask("GET", path+"/messages?limit=1", "", "Accept", "text/plain")
		ask("GET", path+"/messages?before="+r.message, "")
	case "past":
		r.askPast(t, who, answers)
	case "join":
		r.join(t, who, answers)
	case "members":
		ask("GET", path+"/members", "")
	case "post":
		ask("POST", path+"/messages", "text=hello", "Content-Type", "application/x-www-form-urlencoded")
		ask("POST", path, `{"text":"hello"}`, "Content-Type", "application/json")
		ask("PUT", path, "hello", "Content-Type", "text/plain")
		r.command(t, who, answers, map[string]any{"type": "post", "text": "hello"})
	case "react":
		on := r.changes%2 == 0
		ask(map[bool]string{true: "PUT", false: "DELETE"}[on], path+"/messages/"+r.message+"/reactions/👍", "")
		r.command(t, who, answers, map[string]any{"type": "react", "target": r.message, "emoji": "🎉", "on": on})
	case "typing":
		ask("POST", path+"/typing", "")
	case "call":
		r.call(t, who, answers)
	case "settings":
		ask("GET", path+"/settings", "")
	case "topic", "title":
		ask("PATCH", path+"/settings", fmt.Sprintf(`{"%s":"%s %d"}`, what, secretTopic, r.changes))
	case "invite":
		ask("POST", path+"/invites", `{"expiresIn":1}`)
		ask("GET", path+"/invites", "")
	case "moderate":
		ask("POST", path+"/members/"+r.visitors["victim"].id+"/mute", `{"for":1}`)
		ask("GET", path+"/bans", "")
	case "tokens":
		ask("GET", path+"/tokens", "")
	case "report":
		ask("POST", path+"/reports", `{"message":"`+r.message+`"}`)
	case "reports":
		ask("GET", path+"/reports", "")
	case "clear":
		ask("DELETE", path+"/messages", "")
		ask("DELETE", path, "")
	case "enter":
		ask("POST", path+"/enter", `{"invite":"wrong"}`)
	default:
		require.Fail(t, "nobody knows how to do that", what)
	}
	return answers
}

// askPast reads by every way what was said before anybody came: it is "shown" or "hidden". Some ways
// show the last that is kept: they can't be asked for it when it is not hidden.
func (r *ruledRoom) askPast(t *testing.T, who visitor, answers map[string]string) {
	t.Helper()
	if answer := answerOf(t, who.do(t, "GET", r.path()+"/messages?after="+r.first, "")); answer != "ok" {
		answers["after"] = answer
		return
	}
	p := past{owner: r.visitors["owner"], room: r.path()}
	for way, said := range p.read(t, who, r.first) {
		switch {
		case strings.Contains(said, secretText):
			answers[way] = "shown"
		case way == "curl" || way == "page" || strings.HasSuffix(way, "?limit=100"):
		default:
			answers[way] = "hidden"
		}
	}
}

// join opens every kind of stream, for the room alone and among several, and polls.
func (r *ruledRoom) join(t *testing.T, who visitor, answers map[string]string) {
	t.Helper()
	for _, address := range []string{
		r.path() + "/sse", r.path() + "/ndjson", r.path() + "/text", "/stream/sse?room=" + r.id, "/stream/ndjson?room=" + r.id,
	} {
		answers[address] = who.open(t, address, "*/*")
	}
	for _, kind := range []string{"text/event-stream", "application/x-ndjson", "text/plain"} {
		answers[kind] = who.open(t, r.path(), kind)
	}
	if !who.guest { // a guest's poll makes nobody a member
		answers["poll"] = answerOf(t, who.do(t, "GET", r.path()+"/messages?wait=0.1", ""))
		answers["several polls"] = answerOf(t, who.do(t, "GET", "/stream/messages?wait=0.1&room="+r.id, ""))
	}
	_, answers["ws"] = dial(t, who, r.path()+"/ws")
	_, answers["several by ws"] = dial(t, who, "/stream/ws?room="+r.id)
	socket, answer := dial(t, who, "/stream/ws")
	if answer == "ok" {
		answer = socket.ask(t, map[string]any{"type": "join", "roomId": r.id}, "live")
	}
	answers["join"] = answer
}

// call asks for what a call takes, beside a stream: only who is in the room may have it.
func (r *ruledRoom) call(t *testing.T, who visitor, answers map[string]string) {
	t.Helper()
	socket, here := dial(t, who, r.path()+"/ws")
	if here == "ok" {
		defer func() { _ = socket.Close() }()
	}
	testwait.Until(t, func() bool {
		answers["call"] = answerOf(t, who.do(t, "POST", r.path()+"/call", ""))
		return here != "ok" || answers["call"] != "not_present" // until it is in the roster
	}, "a call")
}

// open opens a stream and drops it when something has come.
func (v visitor) open(t *testing.T, address, accept string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	defer cancel()
	answer := v.stream(ctx, t, address, "Accept", accept)
	defer func() { _ = answer.Body.Close() }() // it is dropped
	if answer.StatusCode != http.StatusOK {
		return codeIn(t, answer.Body)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") { // which says nothing where nobody is shown anything
		return "ok"
	}
	_, err := answer.Body.Read(make([]byte, 1))
	require.NoError(t, err)
	return "ok"
}

// stream asks for a stream. The caller closes the answer's body.
func (v visitor) stream(ctx context.Context, t *testing.T, address string, headers ...string) *http.Response {
	t.Helper()
	var answer *http.Response
	comeBack(t, func() bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+address, nil)
		require.NoError(t, err)
		request.Header = v.header()
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		answer, err = http.DefaultClient.Do(request)
		require.NoError(t, err)
		if answer.StatusCode != http.StatusServiceUnavailable {
			return false
		}
		problem, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		answer.Body = io.NopCloser(bytes.NewReader(problem))
		return bytes.Contains(problem, []byte(noAnswer))
	})
	return answer
}

func (v visitor) header() http.Header {
	h := http.Header{}
	for i := 0; i < len(v.headers); i += 2 {
		h.Set(v.headers[i], v.headers[i+1])
	}
	return h
}

func codeIn(t *testing.T, problem io.Reader) string {
	t.Helper()
	var p struct{ Code string }
	require.NoError(t, json.NewDecoder(problem).Decode(&p))
	return p.Code
}

// command sends a command over a WebSocket, where one can be opened; else there is nothing to send
// it by.
func (r *ruledRoom) command(t *testing.T, who visitor, answers map[string]string, command map[string]any) {
	t.Helper()
	socket, answer := dial(t, who, r.path()+"/ws")
	if answer != "ok" {
		return
	}
	defer func() { _ = socket.Close() }()
	command["key"] = fmt.Sprint("k-", r.changes)
	answers["ws "+fmt.Sprint(command["type"])] = socket.ask(t, command, "ack")
}

// socket is a WebSocket.
type socket struct{ *websocket.Conn }

func dial(t *testing.T, who visitor, path string) (socket, string) {
	t.Helper()
	var conn *websocket.Conn
	code := "ok"
	comeBack(t, func() bool {
		var answer *http.Response
		var err error
		conn, answer, err = websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(who.base, "http")+path, who.header())
		if err == nil {
			code = "ok"
			return false
		}
		require.NotNil(t, answer, err)
		defer func() { _ = answer.Body.Close() }()
		code = codeIn(t, answer.Body)
		return code == "unavailable"
	})
	if conn != nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return socket{conn}, code
}

// ask sends a command and is "ok" when an event of such a type answers, else the code of the error.
func (s socket) ask(t *testing.T, command map[string]any, ok ...string) string {
	t.Helper()
	require.NoError(t, s.WriteJSON(command))
	require.NoError(t, s.SetReadDeadline(testwait.Deadline()))
	for {
		var event struct{ Type, Code string }
		require.NoError(t, s.ReadJSON(&event))
		if event.Type == "error" && event.Code == "unavailable" {
			require.NoError(t, s.WriteJSON(command))
			continue
		}
		if event.Type == "error" {
			return event.Code
		}
		if slices.Contains(ok, event.Type) {
			return "ok"
		}
	}
}

// saysNothing looks for what is said in a room in all that somebody is told who may not read it: a
// token that only posts is let in, and so is told the settings.
func (r *ruledRoom) saysNothing(t *testing.T, who visitor, isIn bool) {
	t.Helper()
	for _, ask := range [][]string{
		{"GET", r.path(), "text/html"}, {"GET", r.path(), "*/*"}, {"GET", r.path() + "/messages", "*/*"},
		{"GET", r.path() + "/messages?q=said", "*/*"}, {"GET", r.path() + "/settings", "*/*"}, {"GET", r.path() + "/members", "*/*"},
		{"GET", "/stream/messages?room=" + r.id, "*/*"}, {"GET", "/session/rooms", "*/*"}, {"GET", r.path() + "/read", "*/*"},
		{"GET", r.path() + "/invites", "*/*"}, {"GET", r.path() + "/reports", "*/*"}, {"GET", r.path() + "/bans", "*/*"},
	} {
		if isIn && ask[1] == r.path()+"/settings" {
			continue
		}
		answer := who.do(t, ask[0], ask[1], "", "Accept", ask[2])
		for _, secret := range []string{secretTopic, secretText, "I am member"} {
			assert.NotContains(t, answer.Body, secret, "%s %s", ask[1], ask[2])
		}
	}
}
