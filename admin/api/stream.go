package api

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
)

// streamEvery is how often GET /api/stream says what has changed.
const streamEvery = 2 * time.Second

// maxChanged is how many changed rooms one event has.
const maxChanged = 500

type changedRooms struct {
	Rooms []roomInfo `json:"rooms"`
	// Gone are rooms of which nothing is left.
	Gone []chat.RoomID `json:"gone"`
	// More says that others have changed too: the list has to be read anew.
	More bool  `json:"more,omitempty"`
	AsOf stamp `json:"asOf"`
}

// stream is GET /api/stream: the totals, and the rooms that have changed, for as long as somebody
// looks.
func (a *API) stream(w http.ResponseWriter, r *http.Request) {
	if _, err := httpapi.KnownQuery(r); err != nil {
		a.fail(w, r, err)
		return
	}
	last, err := a.all.get(r.Context())
	var told stats
	if err == nil {
		told, err = a.total(r, last)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	stream := openEvents(w)
	if stream.tell("stats", told) != nil {
		return
	}
	ticker := time.NewTicker(streamEvery)
	defer ticker.Stop()
	spoke := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-a.done.Done():
			return
		case <-r.Context().Done():
			return
		}
		next, total, err := a.look(r)
		if err != nil { // the store is away: it is looked for again
			next, total = last, told
		}
		quiet := true
		if total != told {
			quiet, told = false, total
			if stream.tell("stats", told) != nil {
				return
			}
		}
		if next.number != last.number {
			if changed := next.since(last); len(changed.Rooms)+len(changed.Gone) > 0 {
				quiet = false
				if stream.tell("rooms", changed) != nil {
					return
				}
			}
			last = next
		}
		switch {
		case !quiet:
			spoke = time.Now()
		case time.Since(spoke) >= pingEvery:
			spoke = time.Now()
			if stream.ping() != nil {
				return
			}
		}
	}
}

func (a *API) look(r *http.Request) (*snapshot, stats, error) {
	all, err := a.all.get(r.Context())
	if err != nil {
		return nil, stats{}, err
	}
	total, err := a.total(r, all)
	return all, total, err
}

// since is what has changed since another look.
func (s *snapshot) since(last *snapshot) changedRooms {
	before := make(map[chat.RoomID]*chat.RoomSummary, len(last.rooms))
	for i := range last.rooms {
		before[last.rooms[i].Room] = &last.rooms[i]
	}
	c := changedRooms{Rooms: []roomInfo{}, Gone: []chat.RoomID{}, AsOf: stamp(s.asOf)}
	var changed []chat.RoomSummary
	for _, room := range s.rooms {
		if was := before[room.Room]; was == nil || !reflect.DeepEqual(*was, room) {
			changed = append(changed, room)
		}
		delete(before, room.Room)
	}
	for room := range before {
		c.Gone = append(c.Gone, room)
	}
	slices.Sort(c.Gone)
	slices.SortFunc(changed, func(a, b chat.RoomSummary) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.Room, b.Room))
	})
	if len(changed) > maxChanged {
		changed, c.More = changed[:maxChanged], true
	}
	if len(c.Gone) > maxChanged {
		c.Gone, c.More = c.Gone[:maxChanged], true
	}
	for _, room := range changed {
		c.Rooms = append(c.Rooms, roomInfoOf(room))
	}
	return c
}
