package server

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Programs is what the server asks of the core about programs' access tokens.
type Programs interface {
	MakeToken(ctx context.Context, who chat.Principal, room chat.RoomID, terms chat.TokenTerms) (chat.Token, error)
	Tokens(ctx context.Context, who chat.Principal, room chat.RoomID) ([]chat.Token, error)
	RevokeToken(ctx context.Context, who chat.Principal, room chat.RoomID, id string) error
	// TokenPrincipal is the program that has a token; ok is false for one that is not good.
	TokenPrincipal(ctx context.Context, text string) (who chat.Principal, ok bool, err error)
}

// tokenTermsOf reads what a token is to be.
func tokenTermsOf(r *http.Request) (terms chat.TokenTerms, err error) {
	f, err := httpapi.FieldsOf(r, "name", "read", "post", "role", "hook", "signingSecret", "expiresIn")
	if err == nil {
		terms.Name, err = f.Text("name")
	}
	if err == nil {
		terms.Hook, err = f.Flag("hook", false)
	}
	if err == nil {
		terms.Read, err = f.Flag("read", !terms.Hook)
	}
	if err == nil {
		terms.Signing, err = f.Text("signingSecret")
	}
	var role string
	if err == nil {
		role, err = f.Text("role")
		terms.Role = chat.Role(role)
	}
	if err == nil {
		terms.Post, err = f.Flag("post", true)
	}
	if err == nil {
		terms.ExpiresIn, err = f.Number("expiresIn")
	}
	return terms, err
}

// postToken makes an access token, and tells it this once: POST /rooms/{room}/tokens.
func (s *Server) postToken(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var terms chat.TokenTerms
	if err == nil {
		terms, err = tokenTermsOf(r)
	}
	var made chat.Token
	if err == nil {
		made, err = s.rooms.MakeToken(r.Context(), who, room, terms)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer := wire.TokenOf(made)
	if made.Hook {
		answer.Token, answer.URL = "", s.base(r)+"/rooms/"+string(room)+"/hook/"+made.Secret
	}
	httpapi.WriteJSON(w, http.StatusCreated, answer)
}

// getTokens lists the tokens that are good: GET /rooms/{room}/tokens.
func (s *Server) getTokens(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	var all []chat.Token
	if err == nil {
		all, err = s.rooms.Tokens(r.Context(), who, room)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.TokensOf(all))
}

// deleteToken revokes one: DELETE /rooms/{room}/tokens/{id}.
func (s *Server) deleteToken(w http.ResponseWriter, r *http.Request) {
	s.dropped(w, r, func(ctx context.Context, who chat.Principal, room chat.RoomID, id string) error {
		err := s.rooms.RevokeToken(ctx, who, room, id)
		if err == nil { // a connection that is in no room now could come into it again
			err = s.auth.End(ctx, chat.MemberID(id))
		}
		return err
	})
}
