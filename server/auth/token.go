package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/caller-chat/caller/chat"
)

// Session is who somebody is, for as long as the token that says so is good.
type Session struct {
	ID      chat.MemberID
	Name    string
	Expires time.Time // to the second

	// Born is when it was first made, to the millisecond: tokens that take this one's place keep it.
	// It is zero in tokens of before it was kept.
	Born time.Time

	// Via is who vouches for the person. Such a session has an id of its own, SID, beside the
	// person's, which is the same after each sign-in; its Expires stays what it was at the sign-in.
	Via   chat.Via
	SID   string
	Fixed bool          // the name is theirs who vouch
	Role  chat.Role     // as a [chat.Principal]'s
	Rooms []chat.RoomID // as a [chat.Principal]'s
}

// principal is the session's owner, at a time of the clock that sessions expire by.
func (s Session) principal(now time.Time) chat.Principal {
	id := string(s.ID)
	who := chat.Principal{
		ID: s.ID, Name: s.Name, Client: id, LimitKey: id, Via: s.Via, Role: s.Role, Rooms: s.Rooms, Born: s.Born,
		Until: time.Now().Add(s.Expires.Sub(now)), // by the clock that streams end by
	}
	if s.Via != chat.ViaItself {
		who.Born = time.Time{} // signing in again makes nobody a newcomer, and lets nobody get away
	}
	switch {
	case s.SID != "":
		who.Session = s.revokedAs()
	case s.Via == chat.ViaSite: // a token of the site's own, which is taken for so long
		who.Until = who.Until.Add(clockSkew)
	}
	return who
}

// revokedAs is the id by which a session is remembered as ended: the person's, or, where that comes
// back with the next sign-in, with the session's own.
func (s Session) revokedAs() chat.MemberID {
	if s.SID == "" {
		return s.ID
	}
	return s.ID + sidMark + chat.MemberID(s.SID)
}

// sidMark is in no person's id.
const sidMark = "@"

// VouchedID is the id of somebody that an issuer knows by that subject: the same on all nodes, and
// after each sign-in. No session that somebody made up has it.
func VouchedID(via chat.Via, issuer, subject string) chat.MemberID {
	whom := fmt.Sprintf("caller %s %d %s%s", via, len(issuer), issuer, subject)
	return chat.MemberID(uuid.NewHash(sha256.New(), uuid.Nil, []byte(whom), 8).String()) // RFC 9562 section 5.8
}

const (
	// SessionLife is how long a token is good, from the last POST /session on.
	SessionLife = 30 * 24 * time.Hour
	// MinKey is the least a signing key may have, in bytes: the output of SHA-256 (RFC 7518 section 3.2).
	MinKey = 32
	// maxToken is the longest token, in bytes: browsers keep cookies of 4096, name and all. Only one
	// with many rooms comes near.
	maxToken = 3900
)

// What a session's token says of itself, so that nothing else which the same key may sign is taken
// for one: RFC 8725 sections 3.8, 3.9 and 3.11.
const (
	issuer    = "caller"
	audience  = "caller"
	tokenType = "caller-session+jwt"
)

// claims are what a session's token says.
type claims struct {
	Name  string        `json:"name"`
	Born  int64         `json:"born,omitempty"` // ms since 1970
	Via   chat.Via      `json:"via,omitempty"`
	SID   string        `json:"sid,omitempty"`
	Fixed bool          `json:"fixed,omitempty"`
	Role  chat.Role     `json:"role,omitempty"`
	Rooms []chat.RoomID `json:"rooms,omitzero"` // none is not the same as all
	jwt.RegisteredClaims
}

// Validate implements [jwt.ClaimsValidator].
func (c claims) Validate() error {
	if c.Subject == "" || c.Name == "" {
		return errTokenForm
	}
	return nil
}

// What can be wrong with a token.
var (
	errTokenForm    = errors.New("not a session's token")
	errTokenForged  = errors.New("the signature is not ours")
	errTokenExpired = errors.New("expired")
)

// Sign makes the token of a session. Errors: the library's, of a key that can't be used; a
// [*chat.InvalidError] of more rooms than a cookie can hold.
func (s Session) Sign(key []byte, now time.Time) (string, error) {
	c := claims{
		Name: s.Name, Via: s.Via, SID: s.SID, Fixed: s.Fixed, Role: s.Role, Rooms: s.Rooms,
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: string(s.ID), ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(s.Expires),
		},
	}
	if !s.Born.IsZero() {
		c.Born = s.Born.UnixMilli()
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	token.Header["typ"] = tokenType
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign a session: %w", err)
	}
	if len(signed) > maxToken {
		return "", &chat.InvalidError{Field: "rooms", Reason: "are more than a session can hold: send the site's token itself"}
	}
	return signed, nil
}

// parseToken reads a token of either format that was signed with key and is still good. With
// [errTokenExpired] comes whose it was.
func parseToken(token string, key []byte, now time.Time) (Session, error) {
	if len(token) > maxToken {
		return Session{}, errTokenForm
	}
	if strings.Count(token, ".") == 1 {
		return parseLegacy(token, key, now)
	}
	var c claims
	// When it was issued is not compared: the clocks of two nodes differ.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	_, err := parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != tokenType {
			return nil, errTokenForm
		}
		return key, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Session{}, errTokenForged
	case errors.Is(err, jwt.ErrTokenExpired):
		err = errTokenExpired // of a token that was ours
	case err != nil:
		return Session{}, errTokenForm
	}
	s := Session{
		ID: chat.MemberID(c.Subject), Name: c.Name, Expires: c.ExpiresAt.UTC(),
		Via: c.Via, SID: c.SID, Fixed: c.Fixed, Role: c.Role, Rooms: c.Rooms,
	}
	if c.Born != 0 {
		s.Born = time.UnixMilli(c.Born).UTC()
	}
	return s, err
}

// isOurs reports whether a token says that it is Caller's, true or not.
func isOurs(token string) bool {
	parts := strings.Split(token, ".")
	var said struct {
		Issuer  string `json:"iss"`
		Version int    `json:"v"`
	}
	switch len(parts) {
	case 2:
		text, err := encoding().DecodeString(parts[0])
		return err == nil && json.Unmarshal(text, &said) == nil && said.Version != 0
	case 3:
		text, err := encoding().DecodeString(parts[1])
		return err == nil && json.Unmarshal(text, &said) == nil && said.Issuer == issuer
	}
	return false
}
