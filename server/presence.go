package server

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// roomReply is the answer of POST /rooms.
type roomReply struct {
	RoomID chat.RoomID `json:"roomId"`
	Path   string      `json:"path"`
}

// postRoom makes up a room nobody has been in: POST /rooms. Nothing is stored: a room is there once
// somebody is in it.
func (s *Server) postRoom(w http.ResponseWriter, _ *http.Request) {
	id := chat.NewRoomID()
	reply := roomReply{RoomID: id, Path: s.basePath + "/rooms/" + string(id)}
	w.Header().Set("Location", reply.Path)
	httpapi.WriteJSON(w, http.StatusCreated, reply)
}

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
