package chat_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// Many make rooms of their own at once, on two nodes: there are as many as there may be, and what is
// there goes on.
func TestOwnedRoomsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 20
		s := chattest.New(chattest.Options{})
		nodes := []*chat.Node{s.NewNode("a", chat.Options{MaxOwned: most}), s.NewNode("b", chat.Options{MaxOwned: most})}
		defer func() {
			for _, n := range nodes {
				require.NoError(t, n.Close(t.Context()))
			}
		}()
		var made, refused atomic.Int32
		var running sync.WaitGroup
		for i := range 5 * most {
			running.Go(func() {
				_, _, err := nodes[i%2].Own(t.Context(), session(fmt.Sprint(i)), chat.NewRoomID(), chat.OwnRequest{New: true})
				if err == nil {
					made.Add(1)
					return
				}
				require.ErrorIs(t, err, chat.ErrManyOwned)
				require.ErrorIs(t, err, chat.ErrFull)
				refused.Add(1)
			})
		}
		running.Wait()
		require.EqualValues(t, most, made.Load())
		require.EqualValues(t, 4*most, refused.Load())
		_, _, err := nodes[0].Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "open rooms go on"}})
		require.NoError(t, err)
	})
}

// A room that does not become somebody's own takes no place, and one that does keeps it, whoever
// else has tried.
func TestARoomThatIsNotOwnedTakesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{MaxOwned: 1})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		own := func(who string, room chat.RoomID, o chat.OwnRequest) error {
			_, _, err := n.Own(t.Context(), session(who), room, o)
			return err
		}
		_, ann := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		require.ErrorIs(t, own("Ann", lobby, chat.OwnRequest{}), chat.ErrOwned, "Bob is here")
		bob.Leave()
		synctest.Wait()
		require.NoError(t, own("Ann", lobby, chat.OwnRequest{}))
		require.ErrorIs(t, own("Ann", lobby, chat.OwnRequest{}), chat.ErrOwned)
		require.ErrorIs(t, own("Cid", chat.NewRoomID(), chat.OwnRequest{New: true}), chat.ErrManyOwned)
		ann.Leave()
	})
}
