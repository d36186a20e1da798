package push

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Routes are the HTTP handlers, by method and path as the server's router has them. The server
// bounds their bodies and has found the principal.
func (p *Push) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /push/key":             http.HandlerFunc(p.getKey),
		"HEAD /push/key":            http.HandlerFunc(p.getKey),
		"PUT /push/subscription":    http.HandlerFunc(p.putSubscription),
		"DELETE /push/subscription": http.HandlerFunc(p.deleteSubscription),
	}
}

// getKey says with which key a browser subscribes: GET /push/key.
func (p *Push) getKey(w http.ResponseWriter, r *http.Request) {
	key, err := p.keys.current(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, struct {
		Key string `json:"key"`
	}{key.Public()})
}

// putSubscription keeps by what a session's owner is reached: PUT /push/subscription.
func (p *Push) putSubscription(w http.ResponseWriter, r *http.Request) {
	who, err := owner(r)
	if err == nil {
		err = p.options.Limits.Decide(r.Context(), who, "", chat.ActionPush)
	}
	var s subscription
	if err == nil {
		err = httpapi.ObjectOf(r, &s)
	}
	if err == nil {
		err = s.check(p.options.AllowPrivate)
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(keptSubscription{s, standingOf(who)})
	}
	if err == nil {
		keep := subscriptionLife
		if !who.Until.IsZero() {
			keep = min(keep, max(time.Until(who.Until), time.Millisecond))
		}
		err = p.store.Subscribe(r.Context(), who.ID, cmp.Or(who.Session, who.ID), s.id(), text, maxSubscriptions, keep)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// deleteSubscription forgets the one of that endpoint, or without a body all that the session has:
// DELETE /push/subscription.
func (p *Push) deleteSubscription(w http.ResponseWriter, r *http.Request) {
	who, err := owner(r)
	var s struct {
		Endpoint string `json:"endpoint"`
	}
	if err == nil && r.ContentLength != 0 {
		err = httpapi.ObjectOf(r, &s)
	}
	id := ""
	if s.Endpoint != "" {
		id = idOf(s.Endpoint)
	}
	if err == nil {
		err = p.store.Unsubscribe(r.Context(), who.ID, id)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// owner is the session's owner who makes a request.
func owner(r *http.Request) (chat.Principal, error) {
	who, err := httpapi.Principal(r)
	if err == nil && who.Guest {
		err = chat.ErrNotSignedIn
	}
	return who, err
}

// fail answers with a problem, and logs what is our own fault.
func (p *Push) fail(w http.ResponseWriter, r *http.Request, err error) {
	if httpapi.FailureOf(err).Code == wire.CodeInternal {
		p.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, err)
}
