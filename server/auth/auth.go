package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
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
	// Encrypted reports whether a request came by HTTPS: its cookie then never goes over plain
	// HTTP. The default asks the connection.
	Encrypted func(*http.Request) bool
	// CookiePath is below which path the cookie holds. The default is "/".
	CookiePath string
	// End ends the open streams that sessions have on this node with that error, and refuses new
	// ones until then. The default does nothing.
	End func(ids []chat.MemberID, why error, until time.Time)
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
	links   links
}

// New makes it. The error is of an option that can't be used.
func New(secrets Secrets, revoked Revocations, kept Links, o Options) (*Auth, error) {
	if o.Key != nil && len(o.Key) < MinKey {
		return nil, fmt.Errorf("session key: want at least %d bytes", MinKey)
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
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
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	ended := func(ids []chat.MemberID) { o.End(ids, signedOut(), time.Now().Add(SessionLife)) }
	return &Auth{
		options: o, keys: keys{fixed: o.Key, fetch: secrets.Secret, now: o.Now},
		revoked: revocations{store: revoked, now: o.Now, ended: ended, until: map[chat.MemberID]time.Time{}},
		links:   newLinks(kept),
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

// Middleware has [httpapi.Principal] say whose a request is.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, httpapi.WithIdentity(r, &identity{auth: a, request: r}))
	})
}

// identity finds out whose a request is, when somebody asks. It belongs to the request's goroutine.
type identity struct {
	auth    *Auth
	request *http.Request

	asked   bool // the following has been found
	who     chat.Principal
	session Session
	given   bool // the request came with a session, valid or not
	err     error
}

// Principal implements [httpapi.Identity].
func (i *identity) Principal() (chat.Principal, error) {
	i.find()
	return i.who, i.err
}

func (i *identity) find() {
	if i.asked {
		return
	}
	i.asked = true
	if i.session, i.given, i.err = i.auth.session(i.request); i.err != nil {
		return
	}
	if i.given {
		id := string(i.session.ID)
		i.who = chat.Principal{ID: i.session.ID, Name: i.session.Name, Client: id, LimitKey: id}
		return
	}
	i.who, i.err = i.auth.guest(i.request)
}

// Session is the session that a request comes with; given is false when it comes with none. Errors:
// a [*wire.Failure] of CodeSessionInvalid; [chat.ErrUnavailable] when what it is judged by can't be
// had. The request has to have come through [Auth.Middleware].
func (a *Auth) Session(r *http.Request) (s Session, given bool, err error) {
	i, ok := httpapi.IdentityOf(r).(*identity)
	if !ok {
		return Session{}, false, errors.New("no middleware has looked for a session")
	}
	if i.find(); i.given {
		return i.session, true, i.err
	}
	return Session{}, false, nil
}

// session reads the session that a request comes with: the first that is valid.
func (a *Auth) session(r *http.Request) (s Session, given bool, err error) {
	for _, token := range a.credentials(r) {
		next, failure := a.judge(r.Context(), token)
		if failure == nil {
			return next, true, nil
		}
		var invalid *wire.Failure
		if !errors.As(failure, &invalid) { // it may be good
			return next, true, failure
		}
		if !given {
			s, given, err = next, true, failure
		}
	}
	return s, given, err
}

// judge reads a session from its token.
func (a *Auth) judge(ctx context.Context, token string) (Session, error) {
	s, err := a.parse(ctx, token)
	switch {
	case errors.Is(err, errTokenExpired):
		return s, wire.Fail(wire.CodeSessionInvalid, "it has expired")
	case errors.Is(err, errTokenForm), errors.Is(err, errTokenForged):
		return s, wire.Fail(wire.CodeSessionInvalid, "it was not made here")
	case err != nil:
		return s, err
	}
	ended, err := a.revoked.has(ctx, s.ID)
	if err == nil && ended {
		err = signedOut()
	}
	return s, err
}

// signedOut is what is said to who comes with a session that was ended.
func signedOut() *wire.Failure { return wire.Fail(wire.CodeSessionInvalid, "it was signed out") }

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

// SignIn gives a request's own session a new name and more time, or makes a new one, which is then
// created. The answer gets it as a cookie. One that is not valid is as good as none. Errors: those
// of [Auth.Session] but for CodeSessionInvalid.
func (a *Auth) SignIn(w http.ResponseWriter, r *http.Request, name string) (s Session, token string, created bool, err error) {
	s, given, err := a.Session(r)
	var invalid *wire.Failure
	if err != nil && !errors.As(err, &invalid) { // it may be good: its owner stays who they are
		return Session{}, "", false, err
	}
	if created = err != nil || !given; created {
		s = Session{ID: chat.NewMemberID()}
	}
	s.Name = name
	s, token, err = a.give(w, r, s)
	return s, token, created, err
}

// give makes a session's token with all the time that one has, and gives it as a cookie too.
func (a *Auth) give(w http.ResponseWriter, r *http.Request, s Session) (_ Session, token string, err error) {
	key, err := a.keys.current(r.Context()) // after the request's own session, by which a newer one may have been found
	if err != nil {
		return Session{}, "", err
	}
	now := a.options.Now()
	s.Expires = now.Add(SessionLife).UTC().Truncate(time.Second)
	if token, err = s.Sign(key, now); err != nil {
		return Session{}, "", err
	}
	a.setCookie(w, r, token, SessionLife)
	return s, token, nil
}

// SignOut ends a request's own session everywhere: on all nodes its tokens are refused and its
// streams end. The answer takes the cookie back. Errors are those of [Auth.Session]; a
// [*wire.Failure] of CodeSessionRequired when there is none.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) error {
	s, given, err := a.Session(r)
	if err == nil && !given {
		err = wire.Fail(wire.CodeSessionRequired, "there is none to end")
	}
	if err == nil {
		err = a.revoked.revoke(r.Context(), s.ID)
	}
	if err != nil {
		return err
	}
	a.setCookie(w, r, "", -time.Second)
	return nil
}
