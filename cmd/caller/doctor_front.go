package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// heardWithin is how long a stream has for its first events. The server sends welcome at once and
	// a ping a second after the past is done; the page gives it as long.
	heardWithin = 8 * time.Second
	// pollFor is how long a poll is held: as the page does, at most.
	pollFor = 25 * time.Second
	// renewBefore is how long before its end a certificate should have been renewed.
	renewBefore = 14 * 24 * time.Hour
)

// front is the way from outside to a server: its address, and what is in front of it.
type front struct {
	*doctor
	url    string // without a slash at its end
	client *http.Client
	room   string
}

// front looks at the chat as a browser does.
func (d *doctor) front(ctx context.Context, url string, polls bool) {
	f := &front{doctor: d, url: url, client: plainClient(), room: "doctor-" + strings.ToLower(rand.Text()[:12])}
	defer f.client.CloseIdleConnections()
	if !f.answers(ctx) {
		return
	}
	f.webSocket(ctx)
	f.stream(ctx)
	if polls {
		f.poll(ctx)
	}
	f.bodies(ctx)
	f.forwarded(ctx)
}

// ask makes one request. The answer's body has to be closed.
func (f *front) ask(ctx context.Context, method, path string, body io.Reader, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, f.url+path, body)
	if err != nil {
		return nil, err
	}
	for at := 0; at+1 < len(headers); at += 2 {
		r.Header.Set(headers[at], headers[at+1])
	}
	return f.client.Do(r)
}

// answers looks whether there is a Caller, and at its certificate.
func (f *front) answers(ctx context.Context) bool {
	const area = "url"
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	resp, err := f.ask(ctx, http.MethodGet, "/readyz", nil)
	if err != nil {
		f.wrong(area, f.url+" does not answer: "+err.Error(), "start the server and what is in front of it; look at the name's address, the firewall, the certificate")
		return false
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // what there is of it says enough
	_ = resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(resp.Header.Get("Content-Type"), "problem+json"):
		f.wrong(area, f.url+" is there and can't serve: "+string(body), "its log says why; most often Redis does not answer")
		return false
	case resp.StatusCode != http.StatusOK || len(body) > 100:
		f.wrong(area, fmt.Sprintf("%s/readyz is not answered by Caller: %s", f.url, resp.Status), "look at what is in front of it; --base-path has to be the same as there")
		return false
	}
	f.well(area, "%s answers over %s", f.url, resp.Proto)
	if resp.TLS == nil {
		if !strings.Contains(f.url, "://localhost") && !strings.Contains(f.url, "://127.") && !strings.Contains(f.url, "://[::1]") {
			f.risky("tls", "it is not encrypted: anybody on the way can read along, and browsers allow no calls and no notifications", "serve it by HTTPS")
		}
		return true
	}
	ends := resp.TLS.PeerCertificates[0].NotAfter
	if left := ends.Sub(f.now()); left < renewBefore {
		f.wrong("tls", fmt.Sprintf("the certificate ends in %d days, on %s", int(left.Hours()/24), ends.Format(time.DateOnly)), "renew it: what does so by itself has not")
	} else {
		f.well("tls", "the certificate is good until %s", ends.Format(time.DateOnly))
	}
	if resp.Header.Get("Strict-Transport-Security") == "" {
		f.risky("tls", "browsers are not told to come by HTTPS only (HSTS)", "name the server by --host, or set --hsts")
	}
	return true
}

// webSocket opens one, and waits for what proves that it lives.
func (f *front) webSocket(ctx context.Context) {
	const area = "websocket"
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: heardWithin}
	conn, resp, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(f.url, "http")+"/rooms/"+f.room+"/ws?name=doctor", nil)
	if err != nil {
		what := err.Error()
		if resp != nil && errors.Is(err, websocket.ErrBadHandshake) {
			what = "the answer is " + resp.Status
		}
		f.wrong(area, "WebSockets are not let through: "+what+". The page goes to streams or polls", "pass the upgrade on (docs/deploy.md): nginx wants the headers Upgrade and Connection, "+
			"lighttpd proxy.header upgrade, Apache upgrade=websocket")
		return
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends the reading
	defer func() { _ = conn.Close() }()
	began := time.Now()
	for {
		_, text, err := conn.ReadMessage()
		switch {
		case err != nil:
			f.wrong(area, "a WebSocket is opened, and then nothing comes: "+err.Error(), "look at what is between: a filter, or a proxy that answers for the server")
			return
		case strings.Contains(string(text), `"type":"ping"`):
			f.well(area, "let through, alive after %v", time.Since(began).Round(10*time.Millisecond))
			return
		}
	}
}

// stream opens an event stream: its first events have to come while it is open.
func (f *front) stream(ctx context.Context) {
	const area, do = "stream", "switch off what gathers answers (docs/deploy.md): nginx proxy_buffering off and gzip off, lighttpd server.stream-response-body = 1, " +
		"no compression of text/event-stream"
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	began := time.Now()
	resp, err := f.ask(ctx, http.MethodGet, "/rooms/"+f.room+"/sse?name=doctor", nil, "Accept", "text/event-stream")
	if err != nil {
		f.wrong(area, "event streams are held back: "+err.Error()+". The page goes to polls", do)
		return
	}
	defer func() { _ = resp.Body.Close() }() // it never ends
	if resp.StatusCode != http.StatusOK {
		f.wrong(area, "event streams are not let through: "+resp.Status, do)
		return
	}
	welcome := time.Duration(0)
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		switch {
		case strings.Contains(lines.Text(), `"type":"welcome"`):
			welcome = time.Since(began)
		case strings.Contains(lines.Text(), `"type":"ping"`):
			f.well(area, "let through at once: welcome after %v, then a ping", welcome.Round(time.Millisecond))
			return
		}
	}
	what := "event streams are held back: nothing came"
	if welcome > 0 {
		what = "event streams are held back: their beginning came, and then nothing"
	}
	f.wrong(area, what+". The page goes to polls", do)
}

// poll has the server hold a request as long as the page does.
func (f *front) poll(ctx context.Context) {
	const area = "poll"
	ctx, cancel := context.WithTimeout(ctx, pollFor+heardWithin)
	defer cancel()
	began := time.Now()
	resp, err := f.ask(ctx, http.MethodGet, fmt.Sprintf("/rooms/%s/messages?after=0-0&wait=%d", f.room, int(pollFor.Seconds())), nil, "Accept", "application/json")
	took := time.Since(began).Round(time.Second)
	do := "raise the time-out of what is in front to 75 s (docs/deploy.md): nginx proxy_read_timeout, haproxy timeout server"
	if err != nil {
		f.wrong(area, fmt.Sprintf("a poll is cut after %v: %v", took, err), do)
		return
	}
	_ = resp.Body.Close() // its status says all
	if resp.StatusCode != http.StatusOK {
		f.wrong(area, fmt.Sprintf("a poll is answered %s after %v", resp.Status, took), do)
		return
	}
	f.well(area, "held for %v and answered", took)
}

// errUnsent says that somebody wanted a body: so its size is no reason to refuse it.
var errUnsent = errors.New("its body was asked for")

type unsent struct{}

func (unsent) Read([]byte) (int, error) { return 0, errUnsent }

// bodies looks for the largest request that gets through, without sending one: whoever does not
// take it says so before.
func (f *front) bodies(ctx context.Context) {
	const area = "bodies"
	most := int64(f.c.FileSize)
	if f.c.Files == noFiles {
		most = 64 << 10
	}
	for size := most; size >= 1<<10; size /= 2 {
		refused, err := f.refuses(ctx, size)
		switch {
		case err != nil:
			f.risky(area, "how large a request may be can't be found out: "+err.Error(), "")
			return
		case refused:
			continue
		case size == most:
			f.well(area, "requests of %s get through", sizeText(json.Number(fmt.Sprint(size))))
		default:
			f.wrong(area, fmt.Sprintf("requests of %s are refused before they are at Caller; those of %s get through", sizeText(json.Number(fmt.Sprint(size*2))), sizeText(json.Number(fmt.Sprint(size)))),
				"raise the bound to a little more than --file-size: nginx client_max_body_size, Apache LimitRequestBody, lighttpd server.max-request-size")
		}
		return
	}
	f.wrong(area, "no request of a kilobyte gets through", "look at what is in front of the server")
}

// refuses reports whether somebody before Caller refuses a request of that size.
func (f *front) refuses(ctx context.Context, size int64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url+"/rooms/"+f.room+"/files/doctor.bin", unsent{})
	if err != nil {
		return false, err
	}
	r.ContentLength = size
	r.Header.Set("Expect", "100-continue")
	r.Header.Set("Content-Type", "application/octet-stream")
	resp, err := f.client.Do(r)
	if errors.Is(err, errUnsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = resp.Body.Close() // its head says all
	ours := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json")
	return resp.StatusCode == http.StatusRequestEntityTooLarge && !ours, nil
}

// forwarded looks whether the server knows by which name and how people come. It makes a session as
// a page does, and ends it.
func (f *front) forwarded(ctx context.Context) {
	const area = "proxy"
	ctx, cancel := context.WithTimeout(ctx, heardWithin)
	defer cancel()
	scheme, rest, _ := strings.Cut(f.url, "://")
	host, _, _ := strings.Cut(rest, "/")
	resp, err := f.ask(ctx, http.MethodPost, "/session", strings.NewReader(`{"name":"doctor"}`), "Content-Type", "application/json", "Origin", scheme+"://"+host)
	if err != nil {
		f.risky(area, "no session can be made: "+err.Error(), "")
		return
	}
	_ = resp.Body.Close() // its head says all
	trust := "have it send X-Forwarded-Host, -Proto and -For, and name its address by --trusted-proxy (CALLER_TRUSTED_PROXY)"
	cookies := resp.Cookies()
	switch {
	case resp.StatusCode == http.StatusForbidden:
		f.wrong(area, "the page's own requests are refused: the server does not know that it is "+host, trust)
	case resp.StatusCode == http.StatusMisdirectedRequest:
		f.wrong(area, "the server does not serve the name "+host, "name it by --host (CALLER_HOST) or --public-url")
	case resp.StatusCode != http.StatusCreated || len(cookies) == 0:
		f.risky(area, "no session can be made: "+resp.Status, "")
	case scheme == "https" && !cookies[0].Secure:
		f.wrong(area, "the server does not know that people come by HTTPS: cookies lack Secure", trust)
	case behind(resp) != "" && len(f.c.TrustedProxies) == 0:
		f.wrong(area, "there is a proxy in front ("+behind(resp)+"), and none is trusted: all people have its address, and share one's limits", trust)
	default:
		f.well(area, "the server knows by which name people come")
	}
	if len(cookies) > 0 {
		if resp, err = f.ask(ctx, http.MethodDelete, "/session", nil, "Cookie", cookies[0].Name+"="+cookies[0].Value, "Origin", scheme+"://"+host); err == nil {
			_ = resp.Body.Close() // it ends by itself, else
		}
	}
}

// behind is what a proxy calls itself; Caller says nothing of the kind.
func behind(resp *http.Response) string {
	if via := resp.Header.Get("Via"); via != "" {
		return via
	}
	return resp.Header.Get("Server")
}
