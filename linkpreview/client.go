package linkpreview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

const (
	// maxRead is how much is read of a page, or of a picture, in bytes, and readTime for how long.
	maxRead  = 512 << 10
	readTime = 5 * time.Second
	// maxRedirects is how often one is sent on: to HTTPS, to another name, to a language.
	maxRedirects = 5
	// userAgent says to those who are asked what this is. Some ask for a name that begins so.
	userAgent = "Mozilla/5.0 (compatible; Caller; link preview)"
)

// errNothing says that there is nothing to show of a link.
var errNothing = errors.New("there is no preview")

// newClient asks other servers: public addresses only, besides those that allow says.
func newClient(allow func(netip.AddrPort) bool) *http.Client {
	guard := ssrf.New()
	dialer := &net.Dialer{
		Timeout: readTime,
		Control: func(network, address string, c syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err == nil && allow != nil && allow(at) {
				return nil
			}
			return guard.Safe(network, address, c)
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: readTime, ResponseHeaderTimeout: readTime, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			r.Header.Del("Referer")
			if len(via) > maxRedirects {
				return fmt.Errorf("%w: it leads on more than %d times", errNothing, maxRedirects)
			}
			return checkURL(r.URL)
		},
	}
}

// checkURL refuses what is no address of the web.
func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%w: %s is no address of the web", errNothing, u.Redacted())
	}
	return nil
}

// answer is the beginning of what a server has sent.
type answer struct {
	at    *url.URL // where it was in the end
	kind  string   // its Content-Type
	body  []byte
	whole bool
}

// get asks a server.
func get(ctx context.Context, client *http.Client, at *url.URL, accept string) (answer, error) {
	if err := checkURL(at); err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept", accept)
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // what was read is all there is to it
	if response.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("%w: it answers with %s", errNothing, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRead+1))
	if err != nil && len(body) == 0 {
		return answer{}, err
	}
	a := answer{at: response.Request.URL, kind: response.Header.Get("Content-Type"), body: body, whole: err == nil && len(body) <= maxRead}
	a.body = a.body[:min(len(a.body), maxRead)]
	return a, nil
}
