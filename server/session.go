package server

import (
	"cmp"
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
	Via       chat.Via      `json:"via,omitempty"`
	Token     string        `json:"token,omitempty"`
	ExpiresAt string        `json:"expiresAt"`
}

func replyOf(s auth.Session, token string) sessionReply {
	return sessionReply{
		ClientID: s.ID, Name: s.Name, Via: s.Via, Token: token, ExpiresAt: s.Expires.Format(wire.TimeFormat),
	}
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

// postSession makes a session, or gives the request's own a new name and time: POST /session. Where
// somebody else vouches for the name, the body need not have one.
func (s *Server) postSession(w http.ResponseWriter, r *http.Request) {
	mine, token, created, err := s.auth.SignIn(w, r, func(fixed string) (string, error) {
		if fixed != "" && r.ContentLength == 0 {
			return fixed, nil
		}
		name, err := httpapi.NameOf(r)
		return cmp.Or(name, fixed), err
	})
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

// linkReply is the answer of /session/link.
type linkReply struct {
	Code      string `json:"code"`
	URL       string `json:"url"`
	ExpiresAt string `json:"expiresAt"`
}

// postLink makes a code that gives the request's own session to another device, and the address of
// the page that asks for it: POST /session/link. The code is in the fragment, which goes into no
// log.
func (s *Server) postLink(w http.ResponseWriter, r *http.Request) {
	code, until, err := s.auth.NewLink(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusCreated, linkReply{
		Code: code, URL: s.basePath + "/#link=" + code, ExpiresAt: until.UTC().Format(wire.TimeFormat),
	})
}

// postClaim makes whoever has such a code the session's owner too: POST /session/claim.
func (s *Server) postClaim(w http.ResponseWriter, r *http.Request) {
	code, err := httpapi.CodeOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	mine, token, err := s.auth.Claim(w, r, code)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, replyOf(mine, token))
}
