package sse

import (
	"context"
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/conn"
	"github.com/caller-chat/caller/transport/wire"
)

// Rooms is what the transport asks of the core; [*chat.Node] has it.
type Rooms interface {
	conn.Subscriber
	Post(ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft) (e chat.Entry, repeated bool, err error)
	History(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	SearchHistory(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
}

// Handler serves streams and posts.
type Handler struct {
	// Base says by which address a request knows this server, as "https://chat.example": lines of
	// text have the files' addresses by it. Nil for none: then they have paths. Set it before the
	// handler is used.
	Base httpapi.Base

	node      Rooms
	who       httpapi.Identify
	keepalive *conn.Keepalive
	texts     wire.Texts
}

// New makes the transport.
func New(node Rooms, who httpapi.Identify, keepalive *conn.Keepalive) *Handler {
	return &Handler{node: node, who: who, keepalive: keepalive}
}

// kind is one kind of stream.
type kind struct {
	transport   string // as members show it
	contentType string
	framing     wire.Framing
	first       string // sent before all else
}

// padding is 2 KiB of comment, for a proxy that holds back what fills no buffer; after it, how soon
// an EventSource comes back, in milliseconds. Both are lines of the first event's own block: some
// readers (fetch-event-source, httpx-sse) take each block for an event, also one without data.
var padding = ":" + string(make2KiB()) + "\nretry: 1000\n"

func make2KiB() []byte {
	spaces := make([]byte, 2048)
	for i := range spaces {
		spaces[i] = ' '
	}
	return spaces
}

func events() kind { return kind{"sse", "text/event-stream", wire.SSE, padding} }
func ndjson() kind { return kind{"ndjson", "application/x-ndjson", wire.NDJSON, ""} }
func (h *Handler) text(r *http.Request) kind {
	framing := h.texts.For(r.URL.Query().Get("all") == "1", h.Base.Of(r))
	return kind{"text", "text/plain; charset=utf-8", framing, ""}
}

// Events serves a room as Server-Sent Events; the path value "room" names it.
func (h *Handler) Events(w http.ResponseWriter, r *http.Request) {
	if !comesBackToLeft(w, r) {
		h.one(w, r, events())
	}
}

// comesBackToLeft answers an EventSource that connects anew by itself after its stream was left:
// 204 ends it (WHATWG HTML section 9.2.3).
func comesBackToLeft(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Last-Event-ID") != wire.LeftID {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// NDJSON serves a room with one event a line.
func (h *Handler) NDJSON(w http.ResponseWriter, r *http.Request) { h.one(w, r, ndjson()) }

// Text serves a room for people to read in a terminal.
func (h *Handler) Text(w http.ResponseWriter, r *http.Request) { h.one(w, r, h.text(r)) }

// ManyEvents serves several rooms on one stream: ?room=a@CURSOR&room=b.
func (h *Handler) ManyEvents(w http.ResponseWriter, r *http.Request) {
	if !comesBackToLeft(w, r) {
		h.many(w, r, events())
	}
}

// ManyNDJSON is ManyEvents with one event a line.
func (h *Handler) ManyNDJSON(w http.ResponseWriter, r *http.Request) { h.many(w, r, ndjson()) }

func (h *Handler) one(w http.ResponseWriter, r *http.Request, k kind) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	start, err := httpapi.StartOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	h.serve(w, r, k, []wire.RoomStart{{Room: room, Start: start}})
}

func (h *Handler) many(w http.ResponseWriter, r *http.Request, k kind) {
	rooms, err := httpapi.RoomStartsOf(r)
	if err == nil && len(rooms) == 0 {
		err = &chat.InvalidError{Field: "room", Reason: "is missing: name one or more, as in ?room=lobby&room=kitchen"}
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	h.serve(w, r, k, rooms)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, k kind, rooms []wire.RoomStart) {
	who, err := h.who(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	chunked := r.ProtoAtLeast(1, 1) && r.ProtoMajor == 1
	closeFrame := func(dst []byte, _ *wire.Failure) []byte { return dst }
	if chunked {
		k.framing = k.framing.Chunked()
		closeFrame = lastChunk
	}
	stream := conn.NewConn(h.keepalive, k.framing, closeFrame, false)
	if err := stream.JoinAll(r.Context(), h.node, who, k.transport, rooms); err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	setHeaders(w.Header(), k.contentType)
	if r.ProtoMajor != 1 {
		lend(w, r, stream, k)
		return
	}
	if err := stream.TakeOver(w, head(w.Header().Clone(), r, k, chunked)); err != nil {
		stream.Close()
		httpapi.WriteProblem(w, err)
	}
}

func lastChunk(dst []byte, _ *wire.Failure) []byte { return append(dst, wire.LastChunk...) }

// setHeaders says to all in between to pass each event at once: the second stops compression in
// proxies and anything that would change the body, the third nginx's buffer, the fourth compression
// in those that do not know the second.
func setHeaders(h http.Header, contentType string) {
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Content-Encoding", "identity")
	h.Set("X-Content-Type-Options", "nosniff")
}
