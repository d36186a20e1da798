package webhooks

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// AdminRoutes are what the operator is served, as [admin.Part.Routes] has them. did is told what has
// been done, for the audit log.
func (w *Webhooks) AdminRoutes(did func(ctx context.Context, e chat.AuditEntry)) map[string]http.Handler {
	noting := func(do func(r *http.Request) (chat.AuditEntry, error)) http.Handler {
		return answer(plain(func(r *http.Request) (any, error) {
			what, err := do(r)
			if err == nil {
				did(r.Context(), what)
			}
			return nil, err
		}))
	}
	return map[string]http.Handler{
		"GET /api/webhooks":                  answer(w.adminList),
		"POST /api/webhooks/{id}/enable":     noting(w.adminEnable),
		"GET /api/webhooks/dead":             answer(w.adminDead),
		"POST /api/webhooks/dead/{id}/retry": noting(w.adminRetry),
		"DELETE /api/webhooks/dead/{id}":     noting(w.adminDrop),
	}
}

// plain is a call that takes nothing from the query.
func plain(do func(r *http.Request) (any, error)) func(r *http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		if _, err := httpapi.KnownQuery(r); err != nil {
			return nil, err
		}
		return do(r)
	}
}

// answer answers with what do returns; nil has no body.
func answer(do func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		object, err := do(r)
		switch {
		case err != nil:
			httpapi.WriteProblem(w, err)
		case object == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			httpapi.WriteJSON(w, http.StatusOK, object)
		}
	})
}

// adminList are the nodes' hooks, and with ?room= those of a room.
func (w *Webhooks) adminList(r *http.Request) (any, error) {
	query, err := httpapi.KnownQuery(r, "room")
	if err != nil {
		return nil, err
	}
	off, err := w.store.NodeHooksOff(r.Context())
	if err != nil {
		return nil, err
	}
	list := []shown{}
	for _, h := range w.options.Node {
		one := shown{ID: h.ID(), URL: h.URL, Events: h.Events, DisabledAt: timeText(off[h.ID()])}
		if one.DisabledAt != "" {
			one.Disabled = gone
		}
		list = append(list, one)
	}
	if name := query.Get("room"); name != "" {
		room, err := chat.ParseRoomID(name)
		if err != nil {
			return nil, err
		}
		own, err := w.shownOf(r.Context(), room)
		if err != nil {
			return nil, err
		}
		list = append(list, own...)
	}
	return map[string]any{"webhooks": list}, nil
}

// adminEnable has a node's hook told again.
func (w *Webhooks) adminEnable(r *http.Request) (chat.AuditEntry, error) {
	id := chat.HookID(r.PathValue("id"))
	did := chat.AuditEntry{Action: chat.AuditEnableHook, Target: string(id)}
	if _, known := w.node[id]; !known {
		return did, wire.Fail(wire.CodeNotFound, "no hook of this node has that id")
	}
	if err := w.store.SwitchNodeHook(r.Context(), id, true); err != nil {
		return did, err
	}
	off, err := w.store.NodeHooksOff(r.Context())
	if err != nil {
		return did, err
	}
	w.switched(off)
	return did, nil
}

// letter is a dead letter as the operator is told of it.
type letter struct {
	ID        string          `json:"id"`
	Room      chat.RoomID     `json:"room"`
	Hook      chat.HookID     `json:"hook"`
	WebhookID string          `json:"webhookId"`
	Type      chat.HookEvent  `json:"type"`
	At        string          `json:"at"`
	DiedAt    string          `json:"diedAt"`
	URL       string          `json:"url"`
	Status    int             `json:"status,omitempty"`
	Error     string          `json:"error"`
	Attempts  int             `json:"attempts"`
	Payload   json.RawMessage `json:"payload"`
}

func letterID(d chat.DeadLetter) string {
	return base64.RawURLEncoding.EncodeToString([]byte(nameOf(d)))
}

func nameOf(d chat.DeadLetter) string { return string(d.Room) + " " + string(d.Hook) + " " + d.ID }

// What a list of dead letters has.
const usualLetters, maxLetters = 50, 200

// place is where a page of dead letters goes on: at those that died before, or then with a name
// before that one. The latest come first, and of the same millisecond they are in the order of their
// names, so that no page leaves one out, or has one again.
type place struct {
	died time.Time // zero for the beginning
	name string    // empty for none of that millisecond
}

// placeOf reads a time, or what a page has told as its next.
func placeOf(text string) (p place, err error) {
	when, id, precise := strings.Cut(text, "~")
	if p.died, err = time.Parse(time.RFC3339, when); err == nil && precise {
		var name []byte
		name, err = base64.RawURLEncoding.DecodeString(id)
		p.name = string(name)
	}
	if err != nil {
		return place{}, &chat.InvalidError{Field: "before", Reason: "is neither a time, as 2026-11-24T12:20:00.000Z, nor the next of a page"}
	}
	return p, nil
}

func (p place) String() string {
	return timeText(p.died) + "~" + base64.RawURLEncoding.EncodeToString([]byte(p.name))
}

// has reports whether a letter is on the pages from there on.
func (p place) has(d chat.DeadLetter) bool {
	return p.died.IsZero() || d.Died.Before(p.died) || d.Died.Equal(p.died) && nameOf(d) < p.name
}

// pageOf is the first page of those letters, the latest first, and what the next one comes before;
// empty for nothing.
func pageOf(all []chat.DeadLetter, limit int) (page []chat.DeadLetter, next string) {
	slices.SortFunc(all, func(a, b chat.DeadLetter) int {
		return cmp.Or(b.Died.Compare(a.Died), cmp.Compare(nameOf(b), nameOf(a)))
	})
	if limit >= len(all) {
		return all, ""
	}
	last := all[limit-1]
	return all[:limit], place{last.Died, nameOf(last)}.String()
}

// adminDead are dead letters, the latest first: ?hook=, ?room=, ?before= (a time, or a page's next),
// ?limit=.
func (w *Webhooks) adminDead(r *http.Request) (any, error) {
	q, err := httpapi.KnownQuery(r, "hook", "room", "before", "limit")
	if err != nil {
		return nil, err
	}
	var from place
	limit := usualLetters
	var room chat.RoomID
	if name := q.Get("room"); name != "" {
		if room, err = chat.ParseRoomID(name); err != nil {
			return nil, err
		}
	}
	if text := q.Get("before"); text != "" {
		if from, err = placeOf(text); err != nil {
			return nil, err
		}
	}
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxLetters {
			return nil, &chat.InvalidError{Field: "limit", Limit: maxLetters, Reason: fmt.Sprintf("has to be 1 to %d", maxLetters)}
		}
	}
	var all []chat.DeadLetter // which they are: only those of the page are read
	for p := range w.store.AllPartitions() {
		some, err := w.store.DeadLetters(r.Context(), p, from.died, 2*deadMost)
		if err != nil {
			return nil, err
		}
		for _, d := range some {
			if (q.Get("hook") == "" || q.Get("hook") == string(d.Hook)) && (room == "" || room == d.Room) && from.has(d) {
				all = append(all, d)
			}
		}
	}
	page, next := pageOf(all, limit)
	letters := make([]letter, 0, len(page))
	for _, d := range page {
		l, ok, err := w.letter(r.Context(), d)
		switch {
		case err != nil:
			return nil, err
		case ok:
			letters = append(letters, l)
		}
	}
	return map[string]any{"dead": letters, "total": len(all), "next": next}, nil
}

// letter is what there is to tell of a dead letter; ok is false for one that is gone, which is noted.
func (w *Webhooks) letter(ctx context.Context, d chat.DeadLetter) (l letter, ok bool, err error) {
	died := d.Died
	read, ok, err := w.store.DeadLetter(ctx, d.Room, d.Hook, d.ID)
	if err == nil && !ok { // what it was about has lapsed
		_, err = w.store.DropDeadLetter(ctx, d)
	}
	if err != nil || !ok {
		return letter{}, false, err
	}
	var n note
	if err := json.Unmarshal(read.Note, &n); err != nil {
		return letter{}, false, fmt.Errorf("dead letter %s: %w: %w", d.ID, chat.ErrUnavailable, err)
	}
	return letter{
		ID: letterID(read), Room: read.Room, Hook: read.Hook, WebhookID: eventID(read.Room, read.Happening), Type: read.Kind,
		At: timeText(read.Time), DiedAt: timeText(died), Payload: bodyOf(read.Room, read.Happening),
		URL: n.URL, Status: n.Status, Error: n.Error, Attempts: n.Attempts,
	}, true, nil
}

// letterOf is the dead letter that a call names.
func (w *Webhooks) letterOf(r *http.Request) (chat.DeadLetter, error) {
	none := wire.Fail(wire.CodeNotFound, "there is no such dead letter")
	text, err := base64.RawURLEncoding.DecodeString(r.PathValue("id"))
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 {
		return chat.DeadLetter{}, none
	}
	room, err := chat.ParseRoomID(parts[0])
	if err != nil {
		return chat.DeadLetter{}, none
	}
	d, ok, err := w.store.DeadLetter(r.Context(), room, chat.HookID(parts[1]), parts[2])
	if err == nil && !ok {
		err = none
	}
	return d, err
}

// adminRetry sends a dead letter once more, at once. It is let go when it was taken.
func (w *Webhooks) adminRetry(r *http.Request) (chat.AuditEntry, error) {
	d, err := w.letterOf(r)
	did := chat.AuditEntry{Action: chat.AuditRetryLetter, Room: d.Room, Target: r.PathValue("id"), Detail: "of " + string(d.Hook)}
	if err != nil {
		return did, err
	}
	t, err := w.targetOf(r.Context(), d)
	if err != nil {
		return did, err
	}
	if result := w.sender.send(r.Context(), t, eventID(d.Room, d.Happening), bodyOf(d.Room, d.Happening), time.Now()); result.err != nil {
		return did, wire.Fail(wire.CodeConflict, "the receiver has not taken it: "+result.err.Error())
	}
	_, err = w.store.DropDeadLetter(r.Context(), d)
	return did, err
}

// targetOf is where a hook is now.
func (w *Webhooks) targetOf(ctx context.Context, d chat.DeadLetter) (target, error) {
	if n, is := w.node[d.Hook]; is {
		return target{n.URL, n.Secrets, true}, nil
	}
	all, err := w.hooks(ctx, d.Room)
	if err != nil {
		return target{}, err
	}
	for _, k := range all {
		if k.ID == d.Hook {
			return target{k.URL, k.secrets(time.Now()), false}, nil
		}
	}
	return target{}, wire.Fail(wire.CodeConflict, "the hook is not there any more")
}

// adminDrop lets a dead letter go.
func (w *Webhooks) adminDrop(r *http.Request) (chat.AuditEntry, error) {
	d, err := w.letterOf(r)
	if err == nil {
		_, err = w.store.DropDeadLetter(r.Context(), d)
	}
	return chat.AuditEntry{Action: chat.AuditDropLetter, Room: d.Room, Target: r.PathValue("id"), Detail: "of " + string(d.Hook)}, err
}
