package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// The format of tokens until sessions became JSON Web Tokens: base64url(JSON) "."
// base64url(HMAC-SHA256). None is made any more, and the last one expires SessionLife after that.

const (
	// legacyVersion is of the payload; one that this code does not know is no session.
	legacyVersion = 1
	// legacySignedAs keeps these signatures apart from all else that the same key signs.
	legacySignedAs = "caller session\x00"
)

// legacyPayload is what such a token says, in JSON.
type legacyPayload struct {
	Version int           `json:"v"`
	ID      chat.MemberID `json:"id"`
	Name    string        `json:"name"`
	Expires int64         `json:"exp"` // seconds since 1970
}

// encoding refuses what it would not write itself, so that there is one way to write a token.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

func legacySignature(body string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(legacySignedAs))
	mac.Write([]byte(body))
	return mac.Sum(nil)
}

// parseLegacy reads a token that was signed with key and is still good.
func parseLegacy(token string, key []byte, now time.Time) (Session, error) {
	body, sum, _ := strings.Cut(token, ".")
	given, err := encoding().DecodeString(sum)
	if err != nil {
		return Session{}, errTokenForm
	}
	if !hmac.Equal(given, legacySignature(body, key)) {
		return Session{}, errTokenForged
	}
	text, err := encoding().DecodeString(body)
	if err != nil {
		return Session{}, errTokenForm
	}
	var p legacyPayload
	if json.Unmarshal(text, &p) != nil || p.Version != legacyVersion || p.ID == "" || p.Name == "" {
		return Session{}, errTokenForm
	}
	s := Session{ID: p.ID, Name: p.Name, Expires: time.Unix(p.Expires, 0).UTC()}
	if !now.Before(s.Expires) {
		return Session{}, errTokenExpired
	}
	return s, nil
}
