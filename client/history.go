package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Span says which kept entries to read.
type Span struct {
	// After is the cursor after which the first Limit are read; without it the last Limit, or the
	// last before Before.
	After, Before string
	// Limit is at most 1,000; 0 for all that are kept.
	Limit int
	// Text looks for messages: each of its words occurs in them. By is their author's id. With
	// either, After can't be used.
	Text, By string
}

// Page is what a room keeps, or a part of it.
type Page struct {
	Entries []Entry
	// Cursor is where to go on.
	Cursor string
	// Reset says that After could not be served, and Reason why: Entries are what is kept.
	Reset  bool
	Reason string
	// More says that a search has found others before these.
	More   bool
	Roster Roster
}

// History reads what is kept of the room, as it is now. It does not wait for anything new.
func (r *Room) History(ctx context.Context, span Span) (Page, error) {
	query := url.Values{}
	for name, value := range map[string]string{"after": span.After, "before": span.Before, "q": span.Text, "from": span.By} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if span.Limit > 0 {
		query.Set("limit", strconv.Itoa(span.Limit))
	}
	var reply pollReply
	err := r.c.again(ctx, call{method: http.MethodGet, path: r.path("/messages"), query: query, into: &reply})
	if err != nil {
		return Page{}, err
	}
	page := Page{Cursor: reply.Cursor, Reset: reply.Reset, Reason: reply.Reason, More: reply.More, Roster: reply.roster()}
	for _, object := range reply.Messages {
		if entry, ok := decodeEntry(object); ok {
			page.Entries = append(page.Entries, entry)
		}
	}
	return page, nil
}

// Message reads one kept message, as it is now, with all who have put an emoji under it.
func (r *Room) Message(ctx context.Context, id string) (Entry, error) {
	var entry Entry
	err := r.c.again(ctx, call{method: http.MethodGet, path: r.message(id), into: &stored{&entry}})
	return entry, err
}

// Members reads who is in the room.
func (r *Room) Members(ctx context.Context) (Roster, error) {
	var reply rosterJSON
	err := r.c.again(ctx, call{method: http.MethodGet, path: r.path("/members"), into: &reply})
	return reply.roster(), err
}

// Typing says that one is writing. It needs a session, is tried once, and more often than every
// three seconds it is not passed on.
func (r *Room) Typing(ctx context.Context) error {
	return r.c.do(ctx, call{method: http.MethodPost, path: r.path("/typing")})
}

// Leave ends all streams of one's session in the room, and the others see it at once.
func (r *Room) Leave(ctx context.Context) error {
	return r.c.again(ctx, call{method: http.MethodPost, path: r.path("/leave")})
}

// Mark is how far one's session has read a room, on all its devices.
type Mark struct {
	Cursor string `json:"cursor"`
	// Unread are the messages of others after it, and Mentions those of them that mention one.
	Unread   int `json:"unread"`
	Mentions int `json:"mentions"`
}

// MarkRead moves the mark to an entry's id; it never goes back. It needs a session.
func (r *Room) MarkRead(ctx context.Context, id string) (Mark, error) {
	var mark Mark
	err := r.c.again(ctx, call{method: http.MethodPost, path: r.path("/read"), body: map[string]string{"cursor": id}, into: &mark})
	return mark, err
}

// Mark is where the mark is. It needs a session.
func (r *Room) Mark(ctx context.Context) (Mark, error) {
	var mark Mark
	err := r.c.again(ctx, call{method: http.MethodGet, path: r.path("/read"), into: &mark})
	return mark, err
}
