package oidc

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
)

func TestMain(m *testing.M) { testwait.Main(m) }

const (
	clientID     = "chat"
	clientSecret = "a client's secret"
)

// provider is a sign-in service that can lie in each thing that it says.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu        sync.Mutex // protects following
	down      bool
	discovery map[string]any                                   // what is said otherwise
	token     func(claims jwt.MapClaims) (string, error)       // the id token
	more      map[string]any                                   // what userinfo says
	asked     url.Values                                       // the last token request
	change    func(answer map[string]any)                      // of the token endpoint
	codes     map[string]struct{ nonce, challenge, to string } // by code
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &provider{key: key, codes: map[string]struct{ nonce, challenge, to string }{}}
	p.token = func(c jwt.MapClaims) (string, error) { return p.sign(jwt.SigningMethodRS256, key, c), nil }
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) sign(method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = "1"
	text, err := token.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func (p *provider) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	if p.down {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		said := map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"userinfo_endpoint": p.URL + "/userinfo", "end_session_endpoint": p.URL + "/end?theme=dark",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		}
		for name, value := range p.discovery {
			said[name] = value
		}
		answer(said)
	case "/authorize": // somebody who is known already, and asked nothing
		query := r.URL.Query()
		code := rand.Text()
		p.codes[code] = struct{ nonce, challenge, to string }{query.Get("nonce"), query.Get("code_challenge"), query.Get("redirect_uri")}
		to := query.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {query.Get("state")}, "iss": {p.URL}}.Encode()
		http.Redirect(w, r, to, http.StatusFound)
	case "/token":
		_ = r.ParseForm()
		p.asked = r.PostForm
		user, password, _ := r.BasicAuth()
		began, ok := p.codes[r.PostForm.Get("code")]
		delete(p.codes, r.PostForm.Get("code"))
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != began.challenge || r.PostForm.Get("redirect_uri") != began.to ||
			user != clientID || password != url.QueryEscape(clientSecret) {
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]any{"error": "invalid_grant", "error_description": "the description is anybody's text"})
			return
		}
		token, err := p.token(jwt.MapClaims{
			"iss": p.URL, "aud": clientID, "sub": "7", "nonce": began.nonce, "exp": time.Now().Add(time.Minute).Unix(), "name": "Eve",
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		said := map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token}
		if p.change != nil {
			p.change(said)
		}
		answer(said)
	case "/keys":
		answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "1", Key: &p.key.PublicKey, Algorithm: "RS256"}}})
	case "/userinfo":
		answer(p.more)
	default:
		http.NotFound(w, r)
	}
}

// caller is a server with the feature, and a browser that goes there.
type caller struct {
	*SignIn
	*httptest.Server
	browser *http.Client
	logged  *bytes.Buffer

	mu      sync.Mutex // protects following
	persons []httpapi.Person
	refuse  error // those who come back
}

// Vouch, SignOut and Principal are the server's part.
type identity struct{ *caller }

func (i identity) Principal() (chat.Principal, error) { return chat.Principal{}, nil }

func (i identity) Admit() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.refuse
}

func (i identity) Vouch(w http.ResponseWriter, p httpapi.Person) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.persons = append(i.persons, p)
	http.SetCookie(w, &http.Cookie{Name: "session", Value: p.Subject, Path: "/"})
	return nil
}

func (i identity) SignOut(http.ResponseWriter) (chat.Via, error) { return chat.ViaOIDC, nil }

func newCaller(t testing.TB, p *provider) *caller {
	t.Helper()
	c := &caller{logged: new(bytes.Buffer)}
	mux := http.NewServeMux()
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, httpapi.WithIdentity(r, identity{c}))
	}))
	t.Cleanup(c.Close)
	var err error
	c.SignIn, err = New(Options{
		Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret, PublicURL: c.URL,
		Logger: slog.New(slog.NewTextHandler(c.logged, nil)),
	})
	require.NoError(t, err)
	for route, h := range c.Routes() {
		mux.Handle(route, h)
	}
	c.browser = newBrowser(t)
	return c
}

// newBrowser is one with cookies of its own, which stops at the chat's page.
func newBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{
		Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, signInPath) || r.URL.Path == "/authorize" {
				return nil
			}
			return http.ErrUseLastResponse
		},
	}
}

// visit opens an address as a browser does, and says where that has led to.
func (c *caller) visit(t testing.TB, browser *http.Client, address string, headers ...string) (to string, answer *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err = browser.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return strings.TrimPrefix(answer.Header.Get("Location"), c.URL), answer
}

// signedIn are those whom sessions were made for.
func (c *caller) signedIn() []httpapi.Person {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]httpapi.Person(nil), c.persons...)
}

// callback is where the service sends somebody, who has not gone there yet.
func (c *caller) callback(t testing.TB, browser *http.Client, room string) *url.URL {
	t.Helper()
	stop := *browser
	stop.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == callbackPath {
			return http.ErrUseLastResponse
		}
		return nil
	}
	_, answer := c.visit(t, &stop, c.URL+signInPath+"?room="+room)
	to, err := answer.Location()
	require.NoError(t, err)
	return to
}

func decode(answer *http.Response, into any) error { return json.NewDecoder(answer.Body).Decode(into) }
