package auth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// SignIn gives a request's own session a new name and more time, or makes a new one, which is then
// created: also of a site's token, for as long as that is good. The answer gets it as a cookie. One
// that is not valid is as good as none, but for a sign-in that is over: its owner signs in again, or
// signs out. given reads the name that is asked for; it is called with
// the name that somebody else vouches for, which stays, or with none. Errors: those of given and of
// [Auth.Session] but for CodeSessionInvalid of a session; a [*chat.InvalidError] of the name; a
// [*wire.Failure] of CodeNameFixed, or of CodeNotAllowed for an access token.
func (a *Auth) SignIn(w http.ResponseWriter, r *http.Request, given func(fixed string) (string, error)) (
	s Session, token string, created bool, err error,
) {
	i, err := identityOf(r)
	if err != nil {
		return Session{}, "", false, err
	}
	i.find()
	s = i.session
	var invalid *wire.Failure
	switch {
	case i.kind == kindProgram:
		return Session{}, "", false, wire.Fail(wire.CodeNotAllowed, "an access token needs no session, and gets none")
	case i.kind == kindSession && i.err == nil:
	case i.kind == kindSite && i.err == nil:
		created, s.SID, s.Born = true, newCode(), a.now()
	case i.isOver(): // as somebody else they would lose what is theirs without a word
		return Session{}, "", false, i.err
	case i.kind == kindSite, i.err != nil && i.kind != kindGuest && !errors.As(i.err, &invalid):
		return Session{}, "", false, i.err // it may be good: its owner stays who they are
	default:
		created, s = true, Session{ID: chat.NewMemberID(), Born: a.now()}
	}
	fixed := ""
	if s.Fixed {
		fixed = s.Name
	}
	name, err := given(fixed)
	if err == nil {
		name, err = chat.ParseName(name)
	}
	if err == nil && s.Fixed && name != s.Name {
		err = wire.Fail(wire.CodeNameFixed, "it is "+s.Name+", as it was given at the sign-in")
	}
	if err != nil {
		return Session{}, "", false, err
	}
	s.Name = name
	if created {
		if err := a.options.Limits.Decide(r.Context(), a.stranger(r), "", chat.ActionSignIn); err != nil {
			return Session{}, "", false, err
		}
	}
	s, token, err = a.give(w, r, s)
	return s, token, created, err
}

// isOver reports whether a request came with a sign-in that is over.
func (i *identity) isOver() bool {
	var failure *wire.Failure
	return errors.As(i.err, &failure) && failure.Code == wire.CodeSessionOver
}

// now is the time in the precision that tokens have.
func (a *Auth) now() time.Time { return a.options.Now().UTC().Truncate(time.Millisecond) }

// overKept is for how long after the end of a sign-in a browser still has its cookie: by it somebody
// who comes back is told to sign in again, and does not become somebody else.
const overKept = 30 * 24 * time.Hour

// give makes a session's token, with all the time that one has or that who vouches for it has given
// it, and gives it as a cookie too.
func (a *Auth) give(w http.ResponseWriter, r *http.Request, s Session) (_ Session, token string, err error) {
	key, err := a.keys.current(r.Context()) // after the request's own session, by which a newer one may have been found
	if err != nil {
		return Session{}, "", err
	}
	now := a.options.Now()
	if s.Via == chat.ViaItself {
		s.Expires = now.Add(SessionLife).UTC().Truncate(time.Second)
	}
	if token, err = s.Sign(key, now); err != nil {
		return Session{}, "", err
	}
	life := s.Expires.Sub(now)
	if s.SID != "" {
		life += overKept
	}
	a.setCookie(w, r, token, life)
	a.setVouched(w, r, s.Via != chat.ViaItself, life)
	return s, token, nil
}

// Admit implements [httpapi.Voucher].
func (i *identity) Admit() error {
	return i.auth.options.Limits.Decide(i.request.Context(), i.auth.stranger(i.request), "", chat.ActionSignIn)
}

// Vouch implements [httpapi.Voucher]: whatever session the request came with, the answer gets a new
// one, so that nobody who knows that one becomes this person.
func (i *identity) Vouch(w http.ResponseWriter, p httpapi.Person) error {
	a := i.auth
	now, id := a.now(), VouchedID(p.Via, p.Issuer, p.Subject)
	name, err := p.Name, error(nil)
	if name == "" {
		name = madeUpName(id)
	} else if name, err = chat.ParseName(name); err != nil {
		return err
	}
	_, _, err = a.give(w, i.request, Session{
		ID: id, SID: newCode(), Name: name, Fixed: true, Via: p.Via, Born: now, Expires: now.Add(p.Life).Truncate(time.Second),
	})
	return err
}

// madeUpName is for somebody whom nobody gave a name.
func madeUpName(id chat.MemberID) string { return "user-" + string(id[:4]) }

// SignOut implements [httpapi.Voucher].
func (i *identity) SignOut(w http.ResponseWriter) (chat.Via, error) {
	err := i.auth.SignOut(w, i.request)
	return i.session.Via, err
}

// SignOut ends a request's own session everywhere: on all nodes its tokens are refused and its
// streams end. The answer takes the cookie back, whatever it is worth. Errors are those of [Auth.Session] and
// of the limits, [chat.ErrFull] when too many have been ended, and a [*wire.Failure] of
// CodeSessionRequired when there is none.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	i, err := identityOf(r)
	if err != nil {
		return err
	}
	s, given, err := a.Session(r)
	switch {
	case i.isOver():
		err = nil // there is only the cookie left
	case err == nil && !given:
		err = wire.Fail(wire.CodeSessionRequired, "there is none to end")
	case err == nil && s.Via != chat.ViaItself && s.SID == "":
		err = wire.Fail(wire.CodeNotAllowed, "the site's token ends by itself")
	case err == nil:
		err = a.options.Limits.Decide(r.Context(), a.stranger(r), "", chat.ActionSignOut)
		if err == nil {
			err = a.revoked.revoke(r.Context(), s.revokedAs(), MaxEnded)
		}
	}
	var invalid *wire.Failure
	if err == nil || i.kind == kindSession && errors.As(err, &invalid) {
		a.setCookie(w, r, "", -time.Second) // also one that is good for nothing
		a.setVouched(w, r, false, 0)
	}
	return err
}

// End refuses, on all nodes, the streams of somebody with that id from now on, and ends those that
// are open: of a program whose access token was revoked. The error wraps [chat.ErrUnavailable].
func (a *Auth) End(ctx context.Context, id chat.MemberID) error { return a.revoked.revoke(ctx, id, 0) }
