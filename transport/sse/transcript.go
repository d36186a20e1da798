package sse

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
)

// Transcript answers with the kept messages as text, and the end: with ?q= and ?from= those that
// are looked for, and with ?after=, ?before= and ?limit= a part of them.
func (h *Handler) Transcript(w http.ResponseWriter, r *http.Request) {
	room, entries, err := h.transcript(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	httpapi.WriteTranscript(w, room, entries, h.Base.Of(r))
}

func (h *Handler) transcript(r *http.Request) (room chat.RoomID, entries []chat.Entry, err error) {
	if room, err = httpapi.RoomOf(r); err != nil {
		return room, nil, err
	}
	reading, err := httpapi.ReadingOf(r)
	if err != nil {
		return room, nil, err
	}
	who, err := h.who(r)
	if err != nil {
		return room, nil, err
	}
	history := h.node.History
	if !reading.Query.IsEmpty() {
		history = h.node.SearchHistory
	}
	kept, err := history(r.Context(), who, room)
	if err != nil {
		return room, nil, err
	}
	entries = kept.Entries
	if reading.HasAfter {
		entries, _ = kept.After(reading.After)
	}
	entries, _, err = reading.Last(r.Context(), entries)
	return room, entries, err
}
