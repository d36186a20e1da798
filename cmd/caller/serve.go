package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/admin/load"
	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/chat/password"
	"github.com/caller-chat/caller/frontend"
	"github.com/caller-chat/caller/linkpreview"
	"github.com/caller-chat/caller/metrics/trace"
	"github.com/caller-chat/caller/push"
	"github.com/caller-chat/caller/redisstore"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/webhooks"
)

// parts are what a running node consists of, in the order in which they depend on each other. What
// comes after web is nil until the store has been reached.
type parts struct {
	log       *slog.Logger
	web       *http.Server
	plain     *http.Server // redirects from HTTP to HTTPS; nil where that is not asked for
	store     *redisstore.Store
	node      *chat.Node
	keepalive *conn.Keepalive
	calls     *calls.Calls          // nil for none
	push      *push.Push            // nil for none
	links     *linkpreview.Previews // nil for none
	webhooks  *webhooks.Webhooks
	bucket    *attachments.Bucket // nil for no files
	files     *attachments.Store  // nil for none
	tracer    *trace.Tracer       // nil for none
	front     *server.Server
	memory    *memory
	admin     *adminListener // nil for none
	stopFront func()         // ends what front runs besides its requests, and waits for it
}

// serve runs a node until ctx ends or the listener fails, and then stops it.
func serve(ctx context.Context, c config, log *slog.Logger, stdout io.Writer) error {
	secure, err := c.encryption(log)
	if err != nil {
		return err
	}
	redisstore.LogTo(log)
	if c.AdminAddr != "" { // else there is nobody to show them to
		c.metrics = newMetrics()
	}
	if c.tracer, err = c.traces(ctx, log); err != nil {
		return err
	}
	bucket, err := c.openFiles(ctx, log)
	if err != nil {
		return err
	}
	store, err := open(ctx, c, log)
	if err != nil && !errors.Is(err, chat.ErrUnavailable) {
		err = &settingError{fmt.Errorf("--redis-url (REDIS_URL): %w", err)} // all other options have been checked
		return errors.Join(err, closeBucket(bucket))
	}
	swap := &handlerSwap{waiting: server.Waiting(string(c.BasePath))}
	p := &parts{log: log, web: server.HTTP(c.traced(swap), log), tracer: c.tracer, store: store, bucket: bucket, memory: newMemory(c.MaxMemory, log)}
	if store != nil {
		if err := p.assemble(c, swap); err != nil {
			return errors.Join(err, p.drain(ctx))
		}
	}
	failed, lerr := p.listen(ctx, c, secure, stdout)
	if lerr != nil {
		return errors.Join(lerr, p.drain(ctx))
	}
	if err := tellSupervisor(supervisorReady); err != nil {
		log.Warn("systemd can't be told that this node serves", "err", err)
	}
	var background sync.WaitGroup
	defer background.Wait()
	scavenging, stop := context.WithCancel(ctx)
	defer stop()
	background.Go(func() { scavenge(scavenging) })
	background.Go(func() { p.memory.watch(scavenging) })

	if store == nil {
		log.Warn("Redis does not answer: not ready until it does", "redis", withoutSecrets(c.redis), "err", err)
		if p.store = await(ctx, c, log); p.store != nil {
			if err := p.assemble(c, swap); err != nil {
				return errors.Join(err, p.drain(ctx))
			}
		}
	}
	select {
	case <-ctx.Done():
		return p.drain(ctx)
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), p.drain(ctx))
	}
}

// listen begins to serve, and says where. A failure afterwards is sent: one for each port at most.
func (p *parts) listen(ctx context.Context, c config, secure *encryption, stdout io.Writer) (failed chan error, err error) {
	failed = make(chan error, 3)
	listener, err := listen(ctx, string(c.Addr))
	if err != nil {
		return nil, fmt.Errorf("--addr (CALLER_ADDR): %w", err)
	}
	scheme, begin := "http", p.web.Serve
	if secure != nil {
		p.web.TLSConfig = secure.config
		scheme, begin = "https", func(l net.Listener) error { return p.web.ServeTLS(l, "", "") }
	}
	o := c.server(p.log)
	if err := p.listenAdmin(ctx, c, secure, failed); err != nil {
		_ = listener.Close() // nobody has been told of it
		return nil, err
	}
	if c.HTTPRedirect != "" {
		plain, err := listen(ctx, string(c.HTTPRedirect))
		if err != nil {
			_ = listener.Close() // nobody has been told of it
			return nil, fmt.Errorf("--http-redirect (CALLER_HTTP_REDIRECT): %w", err)
		}
		p.plain = secure.redirector(listener.Addr().(*net.TCPAddr).Port, p.log)
		few := server.BoundConnections(p.plain, plain, c.places(), o.TrustedProxies, false)
		go func() { failed <- p.plain.Serve(few) }()
		p.log.Info("redirecting to HTTPS", "url", urlOf("http", plain.Addr()))
	}
	bounded := server.BoundConnections(p.web, conn.Listen(listener), c.places(), o.TrustedProxies, secure != nil)
	go func() { failed <- begin(bounded) }()
	if secure != nil && secure.obtain != nil {
		go secure.obtain()
	}
	announce(urlOf(scheme, listener.Addr()), c, p.log, stdout)
	return failed, nil
}

// assemble makes the node and its server on the store, and serves it.
func (p *parts) assemble(c config, swap *handlerSwap) error {
	dist, err := frontend.Dist()
	if err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	options := c.server(p.log)
	if options.Library, err = frontend.Library(); err != nil {
		return fmt.Errorf("the client library: %w", err)
	}
	set, err := c.limits()
	if err != nil {
		return &settingError{err}
	}
	counted := limits.New(p.store, set)
	counted.Watch(p.memory.pressure)
	options.Limits = counted.Policy(chat.Open{})
	meter := &load.Meter{}
	if err := p.makeNode(c, counted, set, meter); err != nil {
		return err
	}
	p.webhooks = webhooks.New(p.store, c.webhooks(p.log))
	p.webhooks.Start()
	p.keepalive = conn.NewKeepalive(time.Duration(c.Heartbeat))
	p.keepalive.Bound(c.places())
	if c.metrics != nil {
		p.keepalive.Observe(c.metrics.Connections)
	}
	if options.Features, err = p.features(c, options.Limits); err != nil {
		return err
	}
	if p.front, err = server.New(p.node, p.keepalive, p.store, dist, options); err != nil {
		return err
	}
	if c.metrics != nil {
		p.count(c.metrics)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.front.Run(ctx) })
	teller := p.teller(c, meter)
	running.Go(func() { teller.Run(ctx) })
	p.stopFront = func() { stop(); running.Wait() }
	swap.front.Store(p.front)
	return p.serveAdmin(c)
}

// makeNode makes the node, and the features that stand between it and its store: calls, pushes and files.
func (p *parts) makeNode(c config, counted *limits.Limits, set limits.Set, meter *load.Meter) error {
	policy := counted.Policy(chat.Open{})
	roster, rules, entries := chat.Roster(p.store), chat.RuleKeeper(p.store), chat.Log(p.store)
	if c.LiveKitURL != "" {
		p.calls = calls.New(p.store, c.liveKit(p.log))
		roster, rules = p.calls.Roster(), p.calls.Rules(p.store)
	}
	if c.PushSubject != "" {
		var err error
		if p.push, err = push.New(p.store, c.push(policy, p.log)); err != nil {
			return &settingError{fmt.Errorf("--push-key (CALLER_PUSH_KEY): %w", err)}
		}
		entries = p.push.Log()
	}
	if c.tracer != nil {
		entries = c.tracer.Log(entries)
	}
	core := c.node(policy, p.log)
	core.Records, core.Passwords, core.Guesses = p.store, password.New(), counted
	core.Owned, core.MaxOwned = p.store, set.Owned()
	core.Full = counted.IsFull
	core.Audit, core.Observer = p.store, chat.Observers(core.Observer, meter.Observer())
	if p.bucket != nil {
		p.files = c.filesStore(p.bucket, p.store, policy, p.log)
		core.Files = p.files
		p.files.Start()
	}
	p.node = chat.NewNode(entries, p.store, roster, p.store, rules, core)
	return nil
}

// features are those that are served, of the parts that were made.
func (p *parts) features(c config, policy chat.Policy) ([]server.Feature, error) {
	var all []server.Feature
	if p.calls != nil {
		p.calls.Start(p.node)
		all = append(all, c.callsFeature(p.calls, p.node))
	}
	if p.push != nil {
		p.push.Start(p.node)
		all = append(all, pushFeature(p.push))
	}
	if p.links = c.links(policy, p.log); p.links != nil {
		all = append(all, linksFeature(p.links, p.node))
	}
	if p.files != nil {
		files, err := c.filesFeature(p.files, p.node, p.log)
		if err != nil {
			return nil, err
		}
		all = append(all, files)
	}
	signIn, ok, err := c.signInFeature(p.log)
	if err != nil {
		return nil, err
	}
	if ok {
		all = append(all, signIn)
	}
	if agents, ok := c.mcpFeature(p.node, p.keepalive.Places(), p.log); ok {
		all = append(all, agents)
	}
	return append(all, openAPIFeature(p.log), incomingFeature(p.node), webhooksFeature(p.webhooks, p.node)), nil
}

func open(ctx context.Context, c config, log *slog.Logger) (*redisstore.Store, error) {
	if c.redis == "" {
		return redisstore.OpenEmbedded(ctx, c.store(log))
	}
	return redisstore.Open(ctx, c.store(log))
}

// retryEvery is how often a Redis that did not answer at the start is tried again.
const retryEvery = time.Second

// await opens the store as soon as it answers. It is nil when ctx ended before. A listener that
// fails meanwhile is noticed after it: that happens to no listener but a closed one.
func await(ctx context.Context, c config, log *slog.Logger) *redisstore.Store {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryEvery):
		}
		store, err := open(ctx, c, log)
		if err == nil {
			log.Info("Redis answers", "redis", withoutSecrets(c.redis))
			return store
		}
		log.Debug("Redis does not answer", "err", err)
	}
}

// handlerSwap is the handler of the web server: that of a node, once there is one.
type handlerSwap struct {
	waiting http.Handler
	front   atomic.Pointer[server.Server]
}

// ServeHTTP implements http.Handler.
func (e *handlerSwap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s := e.front.Load(); s != nil {
		s.ServeHTTP(w, r)
		return
	}
	e.waiting.ServeHTTP(w, r)
}

// announce says where the node can be reached and where it keeps what is said.
func announce(url string, c config, log *slog.Logger, stdout io.Writer) {
	where := url + string(c.BasePath)
	fmt.Fprintf(stdout, "Caller is at %s\n", where)
	if c.redis == "" {
		log.Info("serving", "url", where, "store", "embedded")
		log.Warn("rooms are kept in this process: nothing is left of them after a restart, and no second node can share " +
			"them. A real Redis is given by --redis-url redis://HOST:6379 or REDIS_URL")
		return
	}
	log.Info("serving", "url", where, "store", withoutSecrets(c.redis))
}

// urlOf is an address that a browser on this machine can open.
func urlOf(scheme string, addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// withoutSecrets is a Redis's URL for the log: without user, password and query.
func withoutSecrets(redis string) string {
	scheme, rest, _ := strings.Cut(redis, "://")
	plain, query, _ := strings.Cut(rest, "?")
	if strings.Contains(query, "@") { // a question mark in the password? Better nothing than half of it
		return scheme + "://…"
	}
	return scheme + "://" + plain[strings.LastIndexByte(plain, '@')+1:]
}
