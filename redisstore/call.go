package redisstore

import (
	"context"
	"time"

	"github.com/caller-chat/caller/chat"
)

// SetCall says who has come into a room's call and who has gone out of it, and announces it. It does nothing, and
// applied is false, when the roster's version is not the one given: whoever asks has to read the roster again. Members
// who are not there, and those who are in or out already, are passed over. Start is when the call began.
func (s *Store) SetCall(
	ctx context.Context, room chat.RoomID, version int64, in, out []chat.MemberID, start time.Time,
) (state chat.RosterState, applied bool, err error) {
	type change struct {
		id    chat.MemberID
		comes bool
	}
	var all []change
	for _, id := range in {
		all = append(all, change{id, true})
	}
	for _, id := range out {
		all = append(all, change{id, false})
	}
	state.Version = version
	for batch := range batches(all) {
		coming := 0
		var ids []any
		for _, c := range batch {
			ids = append(ids, string(c.id))
			if c.comes {
				coming++
			}
		}
		args := append([]any{state.Version, max(0, start.UnixMilli()), coming}, ids...)
		next, extra, err := s.roster(ctx, "setting the call of room", room, s.scripts.call, args...)
		if err != nil {
			return state, false, err
		}
		state = following(state, next)
		if extra != "1" {
			return state, false, nil
		}
	}
	return state, true, nil
}

// TakeTurn tells whether it is this node's turn to do something that one node of all is to do, and if so keeps the
// others from it for that long.
func (s *Store) TakeTurn(ctx context.Context, what string, keep time.Duration) (mine bool, err error) {
	err = s.call(ctx, "taking the turn for "+what, "", func(ctx context.Context) error {
		mine, err = s.client.SetNX(ctx, s.opt.KeyPrefix+"turn:"+what, s.node, keep).Result()
		return err
	})
	return mine, err
}
