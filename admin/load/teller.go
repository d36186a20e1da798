package load

import (
	"context"
	"log/slog"
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/caller-chat/caller/chat"
)

// TellEvery is how often a node tells of itself.
const TellEvery = 10 * time.Second

// Store is where the nodes tell of themselves; package redisstore has it.
type Store interface {
	TellNode(ctx context.Context, n chat.NodeInfo) error
	ForgetNode(ctx context.Context) error
}

// Teller tells the other nodes of this one.
type Teller struct {
	Store Store
	Meter *Meter
	// About is what does not change: version, commit, when it was started, where it listens, how much
	// memory it may have.
	About chat.NodeInfo
	// Rooms is how many rooms the node has open.
	Rooms func() int
	// Logger is told, at debug level, when the store does not take it; nil for nothing.
	Logger *slog.Logger
}

// Run tells at once and then every [TellEvery], until ctx ends. Then the node is listed no more.
func (t *Teller) Run(ctx context.Context) {
	ticker := time.NewTicker(TellEvery)
	defer ticker.Stop()
	last := t.Meter.counts()
	for {
		now := t.Meter.counts()
		t.note(t.Store.TellNode(ctx, t.info(last, now)))
		last = now
		select {
		case <-ticker.C:
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			t.note(t.Store.ForgetNode(ending))
			return
		}
	}
}

func (t *Teller) note(err error) {
	if err != nil && t.Logger != nil {
		t.Logger.Debug("telling the other nodes of this one failed", "err", err)
	}
}

// info is the node, with what it did in between.
func (t *Teller) info(last, now counts) chat.NodeInfo {
	n := t.About
	n.Rooms, n.Goroutines, n.Memory = t.Rooms(), runtime.NumGoroutine(), memory()
	n.Subscribers = map[string]int{}
	for i, transport := range transports {
		if count := t.Meter.subscribers[i].Load(); count > 0 {
			n.Subscribers[transport] = int(count)
		}
	}
	n.Store.LatencyP50, n.Store.LatencyP99 = now.quantile(last, 0.5), now.quantile(last, 0.99)
	n.CPU = -1
	if span := now.at.Sub(last.at).Seconds(); span > 0.001 {
		n.PostsPerSecond = tenths(float64(now.posts-last.posts) / span)
		n.DeliveriesPerSecond = tenths(float64(now.deliveries-last.deliveries) / span)
		if now.cpu >= 0 {
			n.CPU = math.Round(100*(now.cpu-last.cpu)/span) / 100
		}
	}
	return n
}

func tenths(x float64) float64 { return math.Round(10*x) / 10 }

// memory is what the runtime has of the system, without what it has given back.
func memory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
