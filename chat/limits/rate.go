// Package limits has the policy that bounds how often somebody may do something. It knows the
// rooms' principals and actions, and nothing of how they come.
package limits

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/caller-chat/caller/chat"
)

// maxClients is how many clients' rates are remembered twice over: some 2 MB. Above it, the ones
// not seen lately are forgotten and begin anew, with a full burst.
const maxClients = 10_000

// Rate is a [chat.Policy] that bounds how often a client does certain things, all of them counted
// together. Make it with [NewRate].
type Rate struct {
	next    chat.Policy
	counted []chat.Action
	limit   rate.Limit
	burst   int
	now     func() time.Time

	// A client that is seen moves to the new generation, and the old one goes when the new one is
	// full.

	mu       sync.Mutex // protects following
	new, old map[string]*rate.Limiter
}

// NewRate allows each client so many of the actions counted a second, and burst of them at once; 0
// for five seconds' worth. Clients are told apart by their LimitKey. What the rate allows, and
// actions that are not counted, are next's to decide.
func NewRate(next chat.Policy, perSecond float64, burst int, counted ...chat.Action) *Rate {
	if burst <= 0 {
		burst = int(math.Ceil(5 * perSecond))
	}
	return &Rate{
		next: next, counted: counted, limit: rate.Limit(perSecond), burst: max(burst, 1),
		now: time.Now, new: make(map[string]*rate.Limiter),
	}
}

// Decide implements [chat.Policy]: too much is a [*chat.LimitError]. What next refuses is counted
// too.
func (l *Rate) Decide(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action) error {
	if slices.Contains(l.counted, what) {
		if wait := l.wait(who.LimitKey, l.now()); wait > 0 {
			return &chat.LimitError{RetryAfter: wait}
		}
	}
	return l.next.Decide(ctx, who, room, what)
}

// wait is how long a client has to wait; 0 when it need not, which then counts.
func (l *Rate) wait(client string, now time.Time) time.Duration {
	limiter := l.of(client)
	if limiter.AllowN(now, 1) {
		return 0
	}
	missing := 1 - limiter.TokensAt(now)
	return max(time.Millisecond, time.Duration(missing/float64(l.limit)*float64(time.Second)))
}

func (l *Rate) of(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limiter := l.new[client]; limiter != nil {
		return limiter
	}
	limiter := l.old[client]
	if limiter == nil {
		limiter = rate.NewLimiter(l.limit, l.burst)
	}
	if len(l.new) >= maxClients {
		l.old, l.new = l.new, make(map[string]*rate.Limiter)
	}
	l.new[client] = limiter
	return limiter
}
