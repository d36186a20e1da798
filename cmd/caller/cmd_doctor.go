package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/caller-chat/caller/redisstore"
)

// doctorCommand is "caller doctor".
type doctorCommand struct {
	At    callerURL `name:"at" placeholder:"URL" help:"Where people have the chat. Default: as --public-url, else where --addr listens on this machine."`
	Quick bool      `help:"Leave out what takes its time: a poll of 25 seconds."`
	JSON  bool      `name:"json" help:"As a JSON object."`

	settings
}

func (*doctorCommand) examples() string {
	return `
# Look at a running server, by its own settings (those of .env and the environment, as the server has them).
caller doctor --at https://chat.example.org
# For a program. The exit code is 1 when something is wrong.
caller doctor --json | jq '.findings[] | select(.state == "problem")'`
}

// errUnwell says that something is wrong; what, has been printed.
var errUnwell = errors.New("something is wrong: see above")

// Run implements the command.
func (d *doctorCommand) Run(i *invocation) error {
	c, err := i.config(&d.settings)
	if err != nil {
		return err
	}
	doc := &doctor{c: c, now: time.Now, log: slog.New(slog.DiscardHandler)}
	redisstore.LogTo(doc.log) // a finding says it
	doc.well("settings", "can be read, and go together")
	ctx, cancel := context.WithTimeout(i.ctx, 3*time.Minute)
	defer cancel()
	doc.redis(ctx)
	doc.front(ctx, d.where(c), !d.Quick)
	doc.files(ctx)
	doc.liveKit(ctx)
	doc.machine()
	if i.ctx.Err() != nil {
		return i.ended(i.ctx.Err())
	}
	if err := quietly(doc.print(i.stdout, d.JSON)); err != nil {
		return err
	}
	if doc.Problems > 0 {
		return errUnwell
	}
	return nil
}

// where is the address at which the chat is looked at.
func (d *doctorCommand) where(c config) string {
	switch {
	case d.At != "":
		return string(d.At)
	case c.PublicURL != "":
		return strings.TrimSuffix(string(c.PublicURL), "/")
	}
	scheme := "http"
	if c.TLSCert != "" || len(c.ACMEDomains) > 0 {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(string(c.Addr))
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + string(c.BasePath)
}
