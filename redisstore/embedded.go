package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how often the embedded server's keys grow older. Each time it looks at all of them, so
// not too often; keys live up to a tick too short, which for hours and minutes does not matter.
const tick = time.Second

// embedded is a Redis inside this process. It holds nothing after a restart.
type embedded struct {
	server *miniredis.Miniredis
	stop   chan struct{}
	done   sync.WaitGroup
}

// OpenEmbedded starts a Redis in this process, on a free port of 127.0.0.1 and behind a random
// password, and opens it. [Options.URL] is not used. It is good for one node, and what it holds is
// gone when the store is closed.
func OpenEmbedded(ctx context.Context, o Options) (*Store, error) {
	password := randomHex(16)
	e := &embedded{server: miniredis.NewMiniRedis(), stop: make(chan struct{})}
	e.server.RequireAuth(password)
	if err := e.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("starting the embedded Redis: %w", err)
	}
	e.done.Go(e.grow)
	o.URL = (&url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: e.server.Addr()}).String()
	s, err := Open(ctx, o)
	if err != nil {
		e.close()
		return nil, errors.Join(errors.New("opening the embedded Redis"), err)
	}
	s.embedded = e
	return s, nil
}

// grow makes keys expire. The server's TIME is the wall clock, but its keys' ages stand still
// unless they are driven. (It can do that by itself, ClockTTL, but then looks at all keys in each
// command.)
func (e *embedded) grow() {
	t := time.NewTicker(tick)
	defer t.Stop()
	// Without the monotonic reading, so that ages go with TIME also when the machine was asleep.
	last := time.Now().Round(0)
	for {
		select {
		case <-e.stop:
			return
		case <-t.C:
			now := time.Now().Round(0)
			if d := now.Sub(last); d > 0 {
				e.server.FastForward(d)
			}
			last = now
		}
	}
}

func (e *embedded) close() {
	close(e.stop)
	e.done.Wait()
	e.server.Close()
}
