package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// How long a look at all rooms is good: usualAge, and where looking takes the store long, so many
// times that, up to maxAge. So the operators who look take a tenth of the store's time at most,
// however many they are.
const (
	usualAge  = 5 * time.Second
	ageByCost = 10
	maxAge    = 20 * time.Second
	// lookTime is how long one may take.
	lookTime = 30 * time.Second
)

// snapshot is all rooms as they were at a moment. It is not changed.
type snapshot struct {
	rooms []chat.RoomSummary // by name
	asOf  time.Time
	// number counts the looks.
	number int
}

// overview keeps the last look at all rooms for all who ask.
type overview struct {
	store  Overview
	inCall string
	now    func() time.Time
	work   context.Context
	stop   context.CancelFunc
	wait   sync.WaitGroup

	mu    sync.Mutex // protects following
	last  *snapshot
	until time.Time // for how long last is good
	under *look     // the look under way, for whoever asks meanwhile; nil for none
	looks int       // how many there have been
}

// look is one look at all rooms.
type look struct {
	ended chan struct{} // closed in the end; what follows is set then
	found *snapshot
	err   error
}

func newOverview(store Overview, inCall string) *overview {
	o := &overview{store: store, inCall: inCall, now: time.Now}
	o.work, o.stop = context.WithCancel(context.Background())
	return o
}

func (o *overview) close() {
	o.stop()
	o.wait.Wait()
}

// get is a look that is good now. Who asks while one is under way waits for it.
func (o *overview) get(ctx context.Context) (*snapshot, error) {
	o.mu.Lock()
	if o.last != nil && o.now().Before(o.until) {
		defer o.mu.Unlock()
		return o.last, nil
	}
	if o.work.Err() != nil {
		o.mu.Unlock()
		return nil, chat.ErrGoingAway
	}
	l := o.under
	if l == nil {
		l = &look{ended: make(chan struct{})}
		o.under = l
		o.wait.Go(func() { o.look(l) })
	}
	o.mu.Unlock()
	select {
	case <-l.ended:
		return l.found, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// look asks the store.
func (o *overview) look(l *look) {
	ctx, cancel := context.WithTimeout(o.work, lookTime)
	defer cancel()
	began := o.now()
	next := &snapshot{asOf: began}
	ids, err := o.store.RoomIDs(ctx)
	var all []chat.RoomSummary
	if err == nil {
		all, err = o.store.Summaries(ctx, ids, o.inCall)
	}
	for _, room := range all {
		if room.IsThere() {
			next.rooms = append(next.rooms, room)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	defer close(l.ended)
	o.looks++
	next.number = o.looks
	if err != nil {
		l.err = fmt.Errorf("a look at all rooms: %w", err)
	} else {
		l.found = next
	}
	if o.under != l {
		return // something was done since it began: it is for those who had asked before
	}
	if o.under = nil; err == nil {
		o.last, o.until = next, o.now().Add(min(maxAge, max(usualAge, ageByCost*o.now().Sub(began))))
	}
}

// forget has the next one who asks look anew: something was done just now, which a look under way
// may not have seen.
func (o *overview) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until, o.under = time.Time{}, nil
}
