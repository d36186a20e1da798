package mcp

import (
	"context"
	"fmt"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// How much is told at once, and how long is waited.
const (
	usualEntries = 50
	maxEntries   = 200
	usualWait    = 25
	maxWait      = 60
	// lastWait is for how long whoever sends no more is waited with. It is gone, nearly always.
	lastWait = 5 * time.Second
)

type readInput struct {
	Room   string `json:"room,omitempty" jsonschema:"the room; your only one by default"`
	After  string `json:"after,omitempty" jsonschema:"a cursor: the first entries after it"`
	Before string `json:"before,omitempty" jsonschema:"an entry's id: the last entries before it"`
	Limit  int    `json:"limit,omitempty" jsonschema:"how many entries at most: 50 by default, 200 at most"`
}

// read tells what is kept of a room.
func (e *Endpoint) read(ctx context.Context, request *sdk.CallToolRequest, input readInput) (p page, err error) {
	from, room, err := in(request, input.Room)
	if err != nil {
		return p, err
	}
	limit, err := bounded("limit", input.Limit, usualEntries, maxEntries)
	if err != nil {
		return p, err
	}
	after, hasAfter, err := wire.ParseCursorField(input.After, "after")
	if err != nil {
		return p, err
	}
	before, hasBefore, err := wire.ParseCursorField(input.Before, "before")
	if err == nil && hasAfter && hasBefore {
		err = &chat.InvalidError{Field: "before", Reason: "can't be used together with after"}
	}
	if err != nil {
		return p, err
	}
	kept, err := e.rooms.History(ctx, from.who, room)
	if err != nil {
		return p, err
	}
	entries, cursor, reset := kept.Entries, kept.Last(), false
	if hasAfter {
		var reason chat.ResetReason
		entries, reason = kept.After(after)
		reset = reason != ""
		if !reset && len(entries) > limit {
			return pageOf(room, entries[:limit], entries[limit-1].ID, false, from.who.ID), nil
		}
	}
	if hasBefore {
		n := 0
		for n < len(entries) && entries[n].ID.Seq < before.Seq {
			n++
		}
		entries = entries[:n]
	}
	if len(entries) > limit {
		entries = entries[len(entries)-limit:]
	}
	return pageOf(room, entries, cursor, reset, from.who.ID), nil
}

// bounded is a number that was given, or the usual one.
func bounded(field string, given, usual, most int) (int, error) {
	switch {
	case given == 0:
		return usual, nil
	case given < 0 || given > most:
		return 0, &chat.InvalidError{Field: field, Limit: most, Reason: fmt.Sprintf("must be from 1 to %d", most)}
	}
	return given, nil
}

type waitInput struct {
	Room    string `json:"room,omitempty" jsonschema:"the room; your only one by default"`
	After   string `json:"after,omitempty" jsonschema:"the cursor that read or wait has told; without it, only what comes from now on"`
	Seconds int    `json:"seconds,omitempty" jsonschema:"how long: 25 by default, 60 at most"`
}

// wait tells what comes after a cursor, as soon as there is something, or nothing when the time is
// over. Whoever waits is in the room meanwhile.
func (e *Endpoint) wait(ctx context.Context, request *sdk.CallToolRequest, input waitInput) (p page, err error) {
	from, room, err := in(request, input.Room)
	if err != nil {
		return p, err
	}
	seconds, err := bounded("seconds", input.Seconds, usualWait, maxWait)
	if err != nil {
		return p, err
	}
	after, resume, err := wire.ParseCursorField(input.After, "after")
	if err != nil {
		return p, err
	}
	if e.places != nil {
		if err := e.places.Take(from.who.NetworkKey); err != nil {
			return p, err
		}
		defer e.places.Leave(from.who.NetworkKey)
	}
	heard := &listener{ready: make(chan struct{})}
	start := chat.Start{Resume: resume, After: after, Transport: "poll", Stream: "mcp"}
	subscription, err := e.rooms.Subscribe(ctx, from.who, room, start, heard)
	if err != nil {
		return p, err
	}
	defer subscription.Close()
	over := time.Now().Add(time.Duration(seconds) * time.Second)
	if until := from.who.Until; !until.IsZero() && until.Before(over) {
		over = until
	}
	timer := time.NewTimer(time.Until(over))
	defer timer.Stop()
	// Who has only said that it sends no more is answered, if soon. It may as well be gone, which can't
	// be told apart, so it is no longer in the room by this, and has no place for long.
	for inputEnd, waiting := httpapi.InputEnd(from.request), true; waiting; {
		select {
		case <-inputEnd:
			inputEnd = nil
			subscription.Unlist()
			timer.Reset(min(time.Until(over), lastWait))
		case <-heard.ready:
			waiting = false
		case <-timer.C:
			waiting = false
		case <-ctx.Done():
			return p, ctx.Err()
		case <-from.request.Context().Done():
			return p, from.request.Context().Err()
		}
	}
	if err := from.who.Over(time.Now()); err != nil {
		return p, err
	}
	return heard.page(room, from.who.ID)
}

// listener gathers what a room delivers until there is something to tell.
type listener struct {
	ready chan struct{} // closed when there is
	once  sync.Once

	mu      sync.Mutex // protects following
	entries []chat.Entry
	cursor  chat.Cursor
	reset   bool
	ended   error
}

// Deliver implements [chat.Sink].
func (l *listener) Deliver(b *chat.Batch) {
	l.mu.Lock()
	for _, event := range b.Events {
		switch body := event.Body.(type) {
		case chat.Reset:
			l.entries, l.reset = nil, true
		case chat.Appended:
			l.entries = append(l.entries, body.Entry)
			l.cursor = body.Entry.ID
		case chat.Live:
			l.cursor = body.Cursor
		}
	}
	something := len(l.entries) > 0 || l.reset
	l.mu.Unlock()
	if something {
		l.once.Do(func() { close(l.ready) })
	}
}

// Closed implements [chat.Sink].
func (l *listener) Closed(err error) {
	l.mu.Lock()
	l.ended = err
	l.mu.Unlock()
	l.once.Do(func() { close(l.ready) })
}

// page is what was heard: of much the first, or after a reset the last.
func (l *listener) page(room chat.RoomID, me chat.MemberID) (page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return page{}, l.ended
	}
	entries, cursor := l.entries, l.cursor
	switch {
	case len(entries) <= maxEntries:
	case l.reset:
		entries = entries[len(entries)-maxEntries:]
	default:
		entries, cursor = entries[:maxEntries], entries[maxEntries-1].ID
	}
	return pageOf(room, entries, cursor, l.reset, me), nil
}
