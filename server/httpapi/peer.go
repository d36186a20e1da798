package httpapi

import (
	"net"
	"net/http"
)

// PeerOf is the address at the other end of a request's connection, without the port.
func PeerOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
