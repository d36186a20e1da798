package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

// The page is held to the same examples, so that there is one rule for the names of rooms.
func TestRoomNames(t *testing.T) {
	var examples []struct {
		Typed string
		Room  *chat.RoomID
		Why   string
	}
	require.NoError(t, json.Unmarshal([]byte(example(t, "../../../chat/testdata/room-names.json")), &examples))
	require.Greater(t, len(examples), 40)
	for _, e := range examples {
		got, err := ParseRoomID(e.Typed)
		if e.Room == nil {
			var invalid *chat.InvalidError
			require.ErrorAs(t, err, &invalid, "%q: %s", e.Typed, e.Why)
			require.Equal(t, "room", invalid.Field)
			continue
		}
		require.NoError(t, err, "%q: %s", e.Typed, e.Why)
		require.Equal(t, *e.Room, got, "%q: %s", e.Typed, e.Why)
		again, err := ParseRoomID(string(got))
		require.NoError(t, err)
		require.Equal(t, got, again, "the room's own name is the room's")
	}
}

// A client that has given its request up is no failure of the store.
func TestARequestThatWasGivenUp(t *testing.T) {
	given := fmt.Errorf("history of lobby: %w", context.Canceled)
	require.Equal(t, CodeGoingAway, FailureOf(given).Code)
	require.Equal(t, CodeUnavailable, FailureOf(fmt.Errorf("%w: %w", chat.ErrUnavailable, context.Canceled)).Code)
	require.Equal(t, CodeUnavailable, FailureOf(context.DeadlineExceeded).Code)
}
