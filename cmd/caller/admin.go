package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/admin/api"
	"github.com/caller-chat/caller/admin/load"
	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/frontend"
	"github.com/caller-chat/caller/openapi"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/server/auth"
)

// adminAddress is where the admin listener listens; empty for not at all. Without a host it is this
// machine alone.
type adminAddress address

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *adminAddress) UnmarshalText(text []byte) error {
	s := string(text)
	if s != "" {
		if err := checkAddress(s); err != nil {
			return err
		}
	}
	if strings.HasPrefix(s, ":") {
		s = "127.0.0.1" + s
	}
	*v = adminAddress(s)
	return nil
}

// isLoopback reports whether only this machine can reach an address.
func (v adminAddress) isLoopback() bool {
	name, _, _ := net.SplitHostPort(string(v))
	at, err := net.ResolveIPAddr("ip", name)
	return err == nil && at.IP.IsLoopback()
}

// fitAdmin tells which settings of the admin listener can't go together.
func (s *settings) fitAdmin() error {
	token := s.AdminToken != "" || s.AdminTokenFile != ""
	switch {
	case s.AdminAddr != "" && !token:
		return errors.New("--admin-addr (CALLER_ADMIN_ADDR) needs --admin-token (CALLER_ADMIN_TOKEN) or --admin-token-file (CALLER_ADMIN_TOKEN_FILE)")
	case s.AdminAddr == "" && (token || len(s.AdminHosts) > 0):
		return errors.New("--admin-token (CALLER_ADMIN_TOKEN), --admin-token-file (CALLER_ADMIN_TOKEN_FILE) and --admin-host (CALLER_ADMIN_HOST) need --admin-addr (CALLER_ADMIN_ADDR)")
	case s.AdminToken != "" && s.AdminTokenFile != "":
		return errors.New("--admin-token (CALLER_ADMIN_TOKEN) and --admin-token-file (CALLER_ADMIN_TOKEN_FILE) can't go together")
	case overlap(string(s.AdminAddr), string(s.Addr)):
		return errors.New("--admin-addr (CALLER_ADMIN_ADDR) is the same as --addr (CALLER_ADDR): what is for the operator is not for everybody")
	case overlap(string(s.AdminAddr), string(s.HTTPRedirect)):
		return errors.New("--admin-addr (CALLER_ADMIN_ADDR) is the same as --http-redirect (CALLER_HTTP_REDIRECT): what is for the operator is not for everybody")
	}
	return nil
}

// overlap reports whether two addresses to listen at have something in common: the port, and a host
// or all of them.
func overlap(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	ipA, errA := net.ResolveIPAddr("ip", hostA)
	ipB, errB := net.ResolveIPAddr("ip", hostB)
	if hostA == "" || hostB == "" || hostA == hostB {
		return true
	}
	return errA == nil && errB == nil && (ipA.IP.IsUnspecified() || ipB.IP.IsUnspecified() || ipA.IP.Equal(ipB.IP))
}

// adminListener is the second web server.
type adminListener struct {
	web  *http.Server
	swap adminSwap
	api  *api.API // nil before the store has been reached
	// end ends the requests that take their time: streams, exports, profiles.
	end context.CancelFunc
}

// adminSwap is the handler of the admin listener: that of a node, once there is one.
type adminSwap struct{ current atomic.Pointer[http.Handler] }

// ServeHTTP implements http.Handler.
func (s *adminSwap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

// adminParts are what the admin listener serves, as far as it is there: before the store has been
// reached, that is little.
func (p *parts) adminParts(c config) []admin.Part {
	all := []admin.Part{
		profiles(),
		api.Health(c.storeKind(), p.checks()...),
		c.metrics.Part(),
	}
	if p.node == nil {
		return all
	}
	all = append(all, p.admin.api.Part(), admin.Part{Name: "openapi", Routes: openapi.AdminRoutes(p.log)})
	return append(all, p.archivePart(), p.webhooksPart())
}

// operatorDid keeps in the audit log what the operator has done.
func (p *parts) operatorDid(ctx context.Context, e chat.AuditEntry) {
	p.node.Record(ctx, auth.Operator(), chat.RoleOperator, e)
}

// teller tells the other nodes of this one, whether it has an admin listener or not.
func (p *parts) teller(c config, meter *load.Meter) *load.Teller {
	build := buildOf(debug.ReadBuildInfo())
	return &load.Teller{
		Store: p.store, Meter: meter, Rooms: p.node.OpenRooms, Logger: p.log,
		About: chat.NodeInfo{
			Version: build.Version, Commit: build.Commit, Started: time.Now().UTC().Truncate(time.Millisecond),
			Addr: string(c.Addr), MaxMemory: p.memory.most,
		},
	}
}

// checks are what GET /api/health asks.
func (p *parts) checks() []api.Check {
	ask := func(context.Context) error { return errors.New("it has not answered since this node started") }
	if p.node != nil {
		ask = p.store.Ping
	}
	all := []api.Check{{Name: "store", Ask: ask}}
	if p.calls != nil {
		all = append(all, api.Check{Name: "livekit", Ask: p.calls.Ping})
	}
	if p.bucket != nil {
		all = append(all, api.Check{Name: "bucket", Ask: p.bucket.Ping})
	}
	return all
}

// storeKind is what keeps the rooms: "embedded", "standalone", "sentinel" or "cluster".
func (c config) storeKind() string {
	scheme, _, _ := strings.Cut(c.redis, "://")
	switch _, mode, _ := strings.Cut(scheme, "+"); {
	case c.redis == "":
		return "embedded"
	case mode != "":
		return mode
	}
	return "standalone"
}

// profiles are the Go runtime's, for "go tool pprof".
func profiles() admin.Part {
	return admin.Part{Name: "pprof", Transfers: map[string]http.Handler{
		"GET /debug/pprof/":        http.HandlerFunc(pprof.Index),
		"GET /debug/pprof/cmdline": http.HandlerFunc(noCommandLine),
		"GET /debug/pprof/profile": http.HandlerFunc(pprof.Profile),
		"GET /debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
		"POST /debug/pprof/symbol": http.HandlerFunc(pprof.Symbol),
		"GET /debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
	}}
}

// noCommandLine is the program's name: its flags may be secrets.
func noCommandLine(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "caller") // a client that is gone has no use for it
}

// serveAdmin makes the admin listener's handler of what there is by now.
func (p *parts) serveAdmin(c config) error {
	if p.admin == nil {
		return nil
	}
	files, err := frontend.Admin()
	if err != nil {
		return err
	}
	page, err := admin.Page(files)
	if err != nil {
		return err
	}
	o := admin.Options{Token: c.secrets.admin, Logger: p.log}
	if p.node != nil {
		p.admin.api = api.New(p.node, p.store, api.Options{
			Operator: auth.Operator(), SessionLife: auth.SessionLife, InCall: incall.Key, Logger: p.log,
		})
		o.Denied, o.LoggedIn = p.admin.api.Denied, p.admin.api.LoggedIn
	}
	o.Parts = append(p.adminParts(c), page)
	for _, v := range c.AdminHosts {
		o.Hosts = append(o.Hosts, string(v))
	}
	if name, _, err := net.SplitHostPort(string(c.AdminAddr)); err == nil {
		o.Hosts = append(o.Hosts, name)
	}
	h, err := admin.New(o)
	if err != nil {
		return err
	}
	p.admin.swap.current.Store(&h)
	return nil
}

// listenAdmin begins to serve the admin listener, if there is one. It is encrypted as the public one
// is, but for this machine alone.
func (p *parts) listenAdmin(ctx context.Context, c config, secure *encryption, failed chan<- error) error {
	if c.AdminAddr == "" {
		if c.idleAdminToken {
			p.log.InfoContext(ctx, "there is a token for the admin listener, and no address: --admin-addr or CALLER_ADMIN_ADDR would open one")
		}
		return nil
	}
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	p.admin = &adminListener{end: end}
	p.admin.web = server.HTTP(&p.admin.swap, p.log)
	p.admin.web.BaseContext = func(net.Listener) context.Context { return base }
	if err := p.serveAdmin(c); err != nil {
		return err
	}
	l, err := listen(ctx, string(c.AdminAddr))
	if err != nil {
		return fmt.Errorf("--admin-addr (CALLER_ADMIN_ADDR): %w", err)
	}
	scheme, begin := "http", p.admin.web.Serve
	switch {
	case c.AdminAddr.isLoopback():
	case secure != nil:
		p.admin.web.TLSConfig = secure.config.Clone()
		scheme, begin = "https", func(l net.Listener) error { return p.admin.web.ServeTLS(l, "", "") }
	default:
		p.log.Warn("the admin listener is not encrypted, and not for this machine alone: who is on the way can read its token",
			"addr", string(c.AdminAddr))
	}
	go func() { failed <- begin(l) }()
	p.log.Info("serving the operator", "url", urlOf(scheme, l.Addr()))
	return nil
}

// closeAdmin ends the admin listener: requests under way are answered, streams end.
func (p *parts) closeAdmin(ctx context.Context) error {
	if p.admin == nil {
		return nil
	}
	p.admin.end()
	if p.admin.api != nil {
		p.admin.api.Close()
	}
	return p.admin.web.Shutdown(ctx)
}
