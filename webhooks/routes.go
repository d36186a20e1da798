package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what webhooks ask of the core; [*chat.Node] has it.
type Rooms interface {
	// MayKeepHooks says whether somebody may see and change a room's hooks.
	MayKeepHooks(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Role, error)
	// Record notes for the operator what somebody has done.
	Record(ctx context.Context, who chat.Principal, role chat.Role, e chat.AuditEntry)
}

// Routes are what a room's owner is served, as [server.Feature.Routes] has them.
func (w *Webhooks) Routes(rooms Rooms) map[string]http.Handler {
	r := routes{w, rooms}
	return map[string]http.Handler{
		"POST /rooms/:room/webhooks":            r.handler(r.post),
		"GET /rooms/:room/webhooks":             r.handler(r.list),
		"HEAD /rooms/:room/webhooks":            r.handler(r.list),
		"GET /rooms/:room/webhooks/:id":         r.handler(r.get),
		"HEAD /rooms/:room/webhooks/:id":        r.handler(r.get),
		"PATCH /rooms/:room/webhooks/:id":       r.handler(r.patch),
		"DELETE /rooms/:room/webhooks/:id":      r.handler(r.delete),
		"POST /rooms/:room/webhooks/:id/secret": r.handler(r.rotate),
	}
}

type routes struct {
	*Webhooks
	rooms Rooms
}

// call is one call of somebody who may.
type call struct {
	*http.Request
	room chat.RoomID
	id   chat.HookID
	who  chat.Principal
	role chat.Role
}

// handler answers with what do returns; an answer of nil has no body.
func (r routes) handler(do func(c call) (status int, answer any, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		c := call{Request: request, id: chat.HookID(request.PathValue("id"))}
		var err error
		c.room, c.who, err = httpapi.MemberInRoom(request)
		if err == nil {
			c.role, err = r.rooms.MayKeepHooks(request.Context(), c.who, c.room)
		}
		status, answer := 0, any(nil)
		if err == nil {
			status, answer, err = do(c)
		}
		switch {
		case err != nil:
			httpapi.WriteProblem(w, err)
		case answer == nil:
			w.WriteHeader(status)
		default:
			httpapi.WriteJSON(w, status, answer)
		}
	})
}

// shown is a hook as its owner, or the operator, is told of it.
type shown struct {
	ID        chat.HookID      `json:"id"`
	URL       string           `json:"url"`
	Events    []chat.HookEvent `json:"events"`
	By        *shownBy         `json:"by,omitempty"`
	CreatedAt string           `json:"createdAt,omitempty"`
	// Secret is told once.
	Secret     string        `json:"secret,omitempty"`
	DisabledAt string        `json:"disabledAt,omitempty"`
	Disabled   string        `json:"disabledReason,omitempty"`
	Failing    *shownFailing `json:"failing,omitempty"`
	Lost       int           `json:"lost,omitempty"`
}

type shownBy struct {
	ID   chat.MemberID `json:"id"`
	Name string        `json:"name"`
}

type shownFailing struct {
	Since    string `json:"since"`
	Attempts int    `json:"attempts"`
	Status   int    `json:"status,omitempty"`
	Error    string `json:"error"`
	NextAt   string `json:"nextAt"`
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(wire.TimeFormat)
}

func (h roomHook) shown(id chat.HookID) shown {
	return shown{
		ID: id, URL: h.URL, Events: h.Events, By: &shownBy{h.By, h.ByName}, CreatedAt: timeText(h.Made),
		DisabledAt: timeText(h.Off), Disabled: h.Why,
	}
}

// kept is a hook that is there, with what is kept of it.
type kept struct {
	roomHook
	chat.RoomHook
}

func (k kept) shown() (shown, error) {
	s := k.roomHook.shown(k.ID)
	s.Lost = k.Lost
	if k.Failure == nil || s.DisabledAt != "" {
		return s, nil
	}
	var f failure
	if err := json.Unmarshal(k.Failure, &f); err != nil {
		return s, fmt.Errorf("hook %s: %w: %w", k.ID, chat.ErrUnavailable, err)
	}
	s.Failing = &shownFailing{timeText(f.Since), f.Count, f.Status, f.Error, timeText(f.Next)}
	return s, nil
}

// hooks are a room's.
func (w *Webhooks) hooks(ctx context.Context, room chat.RoomID) ([]kept, error) {
	all, err := w.store.RoomHooks(ctx, room)
	if err != nil {
		return nil, err
	}
	hooks := make([]kept, 0, len(all))
	for _, h := range all {
		k := kept{RoomHook: h}
		if err := json.Unmarshal(h.Config, &k.roomHook); err != nil {
			return nil, fmt.Errorf("hook %s: %w: %w", h.ID, chat.ErrUnavailable, err)
		}
		hooks = append(hooks, k)
	}
	return hooks, nil
}

func (r routes) find(c call) (kept, error) {
	all, err := r.hooks(c.Context(), c.room)
	if err != nil {
		return kept{}, err
	}
	for _, k := range all {
		if k.ID == c.id {
			return k, nil
		}
	}
	return kept{}, fmt.Errorf("hook of %s: %w", c.room, chat.ErrNoRecord)
}

func (r routes) list(c call) (int, any, error) {
	list, err := r.shownOf(c.Context(), c.room)
	return http.StatusOK, map[string]any{"webhooks": list}, err
}

func (w *Webhooks) shownOf(ctx context.Context, room chat.RoomID) ([]shown, error) {
	all, err := w.hooks(ctx, room)
	list := make([]shown, 0, len(all))
	for _, k := range all {
		one, err := k.shown()
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, err
}

func (r routes) get(c call) (int, any, error) {
	k, err := r.find(c)
	if err != nil {
		return 0, nil, err
	}
	one, err := k.shown()
	return http.StatusOK, one, err
}

// terms are what a hook is to be.
func (r routes) terms(c call, known ...string) (f httpapi.Fields, address string, events []chat.HookEvent, err error) {
	f, err = httpapi.FieldsOf(c.Request, append(known, "url", "events")...)
	if err != nil {
		return f, "", nil, err
	}
	if address, err = f.Text("url"); err != nil {
		return f, "", nil, err
	}
	names, err := f.Texts("events")
	if err != nil {
		return f, "", nil, err
	}
	if f.Has("events") && len(names) == 0 {
		return f, "", nil, &chat.InvalidError{Field: "events", Reason: fmt.Sprintf("are none: want some of %v", chat.HookEvents())}
	}
	events, err = ParseEvents(names)
	return f, address, events, err
}

// post makes a hook, and tells its secret this once.
func (r routes) post(c call) (int, any, error) {
	_, address, events, err := r.terms(c)
	if err == nil {
		err = CheckURL(address, r.options.AllowPrivate)
	}
	if err != nil {
		return 0, nil, err
	}
	h := roomHook{
		URL: address, Events: events, Secret: NewSecret(), By: c.who.ID, ByName: c.who.Name,
		Made: time.Now().UTC().Truncate(time.Millisecond),
	}
	id := newHookID()
	full, err := r.store.KeepHook(c.Context(), c.room, id, h.encode(), h.told(), MaxHooks, nil)
	if full {
		err = &chat.InvalidError{Field: "webhooks", Limit: MaxHooks, Reason: fmt.Sprintf("are %d already: a room has no more at once", MaxHooks)}
	}
	if err != nil {
		return 0, nil, err
	}
	r.record(c, id, chat.AuditMakeHook, address)
	answer := h.shown(id)
	answer.Secret = h.Secret
	return http.StatusCreated, answer, nil
}

// patch changes where a hook is and what it is told, and switches it.
func (r routes) patch(c call) (int, any, error) {
	f, address, events, err := r.terms(c, "enabled")
	if err != nil {
		return 0, nil, err
	}
	if f.Has("url") {
		if err := CheckURL(address, r.options.AllowPrivate); err != nil {
			return 0, nil, err
		}
	}
	k, err := r.change(c, func(h *roomHook) error {
		if f.Has("url") {
			h.URL = address
		}
		if f.Has("events") {
			h.Events = events
		}
		on, err := f.Flag("enabled", h.Off.IsZero())
		switch {
		case err != nil:
			return err
		case on:
			h.Off, h.Why = time.Time{}, ""
		case h.Off.IsZero():
			h.Off, h.Why = time.Now().UTC().Truncate(time.Millisecond), "its owner has switched it off"
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	answer, err := k.shown()
	return http.StatusOK, answer, err
}

// maxChanges is how often a change is decided anew when somebody else's came between.
const maxChanges = 5

// change changes a hook as it is now: of two changes at the same time, neither undoes the other. It is
// tried again then.
func (r routes) change(c call, do func(h *roomHook) error) (k kept, err error) {
	for range maxChanges {
		if k, err = r.find(c); err != nil {
			return k, err
		}
		if err = do(&k.roomHook); err != nil {
			return k, err
		}
		_, err = r.store.KeepHook(c.Context(), c.room, c.id, k.encode(), k.told(), MaxHooks, k.Config)
		switch {
		case err == nil:
			r.record(c, c.id, chat.AuditChangeHook, k.URL)
			k.Failure = nil
			return k, nil
		case !errors.Is(err, chat.ErrHookChanged):
			return k, err
		}
	}
	return k, wire.Fail(wire.CodeConflict, "somebody else changes the webhook: try again")
}

// rotate gives a hook another secret, and tells it this once.
func (r routes) rotate(c call) (int, any, error) {
	k, err := r.change(c, func(h *roomHook) error {
		h.rotate(time.Now())
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	answer, err := k.shown()
	answer.Secret = k.Secret
	return http.StatusOK, answer, err
}

func (r routes) delete(c call) (int, any, error) {
	if err := r.store.DropHook(c.Context(), c.room, c.id); err != nil {
		return 0, nil, err
	}
	r.record(c, c.id, chat.AuditDropHook, "")
	return http.StatusNoContent, nil, nil
}

// record notes what was done to the hook of that address. The host alone is kept of it: many
// services have a secret in the rest.
func (r routes) record(c call, id chat.HookID, what string, address string) {
	host := ""
	if u, err := url.Parse(address); err == nil {
		host = u.Host
	}
	r.rooms.Record(c.Context(), c.who, c.role, chat.AuditEntry{Action: what, Room: c.room, Target: string(id), Detail: host})
}

// isGone reports whether a hook, or its room, is not there any more.
func isGone(err error) bool {
	return errors.Is(err, chat.ErrNoRecord) || errors.Is(err, chat.ErrNotOwned)
}
