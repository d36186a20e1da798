package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
)

// hall is a whole server on a store in memory, with people who have sessions.
type hall struct {
	*Server
	t    testing.TB
	node *chat.Node
}

func newHall(t testing.TB) *hall {
	t.Helper()
	keepalive := conn.NewKeepalive(time.Minute)
	node := chattest.New(chattest.Options{}).NewNode("a", chat.Options{Passwords: reversed{}})
	t.Cleanup(func() {
		require.NoError(t, node.Close(context.Background()))
		_ = keepalive.Close(context.Background())
	})
	s, err := New(node, keepalive, &fakeStore{secret: benchKey}, dist(), Options{BasePath: "/chat"})
	require.NoError(t, err)
	return &hall{Server: s, t: t, node: node}
}

// reversed are passwords whose hashes take no time.
type reversed struct{}

func (reversed) Hash(_ context.Context, password string) (string, error) {
	letters := []rune(password)
	slices.Reverse(letters)
	return string(letters), nil
}

func (r reversed) Matches(ctx context.Context, hash, password string) (bool, error) {
	made, err := r.Hash(ctx, password)
	return made == hash, err
}

// person is somebody with a session; the zero person is a guest.
type person struct{ id, token string }

func newPerson(t testing.TB, name string) person {
	t.Helper()
	id := chat.NewMemberID()
	token, err := auth.Session{ID: id, Name: name, Expires: time.Now().Add(time.Hour)}.Sign(benchKey, time.Now())
	require.NoError(t, err)
	return person{string(id), token}
}

// reply is what was answered; its fields are those of a JSON object.
type reply struct {
	*httptest.ResponseRecorder
	fields map[string]any
}

// ask makes a request, with what curl -d says of its body.
func (h *hall) ask(who person, method, path, body string, headers ...string) reply {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who.token != "" {
		r.Header.Set("Authorization", "Bearer "+who.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := reply{ResponseRecorder: w}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &answer.fields), w.Body.String())
	}
	return answer
}

// want asks for what has to be answered so.
func (h *hall) want(status int, who person, method, path, body string, headers ...string) reply {
	h.t.Helper()
	answer := h.ask(who, method, path, body, headers...)
	require.Equal(h.t, status, answer.Code, "%s %s: %s", method, path, answer.Body.String())
	return answer
}

// refused asks for what has to be refused so.
func (h *hall) refused(status int, code wire.Code, who person, method, path, body string, headers ...string) reply {
	h.t.Helper()
	answer := h.ask(who, method, path, body, headers...)
	wantProblem(h.t, answer.ResponseRecorder, status, code)
	return answer
}

// shapeOf is a JSON value with its texts, numbers and flags taken out: what has to be the same in an
// example.
func shapeOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		shape := map[string]any{}
		for name, of := range v {
			shape[name] = shapeOf(of)
		}
		return shape
	case []any:
		if len(v) == 0 {
			return []any{}
		}
		return []any{shapeOf(v[0])}
	case string:
		return ""
	case float64:
		return 0
	}
	return v == nil
}

// ownedRoom is a room with an owner.
type ownedRoom struct {
	owner person
	path  string
}

func (h *hall) ownedRoom(t testing.TB) ownedRoom {
	t.Helper()
	owner := newPerson(t, "Olga")
	made := h.want(http.StatusCreated, owner, "POST", "/rooms", "")
	return ownedRoom{owner, strings.TrimPrefix(made.fields["path"].(string), "/chat")}
}

// refusedTo asks for what is not for them.
func (h *hall) refusedTo(who person, room ownedRoom, method, path, body string) {
	h.t.Helper()
	h.refused(http.StatusForbidden, wire.CodeNotAllowed, who, method, room.path+path, body)
	h.refused(http.StatusUnauthorized, wire.CodeSessionRequired, person{}, method, room.path+path, body)
}
