package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	"github.com/caller-chat/caller/internal/outbound"
	"github.com/caller-chat/caller/transport/wire"
)

const (
	// keysAge is for how long published keys are taken without asking again: a key that the site
	// withdraws is refused after that. While they are asked for, the known ones hold.
	keysAge = 5 * time.Minute
	// keysKept is for how long they are taken when the site does not answer.
	keysKept = 24 * time.Hour
	// maxKeys and maxKeysSize bound what is read, in keys and in bytes.
	maxKeys     = 100
	maxKeysSize = 256 << 10
	// minRSA is the smallest RSA key, in bits (RFC 7518 section 3.3).
	minRSA = 2048
)

// errUnknownKey is a token's key that is not published.
var errUnknownKey = errors.New("no such key")

// keySet has the keys that a site publishes. They are fetched when one is first needed, again when
// they are old, and when a token names one that is not known: at most once in [refetch], so that
// made-up names cost the site nothing.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time

	flight singleflight.Group

	mu      sync.Mutex // protects following
	keys    []jose.JSONWebKey
	fetched time.Time // when keys were
	tried   time.Time // when they were last asked for, with an answer or not
}

func newKeySet(address string, client *http.Client, now func() time.Time) (*keySet, error) {
	if err := outbound.CheckURL(address); err != nil {
		return nil, fmt.Errorf("address of the site's keys: %w", err)
	}
	if client == nil {
		client = outbound.Client(fetchTime, maxKeysSize)
	}
	return &keySet{url: address, client: client, now: now}, nil
}

// find are the published keys that a token of that method can be signed by: those of the id that it
// names, or of all when it names none. Errors: [errUnknownKey]; a [*wire.Failure] of
// CodeUnavailable when the keys can't be had.
func (s *keySet) find(ctx context.Context, alg, kid string) (jwt.VerificationKeySet, error) {
	found, state := s.known(alg, kid)
	if len(found.Keys) > 0 {
		if state.old {
			s.flight.DoChan("", s.ask(ctx)) // ends by itself, in fetchTime
		}
		return found, nil
	}
	if state.mayAsk {
		_, _, _ = s.flight.Do("", s.ask(ctx)) // what became of it is in what is known
		found, state = s.known(alg, kid)
	}
	switch {
	case len(found.Keys) > 0:
		return found, nil
	case !state.any:
		return found, wire.Fail(wire.CodeUnavailable, "the keys that the site signs with can't be had")
	}
	return found, errUnknownKey
}

// keysState says of the known keys whether there are any, are to be asked for again, and may be.
type keysState struct{ any, old, mayAsk bool }

func (s *keySet) known(alg, kid string) (jwt.VerificationKeySet, keysState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	state := keysState{mayAsk: s.tried.IsZero() || now.Sub(s.tried) >= refetch}
	var found jwt.VerificationKeySet
	if s.fetched.IsZero() || now.Sub(s.fetched) >= keysKept {
		return found, state
	}
	state.any, state.old = true, state.mayAsk && now.Sub(s.fetched) >= keysAge
	for _, key := range s.keys {
		if (kid == "" || key.KeyID == kid) && signs(key, alg) {
			found.Keys = append(found.Keys, key.Key)
		}
	}
	return found, state
}

// signs reports whether a key is for signatures of that method, by its kind as well as by what is
// said of it: a public key is never taken for a secret.
func signs(key jose.JSONWebKey, alg string) bool {
	if key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != alg {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return alg == "RS256" && k.N.BitLen() >= minRSA
	case *ecdsa.PublicKey:
		return alg == "ES256" && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// ask fetches the keys, once for all who want it at the same time.
func (s *keySet) ask(ctx context.Context) func() (any, error) {
	return func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		keys, err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tried = s.now()
		if err == nil {
			s.keys, s.fetched = keys, s.tried
		}
		return nil, err
	}
}

func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// parseKeys reads a set. Keys of kinds that are not known here are passed over (RFC 7517 section
// 5).
func parseKeys(text []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys, want 1 to %d", len(set.Keys), maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, one := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(one, &key) == nil && key.IsPublic() {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
