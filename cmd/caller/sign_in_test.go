package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hush = "hush-hush-hush-hush-hush-hush-hush" // a secret

func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestSiteSettings(t *testing.T) {
	c, err := read(t, "", nil)
	require.NoError(t, err)
	assert.Nil(t, c.server(nil).Site)

	c, err = read(t, "", []string{"CALLER_SITE_JWT_SECRET=" + hush})
	require.NoError(t, err)
	assert.Equal(t, [][]byte{[]byte(hush)}, c.server(nil).Site.Secrets)
	assert.Equal(t, "caller", c.server(nil).Site.Audience)

	c, err = read(t, "", nil, "--site-jwt-secret-file", written(t, hush+"\r\n\n"+hush+"2\n"), "--site-issuer=shop", "--site-audience=chat")
	require.NoError(t, err)
	site := c.server(nil).Site
	assert.Equal(t, [][]byte{[]byte(hush), []byte(hush + "2")}, site.Secrets)
	assert.Equal(t, "shop", site.Issuer)
	assert.Equal(t, "chat", site.Audience)

	c, err = read(t, "", []string{"CALLER_SITE_JWKS=https://shop.example/keys"})
	require.NoError(t, err)
	assert.Equal(t, "https://shop.example/keys", c.server(nil).Site.KeysURL)
}

func TestOperatorSettings(t *testing.T) {
	c, err := read(t, "", []string{"CALLER_OPERATOR_TOKEN=" + hush})
	require.NoError(t, err)
	assert.Equal(t, hush, c.server(nil).Operator)
	c, err = read(t, "", nil, "--operator-token-file", written(t, hush+"\n"))
	require.NoError(t, err)
	assert.Equal(t, hush, c.server(nil).Operator)
}

func TestSignInServiceSettings(t *testing.T) {
	c, err := read(t, "", nil)
	require.NoError(t, err)
	_, ok, err := c.signInFeature(nil)
	require.NoError(t, err)
	assert.False(t, ok)
	c, err = read(t, "", []string{"CALLER_OIDC_ISSUER=https://login.example/", "CALLER_OIDC_CLIENT_ID=caller", "CALLER_PUBLIC_URL=https://shop.example/chat/", "CALLER_BASE_PATH=/chat"},
		"--oidc-client-secret-file", written(t, "s\n"))
	require.NoError(t, err)
	assert.Equal(t, "s", c.secrets.client)
	feature, ok, err := c.signInFeature(nil)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, "oidc", feature.Name)
}

func TestSignInSettingsThatCannotBe(t *testing.T) {
	for want, args := range map[string][]string{
		"CALLER_SITE_JWT_SECRET): has 5 characters":                  {"--site-jwt-secret=short"},
		"and --site-jwt-secret-file":                                 {"--site-jwt-secret=" + hush, "--site-jwt-secret-file=x"},
		"signed in one way":                                          {"--site-jwt-secret=" + hush, "--site-jwks=https://shop.example/keys"},
		"CALLER_SITE_JWKS): want https":                              {"--site-jwks=http://shop.example/keys"},
		"CALLER_SITE_JWKS): want a URL":                              {"--site-jwks=keys"},
		"--site-issuer (CALLER_SITE_ISSUER) needs":                   {"--site-issuer=shop"},
		"own sessions":                                               {"--site-issuer=caller", "--site-jwt-secret=" + hush},
		"CALLER_SITE_AUDIENCE): want text":                           {"--site-audience=" + strings.Repeat("x", 256)},
		"the same as --session-key":                                  {"--site-jwt-secret=" + hush, "--session-key=" + hush},
		"--site-jwt-secret-file (CALLER_SITE_JWT_SECRET_FILE): stat": {"--site-jwt-secret-file=/nowhere"},
		"CALLER_SITE_JWT_SECRET_FILE): is empty":                     {"--site-jwt-secret-file=" + written(t, " \n\n")},
		"CALLER_SITE_JWT_SECRET_FILE): line 2 has 5 characters":      {"--site-jwt-secret-file=" + written(t, hush+"\nshort\n")},
		"CALLER_SITE_JWT_SECRET_FILE): has 70000 bytes":              {"--site-jwt-secret-file=" + written(t, strings.Repeat("x", 70_000))},
		"CALLER_OPERATOR_TOKEN): has 5 characters":                   {"--operator-token=short"},
		"need --oidc-issuer":                                         {"--oidc-client-id=caller"},
		"needs --oidc-client-id":                                     {"--oidc-issuer=https://login.example"},
		"needs --public-url":                                         {"--oidc-issuer=https://login.example", "--oidc-client-id=caller"},
		"CALLER_OIDC_ISSUER): want https":                            {"--oidc-issuer=http://login.example"},
		"CALLER_PUBLIC_URL): \"http://chat.example\" is not":         {"--public-url=http://chat.example"},
		"has the path \"/chat\", and":                                {"--public-url=https://shop.example/chat/"},
		"and --oidc-client-secret-file":                              {"--public-url=https://chat.example", "--oidc-issuer=https://login.example", "--oidc-client-id=caller", "--oidc-client-secret=x", "--oidc-client-secret-file=x"},
		"and --operator-token-file":                                  {"--operator-token=" + hush, "--operator-token-file=x"},
		"CALLER_OPERATOR_TOKEN_FILE): has more than one line":        {"--operator-token-file=" + written(t, hush+"\n"+hush)},
	} {
		_, err := read(t, "", nil, args...)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hush")
		assert.NotContains(t, err.Error(), "xxxx")
	}
}
