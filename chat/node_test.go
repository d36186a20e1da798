package chat_test

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/stretchr/testify/require"
)

const lobby = chat.RoomID("lobby")

func session(name string) chat.Principal {
	return chat.Principal{ID: chat.MemberID("id-" + name), Name: name, Client: "id-" + name, LimitKey: "id-" + name}
}

func member(name string) chat.Member { return session(name).Member("ws") }

// inLobby runs a test in which time stands still but when all wait, on a store with one node.
func inLobby(t *testing.T, test func(t *testing.T, s *chattest.Store, n *chat.Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		test(t, s, n)
	})
}

// subscribe makes a principal a reader of the lobby; the zero one is not in the roster.
func subscribe(t *testing.T, n *chat.Node, who chat.Principal, from chat.Start) (*recorder, *chat.Subscription) {
	t.Helper()
	r := &recorder{}
	from.Transport, from.Unlisted = cmp.Or(from.Transport, "ws"), who.ID == ""
	s, err := n.Subscribe(t.Context(), who, lobby, from, r)
	require.NoError(t, err)
	return r, s
}

func say(t *testing.T, n *chat.Node, text string) chat.Entry {
	t.Helper()
	e, repeated, err := n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: text}})
	require.NoError(t, err)
	require.False(t, repeated)
	return e
}

func TestANewReaderGetsThePastThenWhatHappens(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		say(t, n, "one")
		say(t, n, "two")
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		told := bob.take()
		require.Equal(t, []string{"<welcome>", "one", "two", "<live>"}, texts(told))
		welcome := told[0].(chat.Welcome)
		require.Equal(t, chat.MemberID("id-Bob"), welcome.You.ID)
		require.False(t, welcome.Resumed)
		require.Len(t, welcome.Roster.Members, 1, "one is in the roster that one is shown")
		three := say(t, n, "three")
		synctest.Wait()
		require.Equal(t, []chat.Body{chat.Appended{Entry: three}}, bob.take())
	})
}

func TestAnEmptyRoomIsLiveAtOnce(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		told := bob.take()
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(told))
		require.True(t, told[1].(chat.Live).Cursor.IsZero())
	})
}

func TestHistoryBoundsANewReader(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		for i := range 5 {
			say(t, n, strconv.Itoa(i))
		}
		two, _ := subscribe(t, n, session("Bob"), chat.Start{History: 2})
		require.Equal(t, []string{"<welcome>", "3", "4", "<live>"}, texts(two.take()))
		none, _ := subscribe(t, n, session("Cid"), chat.Start{})
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(none.take()))
	})
}

func TestResuming(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		var entries []chat.Entry
		for i := range 100 + 5 { // 0 to 4 are no longer kept
			entries = append(entries, say(t, n, strconv.Itoa(i)))
		}
		last := len(entries) - 1
		cursor := func(i int) chat.Cursor { return entries[i].ID }
		other := func(i int) chat.Cursor { return chat.Cursor{Seq: entries[i].ID.Seq, Tag: entries[i].ID.Tag + 1} }
		for _, c := range []struct {
			name   string
			after  chat.Cursor
			first  int // of what follows; last+1 for nothing
			reason chat.ResetReason
		}{
			{"the last entry", cursor(last), last + 1, ""},
			{"in the middle", cursor(50), 51, ""},
			{"the first that is kept", cursor(5), 6, ""},
			{"the one before it, gone but known by its tag", cursor(4), 5, ""},
			{"the same number, another entry", other(4), 5, chat.Rewritten},
			{"older", cursor(3), 5, chat.Expired},
			{"from the beginning", chat.Cursor{}, 5, chat.Expired},
			{"another entry in the middle", other(50), 5, chat.Rewritten},
			{"another last entry", other(last), 5, chat.Rewritten},
			{"the future", chat.Cursor{Seq: cursor(last).Seq + 1, Tag: 7}, 5, chat.Rewritten},
		} {
			r, sub := subscribe(t, n, session("Bob"), chat.Start{Resume: true, After: c.after})
			want := []string{"<welcome>"}
			if c.reason != "" {
				want = append(want, "<reset "+string(c.reason)+">")
			}
			for i := c.first; i <= last; i++ {
				want = append(want, strconv.Itoa(i))
			}
			told := r.take()
			require.Equal(t, append(want, "<live>"), texts(told), c.name)
			require.Equal(t, c.reason == "", told[0].(chat.Welcome).Resumed, c.name)
			require.Equal(t, cursor(last), told[len(told)-1].(chat.Live).Cursor, c.name)
			sub.Close()
		}
	})
}

func TestOneOrderForAllAndEachOnce(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		bob, _ := subscribe(t, other, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		bob.take()
		for range 4 {
			go func() {
				for i := range 50 {
					_, _, err := n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "from a " + strconv.Itoa(i)}})
					require.NoError(t, err)
					_, _, err = other.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "from b " + strconv.Itoa(i)}})
					require.NoError(t, err)
				}
			}()
		}
		synctest.Wait()
		seen := ann.take()
		require.Len(t, seen, 400)
		for i, b := range seen {
			require.Equal(t, uint64(i+1), b.(chat.Appended).Entry.ID.Seq)
		}
		require.Equal(t, seen, bob.take())
	})
}

// A reader may come from a node that was told of an entry a moment earlier.
func TestACursorAheadOfTheFeedIsNoReset(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		subscribe(t, n, session("Ann"), chat.All) // the room has a worker, and its tail is empty
		s.CutFeed(false)                          // the feed is late
		first := say(t, n, "first")
		bob, _ := subscribe(t, n, chat.Principal{}, chat.Start{Resume: true, After: first.ID})
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(bob.take()))
		second := say(t, n, "second")
		cid, _ := subscribe(t, n, chat.Principal{}, chat.Start{Resume: true, After: second.ID})
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(cid.take()))
		synctest.Wait()
		require.Equal(t, []string{"second"}, texts(bob.take()))
		s.Do(lobby, func(r *chattest.Room) {
			r.Tell(chat.Appended{Entry: first}) // and there it is
			r.Tell(chat.Appended{Entry: second})
		})
		synctest.Wait()
		require.Empty(t, bob.take())
		require.Empty(t, cid.take())
	})
}

func TestALogThatIsLostBeforeItsTimeIsRewritten(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "lost")
		synctest.Wait()
		bob.take()
		s.CutFeed(true)
		s.Do(lobby, (*chattest.Room).Clear)
		s.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<reset rewritten>", "<live>"}, texts(bob.take()))
	})
}

// A node whose feed is cut delivers nothing else before it has read what it missed.
func TestAfterACutNothingIsMissing(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "before")
		synctest.Wait()
		s.CutFeed(true)
		say(t, n, "during 1")
		say(t, n, "during 2")
		synctest.Wait()
		require.Equal(t, []string{"<welcome>", "<live>", "before"}, texts(bob.take()))
		s.MendFeed(true)
		say(t, n, "after")
		synctest.Wait()
		require.Equal(t, []string{"during 1", "during 2", "after"}, texts(bob.take()))
	})
}

// Even a loss that nobody tells of is noticed by the next entry's number.
func TestAJumpInNumbersIsReadFromTheList(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		s.CutFeed(false)
		say(t, n, "missed")
		s.MendFeed(false)
		say(t, n, "next")
		synctest.Wait()
		require.Equal(t, []string{"<welcome>", "<live>", "missed", "next"}, texts(bob.take()))
	})
}

func TestMoreMissedThanIsKeptIsAReset(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		s.SetHistoryLimit(3)
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "0")
		synctest.Wait()
		bob.take()
		s.CutFeed(true)
		for i := 1; i <= 5; i++ {
			say(t, n, strconv.Itoa(i))
		}
		s.MendFeed(true)
		synctest.Wait()
		require.Equal(t, []string{"<reset expired>", "3", "4", "5", "<live>"}, texts(bob.take()))
	})
}

// After a failover that lost the last entries, others have their numbers.
func TestARewrittenLogIsAReset(t *testing.T) {
	for name, tellAll := range map[string]bool{"with a cut": true, "unnoticed": false} {
		want := []string{"<reset rewritten>", "kept", "instead", "next", "<live>"}
		if tellAll {
			want = []string{"<reset rewritten>", "kept", "instead", "<live>", "next"}
		}
		t.Run(name, func(t *testing.T) {
			inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
				bob, _ := subscribe(t, n, session("Bob"), chat.All)
				say(t, n, "kept")
				say(t, n, "lost")
				synctest.Wait()
				require.Equal(t, []string{"<welcome>", "<live>", "kept", "lost"}, texts(bob.take()))
				s.CutFeed(tellAll)
				s.Do(lobby, func(r *chattest.Room) {
					r.Kept.Entries = r.Kept.Entries[:1]
				})
				say(t, n, "instead") // has the lost one's number
				s.MendFeed(tellAll)
				synctest.Wait()   // a cut has the list read, a loss that nobody told of has not
				say(t, n, "next") // follows the last delivered by number, but not by tag
				synctest.Wait()
				require.Equal(t, want, texts(bob.take()))
			})
		})
	}
}

func TestARoomThatBeganAgainIsAReset(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		old := say(t, n, "old")
		synctest.Wait()
		bob.take()
		s.Do(lobby, (*chattest.Room).Clear)
		time.Sleep(25 * time.Hour) // so the tail knows that the store has forgotten it
		say(t, n, "new")
		synctest.Wait()
		require.Equal(t, []string{"<reset expired>", "new", "<live>"}, texts(bob.take()))
		cid, _ := subscribe(t, n, session("Cid"), chat.Start{Resume: true, After: old.ID})
		require.Equal(t, []string{"<welcome>", "<reset rewritten>", "new", "<live>"}, texts(cid.take()))
	})
}

func TestAnExpiredTailServesNobody(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "old")
		synctest.Wait()
		s.Do(lobby, (*chattest.Room).Clear)
		time.Sleep(25 * time.Hour)
		cid, _ := subscribe(t, n, session("Cid"), chat.All)
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(cid.take()))
	})
}

func TestARepeatedKeyIsTheFirstEntry(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		bob.take()
		draft := chat.Draft{Payload: chat.Message{Text: "once"}, Key: "k"}
		first, repeated, err := n.Post(t.Context(), session("Ann"), lobby, draft)
		require.NoError(t, err)
		require.False(t, repeated)
		again, repeated, err := n.Post(t.Context(), session("Ann"), lobby, draft)
		require.NoError(t, err)
		require.True(t, repeated)
		require.Equal(t, first, again)
		_, repeated, err = n.Post(t.Context(), session("Cid"), lobby, draft)
		require.NoError(t, err)
		require.False(t, repeated, "a key is its client's own")
		synctest.Wait()
		require.Equal(t, []string{"once", "once"}, texts(bob.take()))
	})
}

func TestAwayStore(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		say(t, n, "before")
		synctest.Wait()
		bob.take()
		s.SetAway(true)
		s.CutFeed(true)
		began := time.Now()
		_, _, err := n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "refused"}})
		require.ErrorIs(t, err, chat.ErrUnavailable)
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
		began = time.Now()
		_, err = n.Subscribe(t.Context(), session("Cid"), lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, chat.ErrUnavailable)
		require.LessOrEqual(t, time.Since(began), 2*time.Second)
		time.Sleep(30 * time.Second)
		require.Empty(t, bob.take(), "a reader keeps its stream while the store is away")
		require.NoError(t, bob.err())
		s.SetAway(false)
		s.MendFeed(true)
		say(t, n, "back")
		time.Sleep(3 * time.Second)
		require.Contains(t, texts(bob.take()), "back")
	})
}

func TestAStormOfArrivalsCostsTheStoreAFewCalls(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		for i := range 500 {
			go func() {
				_, err := n.Subscribe(t.Context(), session(strconv.Itoa(i)), lobby, chat.All, &recorder{})
				require.NoError(t, err)
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		s.Do(lobby, func(r *chattest.Room) { require.Len(t, r.Members, 500) })
		require.LessOrEqual(t, s.Calls("read"), 3, "one read of the list for the room")
		require.LessOrEqual(t, s.Calls("hold"), 20, "leases are taken together")
	})
}

func TestCloseTellsEverybodyAndFinishesPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{})
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		require.NoError(t, n.Close(t.Context()))
		require.ErrorIs(t, bob.err(), chat.ErrGoingAway)
		_, _, err := n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "late"}})
		require.ErrorIs(t, err, chat.ErrGoingAway)
		_, err = n.Subscribe(t.Context(), session("Cid"), lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, chat.ErrGoingAway)
		require.NoError(t, n.Close(t.Context()), "closing twice is harmless")
	})
}

func TestCloseWithTheStoreAwayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{})
		subscribe(t, n, session("Bob"), chat.All)
		s.SetAway(true)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = n.Close(ctx)
		require.LessOrEqual(t, time.Since(began), time.Second)
	})
}

func TestTheWorkerEndsWhenNobodyReads(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		say(t, n, "something")
		_, sub := subscribe(t, n, chat.Principal{}, chat.All)
		sub.Close()
		time.Sleep(5 * time.Second)
		s.Do(lobby, func(r *chattest.Room) {
			require.Equal(t, 1, r.Listeners(), "it stays a while for the next poll")
		})
		time.Sleep(6 * time.Second)
		s.Do(lobby, func(r *chattest.Room) {
			require.Zero(t, r.Listeners())
		})
		again, _ := subscribe(t, n, chat.Principal{}, chat.All)
		require.Equal(t, []string{"<welcome>", "something", "<live>"}, texts(again.take()))
	})
}

func TestAnEmptyRoomIsNotKeptReady(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		_, sub := subscribe(t, n, chat.Principal{}, chat.All)
		sub.Close()
		synctest.Wait()
		s.Do(lobby, func(r *chattest.Room) { require.Zero(t, r.Listeners()) })
	})
}

// Cursors that have no place in the tail are all judged by one read of the list.
func TestAStormOfLostCursorsCostsAFewReads(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		say(t, n, "kept")
		subscribe(t, n, chat.Principal{}, chat.All)
		s.SetSlow(5 * time.Millisecond)
		before := s.Calls("read")
		for i := range 1000 {
			go func() {
				r := &recorder{}
				_, err := n.Subscribe(t.Context(), chat.Principal{}, lobby, chat.Start{Resume: true, After: chat.Cursor{Seq: uint64(i + 2), Tag: 7}, Unlisted: true}, r)
				require.NoError(t, err)
				require.Equal(t, []string{"<welcome>", "<reset rewritten>", "kept", "<live>"}, texts(r.take()))
			}()
		}
		time.Sleep(time.Second)
		require.LessOrEqual(t, s.Calls("read")-before, 3)
	})
}

// An operator may have a room's history go with its last member.
func TestAClosedRoomsHistoryIsNotShownFromTheTail(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		_, ann := subscribe(t, n, session("Ann"), chat.All)
		say(t, n, "secret")
		synctest.Wait()
		s.Do(lobby, (*chattest.Room).Clear) // what the store does as the room closes
		ann.Leave()
		synctest.Wait()
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		require.Equal(t, []string{"<welcome>", "<live>"}, texts(bob.take()))
	})
}

// What was held before a cut may have been lost with the store that told of it.
func TestWhatWasHeldBeforeACutIsRead(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, session("Bob"), chat.All)
		bob.take()
		s.SetSlow(time.Second)
		s.Do(lobby, func(r *chattest.Room) {
			r.Tell(chat.Following{}) // a read is under way
			phantom := r.Append(chat.Draft{Payload: chat.Message{Text: "phantom"}})
			r.Tell(chat.Appended{Entry: phantom})
			r.Tell(chat.Cut{})
			r.Clear()
			r.Tell(chat.Following{})
		})
		time.Sleep(3 * time.Second)
		say(t, n, "real")
		time.Sleep(3 * time.Second)
		require.Equal(t, []string{"real"}, texts(bob.take()))
	})
}

// queuedLog is a log whose reads wait for their turn.
type queuedLog struct {
	chat.Log
	wait time.Duration
}

func (l queuedLog) Read(ctx context.Context, room chat.RoomID) (chat.Kept, error) {
	time.Sleep(l.wait)
	return l.Log.Read(ctx, room)
}

// While a read waits for its turn, more may be posted than is kept. What the feed has told of it is
// older than all that the read brings, and no reason to read again: the next one would be no
// better.
func TestARushDuringAReadIsReadOnce(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, _ *chat.Node) {
		s.SetHistoryLimit(10)
		store := s.Node("b")
		n := chat.NewNode(queuedLog{store, 200 * time.Millisecond}, store, store, store, store, chat.Options{HistoryLimit: 10})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		last := make(chan string)
		go func() {
			for i := range 100 {
				s.Do(lobby, func(r *chattest.Room) {
					r.Tell(chat.Appended{Entry: r.Append(chat.Draft{Payload: chat.Message{Text: fmt.Sprint(i)}})})
				})
				time.Sleep(10 * time.Millisecond)
			}
			close(last)
		}()
		bob, _ := subscribe(t, n, chat.Principal{}, chat.All)
		<-last
		synctest.Wait()
		said := texts(bob.take())
		require.Equal(t, "99", said[len(said)-1])
		require.Equal(t, 1, s.Calls("read"))
	})
}

func TestAFloodedInboxReadsOnFromTheList(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		bob, _ := subscribe(t, n, chat.Principal{}, chat.All)
		bob.take()
		big := string(make([]byte, 3000))
		for i := range 2000 { // far more than the inbox takes, while the worker has no chance to look
			s.Do(lobby, func(r *chattest.Room) {
				e := r.Append(chat.Draft{Payload: chat.Message{Text: fmt.Sprint(i, big)}})
				r.Tell(chat.Appended{Entry: e})
			})
		}
		synctest.Wait()
		seen := uint64(0)
		for _, b := range bob.take() {
			switch b := b.(type) {
			case chat.Reset:
				seen = 0
			case chat.Appended:
				require.True(t, seen == 0 || b.Entry.ID.Seq == seen+1, "%d after %d", b.Entry.ID.Seq, seen)
				seen = b.Entry.ID.Seq
			}
		}
		require.EqualValues(t, 2000, seen)
	})
}

// costlySink is as slow to deliver to as a thousand sockets.
type costlySink struct {
	recorder
	took  time.Duration
	sizes []int
	at    []time.Time
}

func (s *costlySink) Deliver(b *chat.Batch) {
	if _, mark := b.Events[0].Body.(chat.ReadMark); !b.Replay && !mark {
		s.sizes = append(s.sizes, len(b.Events))
		s.at = append(s.at, time.Now())
		time.Sleep(s.took)
	}
	s.recorder.Deliver(b)
}

func TestABusyNodeDeliversInBatches(t *testing.T) {
	for _, test := range []struct {
		name  string
		took  time.Duration
		pause time.Duration
	}{
		{"large: for a share of its time", 500 * time.Microsecond, 8 * time.Millisecond},
		{"very large: not for longer", 5 * time.Millisecond, 16 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
				sink := &costlySink{took: test.took}
				_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, sink)
				require.NoError(t, err)
				var said []string
				every := test.took / time.Duration(3*runtime.GOMAXPROCS(0)) // three times what could be delivered one by one
				for i := range int(400 * time.Millisecond / every) {
					said = append(said, strconv.Itoa(i))
					say(t, n, said[i])
					time.Sleep(every)
				}
				end := time.Now()
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, said, texts(sink.take())[2:])
				busy, _ := slices.BinarySearchFunc(sink.at, end, time.Time.Compare)
				for i := busy - 3; i < busy; i++ {
					require.InDelta(t, test.took+test.pause, sink.at[i].Sub(sink.at[i-1]), float64(time.Millisecond))
					require.Greater(t, sink.sizes[i-1], 3, "it has gathered")
				}
			})
		})
	}
}

// Where there is time for all, nobody waits for others: each message is delivered as it comes.
func TestACalmNodeDeliversAtOnce(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		sink := &costlySink{took: 2 * time.Millisecond}
		_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, sink)
		require.NoError(t, err)
		var began []time.Time
		for i := range 100 {
			began = append(began, time.Now())
			say(t, n, strconv.Itoa(i))
			time.Sleep(4 * time.Millisecond)
		}
		synctest.Wait()
		require.Equal(t, began, sink.at)
		require.Equal(t, slices.Repeat([]int{1}, 100), sink.sizes)
	})
}
