package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caller-chat/caller/internal/outbound"
	"github.com/caller-chat/caller/oidc"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/server/auth"
)

// The kinds of values that the settings of signing in have.
type (
	providerURL string // of another server, which is believed
	claimedText string // what a token has to say
	publicURL   string // without a slash at its end
	// clientSecret is as a sign-in service makes it. It is a type of its own so that nothing prints it.
	clientSecret string
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *providerURL) UnmarshalText(text []byte) error {
	if s := strings.TrimSpace(string(text)); s != "" {
		if err := outbound.CheckURL(s); err != nil {
			return err
		}
		*v = providerURL(s)
	}
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. What is longer is refused in tokens too.
func (v *claimedText) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if len(s) > 255 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("want text of at most 255 bytes")
	}
	*v = claimedText(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *publicURL) UnmarshalText(text []byte) error {
	s := strings.TrimRight(strings.TrimSpace(string(text)), "/")
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.ForceQuery || outbound.CheckURL(s) != nil {
		return fmt.Errorf("%q is not a URL, as https://chat.example.org (http for this machine alone)", text)
	}
	*v = publicURL(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *clientSecret) UnmarshalText(text []byte) error {
	*v = clientSecret(text)
	return nil
}

// secrets are what settings name files of, or have themselves.
type secrets struct {
	site     [][]byte
	operator string
	admin    string
	client   string // of the sign-in service
	webhooks []string
}

// maxSecretFile is more than any of them needs, in bytes.
const maxSecretFile = 64 << 10

// readSecrets reads them. No error has a secret in it.
func (s *settings) readSecrets() (found secrets, err error) {
	if s.SiteSecret != "" {
		found.site = [][]byte{[]byte(s.SiteSecret)}
	}
	if s.SiteSecretFile != "" {
		lines, err := secretLines(string(s.SiteSecretFile), minKey)
		if err != nil {
			return found, fmt.Errorf("--site-jwt-secret-file (CALLER_SITE_JWT_SECRET_FILE): %w", err)
		}
		for _, line := range lines {
			found.site = append(found.site, []byte(line))
		}
	}
	for _, secret := range found.site {
		if string(secret) == string(s.SessionKey) {
			return found, errors.New("--site-jwt-secret (CALLER_SITE_JWT_SECRET) is the same as --session-key " +
				"(CALLER_SESSION_KEY): whoever knows it could be anybody")
		}
	}
	found.operator, found.client = string(s.OperatorToken), string(s.OIDCClientSecret)
	if s.OperatorTokenFile != "" {
		if found.operator, err = oneSecret(string(s.OperatorTokenFile), minKey); err != nil {
			return found, fmt.Errorf("--operator-token-file (CALLER_OPERATOR_TOKEN_FILE): %w", err)
		}
	}
	found.admin = string(s.AdminToken)
	if s.AdminTokenFile != "" {
		if found.admin, err = oneSecret(string(s.AdminTokenFile), minKey); err != nil {
			return found, fmt.Errorf("--admin-token-file (CALLER_ADMIN_TOKEN_FILE): %w", err)
		}
	}
	if found.admin != "" && found.admin == string(s.SessionKey) {
		return found, errors.New("the admin token is the same as --session-key (CALLER_SESSION_KEY): whoever knows it could be anybody")
	}
	found.webhooks = s.WebhookSecret
	if s.WebhookSecretFile != "" {
		if found.webhooks, err = secretLines(string(s.WebhookSecretFile), 1); err == nil {
			err = checkWebhookSecrets(found.webhooks)
		}
		if err != nil {
			return found, fmt.Errorf("--webhook-secret-file (CALLER_WEBHOOK_SECRET_FILE): %w", err)
		}
	}
	if s.OIDCClientSecretFile != "" {
		if found.client, err = oneSecret(string(s.OIDCClientSecretFile), 1); err != nil {
			return found, fmt.Errorf("--oidc-client-secret-file (CALLER_OIDC_CLIENT_SECRET_FILE): %w", err)
		}
	}
	return found, nil
}

// oneSecret is the only line of a file.
func oneSecret(name string, least int) (string, error) {
	lines, err := secretLines(name, least)
	if err == nil && len(lines) > 1 {
		err = errors.New("has more than one line")
	}
	if err != nil {
		return "", err
	}
	return lines[0], nil
}

// secretLines are the lines of a file, at least one, each of at least so many characters.
func secretLines(name string, least int) (lines []string, err error) {
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxSecretFile {
		err = fmt.Errorf("has %d bytes, more than %d", info.Size(), maxSecretFile)
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(line) < least {
			return nil, fmt.Errorf("line %d has %d characters, want %d or more", len(lines)+1, len(line), least)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, errors.New("is empty")
	}
	return lines, nil
}

// fitSignIn tells which settings of signing in can't go together.
func (s *settings) fitSignIn() error {
	secret, keys := s.SiteSecret != "" || s.SiteSecretFile != "", s.SiteKeys != ""
	switch {
	case s.SiteSecret != "" && s.SiteSecretFile != "":
		return errors.New("--site-jwt-secret (CALLER_SITE_JWT_SECRET) and --site-jwt-secret-file (CALLER_SITE_JWT_SECRET_FILE) can't go together")
	case secret && keys:
		return errors.New("--site-jwks (CALLER_SITE_JWKS) and --site-jwt-secret (CALLER_SITE_JWT_SECRET) can't go together: tokens are signed in one way")
	case s.SiteIssuer != "" && !secret && !keys:
		return errors.New("--site-issuer (CALLER_SITE_ISSUER) needs --site-jwt-secret (CALLER_SITE_JWT_SECRET) or --site-jwks (CALLER_SITE_JWKS)")
	case s.SiteIssuer == "caller":
		return errors.New("--site-issuer (CALLER_SITE_ISSUER): caller is the issuer of this chat's own sessions")
	case s.OperatorToken != "" && s.OperatorTokenFile != "":
		return errors.New("--operator-token (CALLER_OPERATOR_TOKEN) and --operator-token-file (CALLER_OPERATOR_TOKEN_FILE) can't go together")
	}
	return s.fitOIDC()
}

// fitOIDC reports whether the settings of the sign-in service are all there, or none of them.
func (s *settings) fitOIDC() error {
	more := s.OIDCClientID != "" || s.OIDCClientSecret != "" || s.OIDCClientSecretFile != ""
	public, _ := url.Parse(string(s.PublicURL)) // was read before
	switch {
	case s.OIDCIssuer == "" && more:
		return errors.New("--oidc-client-id (CALLER_OIDC_CLIENT_ID) and --oidc-client-secret (CALLER_OIDC_CLIENT_SECRET) need --oidc-issuer (CALLER_OIDC_ISSUER)")
	case s.OIDCIssuer != "" && s.OIDCClientID == "":
		return errors.New("--oidc-issuer (CALLER_OIDC_ISSUER) needs --oidc-client-id (CALLER_OIDC_CLIENT_ID)")
	case s.OIDCIssuer != "" && s.PublicURL == "":
		return errors.New("--oidc-issuer (CALLER_OIDC_ISSUER) needs --public-url (CALLER_PUBLIC_URL): the service sends people back there")
	case s.OIDCClientSecret != "" && s.OIDCClientSecretFile != "":
		return errors.New("--oidc-client-secret (CALLER_OIDC_CLIENT_SECRET) and --oidc-client-secret-file (CALLER_OIDC_CLIENT_SECRET_FILE) can't go together")
	case s.PublicURL != "" && public.Path != string(s.BasePath):
		return fmt.Errorf("--public-url (CALLER_PUBLIC_URL) has the path %q, and --base-path (CALLER_BASE_PATH) is %q", public.Path, s.BasePath)
	}
	return nil
}

// signInFeature is what the server serves of a sign-in service; ok is false where there is none.
func (c config) signInFeature(log *slog.Logger) (_ server.Feature, ok bool, err error) {
	if c.OIDCIssuer == "" {
		return server.Feature{}, false, nil
	}
	signIn, err := oidc.New(oidc.Options{
		Issuer: string(c.OIDCIssuer), ClientID: string(c.OIDCClientID), ClientSecret: c.secrets.client,
		PublicURL: string(c.PublicURL), Logger: log,
	})
	if err != nil {
		return server.Feature{}, false, &settingError{fmt.Errorf("--oidc-issuer (CALLER_OIDC_ISSUER): %w", err)}
	}
	return server.Feature{Name: "oidc", Routes: signIn.Routes()}, true, nil
}

// site is how the site that embeds the chat signs its users in; nil for none.
func (c config) site() *auth.Site {
	if len(c.secrets.site) == 0 && c.SiteKeys == "" {
		return nil
	}
	return &auth.Site{
		Secrets: c.secrets.site, KeysURL: string(c.SiteKeys), Audience: string(c.SiteAudience), Issuer: string(c.SiteIssuer),
	}
}
