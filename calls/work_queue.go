package calls

import (
	"context"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// maxReconciles is how many rooms are reconciled at the same time: a sweep finds all of them, and
// LiveKit has other work.
const maxReconciles = 16

// near is how close two runs for one room must be to become one: a webhook seldom comes alone. Runs
// that are not for now are put off to the next multiple of it, so that a flood of them is a few.
const near = 100 * time.Millisecond

// workQueue is which rooms are to be reconciled, and when. Each room is reconciled by one goroutine
// at a time. Methods may be called at the same time.
type workQueue struct {
	began time.Time
	wake  chan struct{} // has an element when there is something new

	mu  sync.Mutex // guards the following
	due map[chat.RoomID][]time.Time
}

func newWorkQueue() *workQueue {
	return &workQueue{began: time.Now(), wake: make(chan struct{}, 1), due: map[chat.RoomID][]time.Time{}}
}

// add has a room reconciled after a while.
func (a *workQueue) add(room chat.RoomID, after time.Duration) {
	now := time.Now()
	at := now.Add(after)
	if past := at.Sub(a.began) % near; after > 0 && past > 0 {
		at = at.Add(near - past)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, other := range a.due[room] {
		if after <= 0 && !other.After(now) { // it is late, and has not begun
			return
		}
		if d := other.Sub(at); d >= 0 && d < near { // a run before that may be too early
			return
		}
	}
	a.due[room] = append(a.due[room], at)
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}

// take returns the rooms whose time has come, but for those that are being reconciled, and in how
// long the next one's does.
func (a *workQueue) take(now time.Time, busy map[chat.RoomID]bool) (rooms []chat.RoomID, wait time.Duration) {
	wait = time.Hour
	a.mu.Lock()
	defer a.mu.Unlock()
	for room, times := range a.due {
		if busy[room] {
			continue
		}
		var later []time.Time
		for _, at := range times {
			if d := at.Sub(now); d > 0 {
				later = append(later, at)
				wait = min(wait, d)
			}
		}
		switch {
		case len(later) == len(times):
		case len(rooms)+len(busy) >= maxReconciles: // the end of one is the time for the next
		case len(later) == 0:
			rooms = append(rooms, room)
			delete(a.due, room)
		default:
			rooms = append(rooms, room)
			a.due[room] = later
		}
	}
	return rooms, wait
}

// run reconciles rooms as their times come, until ctx ends and the runs in progress have.
func (a *workQueue) run(ctx context.Context, reconcile func(context.Context, chat.RoomID)) {
	busy := map[chat.RoomID]bool{}
	done := make(chan chat.RoomID)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil || len(busy) > 0 {
		ended := ctx.Done()
		if ctx.Err() != nil {
			ended = nil
		}
		select {
		case <-ended:
			continue
		case <-a.wake:
		case <-timer.C:
		case room := <-done:
			delete(busy, room)
		}
		if ctx.Err() != nil {
			continue
		}
		rooms, wait := a.take(time.Now(), busy)
		for _, room := range rooms {
			busy[room] = true
			go func() {
				reconcile(ctx, room)
				done <- room
			}()
		}
		timer.Reset(wait)
	}
}
