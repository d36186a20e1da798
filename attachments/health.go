package attachments

import (
	"log/slog"
	"sync"
	"time"
)

// awayTime is for how long a bucket that has not answered is not asked again.
const awayTime = 3 * time.Second

// health says whether the bucket answers. One that does not is asked now and then only, so that
// nobody waits for it in vain.
type health struct {
	log      *slog.Logger
	observer Observer // nil for nobody

	mu   sync.Mutex // protects following
	away error      // nil while it answers
	till time.Time
}

// check is the error for a bucket that has not answered just now.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away != nil && time.Now().Before(h.till) {
		return h.away
	}
	return nil
}

// heard notes whether the bucket has answered, and logs a line for each change.
func (h *health) heard(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.away
	h.away = err
	if err != nil {
		h.till = time.Now().Add(awayTime)
		if h.observer != nil {
			h.observer.BucketFailed(err)
		}
	}
	if h.log == nil {
		return
	}
	switch {
	case err != nil && was == nil:
		h.log.Warn("the file store does not answer: there are no files until it does", "err", err)
	case err == nil && was != nil:
		h.log.Info("the file store answers")
	}
}

// SetAway has the bucket fail with an error until it is given nil. It is for tests.
func (b *Bucket) SetAway(err error) {
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	b.health.away, b.health.till = nil, time.Time{}
	if err != nil {
		b.health.away, b.health.till = b.unavailable(err), time.Now().Add(24*time.Hour)
	}
}
