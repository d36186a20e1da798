package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Call makes a request that this package has no method for, once, with who one is in it. The path
// is below the server's address, without a slash at its start. A body is sent as JSON, nil as none;
// the answer's JSON is read into what into points to, unless it is nil. Errors: a [*Problem] for an
// answer that is not good.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	what := call{method: method, path: path, query: query, body: body, into: into}
	if deadline, ok := ctx.Deadline(); ok {
		what.within = time.Until(deadline)
	}
	return c.do(ctx, what)
}

// Visited is a room in which one's session has been.
type Visited struct {
	Room string `json:"roomId"`
	Mark
	// ReadAt is when the mark was moved.
	ReadAt time.Time `json:"readAt"`
	// Last is the room's last message, nil when none is kept.
	Last *Entry `json:"last"`
}

// Rooms are those in which one's session has been, at most 200 of them, the one that was read last
// first. It needs a session.
func (c *Client) Rooms(ctx context.Context) ([]Visited, error) {
	var reply struct {
		Rooms []Visited `json:"rooms"`
	}
	err := c.again(ctx, call{method: http.MethodGet, path: "session/rooms", into: &reply})
	return reply.Rooms, err
}
