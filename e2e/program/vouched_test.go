package program

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

const (
	siteSecret    = "a secret that the site and the chat know"
	operatorToken = "a token of whoever runs the server"
)

// siteUser is somebody whom the embedding site has signed in.
func siteUser(t *testing.T, base string, claims jwt.MapClaims) client.Person {
	t.Helper()
	said := jwt.MapClaims{"aud": "caller", "exp": time.Now().Add(time.Hour).Unix(), "sub": "42", "name": "Eve"}
	for name, value := range claims {
		said[name] = value
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, said).SignedString([]byte(siteSecret))
	require.NoError(t, err)
	return client.Person{Base: base, Token: token, Name: "Eve"}
}

func problemCode(t *testing.T, answer client.Response) string {
	t.Helper()
	var problem struct{ Code string }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &problem), answer.Body)
	return problem.Code
}

// everyWayIn is each way to have something to do with a room, as method, path and body.
func everyWayIn(room, message string) [][3]string {
	at := "/rooms/" + room
	return [][3]string{
		{"GET", at + "/messages", ""}, {"GET", at + "/messages?wait=1", ""}, {"GET", at + "/messages?q=hello", ""}, {"GET", at, ""},
		{"GET", at + "/sse", ""}, {"GET", at + "/ndjson", ""}, {"GET", at + "/text", ""}, {"GET", at + "/members", ""}, {"GET", at + "/settings", ""},
		{"GET", at + "/read", ""}, {"POST", at, "hello"}, {"POST", at + "/messages", "hello"}, {"PUT", at, "hello"}, {"POST", at + "/typing", ""},
		{"PATCH", at + "/messages/" + message, `{"text":"mine"}`}, {"DELETE", at + "/messages/" + message, ""},
		{"PUT", at + "/messages/" + message + "/reactions/%F0%9F%91%8D", ""}, {"DELETE", at + "/messages", ""}, {"DELETE", at, ""},
		{"POST", at + "/own", ""}, {"POST", at + "/invites", "{}"}, {"POST", at + "/tokens", `{"name":"bot"}`}, {"GET", at + "/bans", ""},
		{"GET", "/stream/sse?room=" + room, ""}, {"GET", "/stream/ndjson?room=tea&room=" + room, ""}, {"GET", "/stream/messages?room=" + room, ""},
	}
}

// TestASitesUserStaysInItsRooms tries each way into a room that the site's token does not name, with
// the token itself and with the session made of it.
func TestASitesUserStaysInItsRooms(t *testing.T) {
	node := startNode(t, "--site-jwt-secret", siteSecret)
	ann := client.SignIn(t, node.URL, "Ann")
	message := ann.Post(t, "lobby", "hello")
	eve := siteUser(t, node.URL, jwt.MapClaims{"rooms": []string{"Tea"}, "role": "owner"})
	made := eve.Do(t, http.MethodPost, "/session", "")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	inSession := client.Person{Base: node.URL, Token: field(t, made, "token"), Name: "Eve"}
	again := eve.Do(t, http.MethodPost, "/session", "{}") // as a page sends it that thinks in JSON
	require.Equal(t, http.StatusCreated, again.Status, again.Body)
	require.Equal(t, "Eve", field(t, again, "name"))

	for _, who := range []client.Person{eve, inSession} {
		for _, way := range everyWayIn("lobby", message.ID) {
			answer := who.Do(t, way[0], way[1], way[2])
			if assert.Equal(t, http.StatusForbidden, answer.Status, "%s %s: %s", way[0], way[1], answer.Body) {
				assert.Equal(t, "not_allowed", problemCode(t, answer), "%s %s", way[0], way[1])
				assert.NotContains(t, answer.Body, "hello")
			}
		}
		_, err := who.TryRead(t.Context(), client.WebSocket, "lobby", client.Options{})
		require.Error(t, err, "over WebSocket")
		several := who.Read(t, client.WebSocket, "", client.Options{Rooms: []string{"tea"}})
		several.Send(t, client.Command{Type: "join", RoomID: "lobby"})
		refused := several.WaitType(t, "error")
		assert.Equal(t, "not_allowed", refused.Code)
		several.Drop()

		// In its own room it is itself, whatever it says.
		said := who.Post(t, "tea", "it is me")
		assert.Equal(t, "site", said.From.Via)
		assert.Equal(t, "Eve", said.From.Name)
	}
	assert.Len(t, ann.Page(t, "lobby", "").Messages, 1, "and nothing came of it")
	assert.Equal(t, "Ann", ann.Page(t, "lobby", "").Messages[0].From.Name)
}

// TestASitesModerator has the power that the site's token gives, in rooms of others.
func TestASitesModerator(t *testing.T) {
	one, other, _ := run.TwoNodes(t, "--site-jwt-secret", siteSecret)
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	rude := client.SignIn(t, one.URL, "Rude").Post(t, room, "rude")
	plain := siteUser(t, other.URL, jwt.MapClaims{"sub": "7"})
	moderator := siteUser(t, other.URL, jwt.MapClaims{"role": "moderator"})
	assert.Equal(t, http.StatusForbidden, plain.Do(t, http.MethodDelete, "/rooms/"+room+"/messages/"+rude.ID, "").Status)
	answer := moderator.Do(t, http.MethodDelete, "/rooms/"+room+"/messages/"+rude.ID, "")
	require.Less(t, answer.Status, 300, answer.Body)
	assert.Equal(t, http.StatusForbidden, moderator.Do(t, http.MethodDelete, "/rooms/"+room, "").Status, "it is no owner")
	assert.NotContains(t, ann.Page(t, room, "").Texts(), "rude")
}

// ownedRoom is a new room of somebody's own.
func ownedRoom(t *testing.T, owner client.Person) string {
	t.Helper()
	made := owner.Do(t, http.MethodPost, "/rooms", "")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	return field(t, made, "roomId")
}

// TestAProgramWithAToken posts and reads in its room, under one name and id, until the token is
// revoked: on another node too, within a second or so, and on connections that are open.
func TestAProgramWithAToken(t *testing.T) {
	one, other, _ := run.TwoNodes(t)
	ann := client.SignIn(t, one.URL, "Ann")
	room := ownedRoom(t, ann)
	make := func(terms string) (id string, bot client.Person) {
		made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", terms, "Content-Type", "application/json")
		require.Equal(t, http.StatusCreated, made.Status, made.Body)
		return field(t, made, "id"), client.Person{Base: other.URL, Token: field(t, made, "token")}
	}
	id, bot := make(`{"name":"ci"}`)
	first := bot.Post(t, room, "built")
	second := bot.At(one.URL).Post(t, room, "deployed")
	assert.Equal(t, client.Author{ID: id, Name: "ci", Via: "token"}, first.From, "by the token's name, whatever it says")
	assert.Equal(t, first.From, second.From)

	_, reader := make(`{"name":"reader","post":false}`)
	assert.Equal(t, http.StatusForbidden, reader.Do(t, http.MethodPost, "/rooms/"+room, "hello").Status)
	assert.Subset(t, reader.Page(t, room, "").Texts(), []string{"built", "deployed"})
	_, poster := make(`{"name":"poster","read":false}`)
	assert.Equal(t, http.StatusForbidden, poster.Do(t, http.MethodGet, "/rooms/"+room+"/messages", "").Status)
	poster.Post(t, room, "posted")
	for _, way := range everyWayIn("lobby", "1-00000000") {
		answer := bot.Do(t, way[0], way[1], way[2])
		assert.GreaterOrEqual(t, answer.Status, 400, "%s %s: %s", way[0], way[1], answer.Body)
	}
	assert.Equal(t, http.StatusBadRequest, client.Do(t, http.MethodPost, one.URL+"/rooms/"+room+"?token="+bot.Token, "hello").Status)
	assert.Equal(t, http.StatusForbidden, bot.Do(t, http.MethodPost, "/session", `{"name":"Ann"}`).Status)

	var streams []*client.Reader
	for _, base := range []string{one.URL, other.URL} {
		for _, kind := range append([]client.Kind{client.Text}, client.Resuming...) {
			streams = append(streams, bot.At(base).Read(t, kind, room, client.Options{}))
		}
		for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
			streams = append(streams, bot.At(base).Read(t, kind, "", client.Options{Rooms: []string{room}}))
		}
	}
	for _, stream := range streams {
		if stream.Kind == client.Text {
			stream.WaitType(t, client.TypeLine)
		} else {
			stream.WaitType(t, "live")
		}
	}
	revoked := ann.Do(t, http.MethodDelete, "/rooms/"+room+"/tokens/"+id, "")
	require.Equal(t, http.StatusNoContent, revoked.Status, revoked.Body)
	for _, stream := range streams {
		switch end := stream.WaitEnd(t); stream.Kind {
		case client.WebSocket:
			assert.Equal(t, 4001, end.Status, stream.Who)
		case client.Poll:
			assert.Contains(t, end.Detail, "status 401")
		case client.SSE, client.NDJSON:
			assert.Equal(t, "session_invalid", stream.WaitType(t, "error").Code)
		}
	}
	for _, base := range []string{one.URL, other.URL} {
		answer := bot.At(base).Do(t, http.MethodPost, "/rooms/"+room, "still here")
		assert.Equal(t, http.StatusUnauthorized, answer.Status)
	}
	assert.NotContains(t, ann.Page(t, room, "").Texts(), "still here")
}

// TestABotThatModerates does what its owner has said, by HTTP and by WebSocket, and says of itself what
// it is. One that does not moderate changes what is its own.
func TestABotThatModerates(t *testing.T) {
	one, other, _ := run.TwoNodes(t)
	ann, bob := client.SignIn(t, one.URL, "Ann"), client.SignIn(t, other.URL, "Bob")
	room := ownedRoom(t, ann)
	program := func(terms string) visitor {
		made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", terms, "Content-Type", "application/json")
		require.Equal(t, http.StatusCreated, made.Status, made.Body)
		return visitor{base: other.URL, id: field(t, made, "id"), headers: []string{"Authorization", "Bearer " + field(t, made, "token")}}
	}
	ci, warden := program(`{"name":"ci"}`), program(`{"name":"warden","role":"moderator"}`)
	bySocket := func(v visitor, command map[string]any) string {
		socket, answer := dial(t, v, "/rooms/"+room+"/ws")
		require.Equal(t, "ok", answer)
		defer func() { _ = socket.Close() }()
		return socket.ask(t, command, "ack")
	}
	path := "/rooms/" + room + "/messages"
	for _, v := range []visitor{ci, warden} {
		own := want(t, v, http.MethodPost, path, "mine")["id"].(string)
		assert.Equal(t, "ok", bySocket(v, map[string]any{"type": "edit", "target": own, "text": "mine, edited", "key": "e"}))
		want(t, v, http.MethodPatch, path+"/"+own, "mine, edited again")
		want(t, v, http.MethodPut, path+"/"+own+"/reactions/👍", "")
		assert.Equal(t, "ok", bySocket(v, map[string]any{"type": "delete", "target": own, "key": "d"}))
	}
	for _, by := range []string{"http", "ws"} {
		said := bob.Post(t, room, "spam "+by)
		remove := func(v visitor) string {
			if by == "ws" {
				return bySocket(v, map[string]any{"type": "delete", "target": said.ID, "key": "d-" + said.ID})
			}
			return answerOf(t, v.do(t, http.MethodDelete, path+"/"+said.ID, ""))
		}
		assert.Equal(t, "not_allowed", answerOf(t, ci.do(t, http.MethodPatch, path+"/"+said.ID, "ham")), "what another has said")
		assert.Equal(t, "not_allowed", answerOf(t, warden.do(t, http.MethodPatch, path+"/"+said.ID, "ham")), "what another has said")
		assert.Equal(t, "not_allowed", remove(ci), by)
		assert.Equal(t, "ok", remove(warden), by)
	}
	members := "/rooms/" + room + "/members/"
	assert.Equal(t, "not_allowed", answerOf(t, ci.do(t, http.MethodPost, members+bob.ID+"/mute", `{"for":60}`)))
	want(t, warden, http.MethodPost, members+bob.ID+"/mute", `{"for":60}`)
	assert.Equal(t, "muted", answerOf(t, bob.Do(t, http.MethodPost, path, "hello")))
	assert.Equal(t, "not_allowed", answerOf(t, warden.do(t, http.MethodPost, members+ann.ID+"/ban", "")), "of the owner")
	for _, name := range []string{`{"name":"x","role":"owner"}`, `{"name":"x","role":"moderator","read":false}`} {
		made := ann.Do(t, http.MethodPost, "/rooms/"+room+"/tokens", name, "Content-Type", "application/json")
		assert.Equal(t, http.StatusUnprocessableEntity, made.Status, made.Body)
	}
	assert.Equal(t, "not_allowed", answerOf(t, warden.do(t, http.MethodPost, "/rooms/"+room+"/tokens", `{"name":"another"}`)))
	said := want(t, warden, http.MethodPost, path, "order!")
	assert.Equal(t, "token", said["from"].(map[string]any)["via"], "everybody sees that it is a program")
}

// TestTheOperator may do everything in every room, by a token of a file.
func TestTheOperator(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(operatorToken+"\n"), 0o600))
	node := startNode(t, "--operator-token-file", file, "--limits=")
	ann := client.SignIn(t, node.URL, "Ann")
	room := ownedRoom(t, ann)
	rude := ann.Post(t, room, "rude")
	operator := client.Person{Base: node.URL, Token: operatorToken}
	answer := operator.Do(t, http.MethodDelete, "/rooms/"+room+"/messages/"+rude.ID, "")
	require.Less(t, answer.Status, 300, answer.Body)
	for range 300 { // no limit is the operator's
		operator.Post(t, room, "an announcement")
	}
	answer = operator.Do(t, http.MethodDelete, "/rooms/"+room, "")
	require.Equal(t, http.StatusNoContent, answer.Status, answer.Body)

	// Also in a room that nobody owns.
	ann.Post(t, "lobby", "rude")
	reader := ann.Read(t, client.NDJSON, "lobby", client.Options{})
	reader.WaitText(t, "rude")
	assert.Equal(t, http.StatusConflict, ann.Do(t, http.MethodDelete, "/rooms/lobby/messages", "").Status)
	answer = operator.Do(t, http.MethodDelete, "/rooms/lobby/messages", "")
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	reader.WaitType(t, "notice")
	assert.Empty(t, ann.Page(t, "lobby", "").Texts())
	assert.Contains(t, ann.Do(t, http.MethodGet, "/rooms/lobby/settings", "").Body, `"owned":false`)
	ann.Post(t, "lobby", "sorry")
	reader.WaitText(t, "sorry")
	assert.Equal(t, http.StatusConflict, ann.Do(t, http.MethodDelete, "/rooms/lobby", "").Status)
	answer = operator.Do(t, http.MethodDelete, "/rooms/lobby", "")
	require.Equal(t, http.StatusNoContent, answer.Status, answer.Body)
	assert.Equal(t, "room_closed", reader.WaitFor(t, "the end", func(e client.Event) bool { return e.Type == "error" }).Code)
	reader.WaitEnd(t)
	assert.Equal(t, http.StatusGone, ann.Do(t, http.MethodGet, "/rooms/lobby/messages", "").Status)
	wrong := client.Person{Base: node.URL, Token: operatorToken + "x"}
	assert.GreaterOrEqual(t, wrong.Do(t, http.MethodDelete, "/rooms/"+room, "").Status, 400)
	assert.NotContains(t, node.Output.String(), operatorToken)
}
