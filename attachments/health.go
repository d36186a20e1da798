package attachments

import (
	"log/slog"
	"sync"
	"time"
)

// awayTime is for how long a bucket that has not answered is not asked again.
const awayTime = 3 * time.Second

// health says whether the bucket does one kind of thing. One that does not is asked now and then
// only, so that nobody waits for it in vain.
type health struct {
	log        *slog.Logger
	lost, back string   // what the log says of it
	observer   Observer // nil for nobody

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
		h.log.Warn(h.lost, "err", err)
	case err == nil && was != nil:
		h.log.Info(h.back)
	}
}

// fail has everything fail until it is given nil.
func (h *health) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away, h.till = err, time.Now().Add(24*time.Hour)
}

// tells has the bucket's changes told to a log.
func (b *Bucket) tells(log *slog.Logger) {
	b.reading.log, b.writing.log = log, log
	b.reading.lost, b.reading.back = "the file store does not answer: there are no files until it does", "the file store answers"
	b.writing.lost, b.writing.back = "the file store takes no files: none can be sent until it does", "the file store takes files"
}

// observe has the bucket's failures counted.
func (b *Bucket) observe(o Observer) { b.reading.observer, b.writing.observer = o, o }

// checkWriting is the error for a bucket that has not kept something just now, or has not answered.
func (b *Bucket) checkWriting() error {
	if err := b.reading.check(); err != nil {
		return err
	}
	return b.writing.check()
}

// SetAway has the bucket fail with an error until it is given nil. It is for tests.
func (b *Bucket) SetAway(err error) {
	if err != nil {
		err = b.unavailable(err)
	}
	b.reading.fail(err)
	b.writing.fail(err)
}

// SetFull has the bucket keep nothing more until it is given nil. It is for tests.
func (b *Bucket) SetFull(err error) {
	if err != nil {
		err = b.unavailable(err)
	}
	b.writing.fail(err)
}
