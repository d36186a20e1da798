package auth

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caller-chat/caller/chat"
)

// Session is who somebody is, for as long as the token that says so is good.
type Session struct {
	ID      chat.MemberID
	Name    string
	Expires time.Time // to the second
}

const (
	// SessionLife is how long a token is good, from the last POST /session on.
	SessionLife = 30 * 24 * time.Hour
	// MinKey is the least a signing key may have, in bytes: the output of SHA-256 (RFC 7518 section 3.2).
	MinKey = 32
	// maxToken is above the longest token there can be, in bytes: a name has 40 characters, each at
	// most six bytes of JSON.
	maxToken = 1024
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
	Name string `json:"name"`
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

// Sign makes the token of a session. The error is the library's, of a key that can't be used.
func (s Session) Sign(key []byte, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{s.Name, jwt.RegisteredClaims{
		Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: string(s.ID), ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(s.Expires),
	}})
	token.Header["typ"] = tokenType
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign a session: %w", err)
	}
	return signed, nil
}

// parseToken reads a token of either format that was signed with key and is still good.
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
		return Session{}, errTokenExpired
	case err != nil:
		return Session{}, errTokenForm
	}
	return Session{ID: chat.MemberID(c.Subject), Name: c.Name, Expires: c.ExpiresAt.UTC()}, nil
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
