package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// pair is a certificate for localhost and its key, in files.
type pair struct{ cert, key string }

func newPair(t *testing.T) pair {
	t.Helper()
	dir := t.TempDir()
	p := pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	p.renew(t, 1, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	return p
}

// renew writes the files anew.
func (p pair) renew(t *testing.T, serial int64, from, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	made := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for path, block := range map[string]*pem.Block{p.cert: {Type: "CERTIFICATE", Bytes: der}, p.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
}

func (p pair) flags() []string { return []string{"--tls-cert", p.cert, "--tls-key", p.key} }

// trusting is a client that speaks the newest HTTP it can, and believes whoever answers.
func (p *program) trusting(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	p.client = &http.Client{Transport: transport, Timeout: testwait.Limit}
	return p.client
}

// handshake opens a TLS connection and believes whoever answers.
func (p *program) handshake(config *tls.Config) (*tls.Conn, error) {
	config.InsecureSkipVerify = true
	return tls.DialWithDialer(&net.Dialer{Timeout: testwait.Limit}, "tcp", strings.TrimPrefix(p.url, "https://"), config)
}

func (p *program) serial(t *testing.T) int64 {
	t.Helper()
	c, err := p.handshake(&tls.Config{})
	require.NoError(t, err)
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// inTime is a context for all that a test reads. Where something never comes it ends what is being
// read, and says what every goroutine was at.
func inTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	t.Cleanup(cancel)
	context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			_ = pprof.Lookup("goroutine").WriteTo(t.Output(), 2) // the test fails all the same
		}
	})
	return ctx
}

// post sends one object. Where the store has not answered in the program's time, which a machine
// that is busy enough makes happen, the answer is a 503 and whoever wants more sends it again, as
// clients do.
func post(t *testing.T, ctx context.Context, client *http.Client, url, object string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(object))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	r, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	return r
}

// live opens a stream and reads as far as its live event. A stream that ends before is opened
// again, as for post.
func live(t *testing.T, ctx context.Context, client *http.Client, url string) (*http.Response, *bufio.Scanner) {
	t.Helper()
	var last string
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		stream, err := client.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = stream.Body.Close() })
		lines := bufio.NewScanner(stream.Body)
		for lines.Scan() {
			if last = lines.Text(); strings.Contains(last, `"live"`) {
				return stream, lines
			}
		}
	}
	t.Fatalf("no live event; the last line is %q", last)
	return nil, nil
}

// TestHTTPS is every transport over TLS on one port, a renewal of the certificate while they are
// open, and their end.
func TestHTTPS(t *testing.T) {
	files := newPair(t)
	p := begin(t, append(files.flags(), "--hsts", "8760h")...)
	client := p.trusting(t)
	require.True(t, strings.HasPrefix(p.url, "https://"), p.url)

	ctx := inTime(t)
	var session *http.Response
	testwait.Until(t, func() bool {
		session = post(t, ctx, client, p.url+"/session", `{"name":"Ann"}`)
		return session.StatusCode == http.StatusCreated
	}, "the session is not made")
	assert.Equal(t, 2, session.ProtoMajor)
	assert.Equal(t, "max-age=31536000", session.Header.Get("Strict-Transport-Security"))
	require.Len(t, session.Cookies(), 1)
	assert.True(t, session.Cookies()[0].Secure)

	events, lines := live(t, ctx, client, p.url+"/rooms/lobby/ndjson")
	assert.Equal(t, 2, events.ProtoMajor)
	one := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer one.CloseIdleConnections()
	older, olderLines := live(t, ctx, one, p.url+"/rooms/lobby/ndjson")
	assert.Equal(t, 1, older.ProtoMajor)
	dialer := &websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	origin := http.Header{"Origin": {p.url}}
	var socket *websocket.Conn
	testwait.Until(t, func() bool {
		opened, answer, err := dialer.DialContext(ctx, "wss"+strings.TrimPrefix(p.url, "https")+"/rooms/lobby/ws", origin)
		if answer != nil && answer.StatusCode == http.StatusServiceUnavailable {
			return false
		}
		require.NoError(t, err)
		socket = opened
		return true
	}, "no WebSocket is opened")
	defer socket.Close()
	context.AfterFunc(ctx, func() { _ = socket.Close() })
	_, refused, err := dialer.DialContext(ctx, "wss"+strings.TrimPrefix(p.url, "https")+"/rooms/lobby/ws", http.Header{"Origin": {"https://elsewhere.example"}})
	require.Error(t, err)
	assert.Equal(t, http.StatusForbidden, refused.StatusCode)

	require.EqualValues(t, 1, p.serial(t))
	files.renew(t, 2, time.Now().Add(-time.Hour), time.Now().Add(48*time.Hour))
	testwait.Until(t, func() bool { return p.serial(t) == 2 }, "the new certificate is not served")
	require.NoError(t, os.WriteFile(files.key, []byte("half a renewal"), 0o600))
	testwait.Until(t, func() bool {
		return p.serial(t) == 2 && strings.Contains(p.stderr.String(), "the old one is served on")
	}, "half a renewal is not reported")

	testwait.Until(t, func() bool { // the same key each time, so that it is stored once
		r := post(t, ctx, client, p.url+"/rooms/lobby", `{"text":"still open","key":"k-still-open"}`)
		return r.StatusCode == http.StatusCreated || r.StatusCode == http.StatusOK
	}, "the post is not stored")
	for _, lines := range []*bufio.Scanner{lines, olderLines} {
		for lines.Scan() && !strings.Contains(lines.Text(), "still open") {
		}
		require.NoError(t, lines.Err())
	}
	for {
		_, frame, err := socket.ReadMessage()
		require.NoError(t, err)
		if strings.Contains(string(frame), "still open") {
			break
		}
	}
	ended := make(chan string, 2)
	for _, lines := range []*bufio.Scanner{lines, olderLines} {
		go func() {
			last := ""
			for lines.Scan() {
				last = lines.Text()
			}
			if lines.Err() != nil {
				last = lines.Err().Error()
			}
			ended <- last
		}()
	}
	closed := make(chan error, 1)
	go func() {
		for {
			if _, _, err := socket.ReadMessage(); err != nil {
				closed <- err
				return
			}
		}
	}()
	p.end(t)
	assert.Contains(t, testwait.Receive(t, ended, "a stream's end"), `"code":"going_away"`)
	assert.Contains(t, testwait.Receive(t, ended, "the other stream's end"), `"code":"going_away"`)
	err = testwait.Receive(t, closed, "the WebSocket's end")
	assert.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
}

func TestOldTLSIsRefused(t *testing.T) {
	p := begin(t, newPair(t).flags()...)
	_, err := p.handshake(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version")
	c, err := p.handshake(&tls.Config{MaxVersion: tls.VersionTLS12})
	require.NoError(t, err)
	require.NoError(t, c.Close())
	p.end(t)
}

// plain is where the program redirects from.
func (p *program) plain(t *testing.T) string {
	t.Helper()
	url := listensAt.FindString(p.stderr.String()[strings.Index(p.stderr.String(), "redirecting to"):])
	url = strings.Trim(url, `"}`)
	require.True(t, strings.HasPrefix(url, "http://"), p.stderr.String())
	return url
}

func TestConnectionsToBeRedirectedAreBounded(t *testing.T) {
	p := begin(t, append(newPair(t).flags(), "--http-redirect", "127.0.0.1:0", "--limits", "connections=1")...)
	p.trusting(t)
	ask := func() (net.Conn, int) {
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(p.plain(t), "http://"), testwait.Limit)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.SetDeadline(testwait.Deadline()))
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: chat.example\r\n\r\n")
		require.NoError(t, err)
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		return c, r.StatusCode
	}
	first, status := ask()
	require.Equal(t, http.StatusPermanentRedirect, status)
	_, status = ask()
	assert.Equal(t, http.StatusTooManyRequests, status)
	require.NoError(t, first.Close())
	p.end(t)
}

func TestRedirect(t *testing.T) {
	p := begin(t, append(newPair(t).flags(), "--http-redirect", "127.0.0.1:0")...)
	p.trusting(t)
	plain := p.plain(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "https://"))
	require.NoError(t, err)
	for _, c := range []struct{ host, path, want string }{
		{"chat.example", "/rooms/a%2Fb?x=1&y=%20", "https://chat.example/rooms/a%2Fb?x=1&y=%20"},
		{"chat.example:8080", "/", "https://chat.example:" + port + "/"},
		{"[::1]:80", "//evil.example/", "https://[::1]:" + port + "//evil.example/"},
		{"chat.example@evil.example", "/", ""},
	} {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(plain, "http://"), testwait.Limit)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(testwait.Deadline()))
		_, err = io.WriteString(conn, "POST "+c.path+" HTTP/1.1\r\nHost: "+c.host+"\r\nContent-Length: 0\r\n\r\n")
		require.NoError(t, err)
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		if c.want == "" {
			assert.Equal(t, http.StatusBadRequest, r.StatusCode, c.host)
			continue
		}
		assert.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "same-origin", r.Header.Get("Cross-Origin-Resource-Policy"))
		assert.Contains(t, r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		assert.Equal(t, http.StatusPermanentRedirect, r.StatusCode, c.host)
		assert.Equal(t, c.want, r.Header.Get("Location"))
	}
	assert.Equal(t, http.StatusOK, p.status(t, "/healthz"))
	p.end(t)
}

func TestTLSSettingsThatDoNotFit(t *testing.T) {
	files, other := newPair(t), newPair(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no key":         {[]string{"--tls-cert", files.cert}, "needs --tls-key"},
		"no certificate": {[]string{"--tls-key", files.key}, "needs --tls-cert"},
		"both": {[]string{"--tls-cert", files.cert, "--tls-key", files.key, "--acme-domain", "chat.example.org", "--acme-cache", t.TempDir()},
			"can't go together"},
		"certificate missing":    {[]string{"--tls-cert", missing, "--tls-key", files.key}, "--tls-cert (CALLER_TLS_CERT): " + missing + ": no such file"},
		"key missing":            {[]string{"--tls-cert", files.cert, "--tls-key", missing}, "--tls-key (CALLER_TLS_KEY): " + missing + ": no such file"},
		"another's key":          {[]string{"--tls-cert", files.cert, "--tls-key", other.key}, "private key does not match public key"},
		"no cache":               {[]string{"--acme-domain", "chat.example.org"}, "needs --acme-cache"},
		"cache that is a file":   {[]string{"--acme-domain", "chat.example.org", "--acme-cache", files.cert}, "--acme-cache (CALLER_ACME_CACHE)"},
		"email for nothing":      {[]string{"--acme-email", "a@example.org"}, "need --acme-domain"},
		"redirect to nowhere":    {[]string{"--http-redirect", "127.0.0.1:0"}, "needs HTTPS"},
		"a domain with a scheme": {[]string{"--acme-domain", "https://chat.example.org"}, "is not a domain name"},
		"an address":             {[]string{"--acme-domain", "127.0.0.1"}, "is not a domain name"},
		"a wildcard":             {[]string{"--acme-domain", "*.example.org"}, "is not a domain name"},
		"a plain directory":      {[]string{"--acme-directory", "http://127.0.0.1/"}, "is not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			err := run(t.Context(), append(c.args, "--addr", "127.0.0.1:0"), nil, io.Discard, io.Discard)
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, 2, exitCode(err, io.Discard))
		})
	}
}

// TestWatcherSaysItSeldom: handshakes are anybody's to make.
func TestWatcherSaysItSeldom(t *testing.T) {
	var logged output
	now := time.Now()
	files := newPair(t)
	files.renew(t, 7, now.Add(-90*24*time.Hour), now.Add(24*time.Hour))
	f := &certificateFiles{cert: files.cert, key: files.key, log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }}
	require.NoError(t, f.read())
	w := &expiryLogger{get: f.get, log: slog.New(slog.NewTextHandler(&logged, nil)), now: func() time.Time { return now }}
	for range 3 {
		_, err := w.certificate(&tls.ClientHelloInfo{})
		require.NoError(t, err)
	}
	assert.Equal(t, 1, strings.Count(logged.String(), "has not been renewed"))
	now = now.Add(sayEvery)
	_, err := w.certificate(&tls.ClientHelloInfo{})
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(logged.String(), "has not been renewed"))
}
