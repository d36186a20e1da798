package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

const (
	// subscribeBatch bounds a SUBSCRIBE command, so that many rooms do not hold up what is
	// published meanwhile.
	subscribeBatch = 500
	// A broken connection is dialed again after minBackoff, then after twice that and so on up to
	// maxBackoff.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
	// probesMissed is how many probes may stay away while other notices still come: the connection
	// is alive then and perhaps only behind, but it may also lead to a master that has been
	// replaced.
	probesMissed = 4
)

var (
	errIdle     = errors.New("no room is followed")
	errSilent   = errors.New("nothing came from it any more")
	errProbe    = errors.New("it leads to a Redis where nothing is published any more")
	errUnasked  = errors.New("a confirmation came that nobody had asked for")
	errTakenOut = errors.New("the server ended a subscription") // in a Cluster, when the slot has moved
)

// subscriberConn is one subscription connection, and after it broke the next one. Its goroutine,
// run, is the only one that calls its follows' listeners.
//
// Confirmations carry only the channel's name. They come in the order of the commands, so by
// counting them it knows which command each one answers. A late one, for an earlier follow of the
// room, is not taken for the new follow's: between the two the room may have been unsubscribed.
type subscriberConn struct {
	feed *feed
	part int
	// probe is a channel of this connection's own. What it publishes there has to come back.
	probe string
	// wake says that dirty has something.
	wake chan struct{}

	// What follows is guarded by feed.mu.

	follows  map[string]*follow       // by channel
	channels map[string]*subscription // by channel, on this connection
	dirty    map[string]struct{}      // channels to subscribe or unsubscribe
}

// subscription counts a channel's commands and confirmations on one connection.
type subscription struct{ subscribes, subscribed, unsubscribes, unsubscribed int }

func (s *subscription) settled() bool {
	return s.subscribes == s.subscribed && s.unsubscribes == s.unsubscribed
}

func newSubscriberConn(f *feed, part int) *subscriberConn {
	return &subscriberConn{
		feed: f, part: part,
		probe: fmt.Sprintf("%s{p%03d}:node:%s", f.store.opt.KeyPrefix, part, f.store.node),
		wake:  make(chan struct{}, 1), follows: map[string]*follow{},
		channels: map[string]*subscription{}, dirty: map[string]struct{}{},
	}
}

// touch has the writer look at a channel. feed.mu is held.
func (conn *subscriberConn) touch(channel string) {
	conn.dirty[channel] = struct{}{}
	select {
	case conn.wake <- struct{}{}:
	default:
	}
}

func (conn *subscriberConn) run() {
	ctx, log := conn.feed.ctx, conn.feed.store.log
	backoff := minBackoff
	for {
		confirmed, err := conn.serve(ctx)
		conn.cut()
		if ctx.Err() != nil || conn.retire() {
			return
		}
		if errors.Is(err, errIdle) {
			continue // somebody came as it was closing
		}
		if confirmed {
			backoff = minBackoff
			conn.feed.store.opt.Observer.Broke(err) // one that was never made has not broken
		}
		log.Warn("the subscription to Redis broke", "partition", conn.part, "error", err, "retryIn", backoff)
		if c, ok := conn.feed.store.client.(*redis.ClusterClient); ok {
			c.ReloadState(ctx) // the slot may have moved
		}
		// Half of it by chance, so that all nodes do not come back in the same moment.
		pause := time.NewTimer(backoff/2 + rand.N(backoff/2))
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		backoff = min(2*backoff, maxBackoff)
	}
}

// retire takes the connection out when nobody needs it.
func (conn *subscriberConn) retire() bool {
	conn.feed.mu.Lock()
	defer conn.feed.mu.Unlock()
	if len(conn.follows) > 0 {
		return false
	}
	delete(conn.feed.byPart, conn.part)
	return true
}

// serve connects, subscribes, and delivers until the connection breaks. confirmed says that it had
// worked.
func (conn *subscriberConn) serve(ctx context.Context) (confirmed bool, err error) {
	ctx, cancel := context.WithCancelCause(withDialPermit(ctx))
	defer cancel(nil)
	conn.reset()

	var ps *redis.PubSub
	if conn.feed.store.sharded {
		ps = conn.feed.store.client.SSubscribe(ctx)
	} else {
		ps = conn.feed.store.client.Subscribe(ctx)
	}
	s := &connection{conn: conn, ps: ps, sharded: conn.feed.store.sharded}
	// The probe first: it makes the connection, in a Cluster to the node that has the slot.
	if err := s.subscribe(ctx, []string{conn.probe}); err != nil {
		return false, errors.Join(err, ps.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(s.write(ctx))
		_ = ps.Close() // ends the reader below, which waits without a time limit
	}()
	err = s.read(ctx)
	cancel(err)
	<-done
	return s.confirmed, context.Cause(ctx)
}

// reset begins a new connection: whatever is followed has to be subscribed.
func (conn *subscriberConn) reset() {
	conn.feed.mu.Lock()
	defer conn.feed.mu.Unlock()
	conn.channels = map[string]*subscription{conn.probe: {subscribes: 1}}
	clear(conn.dirty)
	for channel, fl := range conn.follows {
		fl.asked, fl.live = 0, false
		conn.touch(channel)
	}
}

// cut tells the rooms that notices may be missing from here on.
func (conn *subscriberConn) cut() {
	conn.feed.mu.Lock()
	var live []*follow
	for _, fl := range conn.follows {
		if fl.live {
			fl.live = false
			live = append(live, fl)
		}
	}
	conn.feed.mu.Unlock()
	conn.feed.store.recentPosts.forgetAll()
	for _, fl := range live {
		fl.listener.Notice(chat.Cut{})
	}
}

func (conn *subscriberConn) idle() bool {
	conn.feed.mu.Lock()
	defer conn.feed.mu.Unlock()
	return len(conn.follows) == 0
}

// take returns which channels to subscribe and unsubscribe now.
func (conn *subscriberConn) take() (subscribe, unsubscribe []string) {
	conn.feed.mu.Lock()
	defer conn.feed.mu.Unlock()
	for channel := range conn.dirty {
		fl, sub := conn.follows[channel], conn.channels[channel]
		switch {
		case fl != nil && fl.asked == 0:
			// Also when an earlier follow's subscription is still there: its confirmation is what
			// Following waits for.
			if sub == nil {
				sub = &subscription{}
				conn.channels[channel] = sub
			}
			sub.subscribes++
			fl.asked = sub.subscribes
			subscribe = append(subscribe, channel)
		case fl == nil && sub != nil:
			sub.unsubscribes++
			unsubscribe = append(unsubscribe, channel)
		}
	}
	clear(conn.dirty)
	return subscribe, unsubscribe
}
