package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/stretchr/testify/require"
)

func markRead(t *testing.T, n *chat.Node, who chat.Principal, to chat.Cursor) chat.ReadMark {
	t.Helper()
	m, err := n.Mark(t.Context(), who, lobby, to)
	require.NoError(t, err)
	return m
}

func amend(t *testing.T, n *chat.Node, who chat.Principal, target chat.Entry, p chat.Payload) chat.Entry {
	t.Helper()
	e, _, err := n.Post(t.Context(), who, lobby, chat.Draft{Target: target.ID, Payload: p})
	require.NoError(t, err)
	return e
}

func sayTo(t *testing.T, n *chat.Node, who chat.Principal, text string, mentions ...string) chat.Entry {
	t.Helper()
	m := chat.Message{Text: text}
	for _, name := range mentions {
		m.Mentions = append(m.Mentions, session(name).ID)
	}
	e, _, err := n.Post(t.Context(), who, lobby, chat.Draft{Payload: m})
	require.NoError(t, err)
	return e
}

func TestANewcomerHasNothingUnread(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		say(t, n, "one")
		two := say(t, n, "two")
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		require.Empty(t, bob.takeMarks(), "there is nothing to tell")
		rooms, err := n.Rooms(t.Context(), session("Bob"))
		require.NoError(t, err)
		require.Len(t, rooms, 1)
		require.Equal(t, chat.ReadMark{Cursor: two.ID}, rooms[0].ReadMark)
		guest, _ := subscribe(t, n, chat.Principal{ID: "g", Name: "guest", Guest: true}, chat.All)
		unlisted, _ := subscribe(t, n, chat.Principal{}, chat.All)
		synctest.Wait()
		require.Empty(t, guest.takeMarks())
		require.Empty(t, unlisted.takeMarks())
		require.Empty(t, bob.takeMarks(), "it is his own")
	})
}

func TestAMarkIsToldToAllStreamsOfTheSession(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		here, _ := subscribe(t, n, session("Bob"), chat.All)
		too, _ := subscribe(t, n, session("Bob"), chat.All)
		there, _ := subscribe(t, other, session("Bob"), chat.All)
		cid, _ := subscribe(t, n, session("Cid"), chat.All)
		one := sayTo(t, n, session("Ann"), "one")
		sayTo(t, n, session("Ann"), "@Bob", "Bob")
		sayTo(t, n, session("Bob"), "my own", "Bob")
		synctest.Wait()
		for _, r := range []*recorder{here, too, there, cid} {
			r.takeMarks()
		}
		want := chat.ReadMark{Cursor: one.ID, Unread: 1, Mentions: 1}
		require.Equal(t, want, markRead(t, other, session("Bob"), one.ID))
		synctest.Wait()
		for _, r := range []*recorder{here, too, there} {
			require.Equal(t, []chat.ReadMark{want}, r.takeMarks())
		}
		require.Empty(t, cid.takeMarks())
	})
}

func TestAMarkMovesForwardOnly(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		one, two := say(t, n, "one"), say(t, n, "two")
		say(t, n, "three")
		synctest.Wait() // the room knows of it
		require.Equal(t, 1, markRead(t, n, session("Bob"), two.ID).Unread)
		synctest.Wait()
		bob.takeMarks()
		want := chat.ReadMark{Cursor: two.ID, Unread: 1}
		for _, back := range []chat.Cursor{one.ID, {}, {Seq: 2, Tag: two.ID.Tag + 1}, {Seq: 99, Tag: 1}} {
			require.Equal(t, want, markRead(t, n, session("Bob"), back))
		}
		synctest.Wait()
		require.Empty(t, bob.takeMarks())
	})
}

// Whoever comes back, to whatever node, is told what is unread.
func TestAMarkIsKept(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		_, stream := subscribe(t, n, session("Bob"), chat.All)
		one := say(t, n, "one")
		markRead(t, n, session("Bob"), one.ID)
		stream.Leave()
		time.Sleep(time.Minute)
		sayTo(t, n, session("Ann"), "@Bob", "Bob")
		last := say(t, n, "three")
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		want := []chat.ReadMark{{Cursor: one.ID, Unread: 2, Mentions: 1}}
		for name, at := range map[string]*chat.Node{"the same": n, "another": other} {
			bob, again := subscribe(t, at, session("Bob"), chat.Start{Resume: true, After: last.ID})
			synctest.Wait()
			require.Equal(t, want, bob.takeMarks(), name)
			again.Leave()
			synctest.Wait()
		}
	})
}

// A device that was away while another one has read is told so when it comes back, although there
// is nothing unread: what it shows is older.
func TestAMarkThatMovedWhileADeviceWasAway(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		_, stream := subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "one")
		two := say(t, n, "two")
		synctest.Wait()
		stream.Close()
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		want := chat.ReadMark{Cursor: two.ID}
		require.Equal(t, want, markRead(t, other, session("Bob"), two.ID))
		for name, at := range map[string]*chat.Node{"the same": n, "another": other} {
			back, _ := subscribe(t, at, session("Bob"), chat.Start{Resume: true, After: two.ID})
			synctest.Wait()
			require.Equal(t, []chat.ReadMark{want}, back.takeMarks(), name)
		}
		anew, _ := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		require.Empty(t, anew.takeMarks(), "who begins anew shows nothing older")
	})
}

func TestADeletedMessageIsNotUnread(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		one := say(t, n, "one")
		two := sayTo(t, n, session("Ann"), "@Bob", "Bob")
		three := say(t, n, "three")
		markRead(t, n, session("Bob"), one.ID)
		synctest.Wait()
		bob.takeMarks()
		amend(t, n, session("Ann"), two, chat.Delete{})
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID, Unread: 1}}, bob.takeMarks())
		amend(t, n, session("Ann"), three, chat.Edit{Text: "counts the same"})
		time.Sleep(time.Minute)
		require.Empty(t, bob.takeMarks())
		amend(t, n, session("Ann"), three, chat.Edit{Text: "@Bob", Mentions: []chat.MemberID{"id-Bob"}})
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID, Unread: 1, Mentions: 1}}, bob.takeMarks())
		amend(t, n, session("Ann"), one, chat.Delete{})
		time.Sleep(time.Minute)
		require.Empty(t, bob.takeMarks(), "he has read it")
		gone := amend(t, n, session("Ann"), three, chat.Delete{})
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID}}, bob.takeMarks())
		require.Equal(t, chat.ReadMark{Cursor: gone.ID}, markRead(t, n, session("Bob"), gone.ID), "an amendment is a place, too")
	})
}

// A mark made in a log that has gone is one before all of the new one, and does not hold it back.
func TestAMarkOfALogThatHasGone(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		var last chat.Entry
		for range 3 {
			last = say(t, n, "old")
		}
		markRead(t, n, session("Bob"), last.ID)
		synctest.Wait()
		bob.takeMarks()
		s.CutFeed(true)
		s.Do(lobby, func(r *chattest.Room) { r.Clear() })
		one := say(t, n, "new")
		say(t, n, "newer")
		s.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: last.ID, Unread: 2}}, bob.takeMarks())
		require.Equal(t, chat.ReadMark{Cursor: one.ID, Unread: 1}, markRead(t, n, session("Bob"), one.ID))
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID, Unread: 1}}, bob.takeMarks())
	})
}

// What is no longer kept is not counted.
func TestAMarkOfWhatIsNoLongerKept(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		s.SetHistoryLimit(3)
		limited := s.NewNode("b", chat.Options{HistoryLimit: 3})
		defer func() { require.NoError(t, limited.Close(t.Context())) }()
		one := say(t, limited, "one")
		markRead(t, limited, session("Bob"), one.ID)
		for range 5 {
			say(t, limited, "more")
		}
		want := chat.ReadMark{Cursor: one.ID, Unread: 3}
		got, err := limited.ReadMark(t.Context(), session("Bob"), lobby)
		require.NoError(t, err)
		require.Equal(t, want, got)
		bob, _ := subscribe(t, limited, session("Bob"), chat.All)
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{want}, bob.takeMarks())
	})
}

// What has expired is not counted, though nobody has come since and the node still has it.
func TestAMarkOfWhatHasExpired(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "old")
		synctest.Wait()
		s.Do(lobby, (*chattest.Room).Clear)
		time.Sleep(25 * time.Hour)
		mark, err := n.ReadMark(t.Context(), session("Bob"), lobby)
		require.NoError(t, err)
		require.Zero(t, mark.Unread)
	})
}

// Many who come to a room one on the other share a few questions, and each is told.
func TestAStormAsksForMarksTogether(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		say(t, n, "hello")
		const many = 100
		var all []*recorder
		for i := range many {
			name := fmt.Sprint("Bob", i)
			markRead(t, n, session(name), chat.Cursor{})
		}
		last := say(t, n, "read this")
		before, began := s.Calls("marks"), time.Now()
		for i := range many {
			bob, _ := subscribe(t, n, session(fmt.Sprint("Bob", i)), chat.All)
			all = append(all, bob)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		took := time.Since(began)
		for _, bob := range all {
			marks := bob.takeMarks()
			require.Len(t, marks, 1)
			require.Less(t, marks[0].Cursor.Seq, last.ID.Seq)
			require.Equal(t, 2, marks[0].Unread)
		}
		require.LessOrEqual(t, s.Calls("marks")-before, 4+int(took/(500*time.Millisecond)), "once for each half second, after a few at once")
	})
}

// A mark that this node's feed has missed is asked of the store when the feed is whole again.
func TestAMarkThatTheFeedHasMissed(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		one := say(t, n, "one")
		synctest.Wait()
		bob.takeMarks()
		s.CutFeed(true)
		markRead(t, n, session("Bob"), one.ID)
		synctest.Wait()
		require.Empty(t, bob.takeMarks())
		s.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID}}, bob.takeMarks())
	})
}

func TestMarksWithoutTheStore(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		s.SetAway(true)
		_, err := n.Mark(t.Context(), session("Bob"), lobby, chat.Cursor{})
		require.ErrorIs(t, err, chat.ErrUnavailable)
		_, err = n.Rooms(t.Context(), session("Bob"))
		require.ErrorIs(t, err, chat.ErrUnavailable)
		s.SetAway(false)
	})
}

// awayMarks is a store that does not answer when it is asked for marks, the first few times.
type awayMarks struct {
	chat.Marks
	failures int
}

func (a *awayMarks) StartMarks(
	ctx context.Context, room chat.RoomID, at map[chat.MemberID]chat.Cursor,
) (map[chat.MemberID]chat.Cursor, error) {
	if a.failures--; a.failures >= 0 {
		return nil, chat.ErrUnavailable
	}
	return a.Marks.StartMarks(ctx, room, at)
}

// A store that does not answer keeps nobody from reading, and is asked again.
func TestMarksAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{}).Node("a")
		n := chat.NewNode(s, s, s, &awayMarks{s, 3}, s, chat.Options{})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		one := say(t, n, "one")
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		require.Equal(t, []string{"<welcome>", "one", "<live>"}, texts(bob.take()), "nobody waits for it")
		say(t, n, "two")
		time.Sleep(time.Minute)
		require.Equal(t, []chat.ReadMark{{Cursor: one.ID, Unread: 1}}, bob.takeMarks(), "from where he came")
	})
}

func TestGuestsHaveNoMarks(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		for _, who := range []chat.Principal{{}, {ID: "g", Name: "guest", Guest: true}} {
			_, err := n.Mark(t.Context(), who, lobby, chat.Cursor{})
			require.ErrorIs(t, err, chat.ErrNotAllowed)
			_, err = n.ReadMark(t.Context(), who, lobby)
			require.ErrorIs(t, err, chat.ErrNotAllowed)
			_, err = n.Rooms(t.Context(), who)
			require.ErrorIs(t, err, chat.ErrNotAllowed)
			require.ErrorIs(t, n.Forget(t.Context(), who, lobby), chat.ErrNotAllowed)
		}
		require.Zero(t, s.Calls("marks"))
	})
}

func TestASessionsRooms(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, stream := subscribe(t, n, session("Bob"), chat.All)
		last := sayTo(t, n, session("Ann"), "@Bob", "Bob")
		time.Sleep(time.Second)
		before := time.Now()
		kitchen, _, err := n.Post(t.Context(), session("Ann"), "kitchen", chat.Draft{Payload: chat.Message{Text: "tea"}})
		require.NoError(t, err)
		_, err = n.Mark(t.Context(), session("Bob"), "kitchen", kitchen.ID)
		require.NoError(t, err)
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		for _, node := range []*chat.Node{n, other} {
			rooms, err := node.Rooms(t.Context(), session("Bob"))
			require.NoError(t, err)
			require.Len(t, rooms, 2)
			require.Equal(t, chat.RoomMark{
				Mark:     chat.Mark{Room: "kitchen", At: kitchen.ID, Time: before.UTC()},
				ReadMark: chat.ReadMark{Cursor: kitchen.ID}, Last: &kitchen,
			}, rooms[0])
			require.Equal(t, lobby, rooms[1].Room)
			require.Equal(t, chat.ReadMark{Unread: 1, Mentions: 1}, rooms[1].ReadMark)
			require.Equal(t, last, *rooms[1].Last)
		}
		require.NoError(t, other.Forget(t.Context(), session("Bob"), lobby))
		rooms, err := n.Rooms(t.Context(), session("Bob"))
		require.NoError(t, err)
		require.Len(t, rooms, 1)

		synctest.Wait()
		stream.Close()
		bob.takeMarks()
		again, _ := subscribe(t, n, session("Bob"), chat.All) // within the grace: the node has known the mark
		synctest.Wait()
		require.Empty(t, again.takeMarks())
		rooms, err = n.Rooms(t.Context(), session("Bob"))
		require.NoError(t, err)
		require.Len(t, rooms, 2)
		require.Equal(t, chat.ReadMark{Cursor: last.ID}, rooms[0].ReadMark, "it begins anew")
	})
}

// Rooms that the policy closes to somebody are not told of.
func TestASessionsRoomsAreThoseThatItMayRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{Policy: refusing{"id-Ann", chat.ActionHistory, chat.ErrNotAllowed}})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		for _, name := range []string{"Ann", "Bob"} {
			markRead(t, n, session(name), chat.Cursor{})
			rooms, err := n.Rooms(t.Context(), session(name))
			require.NoError(t, err)
			require.Len(t, rooms, map[string]int{"Ann": 0, "Bob": 1}[name])
		}
	})
}
