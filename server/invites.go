package server

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Inviting is what the server asks of the core about invites.
type Inviting interface {
	Invite(ctx context.Context, who chat.Principal, room chat.RoomID, terms chat.InviteTerms) (chat.Invite, error)
	Invites(ctx context.Context, who chat.Principal, room chat.RoomID) ([]chat.Invite, error)
	RevokeInvite(ctx context.Context, who chat.Principal, room chat.RoomID, id string) error
}

// postInvite makes an invite: POST /rooms/{room}/invites.
func (s *Server) postInvite(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var f httpapi.Fields
	if err == nil {
		f, err = httpapi.FieldsOf(r, "expiresIn", "uses")
	}
	var terms chat.InviteTerms
	if err == nil {
		terms.ExpiresIn, err = f.Number("expiresIn")
	}
	if err == nil {
		terms.Uses, err = f.Number("uses")
	}
	var made chat.Invite
	if err == nil {
		made, err = s.rooms.Invite(r.Context(), who, room, terms)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusCreated, wire.NewInviteOf(made, s.roomURL(room, inviteMark, made.Secret)))
}

// getInvites lists the invites that are good: GET /rooms/{room}/invites.
func (s *Server) getInvites(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var all []chat.Invite
	if err == nil {
		all, err = s.rooms.Invites(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.InvitesOf(all))
}

// deleteInvite revokes one: DELETE /rooms/{room}/invites/{id}.
func (s *Server) deleteInvite(w http.ResponseWriter, r *http.Request) {
	s.dropped(w, r, s.rooms.RevokeInvite)
}

// dropped takes one of a room's records away, by the id in the path.
func (s *Server) dropped(
	w http.ResponseWriter, r *http.Request,
	drop func(ctx context.Context, who chat.Principal, room chat.RoomID, id string) error,
) {
	room, who, err := httpapi.MemberInRoom(r)
	if err == nil {
		err = drop(r.Context(), who, room, r.PathValue("id"))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
