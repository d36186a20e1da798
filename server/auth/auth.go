package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Secrets has the key that sessions are signed with; package redisstore has it.
type Secrets interface {
	// Secret is the same on all nodes of one store.
	Secret(ctx context.Context) ([]byte, error)
}

// Options are who-is-who's settings.
type Options struct {
	// Key signs sessions instead of the store's secret, at least [MinKey] bytes. All nodes need the
	// same one.
	Key []byte
	// Address is where a request comes from: guests are told apart by it. The default is the peer's
	// address and port.
	Address func(*http.Request) string
	// Proxy reports whether an address is a proxy's that is trusted, and so stands for everybody behind
	// it. The default is none.
	Proxy func(netip.Addr) bool
	// Site is how the site that embeds Caller signs its users in; nil for none.
	Site *Site
	// Operator is the token of whoever runs the server, at least [MinKey] bytes; empty for none.
	Operator string
	// Program is whose an access token is; ok is false for one that is unknown, revoked or over. The
	// default knows none.
	Program func(ctx context.Context, token string) (who chat.Principal, ok bool, err error)
	// Encrypted reports whether a request came by HTTPS: its cookie then never goes over plain
	// HTTP. The default asks the connection.
	Encrypted func(*http.Request) bool
	// CookiePath is below which path the cookie holds. The default is "/".
	CookiePath string
	// End ends the open streams that sessions have on this node with that error, and refuses new
	// ones until then. The default does nothing.
	End func(ids []chat.MemberID, why error, until time.Time)
	// Limits bound what is done with sessions: [chat.ActionSignIn], [chat.ActionLink],
	// [chat.ActionClaim]. The default bounds nothing.
	Limits chat.Policy
	// Logger is told, at debug level, when the store does not say who was signed out; nil for
	// nothing.
	Logger *slog.Logger
	// Now is the clock that sessions expire by; nil for the system's.
	Now func() time.Time
}

// Auth says who makes a request. Make it with [New].
type Auth struct {
	options Options
	keys    keys
	cache   tokenCache
	revoked revocations
	links   Links
	site    *site // nil for none
}

// New makes it. The error is of an option that can't be used.
func New(secrets Secrets, revoked Revocations, kept Links, o Options) (*Auth, error) {
	if o.Key != nil && len(o.Key) < MinKey {
		return nil, fmt.Errorf("session key: want at least %d bytes", MinKey)
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if o.Operator != "" && len(o.Operator) < MinKey {
		return nil, fmt.Errorf("operator's token: want at least %d bytes", MinKey)
	}
	if o.Proxy == nil {
		o.Proxy = func(netip.Addr) bool { return false }
	}
	if o.Program == nil {
		o.Program = func(context.Context, string) (who chat.Principal, ok bool, err error) { return who, false, nil }
	}
	if o.Encrypted == nil {
		o.Encrypted = func(r *http.Request) bool { return r.TLS != nil }
	}
	if o.CookiePath == "" {
		o.CookiePath = "/"
	}
	if o.End == nil {
		o.End = func([]chat.MemberID, error, time.Time) {}
	}
	if o.Limits == nil {
		o.Limits = chat.Open{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	site, err := newSite(o.Site, o.Key, o.Now)
	if err != nil {
		return nil, err
	}
	return &Auth{
		options: o, keys: keys{fixed: o.Key, fetch: secrets.Secret, now: o.Now},
		revoked: revocations{store: revoked, now: o.Now, end: o.End, until: map[chat.MemberID]time.Time{}},
		links:   kept, site: site,
	}, nil
}

// Run learns every [PollInterval] which sessions were signed out on other nodes, and ends their
// streams here, until ctx ends.
func (a *Auth) Run(ctx context.Context) {
	ticker := time.NewTicker(PollInterval)
	defer ticker.Stop()
	silent := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := a.revoked.poll(ctx)
		if err != nil && !silent {
			a.options.Logger.DebugContext(ctx, "the store does not say which sessions have ended", "err", err)
		}
		silent = err != nil
	}
}

func (a *Auth) parse(ctx context.Context, token string) (Session, error) {
	key, err := a.keys.current(ctx)
	if err != nil {
		return Session{}, err
	}
	s, err := a.cache.parse(token, key, a.options.Now())
	if errors.Is(err, errTokenForged) {
		if key, ok := a.keys.other(ctx, key); ok {
			return a.cache.parse(token, key, a.options.Now())
		}
	}
	return s, err
}
