package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// secretPrefix begins every signing secret, as the Standard Webhooks rules have it; base64 of the
// key follows.
const secretPrefix = "whsec_"

// What a key has, in bytes, by the same rules.
const (
	minSecret, maxSecret = 24, 64
	madeSecret           = 32
)

// NewSecret makes up a signing secret.
func NewSecret() string {
	b := make([]byte, madeSecret)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return secretPrefix + base64.StdEncoding.EncodeToString(b)
}

// CheckSecret says what is wrong with a signing secret.
func CheckSecret(text string) error {
	_, err := keyOf(text)
	return err
}

func keyOf(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, errors.New(`want "whsec_" and base64 of 24 to 64 bytes`)
	}
	return key, nil
}

// signature signs a body with each of the secrets, so that receivers that know one of them can check
// it.
func signature(secrets []string, id string, at time.Time, body []byte) string {
	var all []string
	for _, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil { // they were checked
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
