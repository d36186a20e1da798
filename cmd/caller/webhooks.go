package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server"
	"github.com/caller-chat/caller/webhooks"
	"github.com/caller-chat/caller/webhooks/incoming"
)

// The kinds of values that the settings of webhooks have.
type (
	webhookURL     string
	webhookSecrets []string
	webhookEvents  []chat.HookEvent
	giveUp         time.Duration
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *webhookURL) UnmarshalText(text []byte) error {
	if err := webhooks.CheckURL(string(text), true); err != nil {
		return err
	}
	*v = webhookURL(text)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. No error has a secret in it.
func (v *webhookSecrets) UnmarshalText(text []byte) error {
	all := strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || r == ' ' })
	*v = all
	return checkWebhookSecrets(all)
}

func checkWebhookSecrets(all []string) error {
	for _, secret := range all {
		if err := webhooks.CheckSecret(secret); err != nil {
			return err
		}
	}
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *webhookEvents) UnmarshalText(text []byte) error {
	events, err := webhooks.ParseEvents(strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || r == ' ' }))
	*v = events
	return err
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *giveUp) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < time.Second || d > 7*24*time.Hour {
		return fmt.Errorf("%q is not a time of 1s to 168h", text)
	}
	*v = giveUp(d)
	return nil
}

// fitWebhooks tells which settings of webhooks need another one.
func (s *settings) fitWebhooks() error {
	secret := len(s.WebhookSecret) > 0 || s.WebhookSecretFile != ""
	switch {
	case len(s.Webhooks) > 0 && !secret:
		return errors.New("--webhook (CALLER_WEBHOOK) needs --webhook-secret (CALLER_WEBHOOK_SECRET) or --webhook-secret-file (CALLER_WEBHOOK_SECRET_FILE)")
	case len(s.Webhooks) == 0 && (secret || len(s.WebhookEvents) > 0):
		return errors.New("--webhook-secret (CALLER_WEBHOOK_SECRET), --webhook-secret-file (CALLER_WEBHOOK_SECRET_FILE) and --webhook-events " +
			"(CALLER_WEBHOOK_EVENTS) need --webhook (CALLER_WEBHOOK)")
	case len(s.WebhookSecret) > 0 && s.WebhookSecretFile != "":
		return errors.New("--webhook-secret (CALLER_WEBHOOK_SECRET) and --webhook-secret-file (CALLER_WEBHOOK_SECRET_FILE) can't go together")
	}
	return nil
}

// webhooks is how programs are told what happens.
func (c config) webhooks(log *slog.Logger) webhooks.Options {
	o := webhooks.Options{AllowPrivate: c.WebhookAllowPrivate, GiveUp: time.Duration(c.WebhookGiveUp), Logger: log}
	events := c.WebhookEvents
	if len(events) == 0 {
		events, _ = webhooks.ParseEvents(nil) // the usual ones
	}
	for _, address := range c.Webhooks {
		o.Node = append(o.Node, webhooks.NodeHook{URL: string(address), Events: events, Secrets: c.secrets.webhooks})
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Webhooks
	}
	return o
}

// webhooksFeature is what the server serves of rooms' webhooks.
func webhooksFeature(all *webhooks.Webhooks, rooms webhooks.Rooms) server.Feature {
	return server.Feature{Name: "webhooks", Routes: all.Routes(rooms)}
}

// webhooksPart is what the operator is served of them.
func (p *parts) webhooksPart() admin.Part {
	return admin.Part{Name: "webhooks", Routes: p.webhooks.AdminRoutes(p.operatorDid)}
}

// incomingFeature is what the server serves of hooks, by which other services say what happens there.
func incomingFeature(rooms incoming.Rooms) server.Feature {
	return server.Feature{Name: "hooks", Transfers: incoming.New(rooms).Routes()}
}
