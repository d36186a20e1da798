package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// From says where a reader begins. The zero value is all that is kept.
type From struct {
	// After is the cursor to resume after: an entry's ID, or that of an [EventLive]. Everything
	// after it comes, or a reset first.
	After string
	// Last bounds how many kept entries come when there is no After; 0 for no bound of ours.
	Last int
	// New is for what is said from now on alone, without After.
	New bool
}

func (f From) query() url.Values {
	query := url.Values{}
	switch {
	case f.After != "":
		query.Set("after", f.After)
	case f.New:
		query.Set("history", "0")
	case f.Last > 0:
		query.Set("history", strconv.Itoa(f.Last))
	}
	return query
}

// target is what one connection connects to.
type target struct {
	room   *Room
	header http.Header
	from   From
	// member says that one has a session, whose polls make it a member.
	member bool
	// commands is where an open WebSocket takes them.
	commands *commands
}

// sink takes what a connection brings. Its methods wait until there is room, and report false when
// nobody wants any more.
type sink interface {
	event(Event) bool
	// heard says that something has arrived that is no event.
	heard() bool
}

// transport reads one connection until it ends, and says how.
type transport func(ctx context.Context, to target, s sink) end

// usable are the transports that this client may use, best first.
func (c *Client) usable() []Transport {
	switch {
	case c.options.Transport != Auto:
		return []Transport{c.options.Transport}
	case c.dialer() == nil:
		return []Transport{SSE, Polling}
	default:
		return transports
	}
}

var (
	errStreamEnded = errors.New("the stream has ended")
	errStopped     = errors.New("stopped")
)
