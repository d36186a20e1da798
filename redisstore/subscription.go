package redisstore

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

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
// It does not use ReceiveTimeout: a time limit that ends in the middle of a message leaves the rest
// of it to be read as if it were the next.
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

// write sends subscriptions as rooms come and go, and probes, until ctx ends or the connection is
// found to be dead.
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

// probe publishes to this link's own channel, by way of the other connections: it comes back only
// if this connection leads to where others publish. When that can't be done now, a PING tells at
// least that the connection lives.
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
