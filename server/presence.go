package server

import (
	"net/http"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// members says who is in a room.
func (s *Server) members(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	who, err := httpapi.Principal(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	snapshot, err := s.rooms.Members(r.Context(), who, room)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.MembersReply{RoomID: room, Roster: wire.RosterOf(snapshot.Event(s.rooms.FoldAbove()))})
}

// typing tells the room that the session's owner is writing.
func (s *Server) typing(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	if err == nil {
		err = s.rooms.Typing(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// leave ends one stream of the session in the room, or all of them.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.SessionInRoom(r)
	var stream string
	if err == nil {
		stream, err = httpapi.StreamOf(r)
	}
	if err == nil {
		err = s.rooms.Leave(r.Context(), who, room, stream)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
