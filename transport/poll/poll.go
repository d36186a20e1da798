package poll

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// asked is a room to poll, and what the client knows of it: the roster's version, -1 for none, and
// the place of the session's mark, nil for none.
type asked struct {
	wire.RoomStart
	known int64
	mark  *chat.Cursor
}

// poll is a poll under way.
type poll struct {
	readers []*reader
	node    Rooms
	who     chat.Principal
	limit   int  // of the messages of each room; 0 for none
	many    bool // the answer is one for several rooms

	once  sync.Once
	ready chan struct{} // closed when there is something to answer with
}

// wake has the poll answered. It may be called more than once, and does not block.
func (p *poll) wake() { p.once.Do(func() { close(p.ready) }) }

// wait answers when one of the rooms has something, or the time is over. It waits in the handler: a
// held poll keeps what net/http holds for a request
// (docs/decisions/0034-polls-wait-in-handlers.md).
func (h *Handler) wait(
	w http.ResponseWriter, r *http.Request, who chat.Principal, reading httpapi.Reading, rooms []asked, many bool,
) {
	if err := h.places.Take(who.NetworkKey); err != nil {
		httpapi.WriteProblem(w, err)
		return
	}
	defer h.places.Leave(who.NetworkKey)
	p := &poll{
		readers: make([]*reader, 0, len(rooms)), node: h.node, who: who, limit: reading.Limit, many: many,
		ready: make(chan struct{}),
	}
	for i, want := range rooms {
		want.Start.Transport = "poll"
		if i > 0 {
			want.Start.Together = -1 // a poll counts once: it is sent again whenever one of its rooms has something
		}
		want.Start.Unlisted = who.Guest // a guest's poll is nobody in the roster
		rd := &reader{poll: p, known: want.known, mark: want.mark}
		subscription, err := h.node.Subscribe(r.Context(), who, want.Room, want.Start, rd)
		if err != nil {
			p.close()
			if many {
				err = wire.InRoom(want.Room, err)
			}
			httpapi.WriteProblem(w, err)
			return
		}
		rd.subscription = subscription
		p.readers = append(p.readers, rd)
	}
	p.rest(r, reading.Wait)
	p.answer(r.Context(), w)
}

// rest waits until there is something to answer with, the time is over, or the client has given the
// poll up. One that has only said that it sends no more is answered like any other. It may as well
// be gone, which can't be told apart, so its presence is no longer this poll's.
func (p *poll) rest(r *http.Request, wait time.Duration) {
	if until := p.who.Until; !until.IsZero() {
		wait = min(wait, max(time.Until(until), 0))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	inputEnd := httpapi.InputEnd(r)
	for {
		select {
		case <-inputEnd:
			inputEnd = nil
			for _, rd := range p.readers {
				rd.subscription.Unlist()
			}
		case <-p.ready:
			return
		case <-timer.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (p *poll) close() {
	for _, rd := range p.readers {
		rd.subscription.Close()
	}
}

// rosterTime bounds how long a room is waited for that is asked who is in it, which it answers from
// memory.
const rosterTime = 2 * time.Second

// answer writes what the rooms have to say.
func (p *poll) answer(ctx context.Context, w http.ResponseWriter) {
	pages, err := p.pages(ctx)
	p.close() // now: a client may take its time to read
	if p.isGoingAway() {
		w.Header().Set("Connection", "close") // the next poll is another node's
	}
	switch {
	case err != nil:
		httpapi.WriteProblem(w, err)
	case p.many:
		httpapi.WriteJSON(w, http.StatusOK, wire.Pages{Rooms: pages})
	default:
		httpapi.WriteJSON(w, http.StatusOK, pages[0].Page)
	}
}

// isGoingAway reports whether the node has ended the poll since it is going away.
func (p *poll) isGoingAway() bool {
	return slices.ContainsFunc(p.readers, func(rd *reader) bool {
		return errors.Is(rd.err(), chat.ErrGoingAway)
	})
}

// pages are the rooms' answers as they stand now.
func (p *poll) pages(ctx context.Context) ([]wire.RoomPage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := p.who.Over(time.Now()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, rosterTime)
	defer cancel()
	pages := make([]wire.RoomPage, 0, len(p.readers))
	for _, rd := range p.readers {
		// A node that goes away answers with what there is.
		if err := rd.err(); err != nil && !errors.Is(err, chat.ErrGoingAway) {
			if p.many {
				err = wire.InRoom(rd.subscription.Room(), err)
			}
			return nil, err
		}
		page := wire.RoomPage{RoomID: rd.subscription.Room(), Page: rd.page(ctx, p.limit)}
		page.Read = p.read(ctx, page.RoomID)
		pages = append(pages, page)
	}
	return pages, nil
}

// read is how far the session has read in a room; nil for a guest, and where that can't be had.
func (p *poll) read(ctx context.Context, room chat.RoomID) *wire.Read {
	if p.who.Guest {
		return nil
	}
	mark, err := p.node.ReadMark(ctx, p.who.Uncounted(), room)
	if err != nil {
		return nil
	}
	read := wire.ReadOf(room, mark)
	return &read
}
