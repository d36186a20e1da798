// Package servertest runs Caller inside of a test's or an example's own process: the real server
// package on a loopback port, with a store and files of its own. Nothing of it is left when it has
// been closed.
package servertest

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/web"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/chat/lookalike"
	"github.com/caller-chat/caller/chat/password"
	"github.com/caller-chat/caller/redisstore"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn"
)

// Options are what a server has that the default has not.
type Options struct {
	// BasePath is what comes before every address, as "/chat".
	BasePath string
	// Limits bound what people do; nil for none.
	Limits *limits.Set
	// Heartbeat of streams; 15 s by default.
	Heartbeat time.Duration
	// HistoryLimit is how many messages are kept; 100 by default.
	HistoryLimit int
	// Operator is the operator's token; "" for none.
	Operator string
	// Features makes more of them, of the node that is served; nil for none.
	Features func(*chat.Node) []server.Feature
	// Wrap is put around the server's handler.
	Wrap func(http.Handler) http.Handler
}

// Server is a running one.
type Server struct {
	// URL is where it is, without a slash at the end.
	URL string

	closers []func() error
}

// Run runs a server until the end of the test.
func Run(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start runs a server until it is closed.
func Start(o Options) (s *Server, err error) {
	s = &Server{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	store, err := redisstore.OpenEmbedded(ctx, redisstore.Options{HistoryLimit: o.HistoryLimit, Logger: log})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, store.Close)
	bucket, err := attachments.OpenBucket(ctx, "mem://", log)
	if err != nil {
		return s, err
	}
	policy := chat.Policy(chat.Open{})
	core := chat.Options{
		Records: store, Passwords: password.New(), Owned: store, MaxOwned: 1000, Shape: lookalike.Shape,
		HistoryLimit: o.HistoryLimit, Heartbeat: o.Heartbeat, Logger: log,
	}
	if o.Limits != nil {
		counted := limits.New(store, *o.Limits)
		policy, core.Guesses, core.Full = counted.Policy(policy), counted, counted.IsFull
	}
	core.Policy = policy
	files := attachments.NewStore(bucket, store, attachments.Options{FileSize: 100 << 20, RoomFiles: 1 << 30, Limits: policy, Logger: log})
	core.Files = files
	files.Start()
	node := chat.NewNode(store, store, store, store, store, core)
	keepalive := conn.NewKeepalive(o.Heartbeat)
	s.closers = append(s.closers, files.Close) // and its bucket
	served, err := web.New(files, node, web.Options{BasePath: o.BasePath, Logger: log})
	if err != nil {
		return s, err
	}
	feature := server.Feature{Name: "files", Transfers: served.Transfers(), Usage: web.Usage}
	features := []server.Feature{feature}
	if o.Features != nil {
		features = append(features, o.Features(node)...)
	}
	front, err := server.New(node, keepalive, store, page, server.Options{
		BasePath: o.BasePath, Operator: o.Operator, Limits: policy, Features: features, Logger: log,
	})
	if err != nil {
		return s, err
	}
	running, stop := context.WithCancel(ctx)
	ran := make(chan struct{})
	go func() { defer close(ran); front.Run(running) }()
	handler := http.Handler(front)
	if o.Wrap != nil {
		handler = o.Wrap(handler)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		stop()
		return s, err
	}
	httpServer := server.HTTP(handler, log)
	go func() { _ = httpServer.Serve(conn.Listen(listener)) }() // ends when it is closed
	s.URL = "http://" + listener.Addr().String() + o.BasePath
	s.closers = append(s.closers, func() error {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		front.Drain()
		err := errors.Join(node.Close(bounded), keepalive.Close(bounded), httpServer.Close())
		stop()
		<-ran
		_, waited := front.Wait(bounded)
		return errors.Join(err, waited)
	})
	return s, nil
}

// Close ends all that the server does. Readers are told to come back.
func (s *Server) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// page is all there is of a page.
var page fs.FS = fstest.MapFS{
	"index.html": {Data: []byte(`<!doctype html><base href="/"><title>Caller</title>`)},
}
