package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/auth"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what the server itself asks of the core; [*chat.Node] has it.
type Rooms interface {
	History(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	// FirstHistory is History for somebody who is about to come in.
	FirstHistory(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	Members(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RosterSnapshot, error)
	Typing(ctx context.Context, who chat.Principal, room chat.RoomID) error
	Leave(ctx context.Context, who chat.Principal, room chat.RoomID, stream string) error
	Marks
	Ruling
	Moderating
	Inviting
	Programs
	Reporting
	// End ends the streams that sessions have on this node with that error, and refuses new ones
	// until then.
	End(ids []chat.MemberID, why error, until time.Time)
	// FoldAbove is the number of members above which a roster is told as a count.
	FoldAbove() int
}

// Marks is what the server asks of the core about how far sessions have read.
type Marks interface {
	Mark(ctx context.Context, who chat.Principal, room chat.RoomID, to chat.Cursor) (chat.ReadMark, error)
	ReadMark(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.ReadMark, error)
	Rooms(ctx context.Context, who chat.Principal) ([]chat.RoomMark, error)
	Forget(ctx context.Context, who chat.Principal, room chat.RoomID) error
}

// Store is what the server asks of the store; package redisstore has it.
type Store interface {
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	auth.Secrets
	auth.Revocations
	auth.Links
}

// Options are a server's settings. The zero value is a server that can be used.
type Options struct {
	// Logger is told of panics and internal errors, and at debug level of every request; nil for
	// nothing.
	Logger *slog.Logger
	// Observer is told of every request, for counting; nil for nobody.
	Observer Observer
	// BasePath is what comes before every address, as "/chat", when Caller lives below one of a
	// bigger site; empty otherwise. Requests are served with it and without it: some proxies take
	// it off.
	BasePath string
	// SessionKey signs sessions instead of the store's secret. All nodes need the same one.
	SessionKey []byte
	// Site is how the site that embeds Caller signs its users in; nil for none.
	Site *auth.Site
	// Operator is the token of whoever runs the server; empty for none.
	Operator string
	// TrustedOrigins are other sites, as "https://example.org", whose pages may use this server as
	// their users. Any script there can then speak in their name.
	TrustedOrigins []string
	// TrustedProxies are the addresses whose X-Forwarded-For, -Proto and -Host are used. The
	// default is none: anybody can send these headers.
	TrustedProxies []netip.Prefix
	// Library is the built client library, served below /client/ to the pages of any site; nil for
	// none.
	Library fs.FS
	// Limits bound what is done with sessions, as [auth.Options] has it; nil for no limits.
	Limits chat.Policy
	// Features are the optional parts that are configured.
	Features []Feature
	// Hosts are the names by which this server is asked, without a port, in ASCII, or [AnyHost].
	// Who asks for another one is refused, but for "localhost" and addresses. With none, all are
	// served, unless Private is set.
	Hosts []string
	// PublicHost is the host by which browsers have this server, if it is known otherwise: empty, or
	// served beside Hosts. Without Hosts, only names that nobody can have in the public DNS are
	// served beside it: by these a proxy asks that does not pass on by what it was asked.
	PublicHost string
	// Private says that this server is reached in a private network only. Without Hosts, a request
	// that came neither by HTTPS nor from a trusted proxy must then ask by a name that nobody can
	// have in the public DNS.
	Private bool
	// HSTS is for how long browsers that came by HTTPS are told to come by nothing else; 0 for not
	// at all; nil for [HSTSDefault], for the names in Hosts only and without a BasePath. They hold
	// it to the whole host, and it can't be taken back before the time is over.
	HSTS *time.Duration
	// Now is the clock sessions expire by; nil for the system's.
	Now func() time.Time
}

// handlers are the transports' parts of the routes.
type handlers struct {
	ws, events, ndjson, text       http.HandlerFunc // streams of one room
	manyWS, manyEvents, manyNDJSON http.HandlerFunc // streams of several
	messages, many                 http.HandlerFunc // the log, at once or by long polling
	post, transcript               http.HandlerFunc
	edit, remove, react            http.HandlerFunc // what amends a message
}

// guarded are the handlers with what another site's page must not open refused.
func (h handlers) guarded(o *origins) handlers {
	for _, stream := range []*http.HandlerFunc{&h.events, &h.ndjson, &h.text, &h.manyEvents, &h.manyNDJSON, &h.many} {
		*stream = o.guard(*stream)
	}
	guarded, plain := o.guard(h.messages), h.messages
	h.messages = func(w http.ResponseWriter, r *http.Request) {
		if httpapi.Waits(r) {
			guarded(w, r)
		} else {
			plain(w, r)
		}
	}
	return h
}

// Server is the http.Handler of one node. Make it with [New]; it may be used by any number of
// goroutines.
type Server struct {
	handler  http.Handler
	rooms    Rooms
	store    Store
	log      *slog.Logger
	observer Observer
	basePath string

	transports handlers
	auth       *auth.Auth
	origins    *origins
	proxies    proxies
	hosts      *hosts
	hsts       *time.Duration
	page       *page
	features   []Feature
	described  []string // the routes, by Routes
	inFlight   inFlight
	transfers  transfers
	draining   atomic.Bool
}

// assemble makes a server of its parts. connect is told who makes a request and whether a
// WebSocket's origin will do, and by which address a request knows the server, and gives the
// transports' handlers.
func assemble(rooms Rooms, store Store, dist fs.FS, o Options,
	connect func(who httpapi.Identify, sameSite func(*http.Request) bool, base httpapi.Base) handlers,
) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = ignored{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	base := strings.TrimRight(o.BasePath, "/")
	if base != "" && base[0] != '/' {
		return nil, fmt.Errorf("base path %q: want one that begins with a slash", o.BasePath)
	}
	s := &Server{
		rooms: rooms, store: store, log: o.Logger, observer: o.Observer, basePath: base,
		proxies: o.TrustedProxies, hsts: o.HSTS, features: o.Features,
	}
	for _, f := range o.Features {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	var err error
	if s.origins, err = newOrigins(o.TrustedOrigins, s.proxies); err != nil {
		return nil, err
	}
	s.hosts = newHosts(o, s.proxies)
	if s.page, err = newPage(dist, base, o.Features); err != nil {
		return nil, err
	}
	if o.Library != nil {
		if err := s.page.addLibrary(o.Library); err != nil {
			return nil, err
		}
	}
	s.auth, err = auth.New(store, store, store, auth.Options{
		Key: o.SessionKey, Site: o.Site, Operator: o.Operator, Program: rooms.TokenPrincipal,
		Address: s.proxies.client, Proxy: s.proxies.contain, Encrypted: s.proxies.encrypted, CookiePath: base + "/",
		Limits: o.Limits, End: rooms.End, Logger: o.Logger, Now: o.Now,
	})
	if err != nil {
		return nil, err
	}
	s.transports = connect(httpapi.Principal, s.origins.sameSite, s.base).guarded(s.origins)
	routes := s.auth.Middleware(s.routes())
	s.handler = s.requestLog(takeIn(s.stripBase(s.securityHeaders(
		s.hosts.serve(httpapi.RefuseTokens(s.origins.cors(s.origins.protect(routes))))))))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Run keeps what the server knows of the store current until ctx ends: which sessions were signed
// out on other nodes. Who makes a server has to run it.
func (s *Server) Run(ctx context.Context) { s.auth.Run(ctx) }

// Drain makes /readyz say that this node is going away, and ends transfers that are not done soon.
// Everything else is still served: ending streams is the node's part, taking no more connections
// the http.Server's.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.transfers.drain(time.Now().Add(lastTransfers))
}

// Wait returns when no request is under way, or with ctx's error and what was. Streams that have
// left the HTTP server are the Keepalive's to wait for.
func (s *Server) Wait(ctx context.Context) (open []string, err error) { return s.inFlight.wait(ctx) }

// fail answers with a problem, and logs what is our own fault.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if httpapi.FailureOf(err).Code == wire.CodeInternal && !errors.Is(err, context.Canceled) {
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", withoutSecret(r.URL.Path), "err", err)
	}
	httpapi.WriteProblem(w, err)
}
