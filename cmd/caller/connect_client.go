package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/transport/wire"
)

// roomFlag is the room that a command is about.
type roomFlag struct {
	Room roomName `name:"room" short:"r" from:"CALLER_ROOM" placeholder:"ROOM" help:"The room."`
}

// named is the room that was named: after the command, or by the flag.
func (f *roomFlag) named(i *invocation, argument roomName) (string, error) {
	switch {
	case argument != "":
		return string(argument), nil
	case f.Room != "":
		return string(f.Room), nil
	}
	return "", i.misuse(errors.New("name a room, as --room lobby or by CALLER_ROOM"))
}

// roomName is a room's name as somebody writes it.
type roomName string

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *roomName) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), "/rooms/") { // it is not repeated: a link may have an invite's secret in it
		return errors.New("a room is named by what stands after /rooms/ in its address, and its server by --url")
	}
	id, err := wire.ParseRoomID(string(text))
	if err != nil {
		return err
	}
	*v = roomName(id)
	return nil
}

// client makes a client of the server that the flags name. Who can't be named by a token is a guest
// of that name.
func (f *clientFlags) client(i *invocation, name string, transport client.Transport) (*client.Client, error) {
	token, err := f.token(i)
	if err != nil {
		return nil, err
	}
	c, err := client.New(string(f.URL), client.Options{
		Token: token, Name: name, Transport: transport, Logger: slog.New(&outages{to: i.stderr}),
		Header: http.Header{"User-Agent": {"caller-cli"}},
	})
	if err != nil {
		return nil, i.misuse(err)
	}
	return c, nil
}

// outages says on stderr why something is tried again, once for each reason, until the next success.
// It is what the client's log comes to for somebody who waits.
type outages struct {
	to io.Writer

	mu    sync.Mutex // guards what follows
	told  string     // what was said since the last success
	ended string     // what the last connection has ended with
	lives bool       // there has been a connection, and only its end: to come back is usual
}

// Enabled implements slog.Handler.
func (*outages) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (o *outages) WithAttrs([]slog.Attr) slog.Handler { return o }

// WithGroup implements slog.Handler.
func (o *outages) WithGroup(string) slog.Handler { return o }

// Handle implements slog.Handler.
func (o *outages) Handle(_ context.Context, r slog.Record) error {
	of := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		of[a.Key] = a.Value.String()
		return true
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	switch what := of["what"]; {
	case r.Message == "a call is tried again":
		return o.tell(of["error"])
	case r.Message == "a call has got through":
		o.told = ""
	case r.Message != "transport":
	case what == "activate":
		o.told, o.lives = "", true
	case what == "ended":
		o.ended = of["error"]
	case what == "close" && (of["why"] == "late" || of["why"] == "silent"):
		o.ended = "the server does not answer"
	case what == "wait" && o.lives:
		o.lives = false
	case what == "wait":
		return o.tell(o.ended)
	}
	return nil
}

func (o *outages) tell(why string) error {
	if why == o.told {
		return nil
	}
	o.told = why
	_, err := fmt.Fprintf(o.to, "caller: trying again: %s\n", wire.Plain(why))
	return err
}

// ended says how a call to a server has ended, by exit code. A signal that came meanwhile is what
// counts; nobody needs to be told of it.
func (i *invocation) ended(err error) error {
	var problem *client.Problem
	switch {
	case err == nil:
		return nil
	case i.ctx.Err() != nil:
		return &codedError{code: exitInterrupted, err: errors.New("interrupted")}
	case errors.As(err, &problem) && refuses(problem):
		return &codedError{code: exitRefused, err: err}
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New(strings.Replace(err.Error(), context.DeadlineExceeded.Error(), "no answer in time", 1))
	}
	return &codedError{code: exitUnavailable, err: err}
}

// refuses reports whether a problem will be the same at the next try.
func refuses(p *client.Problem) bool {
	switch {
	case p.Status == http.StatusRequestTimeout, p.Status == http.StatusTooManyRequests:
		return false
	case p.Status != 0:
		return p.Status/100 == 4
	}
	return p.Code != client.NoAnswer
}
