package web

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what the handlers ask of the core; [*chat.Node] has it.
type Rooms interface {
	Authorize(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action) error
	MayPost(ctx context.Context, who chat.Principal, room chat.RoomID) error
	HasToWait(ctx context.Context, who chat.Principal, room chat.RoomID) error
	Post(ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error)
}

// Options are the handlers' settings. The zero value can be used.
type Options struct {
	// BasePath comes before the addresses that answers name in Location, as "/chat".
	BasePath string
	// Logger is told of internal errors; nil for nothing.
	Logger *slog.Logger
}

// Handler serves files. Make it with [New].
type Handler struct {
	files   *attachments.Store
	rooms   Rooms
	options Options
	log     *slog.Logger
	tus     *handler.UnroutedHandler
}

// New makes the handlers.
func New(files *attachments.Store, rooms Rooms, o Options) (*Handler, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Handler{files: files, rooms: rooms, options: o, log: o.Logger}
	var err error
	h.tus, err = newTus(tusStore{h}, files.FileSize())
	return h, err
}

// Usage says to programs how files are sent.
const Usage = `  curl -T photo.jpg BASE/rooms/lobby/files/     send a file
`

// Transfers are the handlers by method and path as the server's router has them. The server ends
// those that do not move on, and has found the principal.
func (h *Handler) Transfers() map[string]http.Handler {
	handlers := map[string]http.HandlerFunc{
		"POST /rooms/:room/files":          h.post,
		"PUT /rooms/:room/files":           h.put,
		"PUT /rooms/:room/files/:filename": h.put,
		"GET /rooms/:room/files/:id":       h.describe,
		"HEAD /rooms/:room/files/:id":      h.describe,
		"DELETE /rooms/:room/files/:id":    h.remove,
		"GET /rooms/:room/files/:id/:name": h.download,
		// As GET: net/http keeps the body back.
		"HEAD /rooms/:room/files/:id/:name": h.download,
		"OPTIONS /rooms/:room/uploads":      h.tusOptions,
		"POST /rooms/:room/uploads":         h.tusCreate,
		"OPTIONS /rooms/:room/uploads/:id":  h.tusOptions,
		"HEAD /rooms/:room/uploads/:id":     h.tusHead,
		"PATCH /rooms/:room/uploads/:id":    h.tusPatch,
		"DELETE /rooms/:room/uploads/:id":   h.tusDelete,
	}
	all := make(map[string]http.Handler, len(handlers))
	for route, serve := range handlers {
		all[route] = serve
	}
	return all
}

// fail answers with a problem, and logs what is our own fault.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	err = problem(err)
	if httpapi.FailureOf(err).Code == wire.CodeInternal {
		h.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, err)
}

// sender is the room that a request names, and who makes it, who may send files there.
func (h *Handler) sender(r *http.Request) (room chat.RoomID, who chat.Principal, err error) {
	if room, who, err = httpapi.MemberInRoom(r); err == nil {
		err = h.rooms.Authorize(r.Context(), who, room, chat.ActionFile)
	}
	return room, who, err
}
