package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// feed is who follows which room. Its subscriberConns do the rest.
type feed struct {
	store *Store
	// ctx ends when the store is closed; conns is everything that is running until then.
	ctx    context.Context
	cancel context.CancelFunc
	conns  sync.WaitGroup
	// ticks says when to probe a connection, until it is stopped. Tests have their own.
	ticks func(every time.Duration) (ticks <-chan time.Time, stop func())

	// mu guards what follows and the fields of subscriberConns and follows that say so. Neither
	// listeners nor Redis are called while it is held.
	mu     sync.Mutex
	closed bool
	byPart map[int]*subscriberConn // by partition; all rooms are in partition 0 when channels are not sharded
}

// follow is one call of Follow.
type follow struct {
	room     chat.RoomID
	channel  string
	listener chat.Listener
	// asked says which of the channel's SUBSCRIBE commands on this connection was sent for it; 0
	// for none yet. Guarded by feed.mu.
	asked int
	// live is between Following and Cut. Guarded by feed.mu.
	live bool
}

func newFeed(s *Store) *feed {
	ctx, cancel := context.WithCancel(context.Background())
	return &feed{store: s, ctx: ctx, cancel: cancel, ticks: newTicks, byPart: map[int]*subscriberConn{}}
}

func newTicks(every time.Duration) (ticks <-chan time.Time, stop func()) {
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// Follow implements chat.Feed. Following comes when Redis has confirmed the subscription; Cut comes
// only after it.
func (s *Store) Follow(room chat.RoomID, l chat.Listener) (unfollow func()) {
	return s.feed.follow(&follow{room: room, channel: s.channel(room), listener: l})
}

// Signal implements chat.Feed.
func (s *Store) Signal(ctx context.Context, room chat.RoomID, n chat.Notice) error {
	payload, err := encodeSignal(n)
	if err != nil {
		return err
	}
	return s.call(ctx, "signalling to room", room, func(ctx context.Context) error {
		return s.publish(ctx, s.channel(room), payload)
	})
}

func (s *Store) publish(ctx context.Context, channel, payload string) error {
	if s.sharded {
		return s.client.SPublish(ctx, channel, payload).Err()
	}
	return s.client.Publish(ctx, channel, payload).Err()
}

func (f *feed) follow(fl *follow) (unfollow func()) {
	part := f.part(fl.room)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return func() {}
	}
	conn := f.byPart[part]
	if conn == nil {
		conn = newSubscriberConn(f, part)
		f.byPart[part] = conn
		f.conns.Go(conn.run)
	}
	conn.follows[fl.channel] = fl
	conn.touch(fl.channel)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if conn.follows[fl.channel] == fl {
			delete(conn.follows, fl.channel)
			conn.touch(fl.channel)
		}
	}
}

// isLive reports whether the feed brings what is published in a room now.
func (f *feed) isLive(room chat.RoomID, channel string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	conn := f.byPart[f.part(room)]
	if conn == nil {
		return false
	}
	fl := conn.follows[channel]
	return fl != nil && fl.live
}

// part is which connection a room's channel is on.
func (f *feed) part(room chat.RoomID) int {
	if f.store.sharded {
		return partition(room)
	}
	return 0
}

func (f *feed) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cancel()
	f.conns.Wait()
}
