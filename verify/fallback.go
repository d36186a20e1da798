package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// letThrough is how much of a stream the hostile proxy lets through: welcome, and not its ping.
const letThrough = 3 << 10

// hostile is a proxy on this machine, in front of the server, that refuses WebSockets and lets
// streams begin and then holds what they bring.
func (r *run) hostile() (address string, end func(), err error) {
	target, err := url.Parse(r.base)
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("a proxy on this machine: %w", err)
	}
	transport := r.http.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	proxy := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = target.Scheme, target.Host, target.Host
		},
		ModifyResponse: func(resp *http.Response) error {
			if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
				resp.Body = &swallowed{ReadCloser: resp.Body, left: letThrough, ctx: resp.Request.Context()}
			}
			return nil
		},
	}
	server := &http.Server{ReadHeaderTimeout: eventually, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			http.Error(w, "no WebSockets here", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // until it is closed
	}()
	return "http://" + listener.Addr().String() + target.Path, func() {
		_ = server.Close() // it is asked nothing any more
		<-done
	}, nil
}

// swallowed is an answer of which only the beginning comes.
type swallowed struct {
	io.ReadCloser
	left int
	ctx  context.Context //nolint:containedctx // of the request whose body it is
}

// Read reads the beginning, and then waits for the request's end.
func (s *swallowed) Read(p []byte) (int, error) {
	if s.left == 0 {
		<-s.ctx.Done()
		return 0, s.ctx.Err()
	}
	n, err := s.ReadCloser.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, err
}

// fallback has package client read and post through such a proxy, by itself.
func (t *trial) fallback(ctx context.Context) (string, error) {
	if err := t.needs(client.Polling); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	address, end, err := t.hostile()
	if err != nil {
		return "", err
	}
	defer end()
	behind, err := client.New(address, client.Options{Token: people[0].token})
	if err != nil {
		return "", err
	}
	defer behind.Close()
	room := behind.Room(t.room)
	reading, stop := context.WithTimeoutCause(ctx, 3*eventually, errors.New("the client did not get through"))
	defer stop()
	var posts []judge.Post
	var seen []client.Event
	var over []string
	for event, err := range room.Events(reading, client.From{}) {
		if err != nil {
			return "", fmt.Errorf("over %s there came %s: %w", strings.Join(over, ", "), typesOf(seen), context.Cause(reading))
		}
		seen = append(seen, event)
		switch event.Type {
		case client.EventTransport:
			over = append(over, string(event.Transport))
		case client.EventLive:
			said, err := t.sayMany(ctx, people[1], 2, fmt.Sprintf("part%d", len(over)))
			if err != nil {
				return "", err
			}
			mine := client.Draft{Text: t.text("through it"), Key: fmt.Sprint("through-", len(over))}
			if err := t.spend(); err != nil {
				return "", err
			}
			id, err := room.Post(ctx, mine)
			if err != nil {
				return "", fmt.Errorf("posting through the proxy: %w", err)
			}
			posts = append(append(posts, said...), judge.Post{ID: id, Key: mine.Key, Text: mine.Text})
		}
		last := len(posts) > 0 && slices.Contains(over, string(client.Polling)) && slices.ContainsFunc(seen, saying(posts[len(posts)-1].Text))
		if last {
			break
		}
	}
	return fmt.Sprintf("%d messages over %s", len(posts), strings.Join(over, ", ")), faulty("the reader", judge.Reader(posts, "", judged(seen)))
}
