package server

import (
	"net/http"
	"slices"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// message gives one kept message as it is now, with all who have put an emoji under it, where a
// stream names the first of them: GET /rooms/{room}/messages/{id}. The error is [chat.ErrNotFound]
// for one that is not kept.
func (s *Server) message(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var id chat.Cursor
	if err == nil {
		id, err = httpapi.MessageOf(r)
	}
	var kept chat.Kept
	if err == nil {
		kept, err = s.rooms.History(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(kept.Entries, func(e chat.Entry) bool { return e.ID == id })
	if i < 0 || kept.Entries[i].Kind() != chat.KindMessage {
		s.fail(w, r, chat.ErrNotFound)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.Entry{Room: room, Entry: kept.Entries[i], Crowd: true})
}
