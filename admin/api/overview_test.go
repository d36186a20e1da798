package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// rooms is an Overview of so many rooms, which takes its time.
type rooms struct {
	Overview
	mu    sync.Mutex // protects following
	all   []chat.RoomSummary
	looks int
	takes time.Duration
	fails error
}

func (r *rooms) RoomIDs(context.Context) (ids []chat.RoomID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	for _, room := range r.all {
		ids = append(ids, room.Room)
	}
	return ids, r.fails
}

func (r *rooms) Summaries(ctx context.Context, _ []chat.RoomID, _ string) ([]chat.RoomSummary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-time.After(r.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return slices.Clone(r.all), nil
}

// TestALookThatIsTooLate forgets one while it is under way: what was done meanwhile it may not have
// seen, so whoever asks from then on looks anew, and nothing of it is kept.
func TestALookThatIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rooms{all: []chat.RoomSummary{{Room: "a", Messages: 1}}}
		seen := store.all
		slow := &slowRooms{rooms: store, began: make(chan struct{}), goOn: make(chan struct{})}
		o := newOverview(slow, "")
		var asking sync.WaitGroup
		asking.Go(func() {
			s, err := o.get(t.Context())
			if assert.NoError(t, err) {
				assert.Len(t, s.rooms, len(seen), "who had asked before gets what there was")
			}
		})
		<-slow.began // and has read the names
		store.mu.Lock()
		store.all = append(slices.Clone(store.all), chat.RoomSummary{Room: "b", Members: 1})
		store.mu.Unlock()
		o.forget()
		s, err := o.get(t.Context())
		require.NoError(t, err)
		assert.Len(t, s.rooms, 2, "a room that opened since the look began")
		close(slow.goOn)
		asking.Wait()
		again, err := o.get(t.Context())
		require.NoError(t, err)
		assert.Same(t, s, again, "the older look was kept in place of the newer one")
		o.close()
	})
}

// slowRooms stop in the middle of the first look.
type slowRooms struct {
	*rooms
	looked      atomic.Bool
	began, goOn chan struct{}
}

func (r *slowRooms) Summaries(ctx context.Context, ids []chat.RoomID, inCall string) ([]chat.RoomSummary, error) {
	all, err := r.rooms.Summaries(ctx, ids, inCall)
	if !r.looked.Swap(true) {
		close(r.began)
		<-r.goOn
	}
	return all, err
}

func TestOneLookForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rooms{all: []chat.RoomSummary{{Room: "a", Messages: 1}, {Room: "closed", Closed: true}}, takes: 100 * time.Millisecond}
		o := newOverview(store, "")
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() {
				s, err := o.get(t.Context())
				assert.NoError(t, err)
				assert.Len(t, s.rooms, 1, "what is closed and empty is not there")
			})
		}
		asking.Wait()
		assert.Equal(t, 1, store.looks)
		time.Sleep(usualAge - time.Millisecond)
		_, err := o.get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 1, store.looks)
		time.Sleep(time.Millisecond)
		s, err := o.get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, store.looks)
		assert.Equal(t, 2, s.number)

		store.takes = time.Second // then it is kept for longer
		o.forget()
		_, err = o.get(t.Context())
		require.NoError(t, err)
		time.Sleep(ageByCost*time.Second - time.Millisecond)
		_, err = o.get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 3, store.looks)

		store.fails = chat.ErrUnavailable
		o.forget()
		_, err = o.get(t.Context())
		require.ErrorIs(t, err, chat.ErrUnavailable)
		store.fails = nil
		_, err = o.get(t.Context())
		require.NoError(t, err, "an error is not kept")

		// Who gives up ends nobody else's look, and the end of all ends it.
		o.forget()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = o.get(gone)
		require.ErrorIs(t, err, context.Canceled)
		o.close()
		_, err = o.get(t.Context())
		if !errors.Is(err, chat.ErrGoingAway) {
			require.NoError(t, err)
		}
	})
}

func TestPages(t *testing.T) {
	s := &snapshot{}
	for i := range 300 {
		s.rooms = append(s.rooms, chat.RoomSummary{
			Room: chat.RoomID(fmt.Sprintf("room-%04d", i)), Title: fmt.Sprintf("Title %d", i%7), Members: i % 5, Messages: i % 11,
			PerMinute: i % 3, PerHour: i % 13, LastAt: time.UnixMilli(int64(i % 100)),
		})
	}
	for _, name := range []string{"name", "members", "messages", "rate", "last"} {
		for _, order := range []string{"", "asc", "desc"} {
			by, err := sortingOf(name, order)
			require.NoError(t, err)
			seen := map[chat.RoomID]bool{}
			var last *place
			var after *place
			for {
				page := s.list("", by, after, 77)
				assert.Equal(t, 300, page.Total)
				for _, room := range page.Rooms {
					require.False(t, seen[room.Room], "%s by %s", room.Room, name)
					seen[room.Room] = true
					at := by.placeOf(s.rooms[slices.IndexFunc(s.rooms, func(r chat.RoomSummary) bool { return r.Room == room.Room })])
					if last != nil {
						require.Negative(t, by.compare(*last, at))
					}
					last = &at
				}
				if page.Next == "" {
					break
				}
				at, err := by.parseCursor(page.Next)
				require.NoError(t, err)
				after = &at
			}
			assert.Len(t, seen, 300)
		}
	}
	by, err := sortingOf("", "")
	require.NoError(t, err)
	assert.Equal(t, 10, s.list("room-000", by, nil, 50).Total)
	assert.Equal(t, 43, s.list("title 3", by, nil, 50).Total)
	assert.Equal(t, 0, s.list("nothing", by, nil, 50).Total)
}

// A page goes on where it was when the room that it ended with has gone.
func TestPagesWhileRoomsGo(t *testing.T) {
	s := &snapshot{rooms: []chat.RoomSummary{{Room: "a"}, {Room: "b"}, {Room: "c"}}}
	by, err := sortingOf("name", "")
	require.NoError(t, err)
	page := s.list("", by, nil, 2)
	at, err := by.parseCursor(page.Next)
	require.NoError(t, err)
	s.rooms = slices.Delete(s.rooms, 1, 2)
	page = s.list("", by, &at, 2)
	require.Len(t, page.Rooms, 1)
	assert.Equal(t, chat.RoomID("c"), page.Rooms[0].Room)
}

func TestSince(t *testing.T) {
	before := &snapshot{rooms: []chat.RoomSummary{{Room: "a", Members: 1}, {Room: "b", Members: 1}, {Room: "gone"}}}
	after := &snapshot{rooms: []chat.RoomSummary{{Room: "a", Members: 1}, {Room: "b", Members: 2}, {Room: "new"}}}
	c := after.since(before)
	require.Len(t, c.Rooms, 2)
	assert.Equal(t, []chat.RoomID{"gone"}, c.Gone)
	assert.False(t, c.More)
	assert.Empty(t, after.since(after).Rooms)
	for i := range maxChanged + 1 {
		after.rooms = append(after.rooms, chat.RoomSummary{Room: chat.RoomID(fmt.Sprint("many-", i))})
	}
	c = after.since(before)
	assert.Len(t, c.Rooms, maxChanged)
	assert.True(t, c.More)
}

func TestSlowTailer(t *testing.T) {
	slow := &tailer{wake: make(chan struct{}, 1)}
	event := &chat.Event{Room: "a", Body: chat.Appended{Entry: chat.Entry{
		ID: chat.Cursor{Seq: 1, Tag: 1}, Payload: chat.Message{Text: string(make([]byte, 3000))},
	}}}
	replay := &chat.Batch{Replay: true}
	for range 1000 { // more than may wait, but that is how long the room is
		replay.Events = append(replay.Events, event)
	}
	slow.Deliver(replay)
	waiting, ended := slow.take()
	require.NoError(t, ended)
	assert.Greater(t, len(waiting), maxWaiting)
	for range 1000 {
		slow.Deliver(&chat.Batch{Events: []*chat.Event{event}})
	}
	waiting, ended = slow.take()
	require.ErrorIs(t, ended, chat.ErrTooSlow)
	assert.Empty(t, waiting)
}
