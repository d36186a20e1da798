package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// session is who somebody is, for as long as the token that says so is good.
type session struct {
	ID      chat.MemberID
	Name    string
	Expires time.Time // to the second
}

const (
	// sessionLife is from the last POST /session on.
	sessionLife = 30 * 24 * time.Hour
	// minSecret is the least a signing key may have: the output of SHA-256 (RFC 2104 section 3).
	minSecret = sha256.Size
	// maxToken is above the longest token there can be: 40 characters of name, each 12 bytes as escaped JSON.
	maxToken = 1024
	// tokenVersion is of the payload; one that this code does not know is no session.
	tokenVersion = 1
	// signedAs keeps these signatures apart from anything else the same secret may sign one day.
	signedAs = "caller session\x00"
)

// payload is what a token says, in JSON.
type payload struct {
	Version int           `json:"v"`
	ID      chat.MemberID `json:"id"`
	Name    string        `json:"name"`
	Expires int64         `json:"exp"` // seconds since 1970
}

// encoding refuses what it would not write itself, so that a session has one token only.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func signature(body string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signedAs))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

// token is the session, signed: base64url(JSON) "." base64url(HMAC-SHA256).
func (s session) token(key []byte) string {
	text, _ := json.Marshal(payload{tokenVersion, s.ID, s.Name, s.Expires.Unix()}) // can't fail: strings and numbers
	body := encoding().EncodeToString(text)
	return body + "." + encoding().EncodeToString(signature(body, key))
}

// What can be wrong with a token. Clients are told the same for all of them.
var (
	errTokenForm    = errors.New("not a token")
	errTokenForged  = errors.New("the signature is not ours")
	errTokenExpired = errors.New("expired")
)

// parseToken reads a token that was signed with key and is still good.
func parseToken(token string, key []byte, now time.Time) (session, error) {
	body, sum, found := strings.Cut(token, ".")
	if !found || len(token) > maxToken {
		return session{}, errTokenForm
	}
	given, err := encoding().DecodeString(sum)
	if err != nil {
		return session{}, errTokenForm
	}
	if !hmac.Equal(given, signature(body, key)) {
		return session{}, errTokenForged
	}
	text, err := encoding().DecodeString(body)
	if err != nil {
		return session{}, errTokenForm
	}
	var p payload
	if json.Unmarshal(text, &p) != nil || p.Version != tokenVersion || p.ID == "" || p.Name == "" {
		return session{}, errTokenForm
	}
	s := session{ID: p.ID, Name: p.Name, Expires: time.Unix(p.Expires, 0).UTC()}
	if !now.Before(s.Expires) {
		return session{}, errTokenExpired
	}
	return s, nil
}
