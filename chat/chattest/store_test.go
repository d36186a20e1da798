package chattest

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestTheStoreInMemory(t *testing.T) {
	s, nodes := New(Options{}), 0
	TestStore(t, func(_ testing.TB, o Options) Backend {
		nodes++
		return setNode{s.Node(fmt.Sprint(nodes)), New(o).options}
	})
}

// setNode is a node with settings of its own.
type setNode struct {
	Node
	settings Options
}

func (n setNode) Append(ctx context.Context, room chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	n.mu.Lock()
	n.options = n.settings
	n.mu.Unlock()
	return n.Node.Append(ctx, room, d)
}

func TestLeasesRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		l := follow(t, s.Node("b"), "lobby")
		state, err := s.Node("a").Hold(t.Context(), "lobby", []chat.Member{{ID: "ann"}}, chat.Admission{})
		require.NoError(t, err)
		require.Equal(t, chat.Lease, state.NextLapse)
		require.IsType(t, chat.Joined{}, l.next(t))
		time.Sleep(chat.Lease)
		snapshot, err := s.Members(t.Context(), "lobby")
		require.NoError(t, err)
		require.Empty(t, snapshot.Members)
		require.IsType(t, chat.Left{}, l.next(t))
	})
}
