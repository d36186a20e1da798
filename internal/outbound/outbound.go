// Package outbound asks other servers whose answers are believed: the keys of a site, a sign-in
// service. It bounds how long that takes and how much is read, and goes nowhere but where it was
// sent. Which addresses are asked is the operator's choice, never a client's.
package outbound

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// CheckURL refuses an address whose answers anybody on the way could replace: http, but for this
// machine's own.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("want a URL, as https://example.org/path")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := err == nil && ip.IsLoopback() || u.Hostname() == "localhost"
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return errors.New("want https; http will do for this machine alone")
	}
	return nil
}

// Client is one that gives up after that time, reads at most so many bytes of a body, and follows
// no redirect.
func Client(patience time.Duration, size int64) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // it asks once in minutes
	return &http.Client{
		Timeout: patience, Transport: bounded{transport, size},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded ends bodies that are longer with an error.
type bounded struct {
	http.RoundTripper
	size int64
}

func (t bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, t.size)
	}
	return answer, err
}
