package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Identify says who makes a request. The error is a [*wire.Failure] or one that [FailureOf] knows:
// a forged or expired session, a name that can't be one.
type Identify func(r *http.Request) (chat.Principal, error)

// Identity knows whose a request is; package server/auth has it.
type Identity interface {
	Principal() (chat.Principal, error)
}

// Person is somebody that a sign-in service has vouched for.
type Person struct {
	Via             chat.Via
	Issuer, Subject string
	// Name is what they are called; empty for one that is made up.
	Name string
	// Life is how long the session lasts at most, renewals included.
	Life time.Duration
}

// Voucher makes the session of a person that a sign-in service vouches for. The identity of
// [IdentityOf] is one.
type Voucher interface {
	// Admit counts a sign-in of the request's address, before the service is asked about it: anybody
	// can come as if from there. Errors: a [*chat.LimitError].
	Admit() error
	// Vouch gives the answer the session's cookie. Errors: a [*chat.InvalidError] of the name;
	// [chat.ErrUnavailable].
	Vouch(w http.ResponseWriter, p Person) error
	// SignOut ends the request's own session, as DELETE /session, and says who vouched for it.
	SignOut(w http.ResponseWriter) (chat.Via, error)
}

type identityKey struct{}

// WithIdentity is the request with an identity that [Principal] asks.
func WithIdentity(r *http.Request, i Identity) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, i))
}

// IdentityOf is what [WithIdentity] has given a request; nil for nothing.
func IdentityOf(r *http.Request) Identity {
	i, _ := r.Context().Value(identityKey{}).(Identity)
	return i
}

// Principal is who makes a request, and an [Identify]. It is found once for each request.
func Principal(r *http.Request) (chat.Principal, error) {
	if i := IdentityOf(r); i != nil {
		return i.Principal()
	}
	return chat.Principal{}, errors.New("no middleware has looked for the request's principal")
}

// MemberInRoom is the room that a request names and who makes it. Errors: those of [RoomOf] and
// [Principal].
func MemberInRoom(r *http.Request) (room chat.RoomID, who chat.Principal, err error) {
	if room, err = RoomOf(r); err != nil {
		return "", chat.Principal{}, err
	}
	if who, err = Principal(r); err != nil {
		return "", chat.Principal{}, err
	}
	return room, who, nil
}

// SessionInRoom is the room that a request names and its session's owner. Errors:
// [chat.ErrNotSignedIn] for a guest; those of [RoomOf] and [Principal].
func SessionInRoom(r *http.Request) (room chat.RoomID, who chat.Principal, err error) {
	if room, who, err = MemberInRoom(r); err != nil {
		return "", chat.Principal{}, err
	}
	if who.Guest {
		return "", chat.Principal{}, chat.ErrNotSignedIn
	}
	return room, who, nil
}
