package chattest

import (
	"context"
	"math"
	"time"

	"github.com/caller-chat/caller/chat"
)

var _ chat.Buckets = Node{}

// bucket is what is left in a bucket, and what nodes hold of it.
type bucket struct {
	level float64
	at    time.Time
	ahead int
	until time.Time
}

// TakeTokens implements [chat.Buckets].
func (n Node) TakeTokens(
	ctx context.Context, key string, of chat.Bucket, t chat.Taking,
) (granted int, wait time.Duration, err error) {
	if err := n.lockFor(ctx, "tokens"); err != nil {
		return 0, 0, err
	}
	defer n.mu.Unlock()
	now := time.Now()
	b := n.buckets[key]
	if b == nil {
		b = &bucket{level: float64(of.Burst), at: now}
		n.buckets[key] = b
	}
	if now.After(b.until) {
		b.ahead = 0
	}
	b.level = min(float64(of.Burst-b.ahead), b.level+now.Sub(b.at).Seconds()*of.PerSecond)
	b.at = now
	b.ahead = max(0, b.ahead-t.Settled)
	b.level = min(float64(of.Burst-b.ahead), b.level+float64(t.Unused))
	if b.level < float64(t.Need) {
		missing := (float64(t.Need) - b.level) / of.PerSecond
		return 0, time.Duration(math.Ceil(missing*1000)) * time.Millisecond, nil
	}
	granted = min(max(t.Need, t.Most), int(b.level))
	b.level -= float64(granted)
	if granted > t.Need {
		b.ahead += granted - t.Need
		b.until = now.Add(t.Keep)
	}
	return granted, 0, nil
}
