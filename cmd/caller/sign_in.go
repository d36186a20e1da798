package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caller-chat/caller/server/auth"
)

// The kinds of values that the settings of signing in have.
type (
	providerURL string // of another server, which is believed
	claimedText string // what a token has to say
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *providerURL) UnmarshalText(text []byte) error {
	if s := strings.TrimSpace(string(text)); s != "" {
		if err := auth.CheckProvider(s); err != nil {
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

// secrets are what settings name files of, or have themselves.
type secrets struct {
	site     [][]byte
	operator string
}

// maxSecretFile is more than any of them needs, in bytes.
const maxSecretFile = 64 << 10

// readSecrets reads them. No error has a secret in it.
func (s *settings) readSecrets() (found secrets, err error) {
	if s.SiteSecret != "" {
		found.site = [][]byte{[]byte(s.SiteSecret)}
	}
	if s.SiteSecretFile != "" {
		lines, err := secretLines(string(s.SiteSecretFile))
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
	found.operator = string(s.OperatorToken)
	if s.OperatorTokenFile != "" {
		lines, err := secretLines(string(s.OperatorTokenFile))
		if err == nil && len(lines) > 1 {
			err = errors.New("has more than one line")
		}
		if err != nil {
			return found, fmt.Errorf("--operator-token-file (CALLER_OPERATOR_TOKEN_FILE): %w", err)
		}
		found.operator = lines[0]
	}
	return found, nil
}

// secretLines are the lines of a file, at least one, each long enough for a secret.
func secretLines(name string) (lines []string, err error) {
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
		var one secret
		if err := one.UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("line %d %w", len(lines)+1, err)
		}
		lines = append(lines, string(one))
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
	return nil
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
