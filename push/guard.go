package push

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/caller-chat/caller/internal/outbound"
)

// What a push service is given to answer in.
const (
	dialTime = 5 * time.Second
	sendTime = 15 * time.Second
)

// newClient asks push services. It connects to public addresses alone unless allowPrivate, follows
// no redirects and uses no proxy: behind one, nobody could see where it connects.
func newClient(allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	if !allowPrivate {
		outbound.PublicOnly(dialer)
	}
	return &http.Client{
		Timeout:       sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: sendTime, MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConns: 100, MaxConnsPerHost: deliveryWorkers, IdleConnTimeout: 90 * time.Second,
		},
	}
}

// isRefusedAddress reports whether an error says that we do not connect there.
func isRefusedAddress(err error) bool { return errors.Is(err, outbound.ErrNotPublic) }

// withoutAddress is an error without the URL that it names: a subscription's address is a secret.
func withoutAddress(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
