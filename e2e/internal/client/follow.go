package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/caller-chat/caller/client"
)

// Follower is somebody who reads and posts by Caller's own package client, and leaves it to that to
// get through: over whatever transport, at whichever of several nodes a connection leads to. Its
// record has what the package tells, which is to have come once and in order whatever happened.
//
// All other readers here read the wire itself, each by one connection: they judge what is on it
// (repeats, fields id: and event:, what a resume brings), which the package takes care of for its
// users, and are NDJSON, text and several rooms besides, which it has not.
type Follower struct {
	*Record
	Person Person

	client    *client.Client
	transport *http.Transport
}

// Follow makes one; bases are the nodes, or what is in front of them. With several, each of its
// connections leads to one of them, as through a balancer. Close ends it. A proxy is a forward
// proxy, host:port, to go through; "" for none.
func (p Person) Follow(bases []string, proxy string) (*Follower, error) {
	f := &Follower{Record: NewRecord(p.Name + " by package client"), Person: p, transport: &http.Transport{}}
	if len(bases) > 1 {
		dialer := &net.Dialer{Timeout: 5 * time.Second}
		f.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			base := bases[rand.IntN(len(bases))] //nolint:gosec // it is no secret
			return dialer.DialContext(ctx, network, strings.TrimPrefix(base, "http://"))
		}
	}
	if proxy != "" {
		f.transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
	}
	o := client.Options{HTTP: &http.Client{Transport: f.transport}, Token: p.Token}
	if p.Token == "" {
		o.Name = p.Name
	}
	var err error
	f.client, err = client.New(bases[0], o)
	return f, err
}

// Rest has nothing said for a while.
func (f *Follower) Rest(t testing.TB, d time.Duration) {
	t.Helper()
	time.Sleep(d) // the silence is what is tested
}

// Close closes idle connections.
func (f *Follower) Close() { f.transport.CloseIdleConnections() }

// Read reads the room until ctx ends. Who is refused comes back after a while, as somebody does who
// was sent out and is let in again.
func (f *Follower) Read(ctx context.Context, room string) {
	for ctx.Err() == nil {
		for event, err := range f.client.Room(room).Events(ctx, client.From{After: f.Cursor()}) {
			if err != nil {
				f.add(Event{Type: TypeNote, Detail: "refused, or at its end: " + err.Error()})
				break
			}
			f.take(event)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond): // it may be let in again by then
		}
	}
}

// take records an event. Those that polls are made into have no JSON.
func (f *Follower) take(event client.Event) {
	read := Event{Type: event.Type, RoomID: event.Room, Cursor: event.Cursor}
	switch {
	case event.Type == client.EventTransport:
		read = Event{Type: TypeOpen, Cursor: f.Cursor(), Detail: string(event.Transport)}
	case event.Raw != nil:
		if err := json.Unmarshal(event.Raw, &read); err != nil {
			read = Event{Type: "(not JSON)", Raw: string(event.Raw), Detail: err.Error()}
		}
	case event.Entry != nil:
		read.Reason = event.Entry.Reason
	case event.Type == client.EventWelcome:
		read.Resumed = event.Resumed
	}
	f.add(read)
}

// Post says something under a key, until it is stored or refused, or ctx ends. The status stands for
// an answer's; 0 for none.
func (f *Follower) Post(ctx context.Context, room, key, text string) (id string, status int, err error) {
	id, err = f.client.Room(room).Post(ctx, client.Draft{Text: text, Key: key})
	var problem *client.Problem
	switch {
	case err == nil:
		return id, http.StatusCreated, nil
	case ctx.Err() == nil && errors.As(err, &problem):
		return "", problem.Status, err
	}
	return "", 0, fmt.Errorf("no answer: %w", err)
}

// Transports are those that have carried it, one after the other.
func (f *Follower) Transports() []string {
	var over []string
	for _, event := range f.Events() {
		if event.Type == TypeOpen {
			over = append(over, event.Detail)
		}
	}
	return over
}
