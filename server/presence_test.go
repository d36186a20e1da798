package server

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func TestMembers(t *testing.T) {
	s := newSite(t, Options{})
	assert.JSONEq(t, `{"roomId":"lobby","members":[],"version":0}`, s.ask("GET", "/rooms/lobby/members", "").Body.String())

	ann := chat.Member{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann", Transport: "ws", JoinedAt: time.Date(2026, 11, 24, 12, 4, 30, 120e6, time.UTC)}
	s.rooms.snapshot = chat.RosterSnapshot{RosterState: chat.RosterState{Version: 1795522470120}, Members: []chat.Member{ann}}
	example, err := os.ReadFile("../transport/wire/testdata/replies/members.json")
	require.NoError(t, err)
	w := s.ask("GET", "/rooms/lobby/members", "")
	assert.JSONEq(t, string(example), w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))

	s.rooms.snapshot.Members = make([]chat.Member, 3)
	assert.JSONEq(t, `{"roomId":"lobby","memberCount":3,"version":1795522470120}`, s.ask("GET", "/rooms/lobby/members", "").Body.String())

	s.rooms.err = chat.ErrUnavailable
	w = s.ask("GET", "/rooms/lobby/members", "")
	wantProblem(t, w, http.StatusServiceUnavailable, wire.CodeUnavailable)
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
}

func TestTypingAndLeaving(t *testing.T) {
	s := newSite(t, Options{})
	ann, _ := s.signIn(t, "Ann")
	bearer := []string{"Authorization", "Bearer " + ann.Token}
	for _, c := range []struct{ target, body, kind, want string }{
		{"/rooms/Lobby/typing", "", "", "typing lobby Ann"},
		{"/rooms/lobby/leave", "", "", "leave lobby "},
		{"/rooms/lobby/leave", "{}", "application/json", "leave lobby "},
		{"/rooms/lobby/leave", `{"stream":"s-9f2c41d0"}`, "application/json", "leave lobby s-9f2c41d0"},
		{"/rooms/lobby/leave", `{"stream":"s-1"}`, "text/plain;charset=UTF-8", "leave lobby s-1"},
	} {
		s.rooms.calls = nil
		w := s.ask("POST", c.target, c.body, append(bearer, "Content-Type", c.kind)...)
		assert.Equal(t, http.StatusNoContent, w.Code, w.Body.String())
		assert.Equal(t, []string{c.want}, s.rooms.calls)
	}
	for body, code := range map[string]wire.Code{
		"leave": wire.CodeMalformed, `{"stream":1}`: wire.CodeMalformed, "[]": wire.CodeMalformed, "{\"stream\":\"\xff\"}": wire.CodeInvalidUTF8,
		`{"stream":"` + strings.Repeat("s", 65) + `"}`: wire.CodeMalformed,
	} {
		wantProblem(t, s.ask("POST", "/rooms/lobby/leave", body, bearer...), http.StatusBadRequest, code)
	}
	assert.Contains(t, s.ask("POST", "/rooms/lobby/leave", `{"stream":1}`, bearer...).Body.String(), `\"stream\" can't be a JSON number`)
	wantProblem(t, s.ask("POST", "/rooms/a%20b/leave", "", bearer...), http.StatusUnprocessableEntity, wire.CodeInvalidField)
	s.rooms.err = chat.ErrUnavailable
	for _, target := range []string{"/rooms/lobby/leave", "/rooms/lobby/typing"} {
		wantProblem(t, s.ask("POST", target, "", bearer...), http.StatusServiceUnavailable, wire.CodeUnavailable)
	}
}

func TestNewRoom(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("POST", "/rooms", "")
	assert.Equal(t, http.StatusCreated, w.Code)
	var reply roomReply
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &reply))
	assert.Equal(t, "/rooms/"+string(reply.RoomID), reply.Path)
	assert.Equal(t, reply.Path, w.Header().Get("Location"))
	_, err := chat.ParseRoomID(string(reply.RoomID))
	assert.NoError(t, err)
	assert.NotEqual(t, reply.Path, s.ask("POST", "/rooms", "").Header().Get("Location"))
}

func TestHealth(t *testing.T) {
	s := newSite(t, Options{})
	assert.Equal(t, http.StatusOK, s.ask("GET", "/healthz", "").Code)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/readyz", "").Code)
	s.store.set("", errAway)
	wantProblem(t, s.ask("GET", "/readyz", ""), http.StatusServiceUnavailable, wire.CodeUnavailable)
	assert.Equal(t, http.StatusOK, s.ask("GET", "/healthz", "").Code)
	s.Drain()
	w := s.ask("GET", "/readyz", "")
	wantProblem(t, w, http.StatusServiceUnavailable, wire.CodeGoingAway)
	assert.NotEmpty(t, w.Header().Get("Retry-After"))
	assert.Equal(t, http.StatusOK, s.ask("GET", "/healthz", "").Code)
}
