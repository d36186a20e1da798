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

	mu      sync.Mutex // protects following
	last    *snapshot
	until   time.Time     // for how long last is good
	looking chan struct{} // closed when the look under way has ended; nil for none
	err     error         // of the last look
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
	looking := o.looking
	if looking == nil {
		looking = make(chan struct{})
		o.looking = looking
		o.wait.Go(func() { o.look(looking) })
	}
	o.mu.Unlock()
	select {
	case <-looking:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return nil, o.err
	}
	return o.last, nil
}

// look asks the store.
func (o *overview) look(ended chan struct{}) {
	ctx, cancel := context.WithTimeout(o.work, lookTime)
	defer cancel()
	began := o.now()
	next := &snapshot{asOf: began, number: 1}
	ids, err := o.store.RoomIDs(ctx)
	var all []chat.RoomSummary
	if err == nil {
		all, err = o.store.Summaries(ctx, ids, o.inCall)
	}
	if err != nil {
		err = fmt.Errorf("a look at all rooms: %w", err)
	}
	for _, room := range all {
		if room.IsThere() {
			next.rooms = append(next.rooms, room)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last != nil {
		next.number = o.last.number + 1
	}
	if o.err = err; err == nil {
		o.last, o.until = next, o.now().Add(min(maxAge, max(usualAge, ageByCost*o.now().Sub(began))))
	}
	o.looking = nil
	close(ended)
}

// forget has the next one who asks look anew: something was done just now.
func (o *overview) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = time.Time{}
}
