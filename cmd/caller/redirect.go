package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/caller-chat/caller/server"
)

// redirector is the server for plain HTTP beside that for HTTPS: it redirects there, and answers
// the issuer of certificates.
func (e *encryption) redirector(port int, log *slog.Logger) *http.Server {
	var h http.Handler = redirect{port}
	if e.challenged != nil {
		h = e.challenged(h)
	}
	return server.HTTP(h, log)
}

// redirect sends browsers to the same address by HTTPS. Who came by the standard port, which a host
// without one means, goes to the standard port, whatever is in between; everybody else to where
// this process listens.
type redirect struct{ port int }

// ServeHTTP implements http.Handler. The status is one that keeps the method: "curl -L -d" posts.
func (d redirect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	server.KeepApart(w.Header())
	given, err := url.Parse("http://" + r.Host)
	if err != nil || given.Host != r.Host || given.Hostname() == "" {
		http.Error(w, "The Host header names no host", http.StatusBadRequest)
		return
	}
	target := url.URL{Scheme: "https", Host: given.Host, Path: "/"}
	if given.Port() != "" {
		target.Host = net.JoinHostPort(given.Hostname(), fmt.Sprint(d.port))
	}
	where := target.String()
	if path := r.URL.RequestURI(); path[0] == '/' {
		where = where[:len(where)-1] + path
	}
	http.Redirect(w, r, where, http.StatusPermanentRedirect)
}
