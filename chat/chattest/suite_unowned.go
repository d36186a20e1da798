package chattest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// testUnownedRoomIsCleared empties the log of a room nobody owns, which then still has no rules.
func testUnownedRoomIsCleared(t *testing.T, open Open) {
	a, b, room := open(t, Options{}), open(t, Options{}), chat.NewRoomID()
	l := follow(t, b, room)
	first := post(t, a, room, says(ann, "hello"))
	e, version, err := a.ChangeRules(context.Background(), room, chat.RulesChange{
		From: chat.OpenRules(), To: chat.OpenRules().Clone(), Clear: true, Notice: noticed(chat.NoticeCleared),
	})
	require.NoError(t, err)
	require.True(t, version.IsZero())
	require.Equal(t, uint64(2), e.ID.Seq)
	require.Equal(t, chat.OpenRules(), rules(t, b, room))
	require.Equal(t, []chat.Entry{e}, read(t, b, room).Entries)
	require.Equal(t, chat.Appended{Entry: first}, l.next(t))
	require.Equal(t, chat.Appended{Entry: e}, l.next(t))
	post(t, b, room, says(ann, "after it"))

	owned(t, a, room)
	_, _, err = a.ChangeRules(context.Background(), room, chat.RulesChange{From: chat.OpenRules(), To: chat.OpenRules().Clone(), Clear: true})
	require.ErrorIs(t, err, chat.ErrRulesChanged, "somebody owns it now")
}
