package sse

import (
	"net/http"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// Edit gives the message that the path value "id" names the text of the request's body, which is
// read as [Handler.Post] does.
func (h *Handler) Edit(w http.ResponseWriter, r *http.Request) {
	h.amend(w, r, func() (chat.Draft, error) {
		said, err := httpapi.PostOf(r)
		return chat.Draft{Key: said.Key, Payload: chat.Edit{Text: said.Text, Mentions: wire.MentionsOf(said.Mentions)}}, err
	})
}

// Delete takes the message that the path value "id" names back.
func (h *Handler) Delete(w http.ResponseWriter, r *http.Request) {
	h.amend(w, r, func() (chat.Draft, error) {
		return chat.Draft{Key: httpapi.KeyOf(r), Payload: chat.Delete{}}, nil
	})
}

// React puts the path value "emoji" under the message that the path value "id" names; asked with
// DELETE it takes it away.
func (h *Handler) React(w http.ResponseWriter, r *http.Request) {
	h.amend(w, r, func() (chat.Draft, error) {
		reaction := chat.Reaction{Emoji: r.PathValue("emoji"), On: r.Method != http.MethodDelete}
		return chat.Draft{Key: httpapi.KeyOf(r), Payload: reaction}, nil
	})
}

// amend stores an amendment of the message that a request names, and answers with it.
func (h *Handler) amend(w http.ResponseWriter, r *http.Request, read func() (chat.Draft, error)) {
	room, entry, err := h.amended(r, read)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	httpapi.WriteJSON(w, http.StatusOK, wire.EntryOf(room, entry))
}

func (h *Handler) amended(r *http.Request, read func() (chat.Draft, error)) (room chat.RoomID, e chat.Entry, err error) {
	if room, err = httpapi.RoomOf(r); err != nil {
		return room, e, err
	}
	who, err := h.who(r)
	if err != nil {
		return room, e, err
	}
	target, err := httpapi.MessageOf(r)
	if err != nil {
		return room, e, err
	}
	draft, err := read()
	if err != nil {
		return room, e, err
	}
	draft.Target = target
	e, _, err = h.node.Post(r.Context(), who, room, draft)
	return room, e, err
}
