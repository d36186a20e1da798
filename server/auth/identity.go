package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Middleware has [httpapi.Principal] say whose a request is.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := &identity{auth: a}
		i.request = httpapi.WithIdentity(r, i)
		next.ServeHTTP(w, i.request)
	})
}

// kind is what a request says who makes it by.
type kind int

const (
	kindGuest   kind = iota
	kindSession      // a session's token, valid or not
	kindSite         // a token of the site that embeds Caller
	kindProgram      // an access token, or the operator's
)

// identity finds out whose a request is, when somebody asks. It belongs to the request's goroutine.
type identity struct {
	auth    *Auth
	request *http.Request

	asked   bool // the following has been found
	kind    kind
	who     chat.Principal
	session Session // of kindSession and kindSite
	err     error
}

// Principal implements [httpapi.Identity].
func (i *identity) Principal() (chat.Principal, error) {
	i.find()
	return i.who, i.err
}

func (i *identity) find() {
	if i.asked {
		return
	}
	i.asked = true
	if i.err = i.judge(); i.err != nil {
		i.who = chat.Principal{}
		return
	}
	a, r := i.auth, i.request
	address := a.options.Address(r)
	switch i.kind {
	case kindGuest:
		if i.who, i.err = a.guest(r, address); i.err != nil {
			return
		}
	case kindSession, kindSite:
		i.who = i.session.principal(a.options.Now())
	}
	i.who.NetworkKey = networkKey(address)
	if i.kind != kindProgram { // which is banned by its token, and let in by it
		i.who.Password = roomPassword(r)
		i.who.Network = a.network(r.Context(), address)
	}
}

// judge finds out what a request comes with. What somebody gave on purpose goes before the cookie,
// which browsers add by themselves.
func (i *identity) judge() error {
	r := i.request
	if token, given := bearer(r); given {
		if err := i.judgeToken(token, false); !errors.Is(err, errNotOurs) {
			return err
		}
	}
	if token, given := subprotocolToken(r); given {
		return i.judgeToken(token, true)
	}
	return i.judgeCookies()
}

// judgeCookies takes the first session that is valid. Of those that are not it prefers one whose
// owner can be the same person again: what stands before it may be a sibling domain's.
func (i *identity) judgeCookies() (err error) {
	for _, token := range i.auth.cookies(i.request) {
		s, failure := i.auth.read(i.request.Context(), token)
		var invalid *wire.Failure
		if failure == nil || !errors.As(failure, &invalid) { // or it may be good
			i.kind, i.session = kindSession, s
			return failure
		}
		if i.kind == kindGuest || invalid.Code == wire.CodeSessionOver {
			i.kind, i.session, err = kindSession, s, failure
		}
	}
	return err
}

// errNotOurs is a credential that is somebody else's, as a proxy's in front.
var errNotOurs = errors.New("somebody else's token")

// judgeToken finds out whose a token is. One that is meant for Caller, as a subprotocol's is, can't
// be somebody else's.
func (i *identity) judgeToken(token string, meant bool) (err error) {
	a, ctx := i.auth, i.request.Context()
	switch {
	case a.isOperators(token):
		i.kind, i.who = kindProgram, Operator()
		return nil
	case isAccessToken(token):
		i.kind = kindProgram
		var ok bool
		if i.who, ok, err = a.options.Program(ctx, token); err == nil && !ok {
			err = wire.Fail(wire.CodeSessionInvalid, "the access token is not known: it may be revoked, or over")
		}
		return err
	case a.cache.has(token) || isOurs(token):
		i.kind = kindSession
		return i.judgeSession(token)
	case a.site != nil && isJWT(token):
		s, err := a.site.session(ctx, token, meant)
		if errors.Is(err, errNotSites) {
			return errNotOurs
		}
		i.kind, i.session = kindSite, s
		if err == nil && s.Name == "" {
			i.session.Name, err = nameOf(i.request)
			if err == nil && i.session.Name == "" {
				i.session.Name = madeUpName(s.ID)
			}
		}
		return err
	case meant:
		i.kind = kindSession
		return i.judgeSession(token)
	}
	return errNotOurs
}

func (i *identity) judgeSession(token string) (err error) {
	i.session, err = i.auth.read(i.request.Context(), token)
	return err
}

// Session is the session that a request comes with, or what the site's token that it comes with
// says; given is false when it comes with neither. Errors: a [*wire.Failure] of CodeSessionInvalid;
// [chat.ErrUnavailable] when what it is judged by can't be had. The request has to have come
// through [Auth.Middleware].
func (a *Auth) Session(r *http.Request) (s Session, given bool, err error) {
	i, err := identityOf(r)
	if err != nil {
		return Session{}, false, err
	}
	i.find()
	if i.kind == kindSession || i.kind == kindSite {
		return i.session, true, i.err
	}
	return Session{}, false, nil
}

func identityOf(r *http.Request) (*identity, error) {
	i, ok := httpapi.IdentityOf(r).(*identity)
	if !ok {
		return nil, errors.New("no middleware has looked for a session")
	}
	return i, nil
}

// read reads a session's token, and whether the session has ended.
func (a *Auth) read(ctx context.Context, token string) (Session, error) {
	s, err := a.parse(ctx, token)
	switch {
	case errors.Is(err, errTokenExpired) && s.SID != "":
		return s, wire.FailureOf(chat.ErrSignInOver)
	case errors.Is(err, errTokenExpired):
		return s, wire.Fail(wire.CodeSessionInvalid, "it has expired")
	case errors.Is(err, errTokenForm), errors.Is(err, errTokenForged):
		return s, wire.Fail(wire.CodeSessionInvalid, "it was not made here")
	case err != nil:
		return s, err
	}
	ended, err := a.revoked.has(ctx, s.revokedAs())
	if err == nil && ended {
		err = signedOut()
	}
	return s, err
}

// signedOut is what is said to who comes with a session that was ended.
func signedOut() *wire.Failure { return wire.Fail(wire.CodeSessionInvalid, "it was signed out") }
