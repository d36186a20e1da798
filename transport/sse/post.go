package sse

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Post stores what a request says in the room that the path value "room" names, and answers with
// the stored message: 201, or 200 for a repeated key. The request's body is the server's to bound,
// with an [http.MaxBytesReader].
func (h *Handler) Post(w http.ResponseWriter, r *http.Request) {
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
	said, err := httpapi.PostOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	message, err := said.Message()
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	entry, repeated, err := h.node.Post(r.Context(), who, room, chat.Draft{Payload: message, Key: said.Key})
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	status := http.StatusCreated
	if repeated {
		status = http.StatusOK
	}
	httpapi.WriteJSON(w, status, wire.EntryOf(room, entry))
}
