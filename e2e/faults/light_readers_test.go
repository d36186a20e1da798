package faults

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// connectAtOnce is how many connections are being made at the same time: below a listener's queue.
const connectAtOnce = 64

// kindOf spreads readers over the transports that can have thousands.
func kindOf(i int) client.Kind { return []client.Kind{client.WebSocket, client.SSE}[i%2] }

// connect connects readers, many at the same time.
func connect(t *testing.T, readers []*client.LightReader) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(connectAtOnce)
	for _, reader := range readers {
		group.Go(reader.Connect)
	}
	require.NoError(t, group.Wait())
	t.Cleanup(func() {
		for _, reader := range readers {
			reader.Close()
		}
	})
}

// awaitReaders waits until all readers are as they should be.
func awaitReaders(t *testing.T, what string, readers []*client.LightReader, ok func(*client.LightReader, client.LightReaderState) bool) {
	t.Helper()
	deadline := testwait.Deadline()
	for _, reader := range readers {
		for state := reader.State(); !ok(reader, state); state = reader.State() {
			if time.Now().After(deadline) {
				missing := 0
				for _, other := range readers {
					if !ok(other, other.State()) {
						missing++
					}
				}
				require.FailNow(t, "not in time", "%s: %d of %d are not; one is %+v", what, missing, len(readers), state)
			}
			time.Sleep(10 * time.Millisecond) // between two looks
		}
	}
}

// comeBack waits until all readers are as they should be. Those whose connection ended come back,
// as clients do: a node refuses whom its store does not take in in time. It returns how often that
// was. The deadline is for the next reader to be well, and not for thousands of them.
func comeBack(t *testing.T, what string, readers []*client.LightReader, ok func(*client.LightReader, client.LightReaderState) bool) (ended int) {
	t.Helper()
	best, deadline := -1, testwait.Deadline()
	for {
		var group errgroup.Group
		group.SetLimit(connectAtOnce)
		well := 0
		for _, reader := range readers {
			switch state := reader.State(); {
			case ok(reader, state):
				well++
			case state.End != "":
				ended++
				group.Go(func() error {
					reader.Close()
					_ = reader.Connect() // one that does not succeed has ended, and is tried again
					return nil
				})
			}
		}
		_ = group.Wait() // none fails
		switch {
		case well == len(readers):
			return ended
		case well > best:
			best, deadline = well, testwait.Deadline()
		case time.Now().After(deadline):
			require.FailNow(t, "not in time", "%s: %d of %d are not", what, len(readers)-well, len(readers))
		}
		time.Sleep(50 * time.Millisecond) // between two looks
	}
}

// noFaults asserts that no reader heard a hole, a repeat or a reset.
func noFaults(t *testing.T, readers []*client.LightReader) {
	t.Helper()
	faults := 0
	for _, reader := range readers {
		if state := reader.State(); state.Fault != nil || state.Resets != 0 {
			if faults++; faults <= 5 {
				t.Errorf("%v, %d resets", state.Fault, state.Resets)
			}
		}
	}
	assert.Zero(t, faults, "readers with faults, of %d", len(readers))
}

// talk posts in a room at an even rate until it is stopped; a text begins with when it was sent.
type talk struct {
	cancel context.CancelFunc
	ended  sync.WaitGroup
	posted atomic.Int64
	// last is the newest acknowledged number.
	last atomic.Uint64
}

func startTalk(t *testing.T, base, room string, every time.Duration, size int) *talk {
	t.Helper()
	ann := client.SignIn(t, base, "Ann")
	filler := strings.Repeat("x", size)
	k := &talk{}
	var ctx context.Context
	ctx, k.cancel = context.WithCancel(context.Background())
	k.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			text := strconv.FormatInt(time.Now().UnixNano(), 10) + " " + filler
			message, err := ann.Insist(context.Background(), func() string { return base }, room, fmt.Sprint("talk-", n), text)
			if !assert.NoError(t, err) {
				return
			}
			seq, _ := strconv.ParseUint(strings.Split(message.ID, "-")[0], 10, 64)
			k.last.Store(seq)
			k.posted.Add(1)
		}
	})
	t.Cleanup(k.stop)
	return k
}

func (k *talk) stop() {
	k.cancel()
	k.ended.Wait()
}

// delays are how long messages took from being sent to being heard.
type delays struct {
	mu  sync.Mutex // guards all
	all []time.Duration
}

func (d *delays) heard(text []byte) {
	now := time.Now().UnixNano()
	sent, err := strconv.ParseInt(strings.Split(string(text[:min(len(text), 25)]), " ")[0], 10, 64)
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, time.Duration(now-sent))
}

// take is the given percentile of what was gathered since the last time, and its number.
func (d *delays) take(percentile float64) (delay time.Duration, of int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.all
	d.all = nil
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[int(float64(len(all)-1)*percentile)], len(all)
}

func mb(bytes int) string { return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20)) }
