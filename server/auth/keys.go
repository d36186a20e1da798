package auth

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"golang.org/x/sync/singleflight"
)

const (
	// fetchTime is how long the store has to give its secret, refetch how old a fetched one must be
	// before a token that does not fit makes it be asked again.
	fetchTime = 3 * time.Second
	refetch   = 10 * time.Second
)

// keys has the key that sessions are signed with: a fixed one, or the store's secret, fetched when
// it is first needed. A store that lost its data makes up a new secret, which other nodes may have
// before this one does: so a token that does not fit makes an old one be fetched again.
type keys struct {
	fixed []byte
	fetch func(context.Context) ([]byte, error)
	now   func() time.Time

	flight singleflight.Group

	mu      sync.Mutex // guards the following
	key     []byte
	fetched time.Time
}

// current is the key. The error wraps [chat.ErrUnavailable].
func (k *keys) current(ctx context.Context) ([]byte, error) {
	if k.fixed != nil {
		return k.fixed, nil
	}
	k.mu.Lock()
	key := k.key
	k.mu.Unlock()
	if key != nil {
		return key, nil
	}
	return k.ask(ctx)
}

// other is a key that has taken the place of old, if there may be one.
func (k *keys) other(ctx context.Context, old []byte) (key []byte, ok bool) {
	if k.fixed != nil {
		return nil, false
	}
	k.mu.Lock()
	key, stale := k.key, k.now().Sub(k.fetched) >= refetch
	k.mu.Unlock()
	if bytes.Equal(key, old) {
		if !stale {
			return nil, false
		}
		var err error
		if key, err = k.ask(ctx); err != nil {
			return nil, false
		}
	}
	return key, !bytes.Equal(key, old)
}

// ask gets the store's secret, once for all who want it at the same time: the first one's going
// away ends nobody else's wait.
func (k *keys) ask(ctx context.Context) ([]byte, error) {
	v, err, _ := k.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		key, err := k.fetch(ctx)
		if err != nil {
			return nil, fmt.Errorf("session key: %w: %w", chat.ErrUnavailable, err)
		}
		if len(key) < MinKey {
			return nil, fmt.Errorf("session key: the store's has %d bytes, want %d", len(key), MinKey)
		}
		k.mu.Lock()
		k.key, k.fetched = key, k.now()
		k.mu.Unlock()
		return key, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]byte), nil
}
