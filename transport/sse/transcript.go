package sse

import (
	"net/http"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Transcript answers with the kept messages as text, and the end.
func (h *Handler) Transcript(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	who, err := h.who(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	kept, err := h.node.History(r.Context(), who, room)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	var lines []byte
	for _, e := range kept.Entries {
		lines = wire.AppendTextLine(lines, e)
	}
	_, _ = w.Write(lines) // a reader that is gone has no use for it
}
