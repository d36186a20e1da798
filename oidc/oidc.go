package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/caller-chat/caller/internal/outbound"
)

// Options are how to reach the sign-in service, and how it reaches us. All but ClientSecret and
// what follows it are required.
type Options struct {
	// Issuer is the service's, exactly as it says of itself: a slash at the end matters.
	Issuer string
	// ClientID and ClientSecret are what it knows this server by. One without a secret is a public
	// client, which PKCE alone holds.
	ClientID, ClientSecret string
	// PublicURL is where browsers have this server, as "https://chat.example.org" or with a base path.
	// PublicURL + "/signin/callback" is what the service has to know as the redirect URI.
	PublicURL string
	// Logger is told why sign-ins fail; nil for nothing.
	Logger *slog.Logger
	// Client asks the service; nil for one with bounds. Tests have their own.
	Client *http.Client
}

const (
	// SessionLife is how long somebody is signed in: a week, after which the service is asked again,
	// and those whom it does not know any more stay out.
	SessionLife = 7 * 24 * time.Hour
	// patience is how long the service has for each answer: a person waits.
	patience = 10 * time.Second
	// maxAnswer is the longest answer of the service, in bytes.
	maxAnswer = 1 << 20
)

// SignIn is the feature. Make it with [New].
type SignIn struct {
	options  Options
	client   *http.Client
	secure   bool   // the public address is https
	basePath string // of the public address

	flight singleflight.Group

	mu      sync.Mutex // protects following
	service *service   // nil until it has been asked
}

// service is what the sign-in service says of itself.
type service struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	// endSession is where it signs people out; empty for nowhere.
	endSession string
}

// New makes it. The service is asked when somebody first signs in: it may start after this server.
// The error is of options that can't be used.
func New(o Options) (*SignIn, error) {
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	public, err := url.Parse(o.PublicURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("public URL: %w", err)
	case outbound.CheckURL(o.PublicURL) != nil:
		return nil, fmt.Errorf("public URL: %w", outbound.CheckURL(o.PublicURL))
	case public.RawQuery != "":
		return nil, errors.New("public URL: want one without a query")
	case outbound.CheckURL(o.Issuer) != nil:
		return nil, fmt.Errorf("issuer: %w", outbound.CheckURL(o.Issuer))
	case o.ClientID == "":
		return nil, errors.New("client id: want one")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &SignIn{options: o, client: o.Client, secure: public.Scheme == "https", basePath: public.Path}
	if s.client == nil {
		s.client = outbound.Client(patience, maxAnswer)
	}
	return s, nil
}

// Routes are the handlers by method and path, which want to stand behind the middleware that knows
// who makes a request.
func (s *SignIn) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET " + signInPath:   http.HandlerFunc(s.begin),
		"GET " + callbackPath: http.HandlerFunc(s.finish),
		"POST /signout":       http.HandlerFunc(s.signOut),
	}
}

const (
	signInPath   = "/signin"
	callbackPath = "/signin/callback"
)

// ask is what the service says of itself, asked once for all who want to know at the same time, and
// again as long as it has not answered.
func (s *SignIn) ask(ctx context.Context) (*service, error) {
	s.mu.Lock()
	known := s.service
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	v, err, _ := s.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(s.with(context.WithoutCancel(ctx)), patience)
		defer cancel()
		found, err := s.discover(ctx)
		if err == nil {
			s.mu.Lock()
			s.service = found
			s.mu.Unlock()
		}
		return found, err
	})
	if err != nil {
		return nil, err
	}
	return v.(*service), nil
}

// with has the libraries ask by our client.
func (s *SignIn) with(ctx context.Context) context.Context { return oidc.ClientContext(ctx, s.client) }

func (s *SignIn) discover(ctx context.Context) (*service, error) {
	provider, err := oidc.NewProvider(ctx, s.options.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		EndSession string   `json:"end_session_endpoint"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	for _, address := range []string{endpoint.AuthURL, endpoint.TokenURL} {
		if err := outbound.CheckURL(address); err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", address, err)
		}
	}
	endpoint.AuthStyle = authStyle(more.Methods)
	if outbound.CheckURL(more.EndSession) != nil {
		more.EndSession = ""
	}
	return &service{
		provider: provider, endSession: more.EndSession,
		verifier: provider.VerifierContext(s.with(context.WithoutCancel(ctx)), &oidc.Config{ClientID: s.options.ClientID}),
		oauth: oauth2.Config{
			ClientID: s.options.ClientID, ClientSecret: s.options.ClientSecret, Endpoint: endpoint,
			RedirectURL: s.options.PublicURL + callbackPath, Scopes: []string{oidc.ScopeOpenID, "profile"},
		},
	}, nil
}

// authStyle is how the secret goes to the service: in the way that is every service's unless it
// says otherwise (OpenID Connect Discovery section 3). Trying both would use the code up.
func authStyle(methods []string) oauth2.AuthStyle {
	post := false
	for _, method := range methods {
		switch method {
		case "client_secret_basic":
			return oauth2.AuthStyleInHeader
		case "client_secret_post":
			post = true
		}
	}
	if post {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
