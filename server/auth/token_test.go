package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestToken(t *testing.T) {
	token := signed(t, ann(), testKey)
	found, err := parseToken(token, testKey, start)
	require.NoError(t, err)
	assert.Equal(t, ann(), found)
	assert.NotEqual(t, token, signed(t, ann(), testKey), "each token has an id")

	var c jwt.MapClaims
	parsed, err := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return start })).ParseWithClaims(token, &c,
		func(*jwt.Token) (any, error) { return testKey, nil })
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"alg": "HS256", "typ": "caller-session+jwt"}, parsed.Header)
	delete(c, "jti")
	assert.Equal(t, jwt.MapClaims{
		"iss": "caller", "aud": []any{"caller"}, "sub": string(ann().ID), "name": "Ann",
		"iat": float64(start.Unix()), "exp": float64(ann().Expires.Unix()),
	}, c)
}

func TestLegacyToken(t *testing.T) {
	token := legacyOf(ann(), testKey)
	found, err := parseToken(token, testKey, start)
	require.NoError(t, err)
	assert.Equal(t, ann(), found)
	_, err = parseToken(token, testKey, ann().Expires)
	require.ErrorIs(t, err, errTokenExpired)
	assert.True(t, isOurs(token))
}

func TestLongestToken(t *testing.T) {
	for _, name := range []string{strings.Repeat("<", chat.MaxName), strings.Repeat("𐐷", chat.MaxName), strings.Repeat(`"`, chat.MaxName)} {
		s := ann()
		s.Name = name
		token := signed(t, s, testKey)
		assert.LessOrEqual(t, len(token), maxToken)
		found, err := parseToken(token, testKey, start)
		require.NoError(t, err)
		assert.Equal(t, s, found)
	}
}

// TestHostileTokens are all refused, and those that name Caller in any way are not passed over.
func TestHostileTokens(t *testing.T) {
	another := []byte(strings.Repeat("o", MinKey))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	full := func() claims {
		return claims{Name: "Ann", RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: "ann", ExpiresAt: jwt.NewNumericDate(start.Add(time.Hour)),
		}}
	}
	with := func(change func(*claims)) string {
		c := full()
		change(&c)
		return jwtOf(t, jwt.SigningMethodHS256, testKey, c, nil)
	}
	good := signed(t, ann(), testKey)
	parts := strings.Split(good, ".")
	other := strings.Split(signed(t, Session{ID: "bob", Name: "Bob", Expires: start.Add(time.Hour)}, testKey), ".")
	old := legacyOf(ann(), testKey)
	oldBody, oldSum, _ := strings.Cut(old, ".")
	for name, c := range map[string]struct {
		token string
		ours  bool
		want  error
	}{
		"another key":        {signed(t, ann(), another), true, errTokenForged},
		"another payload":    {parts[0] + "." + other[1] + "." + parts[2], true, errTokenForged},
		"no signature":       {parts[0] + "." + parts[1] + ".", true, errTokenForged},
		"alg none":           {jwtOf(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, full(), nil), true, errTokenForged},
		"alg HS512":          {jwtOf(t, jwt.SigningMethodHS512, testKey, full(), nil), true, errTokenForged},
		"alg ES256":          {jwtOf(t, jwt.SigningMethodES256, ec, full(), nil), true, errTokenForged},
		"typ JWT":            {jwtOf(t, jwt.SigningMethodHS256, testKey, full(), func(h map[string]any) { h["typ"] = "JWT" }), true, errTokenForm},
		"no typ":             {jwtOf(t, jwt.SigningMethodHS256, testKey, full(), func(h map[string]any) { delete(h, "typ") }), true, errTokenForm},
		"typ is a number":    {jwtOf(t, jwt.SigningMethodHS256, testKey, full(), func(h map[string]any) { h["typ"] = 1 }), true, errTokenForm},
		"another issuer":     {with(func(c *claims) { c.Issuer = "https://idp.example" }), false, errTokenForm},
		"no issuer":          {with(func(c *claims) { c.Issuer = "" }), false, errTokenForm},
		"another audience":   {with(func(c *claims) { c.Audience = jwt.ClaimStrings{"else"} }), true, errTokenForm},
		"no audience":        {with(func(c *claims) { c.Audience = nil }), true, errTokenForm},
		"no expiry":          {with(func(c *claims) { c.ExpiresAt = nil }), true, errTokenForm},
		"expired":            {with(func(c *claims) { c.ExpiresAt = jwt.NewNumericDate(start) }), true, errTokenExpired},
		"not yet":            {with(func(c *claims) { c.NotBefore = jwt.NewNumericDate(start.Add(time.Second)) }), true, errTokenForm},
		"no subject":         {with(func(c *claims) { c.Subject = "" }), true, errTokenForm},
		"no name":            {with(func(c *claims) { c.Name = "" }), true, errTokenForm},
		"padded":             {good + "=", true, errTokenForm},
		"four parts":         {good + "." + parts[2], false, errTokenForm},
		"longer":             {good + "A", true, errTokenForged},
		"too long":           {with(func(c *claims) { c.ID = strings.Repeat("x", maxToken) }), true, errTokenForm},
		"no JSON":            {parts[0] + ".e30x." + parts[2], false, errTokenForm},
		"nothing":            {"", false, errTokenForm},
		"opaque":             {"hello", false, errTokenForm},
		"dots":               {"..", false, errTokenForm},
		"old, another key":   {legacyOf(ann(), another), true, errTokenForged},
		"old, no signature":  {oldBody + ".", true, errTokenForged},
		"old, no payload":    {"." + oldSum, false, errTokenForged},
		"old, no JSON":       {legacy("{", testKey), false, errTokenForm},
		"old, no id":         {legacy(`{"v":1,"name":"Ann","exp":99999999999}`, testKey), true, errTokenForm},
		"old, other version": {legacy(`{"v":2,"id":"a","name":"Ann","exp":99999999999}`, testKey), true, errTokenForm},
		"old, no expiry":     {legacy(`{"v":1,"id":"a","name":"Ann"}`, testKey), true, errTokenExpired},
		// Signed by the right key for the other format.
		"a JWT's parts as an old one": {parts[1] + "." + parts[2], false, errTokenForged},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseToken(c.token, testKey, start)
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, c.ours, isOurs(c.token))
		})
	}
}

// What is taken for a session is one that was signed, whatever else a token has in it.
func FuzzToken(f *testing.F) {
	good := ann()
	f.Add(signed(f, good, testKey))
	f.Add(signed(f, good, []byte(strings.Repeat("o", MinKey))))
	f.Add(legacyOf(good, testKey))
	f.Add(legacy(`{"v":1,"id":"a","name":"b","exp":1e3}`, testKey))
	f.Add("..")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		isOurs(token)
		if s, err := parseToken(token, testKey, start); err == nil && !reflect.DeepEqual(s, good) {
			t.Errorf("%q is %+v", token, s)
		}
	})
}
