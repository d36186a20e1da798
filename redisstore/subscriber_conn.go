package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

const (
	// subscribeBatch bounds a SUBSCRIBE command, so that many rooms do not hold up what is published meanwhile.
	subscribeBatch = 500
	// A broken connection is dialed again after minBackoff, then after twice that and so on up to maxBackoff.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second
	// probesMissed is how many probes may stay away while other notices still come: the connection is alive then and
	// perhaps only behind, but it may also lead to a master that has been replaced.
	probesMissed = 4
)

var (
	errIdle     = errors.New("no room is followed")
	errSilent   = errors.New("nothing came from it any more")
	errProbe    = errors.New("it leads to a Redis where nothing is published any more")
	errUnasked  = errors.New("a confirmation came that nobody had asked for")
	errTakenOut = errors.New("the server ended a subscription") // in a Cluster, when the slot has moved
)

// subscriberConn is one subscription connection, and after it broke the next one. Its goroutine, run, is the only one that calls
// its follows' listeners.
//
// Confirmations carry only the channel's name. They come in the order of the commands, so by counting them it knows
// which command each one answers. A late one, for an earlier follow of the room, is not taken for the new follow's:
// between the two the room may have been unsubscribed.
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

// serve connects, subscribes, and delivers until the connection breaks. confirmed says that it had worked.
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

// connection is one of the connections of a subscriberConn.
type connection struct {
	conn    *subscriberConn
	ps      *redis.PubSub
	sharded bool
	// confirmed says that the server has answered; the reader's.
	confirmed bool
	// heard counts what came, probed the probes among it; the reader counts and the writer looks.
	heard, probed atomic.Int64
}

func (s *connection) subscribe(ctx context.Context, channels []string) error {
	if s.sharded {
		return s.ps.SSubscribe(ctx, channels...)
	}
	return s.ps.Subscribe(ctx, channels...)
}

func (s *connection) unsubscribe(ctx context.Context, channels []string) error {
	if s.sharded {
		return s.ps.SUnsubscribe(ctx, channels...)
	}
	return s.ps.Unsubscribe(ctx, channels...)
}

// read delivers what comes until the connection ends.
//
// It does not use ReceiveTimeout: a time limit that ends in the middle of a message leaves the rest of it to be read as
// if it were the next.
func (s *connection) read(ctx context.Context) error {
	for {
		got, err := s.ps.Receive(ctx)
		if err != nil {
			return err
		}
		s.heard.Add(1)
		switch got := got.(type) {
		case *redis.Subscription:
			if err := s.confirm(got); err != nil {
				return err
			}
		case *redis.Message:
			s.deliver(got)
		}
	}
}

// confirm handles the server's confirmation of a command.
func (s *connection) confirm(got *redis.Subscription) error {
	s.confirmed = true
	f := s.conn.feed
	f.mu.Lock()
	sub := s.conn.channels[got.Channel]
	if sub == nil {
		f.mu.Unlock()
		return errUnasked
	}
	var begun *follow
	fl := s.conn.follows[got.Channel]
	switch got.Kind {
	case "subscribe", "ssubscribe":
		sub.subscribed++
		if sub.subscribed > sub.subscribes {
			f.mu.Unlock()
			return errUnasked // so the connection is another one than it was
		}
		if fl != nil && !fl.live && fl.asked != 0 && sub.subscribed >= fl.asked {
			fl.live = true
			begun = fl
		}
	default:
		sub.unsubscribed++
		if sub.unsubscribed > sub.unsubscribes {
			f.mu.Unlock()
			return errTakenOut
		}
		if fl == nil && sub.settled() {
			delete(s.conn.channels, got.Channel)
		}
	}
	f.mu.Unlock()
	if begun != nil {
		begun.listener.Notice(chat.Following{})
	}
	return nil
}

// deliver tells a room's listener what was published.
func (s *connection) deliver(got *redis.Message) {
	if got.Channel == s.conn.probe {
		s.probed.Add(1)
		return
	}
	f := s.conn.feed
	f.mu.Lock()
	fl := s.conn.follows[got.Channel]
	live := fl != nil && fl.live
	f.mu.Unlock()
	if !live {
		return
	}
	n, err := f.store.parseNotice(got.Payload)
	if err != nil {
		// Whatever it was, the room has missed it, and has to read.
		f.store.log.Error("an unreadable notice", "room", fl.room, "error", err)
		fl.listener.Notice(chat.Cut{})
		n = chat.Following{}
	}
	if n != nil {
		fl.listener.Notice(n)
	}
}

// write sends subscriptions as rooms come and go, and probes, until ctx ends or the connection is found to be dead.
func (s *connection) write(ctx context.Context) error {
	ticks, stop := s.conn.feed.ticks(max(s.conn.feed.store.opt.FeedTimeout/2, time.Millisecond))
	defer stop()
	var l liveness
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.conn.wake:
			subscribe, unsubscribe := s.conn.take()
			// A channel is in one list or the other, so it does not matter which goes first.
			for batch := range slices.Chunk(unsubscribe, subscribeBatch) {
				if err := s.unsubscribe(ctx, batch); err != nil {
					return err
				}
			}
			for batch := range slices.Chunk(subscribe, subscribeBatch) {
				if err := s.subscribe(ctx, batch); err != nil {
					return err
				}
			}
		case <-ticks:
			s.conn.feed.store.recentPosts.age()
			if s.conn.idle() {
				return errIdle
			}
			if err := l.judge(s.heard.Load(), s.probed.Load()); err != nil {
				return err
			}
			if err := s.probe(ctx); err != nil {
				return err
			}
		}
	}
}

// probe publishes to this link's own channel, by way of the other connections: it comes back only if this connection
// leads to where others publish. When that can't be done now, a PING tells at least that the connection lives.
func (s *connection) probe(ctx context.Context) error {
	store := s.conn.feed.store
	err := store.call(withoutDialPermit(ctx), "probing the subscription", "", func(ctx context.Context) error {
		return store.publish(ctx, s.conn.probe, "")
	})
	if err != nil {
		return s.ps.Ping(ctx)
	}
	return nil
}

// liveness judges by two counts, at each tick, whether a connection is alive.
type liveness struct {
	probing       bool
	heard, probed int64
	missed        int
}

func (l *liveness) judge(heard, probed int64) error {
	defer func() { l.probing, l.heard, l.probed = true, heard, probed }()
	if !l.probing {
		return nil
	}
	if heard == l.heard {
		return errSilent
	}
	if probed > l.probed {
		l.missed = 0
		return nil
	}
	if l.missed++; l.missed >= probesMissed {
		return errProbe
	}
	return nil
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
			// Also when an earlier follow's subscription is still there: its confirmation is what Following waits for.
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
