package limits

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/chat"
)

const (
	// maxHolds is how many buckets a node remembers something of, twice over: some 4 MB. Above it,
	// those not asked for lately are forgotten. What was held of them is lost to their owners, for
	// a few seconds.
	maxHolds = 10_000
	// keep is for how long tokens are held. Who does something now and then uses few of them, and
	// what is lost so is no more than comes back meanwhile: see aheadOf.
	keep = 10 * time.Second
	// maxAhead bounds what is held of one bucket: a hundredth of a call for each is cheap enough.
	maxAhead = 100
	// storeTime is how long the store is waited for, and awayTime how long it is not asked again
	// when it has not answered.
	storeTime = time.Second
	awayTime  = time.Second
)

// aheadOf is how many tokens are taken at once: a tenth of the bucket, and at most half of what
// comes back while they are held.
func aheadOf(b chat.Bucket) int {
	return max(1, min(b.Burst/10, int(b.PerSecond*keep.Seconds()/2), maxAhead))
}

// holds is what this node knows of buckets.
type holds struct {
	store chat.Buckets
	now   func() time.Time
	away  atomic.Int64 // until when the store is not asked, Unix ns

	// A hold that is asked for moves to the new generation, and the old one goes when the new one
	// is full.

	mu       sync.Mutex // protects following
	new, old map[holdKey]*hold
}

type holdKey struct{ limit, whose string }

// hold is what a node has of one bucket.
type hold struct {
	mu      sync.Mutex // protects following; held while the store is asked, so that one asks for all
	tokens  int
	ahead   int       // how many of them the bucket keeps no room for
	until   time.Time // when they are void
	refused time.Time // until when so many or more are refused
	need    int
}

func newHolds(store chat.Buckets, now func() time.Time) *holds {
	return &holds{store: store, now: now, new: make(map[holdKey]*hold)}
}

// refused is the error for what is known to be too much; nil when it may not be.
func (l *holds) refused(b counted, n int) error {
	h := l.of(b)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusedLocked(b, n, l.now())
}

func (h *hold) refusedLocked(b counted, n int, now time.Time) error {
	if wait := h.refused.Sub(now); wait > 0 && n >= h.need {
		return &chat.LimitError{RetryAfter: wait, Name: b.limit, Bucket: b.Bucket}
	}
	return nil
}

// take takes tokens of a bucket, or is the error that there are not enough.
func (l *holds) take(ctx context.Context, b counted, n int) error {
	n = min(n, b.Burst) // else it could never be
	h := l.of(b)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := l.now()
	if err := h.refusedLocked(b, n, now); err != nil {
		return err
	}
	held := now.Before(h.until)
	if held && h.tokens >= n {
		h.tokens -= n
		return nil
	}
	if now.UnixNano() < l.away.Load() {
		return nil
	}
	t := chat.Taking{Need: n, Most: max(n, aheadOf(b.Bucket)), Keep: keep}
	if held {
		t.Settled, t.Unused = h.ahead, h.tokens
	}
	h.tokens, h.ahead, h.until = 0, 0, time.Time{}
	// Others may wait for the answer too: it is not to fail because this one gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	granted, wait, err := l.store.TakeTokens(ctx, b.limit+" "+b.whose, b.Bucket, t)
	switch {
	case err != nil:
		l.away.Store(l.now().Add(awayTime).UnixNano())
		return nil
	case granted < n:
		h.refused, h.need = l.now().Add(max(wait, time.Millisecond)), n
		return h.refusedLocked(b, n, l.now())
	}
	h.ahead = granted - n
	h.tokens, h.until = h.ahead, now.Add(keep)
	return nil
}

// giveBack undoes take, of one token of each bucket. The store has it again at once: what is held
// here would be void before the next guess, and so count as a wrong one.
func (l *holds) giveBack(ctx context.Context, all []counted) {
	for _, b := range all {
		l.settle(ctx, b, 1)
	}
}

// settle gives the store what is held of a bucket, and so many tokens more.
func (l *holds) settle(ctx context.Context, b counted, more int) {
	h := l.of(b)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := l.now()
	h.refused = time.Time{}
	t := chat.Taking{Keep: keep, Unused: more}
	if now.Before(h.until) {
		t.Settled, t.Unused = h.ahead, h.tokens+more
	}
	h.tokens, h.ahead, h.until = 0, 0, time.Time{}
	if now.UnixNano() < l.away.Load() {
		return // it did not count what was taken either
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if _, _, err := l.store.TakeTokens(ctx, b.limit+" "+b.whose, b.Bucket, t); err != nil {
		l.away.Store(l.now().Add(awayTime).UnixNano())
	}
}

func (l *holds) of(b counted) *hold {
	key := holdKey{b.limit, b.whose}
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.new[key]; h != nil {
		return h
	}
	key.whose = strings.Clone(key.whose) // it may be part of a whole request
	h := l.old[key]
	if h == nil {
		h = &hold{}
	}
	if len(l.new) >= maxHolds {
		l.old, l.new = l.new, make(map[holdKey]*hold)
	}
	l.new[key] = h
	return h
}
