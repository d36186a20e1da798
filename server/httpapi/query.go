package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/find"
	"github.com/caller-chat/caller/transport/wire"
)

// RoomOf is the room in a request's path (the path value "room").
func RoomOf(r *http.Request) (chat.RoomID, error) { return wire.ParseRoomID(r.PathValue("room")) }

// MessageOf is the message in a request's path (the path value "id"). The error is a
// [*wire.Failure] for what can't be the id of one: there is nothing at such an address.
func MessageOf(r *http.Request) (chat.Cursor, error) {
	id, err := chat.ParseCursor(r.PathValue("id"))
	if err != nil || id.IsZero() {
		return chat.Cursor{}, wire.Fail(wire.CodeNotFound, "a message's id looks like 42-7f3a9c12")
	}
	return id, nil
}

// KeyOf is a request's idempotency key in its header; may be empty.
func KeyOf(r *http.Request) string { return r.Header.Get("Idempotency-Key") }

// Limits of a query's numbers.
const (
	MaxWait  = 60 * time.Second
	MaxLimit = 1000
)

// intField reads a whole number between low and high from the query; ok is false when it is not
// there.
func intField(text, field string, low, high int) (n int, ok bool, err error) {
	if text == "" {
		return 0, false, nil
	}
	n, err = strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, false, &chat.InvalidError{Field: field, Limit: high, Reason: fmt.Sprintf("must be a whole number from %d to %d", low, high)}
	}
	return n, true, nil
}

// queryOf reads a request's query. The error is a [*wire.Failure]: what can't be read is no reason
// to answer something else.
func queryOf(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, wire.Fail(wire.CodeMalformed, "the query can't be read")
	}
	return query, nil
}

// KnownQuery reads a query that has no fields but these, and each once: a misspelt one is refused,
// since it would change nothing without a word. The error is an [*chat.InvalidError] or a
// [*wire.Failure].
func KnownQuery(r *http.Request, known ...string) (url.Values, error) {
	query, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return nil, &chat.InvalidError{Field: chat.Excerpt(name), Reason: "is not known here"}
		case len(values) > 1:
			return nil, &chat.InvalidError{Field: name, Reason: "is given twice"}
		}
	}
	return query, nil
}

// StartOf reads where a stream starts: the header Last-Event-ID, else ?after=, else ?history=.
func StartOf(r *http.Request) (chat.Start, error) {
	query, err := queryOf(r)
	if err != nil {
		return chat.Start{}, err
	}
	after := query.Get("after")
	if header := r.Header.Get("Last-Event-ID"); header != "" {
		after = header
	}
	cursor, resume, err := wire.ParseCursorField(after, "after")
	if err != nil {
		return chat.Start{}, err
	}
	start := chat.Start{Resume: resume, After: cursor, History: -1}
	if n, ok, err := intField(query.Get("history"), "history", 0, math.MaxInt32); err != nil {
		return chat.Start{}, err
	} else if ok {
		start.History = n
	}
	return start, nil
}

// RoomStartsOf reads ?room=a@CURSOR&room=b. A room may stand there once.
func RoomStartsOf(r *http.Request) ([]wire.RoomStart, error) {
	query, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	given := query["room"]
	if len(given) > wire.MaxRooms {
		return nil, &chat.InvalidError{Field: "room", Limit: wire.MaxRooms, Reason: fmt.Sprintf("is given %d times, more than %d", len(given), wire.MaxRooms)}
	}
	starts := make([]wire.RoomStart, 0, len(given))
	seen := map[chat.RoomID]bool{}
	for _, text := range given {
		name, after, _ := strings.Cut(text, "@")
		start, err := wire.RoomStartOf(name, after)
		if err != nil {
			return nil, err
		}
		if seen[start.Room] {
			return nil, &chat.InvalidError{Field: "room", Reason: fmt.Sprintf("%q is given twice", start.Room)}
		}
		seen[start.Room] = true
		starts = append(starts, start)
	}
	return starts, nil
}

// Reading is what a history read or a poll asks for.
type Reading struct {
	After     chat.Cursor
	HasAfter  bool
	Before    chat.Cursor
	HasBefore bool
	// Limit is how many entries at most; 0 for all.
	Limit int
	// Query is what the messages have to say, and who has to have said it.
	Query find.Query
	// Poll says that ?wait= was given, Wait how long.
	Poll bool
	Wait time.Duration
	// Stream is the poller's own name for its polls, by which it can leave; may be empty.
	Stream string
}

// Waits reports whether a read of messages waits for some, or may.
func Waits(r *http.Request) bool { return r.URL.Query().Get("wait") != "" }

// ReadingOf reads ?after=&before=&limit=&wait=&stream=&q=&from=.
func ReadingOf(r *http.Request) (rd Reading, err error) {
	query, err := queryOf(r)
	if err != nil {
		return rd, err
	}
	if rd.After, rd.HasAfter, err = wire.ParseCursorField(query.Get("after"), "after"); err != nil {
		return rd, err
	}
	if rd.Before, rd.HasBefore, err = wire.ParseCursorField(query.Get("before"), "before"); err != nil {
		return rd, err
	}
	if rd.HasAfter && rd.HasBefore {
		return rd, &chat.InvalidError{Field: "before", Reason: "can't be used together with after"}
	}
	if rd.Limit, _, err = intField(query.Get("limit"), "limit", 1, MaxLimit); err != nil {
		return rd, err
	}
	if rd.Query, err = find.Parse(query.Get("q"), query.Get("from")); err != nil {
		return rd, err
	}
	if field := finding(query); field != "" && (rd.HasAfter || query.Get("wait") != "") {
		return rd, &chat.InvalidError{Field: field, Reason: "can't be used together with after or wait"}
	}
	if text := query.Get("wait"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds >= 0 && seconds <= MaxWait.Seconds()) {
			return rd, &chat.InvalidError{Field: "wait", Limit: int(MaxWait.Seconds()), Reason: fmt.Sprintf("must be from 0 to %d seconds", int(MaxWait.Seconds()))}
		}
		if rd.Stream = query.Get("stream"); len(rd.Stream) > chat.MaxKey {
			return rd, &chat.InvalidError{Field: "stream", Limit: chat.MaxKey, Reason: fmt.Sprintf("has %d bytes, more than %d", len(rd.Stream), chat.MaxKey)}
		}
		if rd.HasBefore {
			return rd, &chat.InvalidError{Field: "before", Reason: "can't be used together with wait"}
		}
		rd.Poll, rd.Wait = true, time.Duration(seconds*float64(time.Second))
	}
	return rd, nil
}

// Last are the last of the entries that a request reads: those before its Before that are looked
// for, Limit of them. More says of a search that there are others before them. Of an After it knows
// nothing.
func (rd Reading) Last(ctx context.Context, entries []chat.Entry) (last []chat.Entry, more bool, err error) {
	if rd.HasBefore {
		i, _ := slices.BinarySearchFunc(entries, rd.Before.Seq, func(e chat.Entry, seq uint64) int {
			return cmp.Compare(e.ID.Seq, seq)
		})
		entries = entries[:i]
	}
	if !rd.Query.IsEmpty() {
		return rd.Query.In(ctx, entries, cmp.Or(rd.Limit, MaxLimit))
	}
	if rd.Limit > 0 && len(entries) > rd.Limit {
		entries = entries[len(entries)-rd.Limit:]
	}
	return entries, false, nil
}

// finding is the field of a query that looks for something; empty when none does.
func finding(query url.Values) string {
	for _, field := range []string{"q", "from"} {
		if query.Get(field) != "" {
			return field
		}
	}
	return ""
}

// RosterVersionOf reads ?roster=, the version of the roster that a client has; -1 when it gives
// none.
func RosterVersionOf(r *http.Request) (int64, error) {
	query, err := queryOf(r)
	if err != nil {
		return -1, err
	}
	return rosterVersion(query.Get("roster"))
}

// RosterVersionsOf reads ?roster=a@VERSION&roster=b@VERSION.
func RosterVersionsOf(r *http.Request) (map[chat.RoomID]int64, error) {
	query, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	given := query["roster"]
	if len(given) > wire.MaxRooms {
		return nil, &chat.InvalidError{Field: "roster", Limit: wire.MaxRooms,
			Reason: fmt.Sprintf("is given %d times, more than %d", len(given), wire.MaxRooms)}
	}
	known := map[chat.RoomID]int64{}
	for _, text := range given {
		name, version, _ := strings.Cut(text, "@")
		room, err := wire.ParseRoomID(name)
		if err != nil {
			return nil, err
		}
		if known[room], err = rosterVersion(version); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// MarkOf reads ?read=, the place of the session's mark that a client knows; nil when it gives none.
func MarkOf(r *http.Request) (*chat.Cursor, error) {
	query, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	return markAt(query.Get("read"))
}

// MarksOf reads ?read=a@CURSOR&read=b@CURSOR.
func MarksOf(r *http.Request) (map[chat.RoomID]*chat.Cursor, error) {
	query, err := queryOf(r)
	if err != nil {
		return nil, err
	}
	given := query["read"]
	if len(given) > wire.MaxRooms {
		return nil, &chat.InvalidError{Field: "read", Limit: wire.MaxRooms,
			Reason: fmt.Sprintf("is given %d times, more than %d", len(given), wire.MaxRooms)}
	}
	known := map[chat.RoomID]*chat.Cursor{}
	for _, text := range given {
		name, cursor, _ := strings.Cut(text, "@")
		room, err := wire.ParseRoomID(name)
		if err != nil {
			return nil, err
		}
		if known[room], err = markAt(cursor); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func markAt(text string) (*chat.Cursor, error) {
	c, given, err := wire.ParseCursorField(text, "read")
	if err != nil || !given {
		return nil, err
	}
	return &c, nil
}

func rosterVersion(text string) (int64, error) {
	if text == "" {
		return -1, nil
	}
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil || version < 0 {
		return -1, &chat.InvalidError{Field: "roster", Reason: "is not a version: want a whole number"}
	}
	return version, nil
}
