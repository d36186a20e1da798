package server

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Moderating is what the server asks of the core about keeping order in rooms.
type Moderating interface {
	Moderate(ctx context.Context, who chat.Principal, room chat.RoomID, m chat.Moderation) (chat.Entry, error)
	Bans(ctx context.Context, who chat.Principal, room chat.RoomID) (bans, mutes []chat.Ban, err error)
	Clear(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Entry, error)
	CloseRoom(ctx context.Context, who chat.Principal, room chat.RoomID) error
}

// moderate does about somebody what a request says, and answers with the room's notice of it.
func (s *Server) moderate(read httpapi.Moderation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		room, who, err := httpapi.MemberInRoom(r)
		var what chat.Moderation
		if err == nil {
			what, err = read(r, chat.MemberID(r.PathValue("id")))
		}
		var notice chat.Entry
		if err == nil {
			notice, err = s.rooms.Moderate(r.Context(), who, room, what)
		}
		s.answerNotice(w, r, room, notice, err)
	}
}

func (s *Server) answerNotice(w http.ResponseWriter, r *http.Request, room chat.RoomID, notice chat.Entry, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.EntryOf(room, notice))
}

// getBans lists a room's bans and mutes: GET /rooms/{room}/bans.
func (s *Server) getBans(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var bans, mutes []chat.Ban
	if err == nil {
		bans, mutes, err = s.rooms.Bans(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.BansOf(bans, mutes))
}

// clearRoom deletes all that was said: DELETE /rooms/{room}/messages.
func (s *Server) clearRoom(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var notice chat.Entry
	if err == nil {
		notice, err = s.rooms.Clear(r.Context(), who, room)
	}
	s.answerNotice(w, r, room, notice, err)
}

// closeRoom ends a room for good: DELETE /rooms/{room}.
func (s *Server) closeRoom(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err == nil {
		err = s.rooms.CloseRoom(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
