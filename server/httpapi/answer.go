package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// The values of headers that all answers share; nobody changes them.
var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)

// WriteJSON answers with an object of package wire or of plain fields, which no cache may keep.
func WriteJSON(w http.ResponseWriter, status int, object any) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.WriteHeader(status)
	_, _ = w.Write(append(wire.AppendJSON(nil, object), '\n')) // a client that is gone has no use for it
}

// Base says by which address a request knows this server, as "https://chat.example/chat": without a
// slash at its end, and empty where that is not known.
type Base func(r *http.Request) string

// Of is the address by which a request knows this server; empty for a nil Base.
func (b Base) Of(r *http.Request) string {
	if b == nil {
		return ""
	}
	return b(r)
}

// WriteTranscript answers with messages as lines of text, which no cache may keep; base is as
// [wire.AppendTextLine] has it.
func WriteTranscript(w http.ResponseWriter, room chat.RoomID, entries []chat.Entry, base string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header()["Cache-Control"] = noStore
	var lines []byte
	for _, e := range entries {
		lines = wire.AppendTextLine(lines, room, e, base)
	}
	_, _ = w.Write(lines) // a reader that is gone has no use for it
}

// WantsText reports whether a request asks for text by name, and not for JSON.
func WantsText(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accept, "text/plain") && !strings.Contains(accept, "json")
}

// FailureOf is [wire.FailureOf], and knows the errors of net/http as well.
func FailureOf(err error) *wire.Failure {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return wire.TooLarge(int(tooLarge.Limit), "at most "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	}
	return wire.FailureOf(err)
}

// setQuota says which limit was passed, as draft-ietf-httpapi-ratelimit-headers has it: so much in
// so many seconds, of which nothing remains until then.
func setQuota(h http.Header, q *wire.Quota, again int) {
	window := max(1, int(q.Window/time.Second))
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", q.Name, q.Amount, window))
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", q.Name, again))
}

// WriteProblem answers with an error, as application/problem+json (RFC 9457), with Retry-After
// where coming back helps, and with the limit that was passed.
func WriteProblem(w http.ResponseWriter, err error) {
	f := FailureOf(err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		again := int((f.RetryAfter + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.Itoa(again))
		if f.Quota != nil {
			setQuota(h, f.Quota, again)
		}
	}
	var coding codingError
	if errors.As(err, &coding) {
		h.Set("Accept-Encoding", "gzip") // RFC 9110 section 12.5.3
	}
	w.WriteHeader(f.Status())
	_, _ = w.Write(append(wire.AppendProblem(nil, f), '\n')) // a client that is gone has no use for it
}
