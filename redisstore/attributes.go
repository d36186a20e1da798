package redisstore

import (
	"context"
	"fmt"

	"github.com/caller-chat/caller/chat"
)

// SetAttributes changes members' attributes and announces it. It does nothing, and applied is
// false, when the roster's version is not the one given: whoever asks has to read the roster again.
// Passed over are members who are not there, what is so already, and what would be more than
// [chat.MaxAttributes].
func (s *Store) SetAttributes(
	ctx context.Context, room chat.RoomID, version int64, changes []chat.AttributeChange,
) (state chat.RosterState, applied bool, err error) {
	for _, c := range changes {
		if err := c.Validate(); err != nil {
			return state, false, fmt.Errorf("setting attributes in room %s: %w", room, err)
		}
	}
	state.Version = version
	for batch := range batches(changes) {
		args := []any{state.Version, chat.MaxAttributes}
		for _, c := range batch {
			args = append(args, string(c.Member), c.Key, c.Value)
		}
		next, extra, err := s.roster(ctx, "setting attributes in room", room, s.scripts.attributes, chat.Keeping{}, args...)
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
