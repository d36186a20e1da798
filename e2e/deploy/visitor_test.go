package deploy

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// certificate is one for localhost, in files.
type certificate struct {
	cert, key, both string
	pool            *x509.CertPool
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	dir := t.TempDir()
	c := certificate{filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "both"), x509.NewCertPool()}
	require.NoError(t, os.WriteFile(c.cert, certPEM, 0o600))
	require.NoError(t, os.WriteFile(c.key, keyPEM, 0o600))
	require.NoError(t, os.WriteFile(c.both, append(certPEM, keyPEM...), 0o600))
	require.True(t, c.pool.AppendCertsFromPEM(certPEM))
	return c
}

// visitorAddress is where visitors come from: not from the address of the proxy, which the nodes
// trust.
const visitorAddress = "127.0.0.2"

// visitor is somebody at a site, with cookies.
type visitor struct {
	url    string // of the site
	web    *http.Client
	dialer *websocket.Dialer
}

func newVisitor(t *testing.T, s *site) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(visitorAddress)}}
		return d.DialContext(ctx, network, strings.Replace(addr, "localhost", "127.0.0.1", 1))
	}
	transport := &http.Transport{
		DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: s.certs.pool}, ForceAttemptHTTP2: true, Proxy: nil,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{
		url: s.url(),
		web: &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		dialer: &websocket.Dialer{
			NetDialContext: dial, TLSClientConfig: &tls.Config{RootCAs: s.certs.pool}, HandshakeTimeout: testwait.Limit, Jar: jar,
		},
	}
}

// ask makes a request as a page of the site does; headers are name and value by turns. The caller
// closes the body.
func (v *visitor) ask(t *testing.T, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	if strings.HasPrefix(path, "/") {
		path = v.url + path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.web.Do(req)
	require.NoError(t, err)
	return resp
}

// do is ask, with the answer read.
func (v *visitor) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	resp := v.ask(t, method, path, body, headers...)
	defer func() { _ = resp.Body.Close() }() // read to its end
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(content)
}

// post says something in a room.
func (v *visitor) post(t *testing.T, room, text string) {
	t.Helper()
	resp, body := v.do(t, http.MethodPost, "/rooms/"+room+"/messages", `{"text":"`+text+`"}`)
	require.Equal(t, http.StatusCreated, resp.StatusCode, body)
}

// lines are what a stream says, line by line, while it goes on; closed at its end.
func lines(body io.ReadCloser) <-chan string {
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		scanner := bufio.NewScanner(body)
		for scanner.Scan() {
			out <- scanner.Text()
		}
	}()
	return out
}

// frames are a WebSocket's, like lines.
func frames(conn *websocket.Conn) <-chan string {
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			out <- string(data)
		}
	}()
	return out
}

// hear waits for a line with the text.
func hear(t *testing.T, from <-chan string, text string) {
	t.Helper()
	late := time.After(testwait.Limit)
	for {
		select {
		case line, open := <-from:
			require.True(t, open, "the stream ended before %q", text)
			if strings.Contains(line, text) {
				return
			}
		case <-late:
			require.FailNow(t, "not heard", "%q", text)
		}
	}
}
