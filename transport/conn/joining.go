package conn

import (
	"context"
	"errors"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// JoinAll joins a new connection to the rooms that it begins with. When one can't be joined, the
// connection is closed and the error is that room's: a stream either begins whole or is refused
// with a status.
func (c *Conn) JoinAll(
	ctx context.Context, rooms Subscriber, who chat.Principal, transport string, starts []wire.RoomStart,
) error {
	if err := c.keepalive.places.Take(who.NetworkKey); err != nil {
		c.Close()
		return err
	}
	c.from = &origin{address: strings.Clone(who.NetworkKey), signedIn: who.Session != ""}
	if !who.Until.IsZero() {
		c.from.until = who.Until.UnixMilli()
	}
	for i, at := range starts {
		at.Start.Transport = transport
		if at.Start.Together = len(starts); i > 0 {
			at.Start.Together = -1
		}
		if err := c.Join(ctx, rooms, who, at); err != nil {
			c.Close()
			if len(starts) > 1 {
				err = wire.InRoom(at.Room, err)
			}
			return err
		}
	}
	return nil
}

// Closed implements [chat.Sink].
func (j *joined) Closed(err error) {
	c := j.conn
	failure := wire.FailureOf(err)
	var refused *chat.RefusedError // by this room's rules: others have theirs
	ofRoom := errors.Is(err, chat.ErrLeft)
	c.mu.Lock()
	if !ofRoom && !(c.open && errors.As(err, &refused)) {
		c.mu.Unlock()
		c.End(failure)
		return
	}
	room := j.room
	c.dropLocked(j)
	empty := c.emptyLocked()
	c.mu.Unlock()
	if empty {
		c.End(failure)
		return
	}
	c.SendFailure(failure, room, "")
}

// emptyLocked reports whether nothing can come over the connection any more.
func (c *Conn) emptyLocked() bool { return c.open && !c.stays && !c.ended && len(c.rooms) == 0 }
