package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Site is how a site that embeds Caller signs its own users in: JSON Web Tokens that it makes, by a
// secret that both know or by keys that it publishes.
type Site struct {
	// Secrets are those that the site signs with by HS256, at least [MinKey] bytes each; several
	// while one takes another's place. Either these or KeysURL.
	Secrets [][]byte
	// KeysURL is where the site publishes its public keys as a JSON Web Key Set (RFC 7517), for
	// RS256, ES256 and EdDSA. It is https, or http at a loopback address.
	KeysURL string
	// Audience has to be among a token's. The default is "caller".
	Audience string
	// Issuer has to be a token's; empty for any.
	Issuer string
	// Client fetches the keys; nil for one with bounds. Tests have their own.
	Client *http.Client
}

const (
	// clockSkew is by how much the site's clock may differ from ours.
	clockSkew = time.Minute
	// maxSiteToken is the longest token of a site, in bytes: with [maxClaimedRooms] rooms of usual names,
	// and the claims that sign-in services add.
	maxSiteToken = 8 << 10
	// maxSubject is the longest subject, in bytes (OpenID Connect Core section 2), and the longest
	// issuer.
	maxSubject = 255
	// maxClaimedRooms is how many rooms a token may name.
	maxClaimedRooms = 64
)

// siteClaims are what a site's token says.
type siteClaims struct {
	Name  string          `json:"name"`
	Role  chat.Role       `json:"role"`
	Rooms json.RawMessage `json:"rooms"`
	jwt.RegisteredClaims
}

// site reads the tokens of one.
type site struct {
	Site
	keys *keySet // nil with secrets
	now  func() time.Time
}

// newSite makes it; nil for none. The error is of settings that can't be used.
func newSite(o *Site, session []byte, now func() time.Time) (*site, error) {
	if o == nil {
		return nil, nil
	}
	s := &site{Site: *o, now: now}
	if s.Audience == "" {
		s.Audience = audience
	}
	switch {
	case s.Issuer == issuer:
		return nil, fmt.Errorf("site's issuer: %q is the one of Caller's own sessions", issuer)
	case len(s.Secrets) == 0 && s.KeysURL == "", len(s.Secrets) > 0 && s.KeysURL != "":
		return nil, errors.New("site's tokens: want secrets or the address of keys, and not both")
	}
	for _, secret := range s.Secrets {
		if len(secret) < MinKey {
			return nil, fmt.Errorf("site's secret: want at least %d bytes", MinKey)
		}
		if slices.Equal(secret, session) {
			return nil, errors.New("site's secret: the sessions' key is another secret's place")
		}
	}
	if s.KeysURL != "" {
		var err error
		if s.keys, err = newKeySet(s.KeysURL, s.Client, now); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// errNotSites is a token of somebody else, as a proxy's in front.
var errNotSites = errors.New("not the site's token")

// session reads a site's token as the session that it is for as long as it is good. With ours, a
// token that says nothing of this site is refused too; without, it is [errNotSites]. Errors: a
// [*wire.Failure] of CodeSessionInvalid, or of CodeUnavailable when the site's keys can't be had.
func (s *site) session(ctx context.Context, token string, ours bool) (Session, error) {
	if len(token) > maxSiteToken {
		return Session{}, refused("is longer than %d bytes", maxSiteToken)
	}
	var c siteClaims
	var missing error
	_, err := s.parser().ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		if s.keys == nil {
			return secretsOf(s.Secrets), nil
		}
		kid, _ := t.Header["kid"].(string)
		found, err := s.keys.find(ctx, t.Method.Alg(), kid)
		if err != nil && !errors.Is(err, errUnknownKey) {
			missing = err
		}
		return found, err
	})
	if missing != nil {
		return Session{}, missing
	}
	if err != nil && !ours && !s.names(token) && !verified(err) {
		return Session{}, errNotSites
	}
	if err != nil {
		return Session{}, refusedBy(err)
	}
	return s.sessionOf(c)
}

func (s *site) parser() *jwt.Parser {
	methods := []string{jwt.SigningMethodHS256.Alg()}
	if s.keys != nil {
		methods = []string{jwt.SigningMethodRS256.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodEdDSA.Alg()}
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(methods), jwt.WithAudience(s.Audience), jwt.WithExpirationRequired(),
		jwt.WithLeeway(clockSkew), jwt.WithStrictDecoding(), jwt.WithTimeFunc(s.now),
	}
	if s.Issuer != "" {
		options = append(options, jwt.WithIssuer(s.Issuer))
	}
	return jwt.NewParser(options...)
}

func secretsOf(secrets [][]byte) jwt.VerificationKeySet {
	var set jwt.VerificationKeySet
	for _, secret := range secrets {
		set.Keys = append(set.Keys, secret)
	}
	return set
}

// headerError is a header that a site's token can't have.
type headerError string

func (e headerError) Error() string { return string(e) }

// checkHeader refuses a token that was made for something else (RFC 8725 section 3.11), that has
// another token inside, or that has to be understood in ways which nobody here does (RFC 7515
// section 4.1.11). Where it says that its key is (jwk, jku, x5c, x5u) is not looked at.
func checkHeader(header map[string]any) error {
	typ, given := header["typ"]
	kind, isText := typ.(string)
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	if given && (!isText || kind != "jwt" && kind != "at+jwt") {
		return headerError("its typ is neither JWT nor at+jwt")
	}
	if _, given := header["cty"]; given {
		return headerError("has another token inside")
	}
	if _, given := header["crit"]; given {
		return headerError("its crit has what is not understood here")
	}
	if kid, given := header["kid"]; given {
		if _, isText := kid.(string); !isText {
			return headerError("its kid is not text")
		}
	}
	return nil
}

// verified reports whether a token was refused for what it says, and so was signed by the site.
func verified(err error) bool { return errors.Is(err, jwt.ErrTokenInvalidClaims) }

// names reports whether a token says that it is for this site's Caller, true or not.
func (s *site) names(token string) bool {
	var said struct {
		Issuer   string           `json:"iss"`
		Audience jwt.ClaimStrings `json:"aud"`
	}
	_, rest, _ := strings.Cut(token, ".")
	body, _, _ := strings.Cut(rest, ".")
	text, err := encoding().DecodeString(body)
	if err != nil || json.Unmarshal(text, &said) != nil {
		return false
	}
	return slices.Contains(said.Audience, s.Audience) || s.Issuer != "" && said.Issuer == s.Issuer
}

// sessionOf is what a token's claims come to.
func (s *site) sessionOf(c siteClaims) (Session, error) {
	switch {
	case c.Subject == "":
		return Session{}, refused("has no sub")
	case len(c.Subject) > maxSubject || len(c.Issuer) > maxSubject:
		return Session{}, refused("its sub or iss is longer than %d bytes", maxSubject)
	case c.Role != "" && !slices.Contains([]chat.Role{chat.RoleOwner, chat.RoleModerator, chat.RoleMember}, c.Role):
		return Session{}, refused("its role is none of owner, moderator and member")
	}
	rooms, err := claimedRooms(c.Rooms)
	if err != nil {
		return Session{}, err
	}
	session := Session{
		ID: VouchedID(chat.ViaSite, c.Issuer, c.Subject), Expires: c.ExpiresAt.UTC(),
		Via: chat.ViaSite, Role: c.Role, Rooms: rooms,
	}
	if c.Name != "" {
		if session.Name, err = chat.ParseName(c.Name); err != nil {
			return Session{}, refused("its %v", err)
		}
		session.Fixed = true
	}
	return session, nil
}

// claimedRooms are the rooms that a token is for; nil for all. There is no way to mean all of them
// by mistake: null is refused.
func claimedRooms(claim json.RawMessage) ([]chat.RoomID, error) {
	if claim == nil {
		return nil, nil
	}
	var names []string
	if err := json.Unmarshal(claim, &names); err != nil || names == nil {
		return nil, refused("its rooms are not a list of rooms' names")
	}
	if len(names) > maxClaimedRooms {
		return nil, refused("it has %d rooms, more than %d", len(names), maxClaimedRooms)
	}
	rooms := make([]chat.RoomID, 0, len(names))
	for _, name := range names {
		room, err := wire.ParseRoomID(name)
		if err != nil {
			return nil, refused("one of its rooms can't be one")
		}
		rooms = append(rooms, room)
	}
	return rooms, nil
}

// refused is a site's token that is not taken.
func refused(why string, of ...any) *wire.Failure {
	return wire.Fail(wire.CodeSessionInvalid, "the site's token "+fmt.Sprintf(why, of...))
}

// refusedBy says of the library's error what the site's developers can use. No part of the token is
// in it.
func refusedBy(err error) *wire.Failure {
	var header headerError
	switch {
	case errors.As(err, &header):
		return refused("%s", string(header))
	case errors.Is(err, errUnknownKey):
		return refused("was signed by a key that the site does not publish")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return refused("was not signed by the site, or not by a method that it may use")
	case errors.Is(err, jwt.ErrTokenExpired):
		return refused("has expired")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return refused("is not good yet: do the clocks agree?")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refused("is for another audience")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return refused("is of another issuer")
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return refused("lacks a claim: exp and aud have to be there, and iss where an issuer is set")
	}
	return refused("can't be read")
}
