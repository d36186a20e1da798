package server

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func TestReading(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	bearer := []string{"Authorization", "Bearer " + ann.Token}
	for _, c := range []struct{ body, kind string }{
		{`{"cursor":"42-7f3a9c12"}`, "application/json"},
		{`{"cursor":"42-7f3a9c12"}`, "application/x-www-form-urlencoded"},
		{"cursor=42-7f3a9c12", "application/x-www-form-urlencoded"},
		{"42-7f3a9c12", "application/x-www-form-urlencoded"},
		{"42-7f3a9c12\n", "text/plain"},
	} {
		s.rooms.calls = nil
		w := s.ask("POST", "/rooms/Lobby/read", c.body, append(bearer, "Content-Type", c.kind)...)
		assert.Equal(t, http.StatusOK, w.Code, w.Body.String())
		assert.JSONEq(t, `{"type":"read","roomId":"lobby","cursor":"42-7f3a9c12","unread":2,"mentions":1}`, w.Body.String())
		assert.Equal(t, []string{"mark lobby Ann 42-7f3a9c12"}, s.rooms.calls)
	}
	s.rooms.calls = nil
	w := s.ask("GET", "/rooms/Lobby/read", "", bearer...)
	assert.JSONEq(t, `{"type":"read","roomId":"lobby","cursor":"0-0","unread":2,"mentions":0}`, w.Body.String())
	assert.Equal(t, []string{"mark of lobby Ann"}, s.rooms.calls)
	for _, body := range []string{"", "{}", `{"cursor":""}`, `{"cursor":"42"}`, "soon", "cursor=", "cursor=42"} {
		w := s.ask("POST", "/rooms/lobby/read", body, bearer...)
		wantProblem(t, w, http.StatusUnprocessableEntity, wire.CodeInvalidField)
		assert.Contains(t, w.Body.String(), `"field":"cursor"`)
	}
	for _, body := range []string{`{"cursor":42}`, `{"cursor"`, "cursor=%"} {
		wantProblem(t, s.ask("POST", "/rooms/lobby/read", body, bearer...), http.StatusBadRequest, wire.CodeMalformed)
	}
	s.rooms.err = chat.ErrGuest
	w = s.ask("POST", "/rooms/lobby/read", "42-7f3a9c12")
	wantProblem(t, w, http.StatusForbidden, wire.CodeNotAllowed)
	assert.Contains(t, w.Body.String(), "a session is needed")
	s.rooms.err = chat.ErrUnavailable
	wantProblem(t, s.ask("GET", "/rooms/lobby/read", "", bearer...), http.StatusServiceUnavailable, wire.CodeUnavailable)
	wantProblem(t, s.ask("POST", "/rooms/lobby/read", "42-7f3a9c12", bearer...), http.StatusServiceUnavailable, wire.CodeUnavailable)
}

func TestASessionsRooms(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	bearer := []string{"Authorization", "Bearer " + ann.Token}
	assert.JSONEq(t, `{"rooms":[]}`, s.ask("GET", "/session/rooms", "", bearer...).Body.String())
	read := chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}
	s.rooms.marks = []chat.RoomMark{{
		Mark:     chat.Mark{Room: "lobby", At: read, Time: time.Date(2026, 11, 24, 12, 4, 32, 0, time.UTC)},
		ReadMark: chat.ReadMark{Cursor: read, Unread: 1, Mentions: 1},
		Last: &chat.Entry{
			ID: chat.Cursor{Seq: 44, Tag: 0x5ca1ab1e}, Time: time.Date(2026, 11, 24, 12, 4, 40, 0, time.UTC),
			From:    chat.Author{ID: "c1f2a3b4-0000-4000-8000-000000000002", Name: "Bob"},
			Payload: chat.Message{Text: "@Ann tea?", Mentions: []chat.MemberID{"0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11"}},
		},
	}, {Mark: chat.Mark{Room: "kitchen", Time: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}}}
	example, err := os.ReadFile("../transport/wire/testdata/replies/session-rooms.json")
	require.NoError(t, err)
	w := s.ask("GET", "/session/rooms", "", bearer...)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, string(example), w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var reply wire.SessionRooms
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
	assert.Len(t, reply.Rooms, 2)

	s.rooms.calls = nil
	assert.Equal(t, http.StatusNoContent, s.ask("DELETE", "/session/rooms/Lobby", "", bearer...).Code)
	assert.Equal(t, []string{"forget lobby Ann"}, s.rooms.calls)
	wantProblem(t, s.ask("DELETE", "/session/rooms/a%20b", "", bearer...), http.StatusUnprocessableEntity, wire.CodeInvalidField)
	s.rooms.err = chat.ErrGuest
	wantProblem(t, s.ask("GET", "/session/rooms", ""), http.StatusForbidden, wire.CodeNotAllowed)
	wantProblem(t, s.ask("DELETE", "/session/rooms/lobby", ""), http.StatusForbidden, wire.CodeNotAllowed)
}
