package push

import (
	"sync"
	"time"
)

// maxRetries is how many deliveries wait to be sent again: some 2 MB.
const maxRetries = 2000

// retries are what is to be done later. The zero value is ready to use.
type retries struct {
	mu      sync.Mutex // protects following
	waiting map[*time.Timer]struct{}
	stopped bool
}

// after does something later, unless too much waits already: then it returns false.
func (r *retries) after(wait time.Duration, do func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || len(r.waiting) >= maxRetries {
		return false
	}
	if r.waiting == nil {
		r.waiting = map[*time.Timer]struct{}{}
	}
	var t *time.Timer
	t = time.AfterFunc(wait, func() {
		r.mu.Lock()
		delete(r.waiting, t)
		r.mu.Unlock()
		do()
	})
	r.waiting[t] = struct{}{}
	return true
}

// stop does none of it any more.
func (r *retries) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	for t := range r.waiting {
		t.Stop()
	}
	clear(r.waiting)
}
