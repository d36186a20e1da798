package redisstore

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// refusals tell the log what Redis answers in place of doing what it is asked: that its memory is
// full (OOM), its disk (MISCONF), that it is a replica (READONLY), that the user may not (NOPERM).
// Whoever asks is told no more than that it can't be done just now, and a Redis that refuses to
// write answers a ping all the same: so nowhere else does it stand what has to be mended.
type refusals struct {
	mu   sync.Mutex // guards said
	said map[string]time.Time
}

const (
	// refusedEvery is how often each kind of refusal is told: the first one of many says it all.
	refusedEvery = time.Minute
	// refusalKinds bounds the kinds that are remembered. Redis has some twenty.
	refusalKinds = 100
)

// news is what Redis has answered, if an error is a refusal of a kind that has not been told lately:
// it is told then. What was asked, which some answers quote, is left out.
func (r *refusals) news(err error, now time.Time) (answer string, ok bool) {
	var refused redis.Error
	if !errors.As(err, &refused) {
		return "", false
	}
	answer, _, _ = strings.Cut(refused.Error(), ", with args beginning with")
	kind, _, _ := strings.Cut(answer, " ")
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.said[kind]; ok && now.Sub(at) < refusedEvery {
		return "", false
	}
	if r.said == nil || len(r.said) >= refusalKinds {
		r.said = map[string]time.Time{}
	}
	r.said[kind] = now
	return answer, true
}
