package push

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// keyFresh is how old a fetched key may be: a store that lost its data gets another one, by
// whichever node asks first, and the others follow.
const keyFresh = time.Minute

// Key is a VAPID key: a private one of the curve P-256.
type Key struct{ of *ecdh.PrivateKey }

// keyOf reads the 32 bytes of a private key.
func keyOf(private []byte) (Key, error) {
	of, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("want the 32 bytes of a private key of the curve P-256: %w", err)
	}
	return Key{of}, nil
}

// Public is the public part, as pages and push services want it: an uncompressed point, in
// base64url.
func (k Key) Public() string { return base64.RawURLEncoding.EncodeToString(k.of.PublicKey().Bytes()) }

func (k Key) private() string { return base64.RawURLEncoding.EncodeToString(k.of.Bytes()) }

// keys has the key: a fixed one, or the store's.
type keys struct {
	fixed []byte
	fetch func(ctx context.Context, made []byte) ([]byte, error)

	flight singleflight.Group

	mu      sync.Mutex // guards the following
	key     Key
	fetched time.Time
}

// current is the key. The error wraps chat.ErrUnavailable; a key that was known before goes on when
// the store does not answer.
func (k *keys) current(ctx context.Context) (Key, error) {
	if k.fixed != nil {
		return keyOf(k.fixed)
	}
	k.mu.Lock()
	key, fetched := k.key, k.fetched
	k.mu.Unlock()
	if key.of != nil && time.Since(fetched) < keyFresh {
		return key, nil
	}
	v, err, _ := k.flight.Do("", func() (any, error) { // the first one's going away ends nobody else's wait
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		return k.ask(ctx)
	})
	switch {
	case err == nil:
		return v.(Key), nil
	case key.of != nil:
		return key, nil
	}
	return Key{}, err
}

func (k *keys) ask(ctx context.Context) (Key, error) {
	made, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make a push key: %w", err)
	}
	kept, err := k.fetch(ctx, made.Bytes())
	if err != nil {
		return Key{}, fmt.Errorf("push key: %w", err)
	}
	key, err := keyOf(kept)
	if err != nil {
		return Key{}, fmt.Errorf("the store's push key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key, k.fetched = key, time.Now()
	return key, nil
}
