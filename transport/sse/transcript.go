package sse

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
)

// Transcript answers with the kept messages as text, and the end: with ?q= and ?from= those that
// are looked for, and with ?after=, ?before= and ?limit= a part of them.
func (h *Handler) Transcript(w http.ResponseWriter, r *http.Request) {
	entries, err := h.transcript(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	httpapi.WriteTranscript(w, entries)
}

func (h *Handler) transcript(r *http.Request) ([]chat.Entry, error) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		return nil, err
	}
	reading, err := httpapi.ReadingOf(r)
	if err != nil {
		return nil, err
	}
	who, err := h.who(r)
	if err != nil {
		return nil, err
	}
	kept, err := h.node.History(r.Context(), who, room)
	if err != nil {
		return nil, err
	}
	entries := kept.Entries
	if reading.HasAfter {
		entries, _ = kept.After(reading.After)
	}
	entries, _, err = reading.Last(r.Context(), entries)
	return entries, err
}
