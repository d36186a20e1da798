package incoming

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// MaxBody is how many bytes a delivery may have: GitHub's longest usual ones are some hundred
// kilobytes.
const MaxBody = 1 << 20

// Rooms is what hooks ask of the core; [*chat.Node] has it.
type Rooms interface {
	HookPrincipal(ctx context.Context, secret string) (who chat.Principal, signing string, ok bool, err error)
	Post(ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error)
}

// Hooks takes deliveries.
type Hooks struct {
	rooms Rooms
	now   func() time.Time
}

// New makes the hooks of a node.
func New(rooms Rooms) *Hooks { return &Hooks{rooms: rooms, now: time.Now} }

// Routes are the addresses, as [server.Feature.Transfers] has them: the handlers bound what they read.
func (h *Hooks) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"POST /rooms/:room/hook":        http.HandlerFunc(h.byToken),
		"POST /rooms/:room/hook/:token": http.HandlerFunc(h.byAddress),
	}
}

// byAddress takes a delivery to an address that says whose it is.
func (h *Hooks) byAddress(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	who, signing, ok, err := h.rooms.HookPrincipal(r.Context(), r.PathValue("token"))
	if err == nil && (!ok || !slices.Contains(who.Rooms, room)) {
		err = wire.Fail(wire.CodeNotFound, "the hook is not known: it may be revoked, or over")
	}
	if err == nil {
		err = h.take(w, r, room, who, signing)
	}
	h.answer(w, err)
}

// byToken takes a delivery from a program that has a token.
func (h *Hooks) byToken(w http.ResponseWriter, r *http.Request) {
	room, who, err := httpapi.MemberInRoom(r)
	if err == nil && who.Via != chat.ViaToken {
		err = wire.Fail(wire.CodeSessionRequired, "a program's token is, or a hook's whole address")
	}
	if err == nil {
		err = h.take(w, r, room, who, "")
	}
	h.answer(w, err)
}

// answer says what Slack says.
func (h *Hooks) answer(w http.ResponseWriter, err error) {
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok") // a sender that is gone sends it again
}

// take reads a delivery and posts what it says, once.
func (h *Hooks) take(w http.ResponseWriter, r *http.Request, room chat.RoomID, who chat.Principal, signing string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var failure *wire.Failure
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.As(err, &failure):
		return err
	case err != nil:
		return wire.Fail(wire.CodeMalformed, "the body broke off")
	}
	if signing != "" && !isSigned(r.Header, body, signing, h.now()) {
		return wire.Fail(wire.CodeSessionInvalid, "the delivery is not signed with the hook's signing secret")
	}
	text, err := Text(r.Header, body, who.Name)
	if err != nil || text == "" {
		return err
	}
	key, isDelivery := keyOf(r.Header)
	_, _, err = h.rooms.Post(r.Context(), who, room, chat.Draft{Key: key, Payload: chat.Message{Text: text}})
	if isDelivery && errors.Is(err, chat.ErrKeyReused) { // the same one, put into other words by an older version
		return nil
	}
	return err
}

// keyOf is by what a delivery that is sent again is known; empty where its sender does not say.
// isDelivery says that the sender's own machinery names each of its deliveries by it: an
// Idempotency-Key is whatever somebody has chosen.
func keyOf(h http.Header) (key string, isDelivery bool) {
	const chosen = "Idempotency-Key"
	for _, name := range []string{"X-Github-Delivery", "X-Gitea-Delivery", "Webhook-Id", chosen} {
		id := h.Get(name)
		if id == "" {
			continue
		}
		if len(id) > chat.MaxKey || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			sum := sha256.Sum256([]byte(id))
			id = hex.EncodeToString(sum[:16])
		}
		return id, name != chosen
	}
	return "", false
}
