package conn

import (
	"context"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// JoinAll joins a new connection to its rooms. When one can't be joined, the connection is closed and the error is that
// room's: a stream either begins whole or is refused with a status.
func (c *Conn) JoinAll(ctx context.Context, node *chat.Node, who chat.Member, rooms []wire.RoomStart) error {
	for _, at := range rooms {
		if err := c.Join(ctx, node, who, at); err != nil {
			c.Close()
			return err
		}
	}
	return nil
}
