package server

import (
	"net/http"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// read says how far the session has read in a room: POST /rooms/{room}/read.
func (s *Server) read(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	to, err := httpapi.CursorOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	mark, err := s.rooms.Mark(r.Context(), who, room, to)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.ReadOf(room, mark))
}

// readMark is how far the session has read in a room: GET /rooms/{room}/read.
func (s *Server) readMark(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	mark, err := s.rooms.ReadMark(r.Context(), who, room)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.ReadOf(room, mark))
}

// sessionRooms are the rooms in which the session has read: GET /session/rooms.
func (s *Server) sessionRooms(w http.ResponseWriter, r *http.Request) {
	who, err := httpapi.Principal(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	rooms, err := s.rooms.Rooms(r.Context(), who)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.SessionRoomsOf(rooms))
}

// forgetRoom takes a room out of the session's: DELETE /session/rooms/{room}.
func (s *Server) forgetRoom(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err == nil {
		err = s.rooms.Forget(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
