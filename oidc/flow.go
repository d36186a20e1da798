package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// How a sign-in that came to nothing ended, as the page is told by ?signin=.
const (
	endedRefused = "refused" // by the person, or by the service
	endedExpired = "expired" // it took more than ten minutes, or was begun in another browser
	endedFailed  = "failed"  // the service does not answer, or what it says is not good
)

// begin sends somebody to the service: GET /signin?room=ROOM.
func (s *SignIn) begin(w http.ResponseWriter, r *http.Request) {
	room, err := roomOf(r.URL.Query().Get("room"))
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		s.back(w, room, "") // nobody is signed in, and out of who they were, because another site wants it
		return
	}
	service, err := s.ask(r.Context())
	if err != nil {
		s.options.Logger.WarnContext(r.Context(), "the sign-in service does not say how to sign in", "issuer", s.options.Issuer, "err", err)
		s.back(w, room, endedFailed)
		return
	}
	p := pending{
		State: rand.Text() + rand.Text(), Nonce: rand.Text() + rand.Text(), Verifier: oauth2.GenerateVerifier(), Room: room,
	}
	s.remember(w, r, p)
	s.redirect(w, service.oauth.AuthCodeURL(p.state(), oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)))
}

// finish takes somebody back from the service: GET /signin/callback.
func (s *SignIn) finish(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state, room := splitState(query.Get("state"))
	p, ok := s.recall(w, r, state)
	switch {
	case !ok:
		s.back(w, room, endedExpired)
		return
	case query.Get("error") == "access_denied":
		s.back(w, p.Room, endedRefused)
		return
	}
	err := s.complete(w, r, p)
	var limit *chat.LimitError
	if err != nil && !errors.As(err, &limit) { // who is refused for being too many fills no log
		s.options.Logger.WarnContext(r.Context(), "a sign-in failed", "issuer", s.options.Issuer, "err", err)
	}
	if err != nil {
		s.back(w, p.Room, endedFailed)
		return
	}
	s.back(w, p.Room, "")
}

// complete asks the service who somebody is, and gives the answer their session.
func (s *SignIn) complete(w http.ResponseWriter, r *http.Request, p pending) error {
	voucher, ok := httpapi.IdentityOf(r).(httpapi.Voucher)
	if !ok {
		return errors.New("nobody here makes sessions")
	}
	if err := voucher.Admit(); err != nil {
		return err
	}
	person, err := s.person(r, p)
	if err != nil {
		return err
	}
	return voucher.Vouch(w, person)
}

// person is who somebody is by what the service says. What it says of an error is not in ours: it
// may be anybody's text.
func (s *SignIn) person(r *http.Request, p pending) (httpapi.Person, error) {
	query := r.URL.Query()
	if iss := query.Get("iss"); iss != "" && iss != s.options.Issuer { // RFC 9207: whose answer it is
		return httpapi.Person{}, errors.New("the answer is another issuer's")
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		return httpapi.Person{}, errors.New("the service gave no code")
	}
	ctx, cancel := context.WithTimeout(s.with(r.Context()), patience)
	defer cancel()
	service, err := s.ask(ctx)
	if err != nil {
		return httpapi.Person{}, err
	}
	tokens, err := service.oauth.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(p.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) { // its text has the service's answer in it
			err = fmt.Errorf("status %d, %q", refused.Response.StatusCode, refused.ErrorCode)
		}
		return httpapi.Person{}, fmt.Errorf("exchange of the code: %w", err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return httpapi.Person{}, errors.New("the service gave no id token")
	}
	id, err := service.verifier.Verify(ctx, raw)
	if err != nil {
		return httpapi.Person{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(p.Nonce)) != 1 {
		return httpapi.Person{}, errors.New("the id token has another nonce: it was made for another sign-in")
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return httpapi.Person{}, err
	}
	if c.Party != "" && c.Party != s.options.ClientID { // OpenID Connect Core section 3.1.3.7
		return httpapi.Person{}, errors.New("the id token was given to another client")
	}
	if id.Subject == "" {
		return httpapi.Person{}, errors.New("the id token has no subject")
	}
	if c.name() == "" {
		c = s.moreOf(ctx, service, tokens, id.Subject)
	}
	return httpapi.Person{Via: chat.ViaOIDC, Issuer: id.Issuer, Subject: id.Subject, Name: c.name(), Life: SessionLife}, nil
}

// moreOf asks the service for the name that is not in its token. It may have none.
func (s *SignIn) moreOf(ctx context.Context, service *service, tokens *oauth2.Token, subject string) (c claims) {
	info, err := service.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != subject { // OpenID Connect Core section 5.3.2
		return claims{}
	}
	if info.Claims(&c) != nil {
		return claims{}
	}
	return c
}

// signOut ends the session, and says where the service signs people out: POST /signout.
func (s *SignIn) signOut(w http.ResponseWriter, r *http.Request) {
	voucher, ok := httpapi.IdentityOf(r).(httpapi.Voucher)
	if !ok {
		httpapi.WriteProblem(w, wire.Fail(wire.CodeSessionRequired, ""))
		return
	}
	via, err := voucher.SignOut(w)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	home := s.options.PublicURL + "/"
	reply := struct {
		URL string `json:"url"`
	}{home}
	if via == chat.ViaOIDC {
		if service, err := s.ask(r.Context()); err == nil && service.endSession != "" {
			reply.URL = withQuery(service.endSession, url.Values{
				"client_id": {s.options.ClientID}, "post_logout_redirect_uri": {home},
			})
		}
	}
	httpapi.WriteJSON(w, http.StatusOK, reply)
}

// withQuery adds to a URL's query.
func withQuery(address string, values url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	for name, value := range values {
		query[name] = value
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// roomOf is the room to come back to; empty for the start.
func roomOf(text string) (chat.RoomID, error) {
	if text == "" {
		return "", nil
	}
	return wire.ParseRoomID(text)
}

// back sends somebody to the room that they came from, and nowhere else. ended says why they are not
// signed in; empty when there is nothing to say.
func (s *SignIn) back(w http.ResponseWriter, room chat.RoomID, ended string) {
	to := s.options.PublicURL + "/"
	if room != "" {
		to += "rooms/" + url.PathEscape(string(room))
	}
	if ended != "" {
		to += "?signin=" + ended
	}
	s.redirect(w, to)
}

func (s *SignIn) redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // this address may have a code in it
	w.WriteHeader(http.StatusSeeOther)
}
