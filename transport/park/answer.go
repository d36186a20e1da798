package park

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is the ResponseWriter of a parked request. It is written out whole.
type answer struct {
	kept   string // the header as it was when the request was parked, as bytes: a map takes several times as much
	header http.Header
	status int
	body   []byte
}

// keep takes over what has been set of a header.
func (a *answer) keep(h http.Header) {
	var b strings.Builder
	_ = h.Write(&b) // a strings.Builder takes all
	a.kept = b.String()
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = make(http.Header)
		for line := range strings.SplitSeq(a.kept, "\r\n") {
			if name, value, ok := strings.Cut(line, ": "); ok { // all but the end
				a.header[name] = append(a.header[name], value)
			}
		}
	}
	return a.header
}

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // an answer that comes at once has no use for the others
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

// bytes is the whole answer as net/http would send it, but that a long one has its length too. Last says that the
// connection ends with it, old that the client speaks HTTP/1.0.
func (a *answer) bytes(last, old bool) []byte {
	a.WriteHeader(http.StatusOK)
	h := a.Header()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	version := "HTTP/1.1 "
	if old {
		version = "HTTP/1.0 "
	}
	switch {
	case last:
		h.Set("Connection", "close")
	case old:
		h.Set("Connection", "keep-alive")
	}
	var b bytes.Buffer
	b.Grow(512 + len(a.body))
	b.WriteString(version + strconv.Itoa(a.status) + " " + http.StatusText(a.status) + "\r\n")
	_ = h.Write(&b) // a bytes.Buffer takes all; Write makes values safe
	b.WriteString("\r\n")
	b.Write(a.body)
	return b.Bytes()
}
