package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// TestMessage: one message has all who have reacted, where a list of messages names the first.
func TestMessage(t *testing.T) {
	s := newSite(t, Options{})
	crowd := chat.Reactions{Emoji: "👍"}
	for i := range 50 {
		crowd.By = append(crowd.By, chat.MemberID(fmt.Sprint("member-", i)))
	}
	said := chat.Entry{
		ID: chat.Cursor{Seq: 42, Tag: 7}, From: chat.Author{ID: "ann", Name: "Ann"}, Time: start,
		Payload: chat.Message{Text: "tea?", Changes: &chat.Changes{Last: chat.Cursor{Seq: 92, Tag: 9}, Reactions: []chat.Reactions{crowd}}},
	}
	notice := chat.Entry{ID: chat.Cursor{Seq: 43, Tag: 8}, Time: start, Payload: chat.RoomNotice{What: "cleared"}}
	s.rooms.kept = chat.Kept{Entries: []chat.Entry{said, notice}}

	w := s.ask("GET", "/rooms/lobby/messages/"+said.ID.String(), "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var got wire.Entry
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.Equal(t, said, got.Entry)
	assert.Equal(t, chat.RoomID("lobby"), got.Room)

	for _, target := range []string{notice.ID.String(), "42-00000009", "44-00000007"} {
		wantProblem(t, s.ask("GET", "/rooms/lobby/messages/"+target, ""), http.StatusNotFound, wire.CodeNotFound)
	}
	wantProblem(t, s.ask("GET", "/rooms/lobby/messages/0-0", ""), http.StatusNotFound, wire.CodeNotFound)
	s.rooms.err = &chat.InvalidError{Field: "room"}
	wantProblem(t, s.ask("GET", "/rooms/lobby/messages/"+said.ID.String(), ""), http.StatusUnprocessableEntity, wire.CodeInvalidField)
}
