package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
)

func TestSigningIn(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	to, answer := c.visit(t, c.browser, c.URL+"/signin?room=%D0%A7%D0%B0%D0%B9", "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, "/rooms/%D1%87%D0%B0%D0%B9", to)
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	assert.Equal(t, []httpapi.Person{{Via: chat.ViaOIDC, Issuer: p.URL, Subject: "7", Name: "Eve", Life: SessionLife}}, c.signedIn())
	address, err := url.Parse(c.URL)
	require.NoError(t, err)
	left := c.browser.Jar.Cookies(address)
	require.Len(t, left, 1, "what the sign-in needed is gone")
	assert.Equal(t, "session", left[0].Name)
	assert.Equal(t, c.URL+"/signin/callback", p.asked.Get("redirect_uri"))
	assert.Empty(t, c.logged.String())

	to, _ = c.visit(t, c.browser, c.URL+"/signin")
	assert.Equal(t, "/", to)
	assert.Len(t, c.signedIn(), 2)
}

// The name is the service's best, and made up elsewhere when there is none.
func TestNames(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	names := func(token, more map[string]any) string {
		p.set(func() {
			p.token = func(said jwt.MapClaims) (string, error) {
				delete(said, "name")
				for claim, value := range token {
					said[claim] = value
				}
				return p.sign(jwt.SigningMethodRS256, p.key, said), nil
			}
			p.more = more
		})
		to, _ := c.visit(t, c.browser, c.URL+"/signin")
		require.Equal(t, "/", to, c.logged.String())
		all := c.signedIn()
		return all[len(all)-1].Name
	}
	type said = map[string]any
	long := strings.Repeat("é", chat.MaxName+5)
	assert.Equal(t, "Eve", names(said{"name": " Eve ", "email": "e@x"}, nil))
	assert.Equal(t, "eve7", names(said{"name": "\u202e", "preferred_username": "eve7"}, nil))
	assert.Equal(t, "eve", names(said{"email": "eve@shop.example"}, nil))
	assert.Equal(t, long[:2*chat.MaxName], names(said{"name": long}, nil))
	assert.Equal(t, "Evita", names(nil, said{"sub": "7", "name": "Evita"}))
	assert.Empty(t, names(nil, said{"sub": "8", "name": "Mallory"}), "it is somebody else's")
	assert.Empty(t, names(nil, said{"sub": "7"}))
}

// TestAttacks are sign-ins that somebody has tampered with. None makes a session.
func TestAttacks(t *testing.T) {
	theirs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	type tampered struct {
		provider *provider
		caller   *caller
		to       *url.URL // where the service sends the victim
		browser  *http.Client
	}
	token := func(change func(*provider, jwt.MapClaims) string) func(testing.TB, *tampered) {
		return func(_ testing.TB, a *tampered) {
			a.provider.set(func() {
				a.provider.token = func(c jwt.MapClaims) (string, error) { return change(a.provider, c), nil }
			})
		}
	}
	claim := func(name string, value any) func(testing.TB, *tampered) {
		return token(func(p *provider, c jwt.MapClaims) string {
			c[name] = value
			return p.sign(jwt.SigningMethodRS256, p.key, c)
		})
	}
	query := func(name, value string) func(testing.TB, *tampered) {
		return func(_ testing.TB, a *tampered) {
			q := a.to.Query()
			q.Set(name, value)
			a.to.RawQuery = q.Encode()
		}
	}
	for name, attack := range map[string]struct {
		tamper func(testing.TB, *tampered)
		ended  string
	}{
		"the callback of another browser's sign-in": {func(t testing.TB, a *tampered) { a.browser = newBrowser(t) }, "expired"},
		"the attacker's callback in a sign-in of one's own": {func(t testing.TB, a *tampered) {
			a.browser = newBrowser(t)
			mine := a.caller.callback(t, a.browser, "tea")
			q := mine.Query()
			q.Set("code", a.to.Query().Get("code")) // the attacker's code, the victim's state
			mine.RawQuery = q.Encode()
			a.to = mine
		}, "failed"},
		"a second use": {func(t testing.TB, a *tampered) {
			a.caller.visit(t, a.browser, a.to.String())
			a.caller.mu.Lock()
			defer a.caller.mu.Unlock()
			a.caller.persons = nil
		}, "expired"},
		"no state":          {query("state", ""), ""},
		"another state":     {query("state", "AAAAAAAAAAAAAAAAAAAA"), ""},
		"the state's start": {func(t testing.TB, a *tampered) { query("state", a.to.Query().Get("state")[:stateStart])(t, a) }, ""},
		"a planted cookie of the same name": {func(_ testing.TB, a *tampered) {
			state := a.to.Query().Get("state")
			a.browser.Jar.SetCookies(a.to, []*http.Cookie{{Name: cookiePrefix + state[:stateStart], Value: "eyJzIjoiQSJ9", Path: "/"}})
		}, "expired"},
		"another code":            {query("code", "made-up"), "failed"},
		"no code":                 {query("code", ""), "failed"},
		"another issuer's answer": {query("iss", "https://evil.example"), "failed"},
		"the person says no":      {query("error", "access_denied"), "refused"},
		"the service says no":     {query("error", "server_error"), "failed"},
		"another nonce":           {claim("nonce", "replayed"), "failed"},
		"no nonce":                {claim("nonce", nil), "failed"},
		"another client's token":  {claim("aud", "shop"), "failed"},
		"given to another client": {claim("azp", "shop"), "failed"},
		"another issuer's token":  {claim("iss", "https://evil.example"), "failed"},
		"an expired token":        {claim("exp", time.Now().Add(-time.Hour).Unix()), "failed"},
		"no expiry":               {claim("exp", nil), "failed"},
		"no subject":              {claim("sub", ""), "failed"},
		"a token by another key":  {token(func(p *provider, c jwt.MapClaims) string { return p.sign(jwt.SigningMethodRS256, theirs, c) }), "failed"},
		"alg none": {token(func(p *provider, c jwt.MapClaims) string {
			return p.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c)
		}), "failed"},
		"alg HS256 with the secret": {token(func(p *provider, c jwt.MapClaims) string {
			return p.sign(jwt.SigningMethodHS256, []byte(clientSecret), c)
		}), "failed"},
		"no id token": {func(_ testing.TB, a *tampered) {
			a.provider.set(func() { a.provider.change = func(answer map[string]any) { delete(answer, "id_token") } })
		}, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &tampered{provider: newProvider(t)}
			a.caller = newCaller(t, a.provider)
			a.browser = a.caller.browser
			a.to = a.caller.callback(t, a.browser, "tea")
			attack.tamper(t, a)
			to, answer := a.caller.visit(t, a.browser, a.to.String())
			if attack.ended == "" {
				assert.Contains(t, []string{"/?signin=expired", "/rooms/tea?signin=expired"}, to)
			} else {
				assert.Equal(t, "/rooms/tea?signin="+attack.ended, to)
			}
			assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
			assert.Empty(t, a.caller.signedIn())
			for _, secret := range []string{clientSecret, "anybody's text", a.to.Query().Get("code")} {
				if secret != "" {
					assert.NotContains(t, a.caller.logged.String(), secret)
				}
			}
		})
	}
}

// Who comes back too often, or as if from there, has the service asked nothing.
func TestTooManySignIns(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	to := c.callback(t, c.browser, "tea")
	c.mu.Lock()
	c.refuse = &chat.LimitError{Name: "sessions"}
	c.mu.Unlock()
	led, _ := c.visit(t, c.browser, to.String())
	assert.Equal(t, "/rooms/tea?signin=failed", led)
	assert.Empty(t, c.signedIn())
	p.set(func() { assert.Nil(t, p.asked) })
	assert.Empty(t, c.logged.String())
}

// Nobody is sent anywhere but to this server's rooms and to the service.
func TestNoOpenRedirects(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	for _, room := range []string{"//evil.example", "../../evil", "a/b", "https://evil.example", "%0d%0aX: y", "..", "a b"} {
		_, answer := c.visit(t, c.browser, c.URL+"/signin?room="+url.QueryEscape(room))
		assert.Equal(t, http.StatusUnprocessableEntity, answer.StatusCode, room)
		assert.Empty(t, answer.Header.Get("Location"), room)
	}
	state := pending{State: "AAAAAAAAAAAA", Room: "//evil.example"}.state()
	to, _ := c.visit(t, c.browser, c.URL+"/signin/callback?state="+url.QueryEscape(state))
	assert.Equal(t, "/?signin=expired", to)
}

// Another site can't sign somebody in, and out of who they were here.
func TestAnotherSiteBeginsNothing(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	to, answer := c.visit(t, c.browser, c.URL+"/signin?room=tea", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, "/rooms/tea", to)
	assert.Empty(t, answer.Cookies())
	assert.Empty(t, c.signedIn())
}

// A service that is away is asked again by the next one.
func TestTheServiceIsAway(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	p.set(func() { p.down = true })
	to, _ := c.visit(t, c.browser, c.URL+"/signin?room=tea")
	assert.Equal(t, "/rooms/tea?signin=failed", to)
	p.set(func() { p.down = false })
	to, _ = c.visit(t, c.browser, c.URL+"/signin?room=tea")
	assert.Equal(t, "/rooms/tea", to)
}

// A service that says it is another one, or that wants secrets sent in the open, is not used.
func TestServicesThatAreNotBelieved(t *testing.T) {
	for name, value := range map[string]string{
		"issuer": "https://evil.example", "token_endpoint": "http://evil.example/token", "authorization_endpoint": "javascript:alert(1)",
	} {
		p := newProvider(t)
		p.discovery = map[string]any{name: value}
		c := newCaller(t, p)
		to, _ := c.visit(t, c.browser, c.URL+"/signin?room=tea")
		assert.Equal(t, "/rooms/tea?signin=failed", to, name)
	}
}

// Each tab has its own sign-in, and a browser has five at most.
func TestSeveralTabs(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	first := c.callback(t, c.browser, "a")
	var last *url.URL
	for range maxPending {
		last = c.callback(t, c.browser, "b")
	}
	address, err := url.Parse(c.URL)
	require.NoError(t, err)
	assert.Len(t, c.browser.Jar.Cookies(address), maxPending)
	to, _ := c.visit(t, c.browser, last.String())
	assert.Equal(t, "/rooms/b", to)
	to, _ = c.visit(t, c.browser, first.String())
	assert.Contains(t, []string{"/rooms/a", "/rooms/a?signin=expired"}, to, "the room is not lost either way")
}

func TestTheCookieOfASignIn(t *testing.T) {
	p := newProvider(t)
	for public, want := range map[string]string{"https://chat.example/base/": "__Host-" + cookiePrefix, "http://localhost": cookiePrefix} {
		s, err := New(Options{Issuer: p.URL, ClientID: clientID, PublicURL: public})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		s.Routes()["GET /signin"].ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/signin?room=tea", nil))
		require.Len(t, w.Result().Cookies(), 1)
		set := w.Result().Cookies()[0]
		assert.True(t, strings.HasPrefix(set.Name, want), set.Name)
		assert.True(t, set.HttpOnly)
		assert.Equal(t, strings.HasPrefix(public, "https"), set.Secure)
		assert.Equal(t, http.SameSiteLaxMode, set.SameSite)
		assert.Equal(t, int(pendingLife/time.Second), set.MaxAge)
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		assert.Equal(t, strings.TrimRight(public, "/")+"/signin/callback", to.Query().Get("redirect_uri"))
		assert.Equal(t, "S256", to.Query().Get("code_challenge_method"))
		assert.Equal(t, "openid profile", to.Query().Get("scope"))
		for _, secret := range []string{"code_challenge", "nonce", "state"} {
			assert.GreaterOrEqual(t, len(to.Query().Get(secret)), 43, secret)
		}
	}
}

func TestSigningOut(t *testing.T) {
	p := newProvider(t)
	c := newCaller(t, p)
	answer, err := c.browser.Post(c.URL+"/signout", "", nil)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var said struct{ URL string }
	require.NoError(t, decode(answer, &said))
	to, err := url.Parse(said.URL)
	require.NoError(t, err)
	assert.Equal(t, p.URL+"/end", to.Scheme+"://"+to.Host+to.Path)
	assert.Equal(t, url.Values{"theme": {"dark"}, "client_id": {clientID}, "post_logout_redirect_uri": {c.URL + "/"}}, to.Query())
}

func TestOptionsThatCannotBe(t *testing.T) {
	for want, o := range map[string]Options{
		"client id":              {Issuer: "https://login.example", PublicURL: "https://chat.example"},
		"issuer: want https":     {Issuer: "http://login.example", ClientID: "c", PublicURL: "https://chat.example"},
		"public URL: want https": {Issuer: "https://login.example", ClientID: "c", PublicURL: "http://chat.example"},
		"without a query":        {Issuer: "https://login.example", ClientID: "c", PublicURL: "https://chat.example?x=1"},
		"public URL: want a URL": {Issuer: "https://login.example", ClientID: "c"},
	} {
		_, err := New(o)
		assert.ErrorContains(t, err, want)
	}
}
