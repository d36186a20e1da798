package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// maxAnnounced is how many rooms an announcement can name.
const maxAnnounced = 1000

// announcedAtOnce is how many rooms are told at the same time.
const announcedAtOnce = 16

type announced struct {
	// Rooms are how many were told, Failed how many were not: there is nothing of them, they closed,
	// or the store did not answer. A repeat with the same key tells those alone.
	Rooms  int `json:"rooms"`
	Failed int `json:"failed"`
}

// announce is POST /api/announce: a notice in all rooms where somebody is, or in those named. With
// an Idempotency-Key, a repeat tells no room twice.
func (a *API) announce(_ http.ResponseWriter, r *http.Request) (answer, error) {
	text, named, err := announcementOf(r)
	if err != nil {
		return answer{}, err
	}
	notice, err := chat.Announcement(text)
	if err != nil {
		return answer{}, err
	}
	draft := chat.Draft{Payload: notice, Key: httpapi.KeyOf(r)}
	if err := draft.Validate(); err != nil {
		return answer{}, err
	}
	rooms, missing, err := a.toTell(r.Context(), named)
	if err != nil {
		return answer{}, err
	}
	told, err := a.tell(r.Context(), rooms, draft)
	told.Failed += len(missing)
	if err == nil && len(missing) > 0 {
		err = nothingOf(missing[0])
	}
	if told.Rooms == 0 && err != nil {
		return answer{}, err
	}
	a.record(r.Context(), chat.AuditEntry{Action: chat.AuditAnnounce, Detail: fmt.Sprintf("%d rooms: %s", told.Rooms, chat.Excerpt(text))})
	return ok(told), nil
}

// toTell are the rooms that an announcement goes to: those named, but for the ones of which there is
// nothing, or all where somebody is.
func (a *API) toTell(ctx context.Context, named []chat.RoomID) (rooms, missing []chat.RoomID, err error) {
	if named != nil {
		missing, err = a.missing(ctx, named...)
		return slices.DeleteFunc(named, func(room chat.RoomID) bool { return slices.Contains(missing, room) }), missing, err
	}
	a.all.forget()
	all, err := a.all.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, room := range all.rooms {
		if room.Members > 0 {
			rooms = append(rooms, room.Room)
		}
	}
	return rooms, nil, nil
}

// tell posts it to all of them. The error is of one that failed.
func (a *API) tell(ctx context.Context, rooms []chat.RoomID, draft chat.Draft) (told announced, err error) {
	ctx = context.WithoutCancel(ctx) // half of them would be worse
	var mu sync.Mutex
	var telling sync.WaitGroup
	turns := make(chan struct{}, announcedAtOnce)
	for _, room := range rooms {
		turns <- struct{}{}
		telling.Go(func() {
			defer func() { <-turns }()
			_, _, failed := a.node.Post(ctx, a.options.Operator, room, draft)
			mu.Lock()
			defer mu.Unlock()
			if failed != nil {
				told.Failed++
				err = failed
				return
			}
			told.Rooms++
		})
	}
	telling.Wait()
	return told, err
}

// announcementOf reads a body. A field that is not known is refused: a misspelt "rooms" would tell
// everybody. rooms is nil where none are named.
func announcementOf(r *http.Request) (text string, rooms []chat.RoomID, err error) {
	var fields map[string]json.RawMessage
	if err := httpapi.ObjectOf(r, &fields); err != nil {
		return "", nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "text" && name != "rooms" {
			return "", nil, &chat.InvalidError{Field: chat.Excerpt(name), Reason: "is not known here: there is text, rooms"}
		}
	}
	if fields["text"] == nil || json.Unmarshal(fields["text"], &text) != nil {
		return "", nil, &chat.InvalidError{Field: "text", Reason: "is not a text"}
	}
	given, has := fields["rooms"]
	if !has || string(given) == "null" {
		return text, nil, nil
	}
	var names []string
	if json.Unmarshal(given, &names) != nil {
		return "", nil, &chat.InvalidError{Field: "rooms", Reason: "is not a list of rooms"}
	}
	if len(names) > maxAnnounced {
		return "", nil, &chat.InvalidError{Field: "rooms", Limit: maxAnnounced, Reason: fmt.Sprintf("are %d, more than %d", len(names), maxAnnounced)}
	}
	rooms = []chat.RoomID{}
	for _, name := range names {
		room, err := wire.ParseRoomID(name)
		if err != nil {
			return "", nil, &chat.InvalidError{Field: "rooms", Reason: fmt.Sprintf("has %q, which can't be a room", chat.Excerpt(name))}
		}
		if !slices.Contains(rooms, room) {
			rooms = append(rooms, room)
		}
	}
	return text, rooms, nil
}
