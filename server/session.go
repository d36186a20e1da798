package server

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// sessionReply is the answer of /session. Token is left out where none was made.
type sessionReply struct {
	ClientID  chat.MemberID `json:"clientId"`
	Name      string        `json:"name"`
	Token     string        `json:"token,omitempty"`
	ExpiresAt string        `json:"expiresAt"`
}

func replyOf(s auth.Session, token string) sessionReply {
	return sessionReply{ClientID: s.ID, Name: s.Name, Token: token, ExpiresAt: s.Expires.Format(wire.TimeFormat)}
}

// getSession says whose session a request has: GET /session.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) {
	mine, given, err := s.auth.Session(r)
	if err == nil && !given {
		err = wire.Fail(wire.CodeSessionRequired, "POST /session makes one")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, replyOf(mine, ""))
}

// postSession makes a session, or gives the request's own a new name and time: POST /session.
func (s *Server) postSession(w http.ResponseWriter, r *http.Request) {
	given, err := httpapi.NameOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := chat.ParseName(given)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	mine, token, created, err := s.auth.SignIn(w, r, name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	httpapi.WriteJSON(w, status, replyOf(mine, token))
}

// deleteSession ends the request's own session everywhere: DELETE /session.
func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) {
	if err := s.auth.SignOut(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
