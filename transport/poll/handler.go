package poll

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
	History(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	SearchHistory(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.Kept, error)
	Members(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.RosterSnapshot, error)
	ReadMark(ctx context.Context, who chat.Principal, room chat.RoomID) (chat.ReadMark, error)
	// FoldAbove is the number of members above which a roster is told as a count.
	FoldAbove() int
}

// Handler serves history reads and polls.
type Handler struct {
	// Base is as of package sse's Handler.
	Base httpapi.Base

	node   Rooms
	who    httpapi.Identify
	places *conn.Places
}

// New makes the transport. Places are how many polls may wait at the same time; nil for any number.
func New(node Rooms, who httpapi.Identify, places *conn.Places) *Handler {
	return &Handler{node: node, who: who, places: places}
}

// Messages serves one room; the path value "room" names it. With ?wait= it waits for something to
// say.
func (h *Handler) Messages(w http.ResponseWriter, r *http.Request) {
	room, err := httpapi.RoomOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	reading, err := httpapi.ReadingOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	who, err := h.who(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	if !reading.Poll {
		h.read(w, r, who, room, reading)
		return
	}
	known, err := httpapi.RosterVersionOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	mark, err := httpapi.MarkOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	start := chat.Start{Resume: reading.HasAfter, After: reading.After, History: -1, Stream: reading.Stream}
	if reading.Limit > 0 {
		start.History = reading.Limit
	}
	h.wait(w, r, who, reading, []asked{{wire.RoomStart{Room: room, Start: start}, known, mark}}, false)
}

// Many polls several rooms: ?room=a@CURSOR&room=b. It answers with all of them when one has
// something.
func (h *Handler) Many(w http.ResponseWriter, r *http.Request) {
	rooms, err := httpapi.RoomStartsOf(r)
	if err == nil && len(rooms) == 0 {
		err = &chat.InvalidError{Field: "room", Reason: "is missing: name one or more, as in ?room=lobby&room=kitchen"}
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	reading, err := httpapi.ReadingOf(r)
	if err == nil && !reading.Query.IsEmpty() {
		err = &chat.InvalidError{Field: "q", Reason: "is for one room: look in /rooms/ROOM/messages"}
	}
	if err == nil && (reading.HasAfter || reading.HasBefore) {
		err = &chat.InvalidError{Field: "after", Reason: "stands behind each room here, as in ?room=lobby@42-7f3a9c12"}
	}
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	known, err := httpapi.RosterVersionsOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	marks, err := httpapi.MarksOf(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	who, err := h.who(r)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	wanted := make([]asked, 0, len(rooms))
	for _, at := range rooms {
		if reading.Limit > 0 {
			at.Start.History = reading.Limit
		}
		at.Start.Stream = reading.Stream
		version := int64(-1)
		if v, ok := known[at.Room]; ok {
			version = v
		}
		wanted = append(wanted, asked{at, version, marks[at.Room]})
	}
	h.wait(w, r, who, reading, wanted, true)
}

// read answers a history read from the store.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, who chat.Principal, room chat.RoomID, reading httpapi.Reading) {
	ctx := r.Context()
	history := h.node.History
	if !reading.Query.IsEmpty() {
		history = h.node.SearchHistory
	}
	kept, err := history(ctx, who, room)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	snapshot, err := h.node.Members(ctx, who.Uncounted(), room)
	if err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	entries, reason, cursor, more := kept.Entries, chat.ResetReason(""), kept.Last(), false
	if reading.HasAfter {
		entries, reason = kept.After(reading.After)
	}
	if reading.HasAfter && reason == "" {
		entries, cursor = first(entries, reading.Limit, cursor)
	} else if entries, more, err = reading.Last(ctx, entries); err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	if reading.HasBefore {
		if cursor = (chat.Cursor{}); len(entries) > 0 {
			cursor = entries[len(entries)-1].ID
		}
	}
	if httpapi.WantsText(r) {
		httpapi.WriteTranscript(w, room, entries, h.Base.Of(r))
		return
	}
	answer := page(room, entries, cursor, reason, snapshot.Event(h.node.FoldAbove()))
	answer.More = more
	httpapi.WriteJSON(w, http.StatusOK, answer)
}

// first are the first entries, and the cursor from which to go on: end is where all of them lead
// to.
func first(entries []chat.Entry, limit int, end chat.Cursor) ([]chat.Entry, chat.Cursor) {
	if limit > 0 && len(entries) > limit {
		return entries[:limit], entries[limit-1].ID
	}
	return entries, end
}

func last(entries []chat.Entry, limit int) []chat.Entry {
	if limit > 0 && len(entries) > limit {
		return entries[len(entries)-limit:]
	}
	return entries
}

// page is an answer. The cursor is where its reader goes on.
func page(room chat.RoomID, entries []chat.Entry, cursor chat.Cursor, reason chat.ResetReason, roster chat.RosterEvent) wire.Page {
	messages := make([]wire.Entry, 0, len(entries))
	for _, e := range entries {
		messages = append(messages, wire.EntryOf(room, e))
	}
	return wire.Page{
		Messages: messages, Cursor: cursor.String(), Reset: reason != "", Reason: reason, Roster: wire.RosterOf(roster),
	}
}
