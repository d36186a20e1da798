package incoming

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tolerance is how old a delivery with a time in its signature may be, and how far ahead of this
// clock: what the Standard Webhooks rules advise against replays.
const tolerance = 5 * time.Minute

// isSigned reports whether a delivery is signed with the secret, in one of the ways that senders
// have.
func isSigned(h http.Header, body []byte, secret string, now time.Time) bool {
	if given, ok := strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256="); ok {
		return isHex(given, sign([]byte(secret), body))
	}
	if given := h.Get("X-Grafana-Alerting-Signature"); given != "" {
		return isHex(given, sign([]byte(secret), body))
	}
	return isStandard(h, body, secret, now)
}

// isStandard reports whether a delivery is signed by the rules of Standard Webhooks.
func isStandard(h http.Header, body []byte, secret string, now time.Time) bool {
	id, at := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return false
		}
	}
	want := sign(key, []byte(id+"."+at+"."), body)
	for one := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		version, text, _ := strings.Cut(one, ",")
		given, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(given, want) {
			return true
		}
	}
	return false
}

func sign(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func isHex(given string, want []byte) bool {
	b, err := hex.DecodeString(given)
	return err == nil && hmac.Equal(b, want)
}
