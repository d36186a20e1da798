package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/push"
	"github.com/caller-chat/caller/server"
)

// The kinds of values that the settings of pushes have.
type (
	pushSubject string
	pushKey     string // its 32 bytes
)

// UnmarshalText implements encoding.TextUnmarshaler. Push services write there when something is
// wrong (RFC 8292 section 2.1).
func (v *pushSubject) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	address, isMail := strings.CutPrefix(s, "mailto:")
	_, merr := mail.ParseAddress(address)
	u, err := url.Parse(s)
	isSite := err == nil && u.Scheme == "https" && u.Host != ""
	if s != "" && !(isMail && merr == nil) && !isSite {
		return fmt.Errorf("%q is not a contact, as mailto:ops@example.org or https://example.org/contact", s)
	}
	*v = pushSubject(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. It takes the form that all tools for Web Push
// write.
func (v *pushKey) UnmarshalText(text []byte) error {
	s := strings.TrimRight(strings.TrimSpace(string(text)), "=")
	if s == "" {
		return nil
	}
	key, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(key) != 32 {
		return errors.New("want a private VAPID key: 43 characters of base64url")
	}
	*v = pushKey(key)
	return nil
}

// fitPush tells which settings of pushes need another one.
func (s *settings) fitPush() error {
	if s.PushSubject == "" && (s.PushKey != "" || s.PushAllowPrivate) {
		return errors.New("--push-key (CALLER_PUSH_KEY) and --push-allow-private (CALLER_PUSH_ALLOW_PRIVATE) need --push-subject (CALLER_PUSH_SUBJECT)")
	}
	return nil
}

// push is how pushes are sent, when they are.
func (c config) push(limits chat.Policy, log *slog.Logger) push.Options {
	o := push.Options{Subject: string(c.PushSubject), AllowPrivate: c.PushAllowPrivate, Limits: limits, Logger: log}
	if c.PushKey != "" {
		o.Key = []byte(c.PushKey)
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Push
	}
	return o
}

// pushFeature is what the server serves of pushes.
func pushFeature(all *push.Push) server.Feature {
	return server.Feature{Name: "push", Routes: all.Routes()}
}
