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

// AdminRoutes are what the operator is served, as [admin.Part.Routes] has them.
func (w *Webhooks) AdminRoutes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /api/webhooks":                  answer(w.adminList),
		"POST /api/webhooks/{id}/enable":     answer(plain(w.adminEnable)),
		"GET /api/webhooks/dead":             answer(w.adminDead),
		"POST /api/webhooks/dead/{id}/retry": answer(plain(w.adminRetry)),
		"DELETE /api/webhooks/dead/{id}":     answer(plain(w.adminDrop)),
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
func (w *Webhooks) adminEnable(r *http.Request) (any, error) {
	id := chat.HookID(r.PathValue("id"))
	if _, known := w.node[id]; !known {
		return nil, wire.Fail(wire.CodeNotFound, "no hook of this node has that id")
	}
	if err := w.store.SwitchNodeHook(r.Context(), id, true); err != nil {
		return nil, err
	}
	off, err := w.store.NodeHooksOff(r.Context())
	if err != nil {
		return nil, err
	}
	w.switched(off)
	return nil, nil
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
	return base64.RawURLEncoding.EncodeToString([]byte(string(d.Room) + " " + string(d.Hook) + " " + d.ID))
}

// What a list of dead letters has.
const usualLetters, maxLetters = 50, 200

// firstOf is a page of dead letters, and what the next one comes before; empty for nothing. Those of
// the same moment are on one page, or the next one would leave some out.
func firstOf(all []chat.DeadLetter, limit int) (page []chat.DeadLetter, next string) {
	for limit < len(all) && all[limit].Died.Equal(all[limit-1].Died) {
		limit++
	}
	if limit >= len(all) {
		return all, ""
	}
	return all[:limit], timeText(all[limit-1].Died)
}

// adminDead are dead letters, the latest first: ?hook=, ?room=, ?before= (a time), ?limit=.
func (w *Webhooks) adminDead(r *http.Request) (any, error) {
	q, err := httpapi.KnownQuery(r, "hook", "room", "before", "limit")
	if err != nil {
		return nil, err
	}
	before, limit := time.Now().Add(time.Minute), usualLetters
	var room chat.RoomID
	if name := q.Get("room"); name != "" {
		if room, err = chat.ParseRoomID(name); err != nil {
			return nil, err
		}
	}
	if text := q.Get("before"); text != "" {
		if before, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, &chat.InvalidError{Field: "before", Reason: "is not a time, as 2026-11-24T12:20:00.000Z"}
		}
	}
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxLetters {
			return nil, &chat.InvalidError{Field: "limit", Limit: maxLetters, Reason: fmt.Sprintf("has to be 1 to %d", maxLetters)}
		}
	}
	var all []chat.DeadLetter
	for p := range w.store.AllPartitions() {
		some, err := w.store.DeadLetters(r.Context(), p, before, deadMost)
		if err != nil {
			return nil, err
		}
		for _, d := range some {
			if (q.Get("hook") == "" || q.Get("hook") == string(d.Hook)) && (room == "" || room == d.Room) {
				all = append(all, d)
			}
		}
	}
	slices.SortFunc(all, func(a, b chat.DeadLetter) int { return cmp.Or(b.Died.Compare(a.Died), cmp.Compare(b.ID, a.ID)) })
	total := len(all)
	all, next := firstOf(all, limit)
	letters := make([]letter, 0, len(all))
	for _, d := range all {
		l := letter{
			ID: letterID(d), Room: d.Room, Hook: d.Hook, WebhookID: eventID(d.Room, d.Happening), Type: d.Kind,
			At: timeText(d.Time), DiedAt: timeText(d.Died), Payload: bodyOf(d.Room, d.Happening),
		}
		var n note
		if err := json.Unmarshal(d.Note, &n); err != nil {
			return nil, fmt.Errorf("dead letter %s: %w: %w", d.ID, chat.ErrUnavailable, err)
		}
		l.URL, l.Status, l.Error, l.Attempts = n.URL, n.Status, n.Error, n.Attempts
		letters = append(letters, l)
	}
	return map[string]any{"dead": letters, "total": total, "next": next}, nil
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
func (w *Webhooks) adminRetry(r *http.Request) (any, error) {
	d, err := w.letterOf(r)
	if err != nil {
		return nil, err
	}
	t, err := w.targetOf(r.Context(), d)
	if err != nil {
		return nil, err
	}
	if result := w.sender.send(r.Context(), t, eventID(d.Room, d.Happening), bodyOf(d.Room, d.Happening), time.Now()); result.err != nil {
		return nil, wire.Fail(wire.CodeConflict, "the receiver has not taken it: "+result.err.Error())
	}
	_, err = w.store.DropDeadLetter(r.Context(), d)
	return nil, err
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
func (w *Webhooks) adminDrop(r *http.Request) (any, error) {
	d, err := w.letterOf(r)
	if err == nil {
		_, err = w.store.DropDeadLetter(r.Context(), d)
	}
	return nil, err
}
