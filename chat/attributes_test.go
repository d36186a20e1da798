package chat_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/stretchr/testify/require"
)

func TestAnAttributeIsToldWithItsFirstAndLastMember(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		require.Empty(t, n.RoomsWith("mark"))
		s.mark("5", "id-Ann")
		synctest.Wait()
		told := ann.take()
		require.Equal(t, []string{"<news of Ann>", "<with mark>"}, texts(told))
		require.Equal(t, chat.AttributeChanged{Key: "mark", Present: true, Least: "5", Time: time.Now()}, told[1])
		require.Equal(t, []chat.RoomID{lobby}, n.RoomsWith("mark"))

		time.Sleep(time.Minute)
		s.mark("5", "id-Bob")
		synctest.Wait()
		require.Equal(t, []string{"<news of Bob>"}, texts(ann.take()), "he is not the first")
		late, _ := subscribe(t, n, chat.Principal{}, chat.All)
		require.Equal(t, chat.AttributeCounts{"mark": {Count: 2, Least: "5"}}, late.take()[0].(chat.Welcome).Roster.Attributes)

		s.mark("", "id-Ann")
		synctest.Wait()
		require.Equal(t, []string{"<news of Ann>"}, texts(ann.take()), "he still has it")
		bob.Leave()
		synctest.Wait()
		told = ann.take()
		require.Equal(t, []string{"<left Bob>", "<without mark>"}, texts(told), "it goes with the member")
		require.Empty(t, told[0].(chat.Left).Member.Attributes)
		require.Empty(t, n.RoomsWith("mark"))
	})
}

// What is noted about a member survives what else becomes of a member.
func TestRenewalsKeepAttributes(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		s.mark("5", "id-Ann")
		synctest.Wait()
		ann.take()
		_, second := subscribe(t, n, session("Ann"), chat.Start{History: -1, Transport: "poll"})
		time.Sleep(3 * time.Minute)
		second.Close()
		require.Empty(t, texts(ann.take()))
		require.Equal(t, []chat.RoomID{lobby}, n.RoomsWith("mark"))
	})
}

func TestAnAttributeInALargeRoomIsToldWithItsCount(t *testing.T) {
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
		s.mark("5", "id-Bob", "id-Cid")
		time.Sleep(2 * time.Second)
		told := ann.take()
		require.Equal(t, []string{"<with mark>", "<members 4>"}, texts(told))
		require.Equal(t, chat.AttributeCounts{"mark": {Count: 2, Least: "5"}}, told[1].(chat.RosterEvent).Attributes)
	})
}

// What came or went while the feed was cut is told when the roster has been read again.
func TestAMissedAttributeIsTold(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		ann.take()
		s.cutFeed(true)
		s.mark("5", "id-Ann")
		s.mendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<members 1>", "<with mark>"}, texts(ann.take()))
		s.cutFeed(false) // nobody notices
		s.mark("", "id-Ann")
		s.mendFeed(false)
		subscribe(t, n, session("Bob"), chat.All) // until a version is missing
		synctest.Wait()
		require.Equal(t, []string{"<members 2>", "<without mark>"}, texts(ann.take()))
	})
}

// The roster cache's own count is what its members have, whoever comes, changes and goes.
func TestAttributesAreCounted(t *testing.T) {
	inLobby(t, func(t *testing.T, s *fakeStore, n *chat.Node) {
		_, watcher := subscribe(t, n, session("Ann"), chat.All)
		subscribe(t, n, session("Bob"), chat.All)
		_, cid := subscribe(t, n, session("Cid"), chat.All)
		for _, step := range []struct {
			value string
			who   chat.MemberID
			want  chat.AttributeCount
		}{
			{"7", "id-Ann", chat.AttributeCount{Least: "7", Count: 1}},
			{"5", "id-Bob", chat.AttributeCount{Least: "5", Count: 2}},
			{"7", "id-Cid", chat.AttributeCount{Least: "5", Count: 3}},
			{"7", "id-Cid", chat.AttributeCount{Least: "5", Count: 3}},
			{"7", "id-Bob", chat.AttributeCount{Least: "7", Count: 3}},
			{"", "id-Ann", chat.AttributeCount{Least: "7", Count: 2}},
			{"", "id-Bob", chat.AttributeCount{Least: "7", Count: 1}},
		} {
			s.mark(step.value, step.who)
			synctest.Wait()
			roster, ok := watcher.Roster(t.Context())
			require.True(t, ok)
			require.Equal(t, step.want, roster.Attributes["mark"])
			require.Equal(t, chat.CountAttributes(roster.Members), roster.Attributes)
		}
		cid.Leave()
		synctest.Wait()
		roster, _ := watcher.Roster(t.Context())
		require.Empty(t, roster.Attributes)
	})
}

func TestAnAttributeHasBounds(t *testing.T) {
	for _, c := range []chat.AttributeChange{
		{Key: ""}, {Key: "Call"}, {Key: "a b"}, {Key: strings.Repeat("k", chat.MaxAttributeKey+1)},
		{Key: "k", Value: "a\nb"}, {Key: "k", Value: strings.Repeat("v", chat.MaxAttributeValue+1)},
	} {
		require.Error(t, c.Validate(), c)
	}
	require.NoError(t, chat.AttributeChange{Key: "in-call-2", Value: "17 and more"}.Validate())
}
