// Package password makes and checks the hashes of rooms' passwords, by argon2id (RFC 9106). It knows
// nothing of rooms.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What one hash costs, as OWASP's Password Storage Cheat Sheet asks for at least: 19 MiB, two
// passes, one lane.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	lanes   = 1
	keySize = 32
	salt    = 16
)

// atOnce is how many are made at the same time: whoever tries passwords takes that much of the
// machine, some 40 MiB and two of its cores, and no more. Others wait their turn.
const atOnce = 2

// Argon2id makes and checks hashes. Make it with [New]; its methods may be called at the same time.
// It implements chat.Passwords.
type Argon2id struct{ turns chan struct{} }

// New makes an Argon2id.
func New() *Argon2id { return &Argon2id{turns: make(chan struct{}, atOnce)} }

// form is how a hash is written: the PHC string format.
const form = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

// Hash is a password's, with a salt of its own. The error is the context's, when that ends before
// the turn comes.
func (a *Argon2id) Hash(ctx context.Context, password string) (string, error) {
	random := make([]byte, salt)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	key, err := a.key(ctx, password, random, memory, passes, lanes, keySize)
	if err != nil {
		return "", err
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf(form, argon2.Version, memory, passes, lanes) + encode(random) + "$" + encode(key), nil
}

// Matches reports whether a hash is the password's. Errors: the context's, as of Hash; and that the
// hash is none.
func (a *Argon2id) Matches(ctx context.Context, hash, password string) (bool, error) {
	var version int
	var m, t uint32
	var p uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return false, errNoHash
	}
	n, err := fmt.Sscanf(hash, form, &version, &m, &t, &p)
	if err != nil || n != 4 || version != argon2.Version || t == 0 || p == 0 || m > 1<<20 {
		return false, errNoHash
	}
	random, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errNoHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, errNoHash
	}
	got, err := a.key(ctx, password, random, m, t, p, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

var errNoHash = errors.New("that is no hash of argon2id")

func (a *Argon2id) key(ctx context.Context, password string, random []byte, m, t uint32, p uint8, size uint32) ([]byte, error) {
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to check a password: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(password), random, t, m, p, size), nil
}
