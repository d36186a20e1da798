package client

import (
	"math/rand/v2"
	"time"
)

const (
	// firstPause bounds the first delay.
	firstPause = 500 * time.Millisecond
	// mostPause bounds a delay between connections, and mostCallPause one between calls.
	mostPause     = 30 * time.Second
	mostCallPause = 15 * time.Second
	// mostRetryAfter is as long as a server may ask to be left alone.
	mostRetryAfter = 5 * time.Minute
)

func random() float64 { return rand.Float64() } //nolint:gosec // a pause is no secret

// pauses are exponential delays with full jitter: a node that goes down sends all its clients
// away at the same moment, and they must not come back at the same moment.
type pauses struct {
	random func() float64
	most   time.Duration
	bound  time.Duration
}

// next is the delay before the next try: never less than what the server asked for, and up to most
// on top if that is not 0.
func (p *pauses) next(retryAfter, most time.Duration) time.Duration {
	if p.bound == 0 {
		p.bound = firstPause
	}
	bound := p.bound
	if most > 0 {
		bound = min(bound, most)
	}
	p.bound = min(p.most, p.bound*2)
	return min(retryAfter, mostRetryAfter) + time.Duration(p.random()*float64(bound))
}

func (p *pauses) reset() { p.bound = 0 }
