package chat_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/stretchr/testify/require"
)

func TestComingAndGoing(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		require.Equal(t, []string{"<welcome>", "<live>", "<joined Bob>"}, texts(ann.take()))
		bob.Close()
		time.Sleep(9 * time.Second)
		require.Empty(t, ann.take(), "one who may come back has not left")
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
	})
}

func TestComingBackInTimeIsSilent(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, first := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		first.Close()
		time.Sleep(9 * time.Second)
		_, second := subscribe(t, n, session("Bob"), chat.All) // on the same node
		time.Sleep(time.Minute)
		second.Close()
		time.Sleep(9 * time.Second)
		subscribe(t, other, session("Bob"), chat.All) // on another
		time.Sleep(time.Minute)
		require.Empty(t, ann.take())
	})
}

func TestTwoTabsAreOneMember(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, one := subscribe(t, n, session("Bob"), chat.All)
		_, two := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		require.Equal(t, []string{"<welcome>", "<live>", "<joined Bob>"}, texts(ann.take()))
		one.Leave()
		time.Sleep(time.Minute)
		require.Empty(t, ann.take(), "the other tab is still there")
		two.Leave()
		synctest.Wait()
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()), "who leaves has left at once")
	})
}

// One tab that leaves does not take away the time that another has to come back.
func TestLeavingKeepsTheOtherTabsGrace(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, one := subscribe(t, n, session("Bob"), chat.All)
		_, two := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		two.Close() // its network is gone for a moment
		time.Sleep(time.Second)
		one.Leave()
		time.Sleep(5 * time.Second)
		require.Empty(t, ann.take())
		_, back := subscribe(t, n, session("Bob"), chat.All)
		time.Sleep(time.Minute)
		require.Empty(t, ann.take())
		back.Leave()
		synctest.Wait()
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
	})
}

// Two nodes may hold one member under its old and its new name; renewals must not fight over it,
// nor those that are made again because the store was away.
func TestRenewalsDoNotChangeAName(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		subscribe(t, n, session("Bob"), chat.All)
		renamed := session("Bob")
		renamed.Name = "Robert"
		subscribe(t, other, renamed, chat.All)
		synctest.Wait()
		var version int64
		s.Do(lobby, func(r *chattest.Room) { version = r.Version })
		time.Sleep(time.Minute)
		s.SetAway(true)
		time.Sleep(chat.RenewEvery + 5*time.Second) // each renewal has failed
		s.SetAway(false)
		time.Sleep(2 * time.Minute)
		s.Do(lobby, func(r *chattest.Room) {
			require.Equal(t, version, r.Version)
			require.Equal(t, "Robert", r.Members["id-Bob"].Name)
		})
	})
}

// Arrivals one after the other, each later than the store answers, share calls as well.
func TestASteadyStormIsPaced(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		began := time.Now()
		for i := range 300 {
			go func() {
				_, err := n.Subscribe(t.Context(), session(strconv.Itoa(i)), lobby, chat.All, &recorder{})
				require.NoError(t, err)
			}()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		s.Do(lobby, func(r *chattest.Room) { require.Len(t, r.Members, 300) })
		require.LessOrEqual(t, s.Calls("hold"), 5+int(time.Since(began)/(100*time.Millisecond)))
	})
}

func TestAGuestLeavesWithItsStream(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		guest := session("guest")
		guest.Guest = true
		_, sub := subscribe(t, n, guest, chat.All)
		sub.Close()
		synctest.Wait()
		require.Equal(t, []string{"<welcome>", "<live>", "<joined guest>", "<left guest>"}, texts(ann.take()))
	})
}

func TestLeaveEndsAllStreamsOrOne(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		defer func() { require.NoError(t, other.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		one, oneSub := subscribe(t, n, session("Bob"), chat.All)
		two, _ := subscribe(t, other, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		require.NoError(t, n.Leave(t.Context(), session("Bob"), lobby, oneSub.Stream()))
		synctest.Wait()
		require.ErrorIs(t, one.err(), chat.ErrLeft)
		require.NoError(t, two.err())
		require.Empty(t, ann.take())
		require.NoError(t, n.Leave(t.Context(), session("Bob"), lobby, ""))
		synctest.Wait()
		require.ErrorIs(t, two.err(), chat.ErrLeft, "also on another node")
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
		snapshot, err := n.Members(t.Context(), chat.Principal{}, lobby)
		require.NoError(t, err)
		require.Len(t, snapshot.Members, 1)
	})
}

func TestLeavingAfterTheStreamEnded(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		bob.Close()
		require.NoError(t, n.Leave(t.Context(), session("Bob"), lobby, bob.Stream()))
		synctest.Wait()
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
	})
}

func TestANodeThatDiesLosesItsMembersWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		// The dead node's member: a lease that nobody renews.
		_, err := s.Node("dead").Hold(t.Context(), lobby, []chat.Member{member("Bob")}, chat.Admission{})
		require.NoError(t, err)
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		require.Len(t, ann.take()[0].(chat.Welcome).Roster.Members, 2)
		time.Sleep(59 * time.Second)
		require.Empty(t, ann.take())
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
	})
}

func TestANodeThatStopsWellLosesThemAfterTheGrace(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		other := s.NewNode("b", chat.Options{})
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		subscribe(t, other, session("Bob"), chat.All)
		subscribe(t, other, session("Cid"), chat.All)
		synctest.Wait()
		ann.take()
		require.NoError(t, other.Close(t.Context()))
		time.Sleep(5 * time.Second)
		require.Empty(t, ann.take())
		subscribe(t, n, session("Cid"), chat.All) // comes back in time
		time.Sleep(6 * time.Second)
		require.Equal(t, []string{"<left Bob>"}, texts(ann.take()))
	})
}

// The store may lose all leases, and a node may be stopped for longer than a lease: who is
// connected is present again.
func TestLostLeasesAreTakenAgain(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		subscribe(t, n, session("Ann"), chat.All)
		subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		s.Do(lobby, func(r *chattest.Room) {
			clear(r.Members)
			clear(r.Leases)
		})
		time.Sleep(21 * time.Second)
		snapshot, err := n.Members(t.Context(), chat.Principal{}, lobby)
		require.NoError(t, err)
		require.Len(t, snapshot.Members, 2)
	})
}

// It is not waited for the next renewal, once the node has heard of it.
func TestLostLeasesAreTakenAgainAtOnce(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *chattest.Store){
		"the store has forgotten them": func(t *testing.T, s *chattest.Store) {
			s.CutFeed(true)
			s.Do(lobby, func(r *chattest.Room) {
				clear(r.Members)
				clear(r.Leases)
			})
			s.MendFeed(true)
		},
		"another node has found them lapsed": func(t *testing.T, s *chattest.Store) {
			s.Do(lobby, func(r *chattest.Room) {
				for lease := range r.Leases {
					r.Leases[lease] = time.Now()
				}
			})
			_, err := s.Node("b").Members(t.Context(), lobby)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
				ann, _ := subscribe(t, n, session("Ann"), chat.All)
				subscribe(t, n, session("Bob"), chat.All)
				time.Sleep(5 * time.Second) // what the store was asked for by their coming is long over
				ann.take()
				lose(t, s)
				time.Sleep(time.Second)
				s.Do(lobby, func(r *chattest.Room) {
					require.Len(t, r.Members, 2)
					require.Len(t, r.Leases, 2)
				})
				shown := map[string]bool{}
				for _, b := range ann.take() {
					switch b := b.(type) {
					case chat.RosterEvent:
						clear(shown)
						for _, m := range b.Members {
							shown[m.Name] = true
						}
					case chat.Joined:
						shown[b.Member.Name] = true
					case chat.Left:
						delete(shown, b.Member.Name)
					}
				}
				require.Equal(t, map[string]bool{"Ann": true, "Bob": true}, shown)
				calls := s.Calls("hold")
				time.Sleep(chat.RenewEvery / 2)
				require.Equal(t, calls, s.Calls("hold"), "once is enough")
			})
		})
	}
}

// A node's own release is no loss: who has left and comes back at once is held once.
func TestOnesOwnReleaseIsNoLoss(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.All)
		time.Sleep(5 * time.Second)
		calls := s.Calls("hold")
		s.DelayFeed("a")
		bob.Leave()
		synctest.Wait()
		again := make(chan error, 1)
		go func() {
			_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, &recorder{})
			again <- err
		}()
		time.Sleep(time.Second)
		s.CatchUp("a")
		require.NoError(t, <-again)
		time.Sleep(5 * time.Second)
		require.Equal(t, calls+1, s.Calls("hold"))
	})
}

// Whose stream could not be opened was never there: nobody is told of its coming when the store is
// back.
func TestWhoWasNotLetInHasNotCome(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		synctest.Wait()
		ann.take()
		s.SetAway(true)
		_, err := n.Subscribe(t.Context(), session("Bob"), lobby, chat.All, &recorder{})
		require.ErrorIs(t, err, chat.ErrUnavailable)
		s.SetAway(false)
		time.Sleep(time.Minute)
		require.Empty(t, ann.take())
	})
}

// A store that has been read again is told of leases at once, or when a call under way has got no
// answer: a grace may be about to end on the member's former node.
func TestLeasesAreTakenAsSoonAsTheStoreIsBack(t *testing.T) {
	for away := range 40 {
		inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
			other := s.NewNode("b", chat.Options{})
			defer func() { require.NoError(t, other.Close(t.Context())) }()
			ann, _ := subscribe(t, n, session("Ann"), chat.All)
			_, former := subscribe(t, other, session("Bob"), chat.All)
			synctest.Wait()
			ann.take()
			former.Close()
			s.SetAway(true)
			subscribe(t, n, session("Bob"), chat.All)
			time.Sleep(4*time.Second + time.Duration(away)*100*time.Millisecond)
			s.CutFeed(true)
			s.SetAway(false)
			s.MendFeed(true)
			time.Sleep(2100 * time.Millisecond) // a call's two seconds, and the first retry
			held := false
			s.Do(lobby, func(r *chattest.Room) {
				_, held = r.Leases[chattest.Lease{Member: "id-Bob", Node: "a"}]
			})
			require.True(t, held, "away for 4 s and %d00 ms", away)
			time.Sleep(time.Minute)
			require.Empty(t, ann.take(), "Bob has not left")
		})
	}
}

func TestAMissedChangeIsNoticedByItsVersion(t *testing.T) {
	inLobby(t, func(t *testing.T, s *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		ann.take()
		s.CutFeed(false)
		_, err := s.Node("b").Hold(t.Context(), lobby, []chat.Member{member("Bob")}, chat.Admission{})
		require.NoError(t, err)
		s.MendFeed(false)
		_, err = s.Node("b").Hold(t.Context(), lobby, []chat.Member{member("Cid")}, chat.Admission{})
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, []string{"<members 3>"}, texts(ann.take()))
	})
}

func TestLargeRoomsAreFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := chattest.New(chattest.Options{})
		n := s.NewNode("a", chat.Options{FoldAbove: 10})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		for i := range 20 {
			subscribe(t, n, session(strconv.Itoa(i)), chat.All)
		}
		synctest.Wait()
		ann.take()
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"<members 21>"}, texts(ann.take()), "a burst is one event")
		late, _ := subscribe(t, n, session("late"), chat.All)
		welcome := late.take()[0].(chat.Welcome)
		require.Nil(t, welcome.Roster.Members)
		require.Equal(t, 22, welcome.Roster.Count)
	})
}

func TestTypingIsShownEveryThreeSeconds(t *testing.T) {
	inLobby(t, func(t *testing.T, _ *chattest.Store, n *chat.Node) {
		ann, _ := subscribe(t, n, session("Ann"), chat.All)
		subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		ann.take()
		for range 50 {
			require.NoError(t, n.Typing(t.Context(), session("Bob"), lobby))
			require.NoError(t, n.Typing(t.Context(), session("somebody else"), lobby))
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		require.Equal(t, []string{"<typing Bob>", "<typing Bob>"}, texts(ann.take()))
	})
}
