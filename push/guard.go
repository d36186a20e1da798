package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// What a push service is given to answer in.
const (
	dialTime = 5 * time.Second
	sendTime = 15 * time.Second
)

// errNotPublic refuses to connect.
var errNotPublic = errors.New("the address is not public")

// reserved are addresses that no push service has: what package netip does not tell by itself of
// IANA's registries of special-purpose addresses. Some of them have another address within.
func reserved() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
		"3fff::/20", "5f00::/16",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether an address is somebody's on the internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(reserved(), func(p netip.Prefix) bool { return p.Contains(a) })
}

// newClient asks push services. It connects to public addresses alone unless allowPrivate, follows
// no redirects and uses no proxy: behind one, nobody could see where it connects.
func newClient(allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	if !allowPrivate {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !isPublic(at.Addr()) {
				return fmt.Errorf("%s: %w", address, errNotPublic)
			}
			return nil
		}
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
func isRefusedAddress(err error) bool { return errors.Is(err, errNotPublic) }

// withoutAddress is an error without the URL that it names: a subscription's address is a secret.
func withoutAddress(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
