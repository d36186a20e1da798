package chat_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/stretchr/testify/require"
)

// mark gives members the attribute "mark", or takes it from them when the value is empty.
func mark(s *chattest.Store, value string, ids ...chat.MemberID) {
	s.Do(lobby, func(r *chattest.Room) {
		var attributes chat.Attributes
		if value != "" {
			attributes = chat.Attributes{"mark": value}
		}
		r.SetAttributes(attributes, ids...)
	})
}

func TestAnAttributeIsToldWithItsFirstAndLastMember(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		require.Empty(t, n.RoomsWith("mark"))
		mark(s, "5", "id-Ann")
		synctest.Wait()
		told := ann.take()
		require.Equal(t, []string{"<news of Ann>", "<with mark>"}, texts(told))
		require.Equal(t, chat.AttributeChanged{Key: "mark", Present: true, Least: "5", Time: time.Now()}, told[1])
		require.Equal(t, []chat.RoomID{lobby}, n.RoomsWith("mark"))

		time.Sleep(time.Minute)
		mark(s, "5", "id-Bob")
		synctest.Wait()
		require.Equal(t, []string{"<news of Bob>"}, texts(ann.take()), "he is not the first")
		late, _ := subscribe(t, n, chat.Principal{}, chat.All)
		require.Equal(t, chat.AttributeCounts{"mark": {Count: 2, Least: "5"}}, late.take()[0].(chat.Welcome).Roster.Attributes)

		mark(s, "", "id-Ann")
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
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		mark(s, "5", "id-Ann")
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
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{FoldAbove: 2})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		for _, name := range []string{"Bob", "Cid", "Dan"} {
			subscribe(t, n, session(name), chat.All)
		}
		time.Sleep(2 * time.Second)
		ann.take()
		mark(s, "5", "id-Bob", "id-Cid")
		time.Sleep(2 * time.Second)
		told := ann.take()
		require.Equal(t, []string{"<with mark>", "<members 4>"}, texts(told))
		require.Equal(t, chat.AttributeCounts{"mark": {Count: 2, Least: "5"}}, told[1].(chat.RosterEvent).Attributes)
	})
}

// What came or went while the feed was cut is told when the roster has been read again.
func TestAMissedAttributeIsTold(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		ann.take()
		s.CutFeed(true)
		mark(s, "5", "id-Ann")
		s.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<members 1>", "<with mark>"}, texts(ann.take()))
		s.CutFeed(false) // nobody notices
		mark(s, "", "id-Ann")
		s.MendFeed(false)
		subscribe(t, n, session("Bob"), chat.All) // until a version is missing
		synctest.Wait()
		require.Equal(t, []string{"<members 2>", "<without mark>"}, texts(ann.take()))
	})
}

// The roster cache's own count is what its members have, whoever comes, changes and goes.
func TestAttributesAreCounted(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
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
			mark(s, step.value, step.who)
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
