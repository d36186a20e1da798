package ws

import (
	"bufio"
	"errors"
	"net"
	"net/http"
)

// rehearsal is the response of a handshake that is gone through as far as the connection would be
// taken: what the library refuses is answered, and what it would accept leaves the response as it
// was. So nobody joins a room for a connection that does not come about.
type rehearsal struct {
	http.ResponseWriter
	passed bool
}

var errRehearsal = errors.New("the handshake is good")

// Hijack is what a good handshake ends with.
func (r *rehearsal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.passed = true
	return nil, nil, errRehearsal
}

// Header, WriteHeader and Write are without effect after that.

func (r *rehearsal) Header() http.Header {
	if r.passed {
		return http.Header{}
	}
	return r.ResponseWriter.Header()
}

func (r *rehearsal) WriteHeader(status int) {
	if !r.passed {
		r.ResponseWriter.WriteHeader(status)
	}
}

func (r *rehearsal) Write(b []byte) (int, error) {
	if r.passed {
		return len(b), nil
	}
	return r.ResponseWriter.Write(b)
}
