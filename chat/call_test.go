package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

func TestCallBeginsAndEnds(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		require.Empty(t, n.RoomsInCall())
		began := time.Now()
		s.setCall(began, "id-Ann")
		synctest.Wait()
		told := ann.take()
		require.Equal(t, []string{"<news of Ann>", "<call started>"}, texts(told))
		require.Equal(t, chat.CallChanged{Started: true, Time: began}, told[1])
		require.Equal(t, []chat.RoomID{lobby}, n.RoomsInCall())

		time.Sleep(time.Minute)
		s.setCall(began, "id-Bob")
		synctest.Wait()
		require.Equal(t, []string{"<news of Bob>"}, texts(ann.take()), "it has begun already")
		late, _ := subscribe(t, n, chat.Principal{}, chat.All)
		require.Equal(t, chat.Call{Since: began, Count: 2}, late.take()[0].(chat.Welcome).Roster.Call)

		s.setCall(time.Time{}, "id-Ann")
		synctest.Wait()
		require.Equal(t, []string{"<news of Ann>"}, texts(ann.take()), "he is still in it")
		bob.Leave()
		synctest.Wait()
		told = ann.take()
		require.Equal(t, []string{"<left Bob>", "<call ended>"}, texts(told), "who leaves the room leaves the call")
		require.False(t, told[0].(chat.Left).Member.InCall())
		require.Empty(t, n.RoomsInCall())
	})
}

// Being in the call survives what else becomes of a member.
func TestRenewalsKeepTheCall(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		s.setCall(time.Now(), "id-Ann")
		synctest.Wait()
		ann.take()
		_, second := subscribe(t, n, session("Ann"), chat.Start{History: -1, Transport: "poll"})
		time.Sleep(3 * time.Minute)
		second.Close()
		require.Empty(t, texts(ann.take()))
		require.Equal(t, []chat.RoomID{lobby}, n.RoomsInCall())
	})
}

func TestCallInALargeRoomIsToldWithItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStore()
		n := s.node("a", chat.Options{FoldAbove: 2})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		for _, name := range []string{"Bob", "Cid", "Dan"} {
			subscribe(t, n, session(name), chat.All)
		}
		time.Sleep(2 * time.Second)
		ann.take()
		began := time.Now()
		s.setCall(began, "id-Bob", "id-Cid")
		time.Sleep(2 * time.Second)
		told := ann.take()
		require.Equal(t, []string{"<call started>", "<members 4>"}, texts(told))
		require.Equal(t, chat.Call{Since: began, Count: 2}, told[1].(chat.RosterEvent).Call)
	})
}

// A call that began or ended while the feed was cut is told when the roster has been read again.
func TestMissedCallIsTold(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		ann.take()
		s.cutFeed(true)
		s.setCall(time.Now(), "id-Ann")
		s.mendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<members 1>", "<call started>"}, texts(ann.take()))
		s.cutFeed(false) // nobody notices
		s.setCall(time.Time{}, "id-Ann")
		s.mendFeed(false)
		subscribe(t, n, session("Bob"), chat.All) // until a version is missing
		synctest.Wait()
		require.Equal(t, []string{"<members 2>", "<call ended>"}, texts(ann.take()))
	})
}

// The roster cache's own count of the call is what its members say, whoever comes, changes and goes.
func TestCallIsCounted(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		_, watcher := subscribe(t, n, session("Ann"), chat.All)
		early, late := time.Now(), time.Now().Add(time.Second)
		subscribe(t, n, session("Bob"), chat.All)
		_, cid := subscribe(t, n, session("Cid"), chat.All)
		for _, step := range []struct {
			since time.Time
			who   chat.MemberID
			want  chat.Call
		}{
			{late, "id-Ann", chat.Call{Since: late, Count: 1}},
			{early, "id-Bob", chat.Call{Since: early, Count: 2}},
			{late, "id-Cid", chat.Call{Since: early, Count: 3}},
			{late, "id-Cid", chat.Call{Since: early, Count: 3}},
			{late, "id-Bob", chat.Call{Since: late, Count: 3}},
			{time.Time{}, "id-Ann", chat.Call{Since: late, Count: 2}},
			{time.Time{}, "id-Bob", chat.Call{Since: late, Count: 1}},
		} {
			s.setCall(step.since, step.who)
			synctest.Wait()
			roster, ok := watcher.Roster(t.Context())
			require.True(t, ok)
			require.Equal(t, step.want, roster.Call)
			require.Equal(t, chat.CallOf(roster.Members), roster.Call)
		}
		cid.Leave()
		synctest.Wait()
		roster, _ := watcher.Roster(t.Context())
		require.Zero(t, roster.Call)
	})
}
