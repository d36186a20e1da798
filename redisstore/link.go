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
	// A broken link is dialed again after minBackoff, then after twice that and so on up to maxBackoff.
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

// link is one subscription connection, and after it broke the next one. Its goroutine, run, is the only one that calls
// its follows' listeners.
//
// Confirmations carry only the channel's name. They come in the order of the commands, so by counting them a link knows
// which command each one answers. A late one, for an earlier follow of the room, is not taken for the new follow's:
// between the two the room may have been unsubscribed.
type link struct {
	feed *feed
	part int
	// probe is a channel of this link's own. What it publishes there has to come back.
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

func newLink(f *feed, part int) *link {
	return &link{
		feed: f, part: part,
		probe: fmt.Sprintf("%s{p%03d}:node:%s", f.store.opt.KeyPrefix, part, f.store.node),
		wake:  make(chan struct{}, 1), follows: map[string]*follow{},
		channels: map[string]*subscription{}, dirty: map[string]struct{}{},
	}
}

// touch has the writer look at a channel. feed.mu is held.
func (ln *link) touch(channel string) {
	ln.dirty[channel] = struct{}{}
	select {
	case ln.wake <- struct{}{}:
	default:
	}
}

func (ln *link) run() {
	ctx, log := ln.feed.ctx, ln.feed.store.log
	backoff := minBackoff
	for {
		confirmed, err := ln.serve(ctx)
		ln.cut()
		if ctx.Err() != nil || ln.retire() {
			return
		}
		if errors.Is(err, errIdle) {
			continue // somebody came as it was closing
		}
		if confirmed {
			backoff = minBackoff
		}
		log.Warn("the subscription to Redis broke", "partition", ln.part, "error", err, "retryIn", backoff)
		if c, ok := ln.feed.store.client.(*redis.ClusterClient); ok {
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

// retire takes the link out when nobody needs it.
func (ln *link) retire() bool {
	ln.feed.mu.Lock()
	defer ln.feed.mu.Unlock()
	if len(ln.follows) > 0 {
		return false
	}
	delete(ln.feed.byPart, ln.part)
	return true
}

// serve connects, subscribes, and delivers until the connection breaks. confirmed says that it had worked.
func (ln *link) serve(ctx context.Context) (confirmed bool, err error) {
	ctx, cancel := context.WithCancelCause(withDialPermit(ctx))
	defer cancel(nil)
	ln.reset()

	var ps *redis.PubSub
	if ln.feed.store.sharded {
		ps = ln.feed.store.client.SSubscribe(ctx)
	} else {
		ps = ln.feed.store.client.Subscribe(ctx)
	}
	s := &session{link: ln, ps: ps, sharded: ln.feed.store.sharded}
	// The probe first: it makes the connection, in a Cluster to the node that has the slot.
	if err := s.subscribe(ctx, []string{ln.probe}); err != nil {
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
func (ln *link) reset() {
	ln.feed.mu.Lock()
	defer ln.feed.mu.Unlock()
	ln.channels = map[string]*subscription{ln.probe: {subscribes: 1}}
	clear(ln.dirty)
	for channel, fl := range ln.follows {
		fl.asked, fl.live = 0, false
		ln.touch(channel)
	}
}

// cut tells the rooms that notices may be missing from here on.
func (ln *link) cut() {
	ln.feed.mu.Lock()
	var live []*follow
	for _, fl := range ln.follows {
		if fl.live {
			fl.live = false
			live = append(live, fl)
		}
	}
	ln.feed.mu.Unlock()
	for _, fl := range live {
		fl.listener.Notice(chat.Cut{})
	}
}

// session is one connection of a link.
type session struct {
	link    *link
	ps      *redis.PubSub
	sharded bool
	// confirmed says that the server has answered; the reader's.
	confirmed bool
	// heard counts what came, probed the probes among it; the reader counts and the writer looks.
	heard, probed atomic.Int64
}

func (s *session) subscribe(ctx context.Context, channels []string) error {
	if s.sharded {
		return s.ps.SSubscribe(ctx, channels...)
	}
	return s.ps.Subscribe(ctx, channels...)
}

func (s *session) unsubscribe(ctx context.Context, channels []string) error {
	if s.sharded {
		return s.ps.SUnsubscribe(ctx, channels...)
	}
	return s.ps.Unsubscribe(ctx, channels...)
}

// read delivers what comes until the connection ends.
//
// It does not use ReceiveTimeout: a time limit that ends in the middle of a message leaves the rest of it to be read as
// if it were the next.
func (s *session) read(ctx context.Context) error {
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
func (s *session) confirm(got *redis.Subscription) error {
	s.confirmed = true
	f := s.link.feed
	f.mu.Lock()
	sub := s.link.channels[got.Channel]
	if sub == nil {
		f.mu.Unlock()
		return errUnasked
	}
	var begun *follow
	fl := s.link.follows[got.Channel]
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
			delete(s.link.channels, got.Channel)
		}
	}
	f.mu.Unlock()
	if begun != nil {
		begun.listener.Notice(chat.Following{})
	}
	return nil
}

// deliver tells a room's listener what was published.
func (s *session) deliver(got *redis.Message) {
	if got.Channel == s.link.probe {
		s.probed.Add(1)
		return
	}
	f := s.link.feed
	f.mu.Lock()
	fl := s.link.follows[got.Channel]
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
func (s *session) write(ctx context.Context) error {
	ticker := time.NewTicker(max(s.link.feed.store.opt.FeedTimeout/2, time.Millisecond))
	defer ticker.Stop()
	var w watch
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.link.wake:
			subscribe, unsubscribe := s.link.take()
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
		case <-ticker.C:
			if s.link.idle() {
				return errIdle
			}
			if err := w.judge(s.heard.Load(), s.probed.Load()); err != nil {
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
func (s *session) probe(ctx context.Context) error {
	store := s.link.feed.store
	err := store.call(withoutDialPermit(ctx), "probing the subscription", "", func(ctx context.Context) error {
		return store.publish(ctx, s.link.probe, "")
	})
	if err != nil {
		return s.ps.Ping(ctx)
	}
	return nil
}

// watch judges by two counts, at each tick, whether a connection is alive.
type watch struct {
	probing       bool
	heard, probed int64
	missed        int
}

func (w *watch) judge(heard, probed int64) error {
	defer func() { w.probing, w.heard, w.probed = true, heard, probed }()
	if !w.probing {
		return nil
	}
	if heard == w.heard {
		return errSilent
	}
	if probed > w.probed {
		w.missed = 0
		return nil
	}
	if w.missed++; w.missed >= probesMissed {
		return errProbe
	}
	return nil
}

func (ln *link) idle() bool {
	ln.feed.mu.Lock()
	defer ln.feed.mu.Unlock()
	return len(ln.follows) == 0
}

// take returns which channels to subscribe and unsubscribe now.
func (ln *link) take() (subscribe, unsubscribe []string) {
	ln.feed.mu.Lock()
	defer ln.feed.mu.Unlock()
	for channel := range ln.dirty {
		fl, sub := ln.follows[channel], ln.channels[channel]
		switch {
		case fl != nil && fl.asked == 0:
			// Also when an earlier follow's subscription is still there: its confirmation is what Following waits for.
			if sub == nil {
				sub = &subscription{}
				ln.channels[channel] = sub
			}
			sub.subscribes++
			fl.asked = sub.subscribes
			subscribe = append(subscribe, channel)
		case fl == nil && sub != nil:
			sub.unsubscribes++
			unsubscribe = append(unsubscribe, channel)
		}
	}
	clear(ln.dirty)
	return subscribe, unsubscribe
}
