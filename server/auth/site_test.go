package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

const testIssuer = "https://shop.example"

var siteSecret = []byte(strings.Repeat("s", MinKey))

func bySecret() Options { return Options{Key: testKey, Site: &Site{Secrets: [][]byte{siteSecret}}} }

// eve is what a site says of one of its users.
func eve(change ...func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": testIssuer, "aud": "caller", "sub": "42", "name": "Eve", "exp": start.Add(5 * time.Minute).Unix(),
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func with(claim string, value any) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) { c[claim] = value }
}

func without(claim string) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) { delete(c, claim) }
}

// siteToken is one as sites make them.
func siteToken(t testing.TB, method jwt.SigningMethod, key any, c jwt.Claims, header ...any) string {
	t.Helper()
	return jwtOf(t, method, key, c, func(h map[string]any) {
		h["typ"] = "JWT"
		for i := 0; i+1 < len(header); i += 2 {
			h[header[i].(string)] = header[i+1]
		}
	})
}

func TestASitesUser(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	token := siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("role", "moderator"), with("rooms", []string{"Tea", "lobby"})))
	for _, header := range [][2]string{
		{"Authorization", "Bearer " + token},
		{"Authorization", "bearer  " + token},
		{"Sec-WebSocket-Protocol", "caller.v1, caller.token." + token},
	} {
		who, err := n.principal("/?name=Mallory", header[0], header[1], "X-Name", "Mallory")
		require.NoError(t, err)
		assert.Equal(t, chat.Principal{
			ID: VouchedID(chat.ViaSite, testIssuer, "42"), Name: "Eve", Via: chat.ViaSite, Role: chat.RoleModerator,
			Rooms: []chat.RoomID{"tea", "lobby"}, Client: string(who.ID), LimitKey: string(who.ID), NetworkKey: "192.0.2.1", Network: who.Network,
			Until: who.Until,
		}, who)
		assert.WithinDuration(t, time.Now().Add(5*time.Minute+clockSkew), who.Until, testwait.Limit, "as long as it is taken")
	}
}

// The id of a person is the same in all tokens, and nobody else's.
func TestAPersonsID(t *testing.T) {
	id := VouchedID(chat.ViaSite, testIssuer, "42")
	assert.Equal(t, id, VouchedID(chat.ViaSite, testIssuer, "42"))
	assert.Equal(t, byte('8'), id[14], "no session that anybody makes has this version: %s", id)
	for _, other := range []chat.MemberID{
		VouchedID(chat.ViaOIDC, testIssuer, "42"), VouchedID(chat.ViaSite, testIssuer+"4", "2"), VouchedID(chat.ViaSite, "", testIssuer+"42"),
	} {
		assert.NotEqual(t, id, other)
	}
}

func TestASitesUserWithoutAName(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	bearer := "Bearer " + siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(without("name"), without("iss")))
	who, err := n.principal("/", "Authorization", bearer)
	require.NoError(t, err)
	assert.Equal(t, "user-"+string(who.ID[:4]), who.Name)
	who, err = n.principal("/?name=Eva", "Authorization", bearer)
	require.NoError(t, err)
	assert.Equal(t, "Eva", who.Name)
	assert.Equal(t, chat.ViaSite, who.Via)
}

// What is almost a token of the site: clocks differ by a minute, types are written in three ways,
// an audience may be one of several, an old secret goes on for a while.
func TestTokensThatSitesMake(t *testing.T) {
	another := []byte(strings.Repeat("a", MinKey))
	o := bySecret()
	o.Site.Secrets = [][]byte{another, siteSecret}
	n := newNode(t, &fakeStore{}, o)
	for name, token := range map[string]string{
		"expired within the skew": siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("exp", start.Add(-59*time.Second).Unix()))),
		"begins within the skew":  siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("nbf", start.Add(59*time.Second).Unix()))),
		"made in the future":      siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("iat", start.Add(time.Hour).Unix()))),
		"the other secret":        siteToken(t, jwt.SigningMethodHS256, another, eve()),
		"no typ":                  jwtOf(t, jwt.SigningMethodHS256, siteSecret, eve(), func(h map[string]any) { delete(h, "typ") }),
		"at+jwt":                  siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(), "typ", "application/AT+JWT"),
		"several audiences":       siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("aud", []string{"shop", "caller"}))),
		"no rooms at all":         siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("rooms", []string{}))),
		"more claims":             siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("email", "eve@shop.example"), with("via", "operator"))),
		"a kid of the site's":     siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(), "kid", "2026-11"),
	} {
		who, err := n.principal("/", "Authorization", "Bearer "+token)
		require.NoError(t, err, name)
		assert.Equal(t, "Eve", who.Name, name)
		assert.Equal(t, chat.ViaSite, who.Via, name)
		if name == "no rooms at all" {
			assert.NotNil(t, who.Rooms, "none are not all")
		}
	}
}

// TestTokenConfusion are the ways in which a token is made to be taken for one of the site's. Each
// is refused as a bearer's and as a subprotocol, and none makes anybody anything.
func TestTokenConfusion(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	require.NoError(t, err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	theirs, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint // too short on purpose
	require.NoError(t, err)
	keys := serveKeys(t,
		jose.JSONWebKey{KeyID: "rsa", Key: &rsaKey.PublicKey, Algorithm: "RS256", Use: "sig"},
		jose.JSONWebKey{KeyID: "twice", Key: &ec.PublicKey, Algorithm: "ES256"},
		jose.JSONWebKey{KeyID: "twice", Key: &rsaKey.PublicKey, Use: "enc"},
		jose.JSONWebKey{KeyID: "weak", Key: &weak.PublicKey},
		jose.JSONWebKey{KeyID: "secret", Key: siteSecret},
	)
	hs, rs, none := jwt.SigningMethodHS256, jwt.SigningMethodRS256, jwt.SigningMethodNone
	mine := jose.JSONWebKey{KeyID: "mine", Key: &theirs.PublicKey}
	session := signed(t, ann(), siteSecret)
	long := siteToken(t, hs, siteSecret, eve(with("more", strings.Repeat("x", maxSiteToken))))
	secret, published := bySecret(), Options{Key: testKey, Site: &Site{KeysURL: keys.URL, Issuer: testIssuer}}
	secret.Site.Issuer = testIssuer
	for name, c := range map[string]struct {
		site  Options
		token string
	}{
		"alg none":                            {secret, siteToken(t, none, jwt.UnsafeAllowNoneSignatureType, eve())},
		"alg none, of published keys":         {published, siteToken(t, none, jwt.UnsafeAllowNoneSignatureType, eve(), "kid", "rsa")},
		"alg nOnE":                            {secret, siteToken(t, hs, siteSecret, eve(), "alg", "nOnE")},
		"the public key as a secret, PEM":     {published, siteToken(t, hs, publicPEM, eve(), "kid", "rsa")},
		"the public key as a secret, DER":     {published, siteToken(t, hs, public, eve(), "kid", "rsa")},
		"the public key as a secret, RS256":   {published, siteToken(t, hs, publicPEM, eve(), "kid", "rsa", "alg", "RS256")},
		"the modulus as a secret":             {published, siteToken(t, hs, rsaKey.N.Bytes(), eve(), "kid", "rsa")},
		"a secret among the published keys":   {published, siteToken(t, hs, siteSecret, eve(), "kid", "secret")},
		"alg HS512":                           {secret, siteToken(t, jwt.SigningMethodHS512, siteSecret, eve())},
		"alg PS256":                           {published, siteToken(t, jwt.SigningMethodPS256, rsaKey, eve(), "kid", "rsa")},
		"another secret":                      {secret, siteToken(t, hs, []byte(strings.Repeat("x", MinKey)), eve())},
		"no secret":                           {secret, siteToken(t, hs, []byte{}, eve())},
		"another key under a known kid":       {published, siteToken(t, rs, theirs, eve(), "kid", "rsa")},
		"another key without a kid":           {published, siteToken(t, rs, theirs, eve())},
		"a kid that is not known":             {published, siteToken(t, rs, rsaKey, eve(), "kid", "gone")},
		"a kid that is a path":                {published, siteToken(t, rs, theirs, eve(), "kid", "../../../../dev/null")},
		"a kid that is an address":            {published, siteToken(t, rs, theirs, eve(), "kid", keys.URL)},
		"a kid for a query":                   {published, siteToken(t, rs, theirs, eve(), "kid", "rsa' or '1'='1")},
		"a kid that is a list":                {published, siteToken(t, rs, rsaKey, eve(), "kid", []string{"rsa"})},
		"a kid of two keys, for encryption":   {published, siteToken(t, rs, rsaKey, eve(), "kid", "twice")},
		"a key that is too short":             {published, siteToken(t, rs, weak, eve(), "kid", "weak")},
		"a key in jwk":                        {published, siteToken(t, rs, theirs, eve(), "kid", "mine", "jwk", mine)},
		"a key at jku":                        {published, siteToken(t, rs, theirs, eve(), "kid", "mine", "jku", "https://evil.example/keys")},
		"a certificate at x5u":                {published, siteToken(t, rs, theirs, eve(), "x5u", "https://evil.example/cert")},
		"a certificate in x5c":                {published, siteToken(t, rs, theirs, eve(), "x5c", []string{"MIIB"})},
		"another audience":                    {secret, siteToken(t, hs, siteSecret, eve(with("aud", "shop")))},
		"no audience":                         {secret, siteToken(t, hs, siteSecret, eve(without("aud")))},
		"an audience that begins alike":       {secret, siteToken(t, hs, siteSecret, eve(with("aud", "caller2")))},
		"another issuer":                      {secret, siteToken(t, hs, siteSecret, eve(with("iss", testIssuer+"/")))},
		"no issuer":                           {secret, siteToken(t, hs, siteSecret, eve(without("iss")))},
		"Caller's issuer":                     {secret, siteToken(t, hs, siteSecret, eve(with("iss", "caller")))},
		"typ of a session":                    {secret, siteToken(t, hs, siteSecret, eve(), "typ", tokenType)},
		"typ of a sign-out":                   {secret, siteToken(t, hs, siteSecret, eve(), "typ", "logout+jwt")},
		"typ is a number":                     {secret, siteToken(t, hs, siteSecret, eve(), "typ", 1)},
		"another token inside":                {secret, siteToken(t, hs, siteSecret, eve(), "cty", "JWT")},
		"crit":                                {secret, siteToken(t, hs, siteSecret, eve(), "crit", []string{"exp"}, "exp", 1)},
		"a body that is not encoded":          {secret, siteToken(t, hs, siteSecret, eve(), "crit", []string{"b64"}, "b64", false)},
		"expired":                             {secret, siteToken(t, hs, siteSecret, eve(with("exp", start.Add(-clockSkew).Unix())))},
		"no expiry":                           {secret, siteToken(t, hs, siteSecret, eve(without("exp")))},
		"expiry is text":                      {secret, siteToken(t, hs, siteSecret, eve(with("exp", "tomorrow")))},
		"not yet":                             {secret, siteToken(t, hs, siteSecret, eve(with("nbf", start.Add(clockSkew+time.Second).Unix())))},
		"no subject":                          {secret, siteToken(t, hs, siteSecret, eve(without("sub")))},
		"a subject that is too long":          {secret, siteToken(t, hs, siteSecret, eve(with("sub", strings.Repeat("4", maxSubject+1))))},
		"a name that is none":                 {secret, siteToken(t, hs, siteSecret, eve(with("name", "\u202eEve")))},
		"a name that is too long":             {secret, siteToken(t, hs, siteSecret, eve(with("name", strings.Repeat("e", chat.MaxName+1))))},
		"the operator's role":                 {secret, siteToken(t, hs, siteSecret, eve(with("role", "operator")))},
		"a role of its own":                   {secret, siteToken(t, hs, siteSecret, eve(with("role", "admin")))},
		"roles":                               {secret, siteToken(t, hs, siteSecret, eve(with("role", []string{"owner"})))},
		"rooms are null":                      {secret, siteToken(t, hs, siteSecret, eve(with("rooms", nil)))},
		"rooms are text":                      {secret, siteToken(t, hs, siteSecret, eve(with("rooms", "lobby")))},
		"all rooms by a star":                 {secret, siteToken(t, hs, siteSecret, eve(with("rooms", []string{"*"})))},
		"a room that can't be one":            {secret, siteToken(t, hs, siteSecret, eve(with("rooms", []string{"lobby", "a/b"})))},
		"more rooms than there may be":        {secret, siteToken(t, hs, siteSecret, eve(with("rooms", make([]string, maxClaimedRooms+1))))},
		"huge":                                {secret, long},
		"a session by the site's secret":      {secret, session},
		"a session by the site's, with a kid": {published, jwtOf(t, rs, rsaKey, claims{Name: "Ann", RegisteredClaims: jwt.RegisteredClaims{Issuer: testIssuer}}, func(h map[string]any) { h["kid"] = "rsa" })},
		"another payload under a signature":   {secret, swapped(t, siteToken(t, hs, siteSecret, eve()), eve(with("sub", "1")))},
		"no signature":                        {secret, cut(siteToken(t, hs, siteSecret, eve()))},
		"padded":                              {secret, siteToken(t, hs, siteSecret, eve()) + "="},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, &fakeStore{}, c.site)
			for _, header := range [][2]string{
				{"Authorization", "Bearer " + c.token}, {"Sec-WebSocket-Protocol", "caller.v1, caller.token." + c.token},
			} {
				who, err := n.principal("/", header[0], header[1])
				if assert.Error(t, err, "it is taken: %+v", who) {
					assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, "%v", err)
					assert.Empty(t, who)
					assert.NotContains(t, err.Error(), c.token)
				}
			}
			r := request("/session")
			r.Header.Set("Authorization", "Bearer "+c.token)
			w := httptest.NewRecorder()
			n.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _, _, err := n.SignIn(w, r, called("Eve"))
				if !isOurs(c.token) {
					assert.Error(t, err)
				}
			})).ServeHTTP(w, r)
			if !isOurs(c.token) {
				assert.Empty(t, w.Result().Cookies())
			}
		})
	}
	assert.Zero(t, keys.asked("/cert"), "nothing is fetched that a token names")
}

// A site's token makes nobody's session, and a session's token is no site's.
func TestASiteCannotMakeSessions(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	forged := ann()
	forged.Role = chat.RoleOwner
	_, err := n.principal("/", "Authorization", "Bearer "+signed(t, forged, siteSecret))
	require.Error(t, err)
	bySession := siteToken(t, jwt.SigningMethodHS256, testKey, eve())
	_, err = n.principal("/", "Authorization", "Bearer "+bySession)
	require.Error(t, err)
	_, err = n.principal("/", "Cookie", "caller_session="+siteToken(t, jwt.SigningMethodHS256, siteSecret, eve()))
	require.Error(t, err, "a cookie is a session: a site can't be one for what it did not POST /session with")
}

// A bearer's token that says nothing of this site is a proxy's in front: the cookie counts.
func TestTokensOfOthersBesideASites(t *testing.T) {
	o := bySecret()
	o.Site.Issuer = testIssuer
	n := newNode(t, &fakeStore{}, o)
	for _, token := range []string{
		siteToken(t, jwt.SigningMethodHS256, []byte(strings.Repeat("p", MinKey)), jwt.MapClaims{"iss": "https://idp.example", "aud": "proxy", "sub": "eve"}),
		"opaque", "a.b.c", "..", "a.b.c.d.e", "", siteToken(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": "42"}),
	} {
		who, err := n.principal("/?name=Gus", "Authorization", "Bearer "+token)
		require.NoError(t, err, token)
		assert.True(t, who.Guest)
		who, err = n.principal("/", "Authorization", "Bearer "+token, "Cookie", "caller_session="+signed(t, ann(), testKey))
		require.NoError(t, err, token)
		assert.Equal(t, "Ann", who.Name)
	}
}

func TestSettingsOfASite(t *testing.T) {
	for want, o := range map[string]Site{
		"at least 32":    {Secrets: [][]byte{[]byte("short")}},
		"and not both":   {Secrets: [][]byte{siteSecret}, KeysURL: "https://shop.example/keys"},
		"or the address": {},
		"own sessions":   {Secrets: [][]byte{siteSecret}, Issuer: "caller"},
		"sessions' key":  {Secrets: [][]byte{testKey}},
		"want https":     {KeysURL: "http://shop.example/keys"},
		"want a URL":     {KeysURL: "shop.example"},
	} {
		_, err := New(&fakeStore{}, &fakeStore{}, &fakeStore{}, Options{Key: testKey, Site: &o})
		assert.ErrorContains(t, err, want)
	}
}

// cut takes the signature off a token, and swapped has another payload under it.
func cut(token string) string { return token[:strings.LastIndexByte(token, '.')+1] }

func swapped(t testing.TB, token string, c jwt.MapClaims) string {
	t.Helper()
	body, err := json.Marshal(c)
	require.NoError(t, err)
	parts := strings.Split(token, ".")
	return parts[0] + "." + encoding().EncodeToString(body) + "." + parts[2]
}

// keyServer is a site that publishes keys.
type keyServer struct {
	URL string

	mu     sync.Mutex // protects following
	body   []byte
	status int
	hits   map[string]int
}

func serveKeys(t testing.TB, keys ...jose.JSONWebKey) *keyServer {
	t.Helper()
	s := &keyServer{status: http.StatusOK, hits: map[string]int{}}
	s.publish(t, keys...)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL + "/keys"
	return s
}

func (s *keyServer) publish(t testing.TB, keys ...jose.JSONWebKey) {
	t.Helper()
	body, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	require.NoError(t, err)
	s.answer(http.StatusOK, body)
}

func (s *keyServer) answer(status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

func (s *keyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[r.URL.Path]++
	if s.status == http.StatusFound {
		w.Header().Set("Location", "/cert")
	}
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
}

// asked is how often a path was asked for; with "" all.
func (s *keyServer) asked(path string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, hits := range maps.Clone(s.hits) {
		if path == "" || p == path {
			n += hits
		}
	}
	return n
}

func TestPublishedKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	keys := serveKeys(t,
		jose.JSONWebKey{KeyID: "r", Key: &rsaKey.PublicKey}, jose.JSONWebKey{KeyID: "e", Key: &ec.PublicKey}, jose.JSONWebKey{KeyID: "d", Key: edPublic})
	n := newNode(t, &fakeStore{}, Options{Key: testKey, Site: &Site{KeysURL: keys.URL}})
	for _, token := range []string{
		siteToken(t, jwt.SigningMethodRS256, rsaKey, eve(), "kid", "r"),
		siteToken(t, jwt.SigningMethodES256, ec, eve(), "kid", "e"),
		siteToken(t, jwt.SigningMethodEdDSA, ed, eve(), "kid", "d"),
		siteToken(t, jwt.SigningMethodES256, ec, eve()), // of all keys that can be meant
	} {
		who, err := n.principal("/", "Authorization", "Bearer "+token)
		require.NoError(t, err)
		assert.Equal(t, "Eve", who.Name)
	}
	assert.Equal(t, 1, keys.asked(""), "keys are kept")
}

// A new key is learnt of by its id, and a withdrawn one is refused in five minutes.
func TestPublishedKeysChange(t *testing.T) {
	_, first, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	_, second, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	one, two := jose.JSONWebKey{KeyID: "1", Key: first.Public()}, jose.JSONWebKey{KeyID: "2", Key: second.Public()}
	keys := serveKeys(t, one)
	n := newNode(t, &fakeStore{}, Options{Key: testKey, Site: &Site{KeysURL: keys.URL}})
	var passed atomic.Int64 // keys are fetched beside requests, too
	now := func() time.Time { return start.Add(time.Duration(passed.Load())) }
	n.site.now, n.site.keys.now = now, now
	later := func(d time.Duration) { passed.Add(int64(d)) }
	ask := func(kid string, key ed25519.PrivateKey) error {
		exp := with("exp", now().Add(time.Minute).Unix())
		_, err := n.principal("/", "Authorization", "Bearer "+siteToken(t, jwt.SigningMethodEdDSA, key, eve(exp), "kid", kid))
		return err
	}
	require.NoError(t, ask("1", first))

	keys.publish(t, one, two)
	for range 20 { // whoever makes ids up does not make the site be asked
		require.Error(t, ask("made up", second))
	}
	assert.Equal(t, 1, keys.asked(""))
	later(refetch)
	require.NoError(t, ask("2", second))
	for range 20 {
		require.Error(t, ask("made up", second))
	}
	assert.Equal(t, 2, keys.asked(""))

	keys.publish(t, two)
	later(keysAge)
	require.NoError(t, ask("1", first), "nobody waits for the site while keys are known")
	require.Eventually(t, func() bool { return ask("1", first) != nil }, testwait.Limit, time.Millisecond)
	require.NoError(t, ask("2", second))

	keys.answer(http.StatusBadGateway, nil)
	later(keysKept - time.Minute)
	require.NoError(t, ask("2", second), "a site that is away for a day")
	later(2 * time.Minute)
	err = ask("2", second)
	require.Error(t, err)
	assert.Equal(t, wire.CodeUnavailable, wire.FailureOf(err).Code)
}

// What a site answers is bounded, and it sends nobody anywhere else.
func TestPublishedKeysThatAreNone(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	many := make([]jose.JSONWebKey, maxKeys+1)
	for i := range many {
		many[i] = jose.JSONWebKey{KeyID: "1", Key: key.Public()}
	}
	tooMany, err := json.Marshal(jose.JSONWebKeySet{Keys: many})
	require.NoError(t, err)
	good, err := json.Marshal(jose.JSONWebKeySet{Keys: many[:1]})
	require.NoError(t, err)
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "1", Key: key}}})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		status int
		body   []byte
		want   wire.Code
	}{
		"an error":       {500, good, wire.CodeUnavailable},
		"somewhere else": {302, good, wire.CodeUnavailable},
		"no JSON":        {200, []byte("<html>"), wire.CodeUnavailable},
		"no keys":        {200, []byte(`{"keys":[]}`), wire.CodeUnavailable},
		"too many":       {200, tooMany, wire.CodeUnavailable},
		"too long":       {200, append(good, bytes.Repeat([]byte(" "), maxKeysSize)...), wire.CodeUnavailable},
		"unknown kinds":  {200, []byte(`{"keys":[{"kty":"PQ","kid":"1"}]}`), wire.CodeSessionInvalid},
		"private keys":   {200, private, wire.CodeSessionInvalid},
	} {
		keys := serveKeys(t)
		keys.answer(c.status, c.body)
		n := newNode(t, &fakeStore{}, Options{Key: testKey, Site: &Site{KeysURL: keys.URL}})
		_, err := n.principal("/", "Authorization", "Bearer "+siteToken(t, jwt.SigningMethodEdDSA, key, eve(), "kid", "1"))
		require.Error(t, err, name)
		assert.Equal(t, c.want, wire.FailureOf(err).Code, name)
		assert.Zero(t, keys.asked("/cert"), name)
	}
}

// What is taken for a site's user is one whom the site has signed in, whatever else a token has in
// it.
func FuzzSiteToken(f *testing.F) {
	good := siteToken(f, jwt.SigningMethodHS256, siteSecret, eve(with("rooms", []string{"tea"})))
	f.Add(good)
	f.Add(siteToken(f, jwt.SigningMethodHS256, []byte(strings.Repeat("x", MinKey)), eve()))
	f.Add(siteToken(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, eve()))
	f.Add("..")
	f.Add(good + ".")
	reader, err := newSite(bySecret().Site, testKey, func() time.Time { return start })
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, token string) {
		if s, err := reader.session(t.Context(), token, false); err == nil && token != good {
			t.Errorf("%q is %+v", token, s)
		}
	})
}

// Keys that anybody publishes are read without harm, and are all public ones.
func FuzzPublishedKeys(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(f, err)
	for _, k := range []any{key, key.Public(), siteSecret} {
		text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "1", Key: k}}})
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeys(text)
		if err != nil {
			return
		}
		for _, key := range keys {
			require.True(t, key.IsPublic())
			for _, alg := range []string{"RS256", "ES256", "EdDSA", "HS256", "none"} {
				signs(key, alg)
			}
		}
	})
}
