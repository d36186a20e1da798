package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/internal/outbound"
)

// What a receiver is given.
const (
	dialTime = 5 * time.Second
	// sendTime bounds one attempt: a receiver should answer first and work then. It is also what others
	// wait for when this node dies in the middle of it.
	sendTime = 10 * time.Second
	// maxAnswer is how much of its answer is read, in bytes, so that its connection can be used again.
	maxAnswer = 16 << 10
	// maxWait is the longest that a receiver can ask to be let alone.
	maxWait = 24 * time.Hour
)

// target is where something is sent.
type target struct {
	url     string
	secrets []string
	// trusted says that whoever runs the server has chosen it.
	trusted bool
}

// outcome is what became of an attempt.
type outcome struct {
	status int
	err    error // nil when it was taken
	after  time.Duration
}

// sender sends. It follows no redirect and uses no proxy: behind one, nobody could see where it
// connects.
type sender struct {
	public, any *http.Client
	observer    Observer
}

func newSender(allowPrivate bool, o Observer) *sender {
	s := &sender{public: newClient(!allowPrivate), any: newClient(false), observer: o}
	return s
}

func newClient(publicOnly bool) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	if publicOnly {
		outbound.PublicOnly(dialer)
	}
	return &http.Client{
		Timeout:       sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: dialTime, ResponseHeaderTimeout: sendTime, MaxResponseHeaderBytes: 16 << 10,
			MaxIdleConns: 100, MaxIdleConnsPerHost: perHost, MaxConnsPerHost: perHost, IdleConnTimeout: 90 * time.Second,
			DisableCompression: true, // a small answer can't become a large one
		},
	}
}

func (s *sender) close() {
	s.public.CloseIdleConnections()
	s.any.CloseIdleConnections()
}

// send makes one attempt.
func (s *sender) send(ctx context.Context, t target, id string, body []byte, now time.Time) (o outcome) {
	defer func() {
		result := "ok"
		switch {
		case o.status == 0:
			result = "failed"
		case o.err != nil:
			result = "refused"
		}
		s.observer.Attempted(result, time.Since(now))
	}()
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return outcome{err: withoutAddress(err)}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Caller webhooks")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature(t.secrets, id, now, body))
	client := s.public
	if t.trusted {
		client = s.any
	}
	answer, err := client.Do(r)
	if err != nil {
		return outcome{err: withoutAddress(err)}
	}
	defer func() { _ = answer.Body.Close() }()                         // its answer is its status
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // as above
	o.status = answer.StatusCode
	if o.status < 200 || o.status > 299 {
		o.err = errors.New("it answers with " + strconv.Itoa(o.status) + " " + http.StatusText(o.status))
		o.after = retryAfter(answer.Header.Get("Retry-After"), now)
	}
	return o
}

// withoutAddress is an error without the URL that it names: that may be a secret.
func withoutAddress(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// reasonOf is why an attempt has failed, as the owner of a room may know it: not where names lead to
// in the server's network, who answers for names there, nor what the server's own address is.
func reasonOf(err error) string {
	var lookup *net.DNSError
	var network *net.OpError
	var late net.Error
	switch {
	case errors.As(err, &lookup), errors.Is(err, outbound.ErrNotPublic):
		return "its name leads to no public address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return "it has not answered in time"
	case errors.As(err, &network) && network.Op == "dial":
		return "it can't be connected to"
	case errors.As(err, &network) && (network.Op == "read" || network.Op == "write"), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke"
	case strings.HasPrefix(err.Error(), "net/http: "), strings.HasPrefix(err.Error(), "http2: "): // with what it has said
		return "its answer can't be read"
	}
	return err.Error()
}

// retryAfter is in how long a Retry-After header asks to come back (RFC 9110 section 10.2.3); 0 when
// it says nothing.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), maxWait)
	}
	return 0
}
