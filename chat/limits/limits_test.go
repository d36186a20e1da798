package limits

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

func session(name, network string) chat.Principal {
	return chat.Principal{ID: chat.MemberID(name), LimitKey: name, NetworkKey: network}
}

func guest(network string) chat.Principal {
	return chat.Principal{ID: "g", Guest: true, LimitKey: network, NetworkKey: network}
}

func parsed(t testing.TB, text string) Set {
	t.Helper()
	set, err := Parse(text)
	require.NoError(t, err)
	return set
}

// fast is how often somebody may do something that is tried without a pause.
func fast(t testing.TB, p chat.Policy, who chat.Principal, what chat.Action) (n int, last *chat.LimitError) {
	t.Helper()
	for ; n < 10_000; n++ {
		err := p.Decide(context.Background(), who, "lobby", what)
		if errors.As(err, &last) {
			return n, last
		}
		require.NoError(t, err)
	}
	return n, nil
}

// TestAFlood is what somebody can do who does it as fast as they can, on two nodes and under
// whatever action.
func TestAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		a := New(store.Node("a"), Defaults()).Policy(chat.Open{})
		b := New(store.Node("b"), Defaults()).Policy(chat.Open{})
		ann := session("ann", "192.0.2.1")
		require.NoError(t, a.Decide(t.Context(), ann, "lobby", chat.ActionPost))
		require.NoError(t, b.Decide(t.Context(), ann, "lobby", chat.ActionEdit))
		time.Sleep(3 * time.Second) // both hold some; the bucket has been filled meanwhile
		done := 0
		var limit *chat.LimitError
		for range 3000 {
			for _, p := range []chat.Policy{a, b} {
				if err := p.Decide(t.Context(), ann, "lobby", chat.ActionPost); err == nil {
					done++
				} else {
					require.ErrorAs(t, err, &limit)
				}
			}
		}
		assert.Equal(t, 100, done)
		assert.InDelta(t, 200*time.Millisecond, limit.RetryAfter, float64(50*time.Millisecond))
		assert.Equal(t, "messages", limit.Name)
		assert.Equal(t, chat.Bucket{Burst: 100, PerSecond: 5}, limit.Bucket)
		require.NoError(t, a.Decide(t.Context(), session("bob", "192.0.2.1"), "lobby", chat.ActionPost), "others go on")
		require.NoError(t, a.Decide(t.Context(), guest("192.0.2.1"), "lobby", chat.ActionPost))
		calls := store.Calls("tokens")
		for range 1000 {
			require.Error(t, a.Decide(t.Context(), ann, "lobby", chat.ActionPost))
		}
		assert.Equal(t, calls, store.Calls("tokens"), "what is known to be too much costs the store nothing")
		time.Sleep(limit.RetryAfter)
		require.NoError(t, b.Decide(t.Context(), ann, "lobby", chat.ActionPost))
	})
}

// TestWhoTypesIsNeverRefused: at the rate that is allowed, on whatever node, for hours.
func TestWhoTypesIsNeverRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		nodes := []chat.Policy{
			New(store.Node("a"), Defaults()).Policy(chat.Open{}), New(store.Node("b"), Defaults()).Policy(chat.Open{}),
		}
		for _, every := range []time.Duration{210 * time.Millisecond, time.Second, 4 * time.Second, 11 * time.Second} {
			for i := range 1000 {
				require.NoError(t, nodes[i/7%2].Decide(t.Context(), session("ann", "x"), "lobby", chat.ActionPost), every)
				time.Sleep(every)
			}
		}
		assert.Less(t, store.Calls("tokens"), 2*4000)
	})
}

func TestPostsShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		p := New(store.Node("a"), Defaults()).Policy(chat.Open{})
		for range 100 {
			require.NoError(t, p.Decide(t.Context(), session("ann", "x"), "lobby", chat.ActionPost))
		}
		assert.LessOrEqual(t, store.Calls("tokens"), 12, "ten for the session, and two for the address")
	})
}

// TestNeverMoreThanTheBucketAllows: whatever nodes do at whatever time, in every stretch of time
// they allow no more than the burst and what has come back.
func TestNeverMoreThanTheBucketAllows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := chat.Bucket{Burst: rapid.IntRange(1, 60).Draw(r, "burst"), PerSecond: rapid.Float64Range(0.05, 20).Draw(r, "rate")}
		set := Set{map[place]chat.Bucket{{Messages, person}: b}}
		type step struct {
			node, times int
			then        time.Duration
		}
		steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
			return step{rapid.IntRange(0, 2).Draw(r, "node"), rapid.IntRange(1, 30).Draw(r, "times"), time.Duration(rapid.IntRange(0, 15_000).Draw(r, "ms")) * time.Millisecond}
		}), 1, 40).Draw(r, "steps")
		var allowed []time.Time
		synctest.Test(t, func(*testing.T) {
			store := chattest.New(chattest.Options{})
			var nodes []*Limits
			for _, name := range []string{"a", "b", "c"} {
				nodes = append(nodes, New(store.Node(name), set))
			}
			for _, s := range steps {
				for range s.times {
					if nodes[s.node].Take(context.Background(), Messages, session("ann", ""), 1) == nil {
						allowed = append(allowed, time.Now())
					}
				}
				time.Sleep(s.then)
			}
		})
		for i := range allowed {
			for j := i; j < len(allowed); j++ {
				most := float64(b.Burst) + b.PerSecond*allowed[j].Sub(allowed[i]).Seconds() + 1e-6
				if n := j - i + 1; float64(n) > most {
					r.Fatalf("%d in %v, of %+v", n, allowed[j].Sub(allowed[i]), b)
				}
			}
		}
	})
}

func TestAnOfficeBehindOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		for i := range 300 { // within ten seconds, each with a session, and saying hello
			who := session(fmt.Sprint(i), "192.0.2.1")
			for _, what := range []chat.Action{chat.ActionSignIn, chat.ActionHistory, chat.ActionSubscribe, chat.ActionPost} {
				asks := who
				if what == chat.ActionSignIn {
					asks = guest("192.0.2.1")
				}
				require.NoError(t, p.Decide(t.Context(), asks, "lobby", what))
			}
			time.Sleep(33 * time.Millisecond)
		}
		n, _ := fast(t, p, guest("192.0.2.1"), chat.ActionSubscribe)
		assert.LessOrEqual(t, n, 2000, "but there is an end")
		n, _ = fast(t, p, guest("192.0.2.2"), chat.ActionPost)
		assert.Equal(t, 100, n)
		n, _ = fast(t, p, guest("192.0.2.2"), chat.ActionPost)
		assert.Zero(t, n, "a new name or none makes no new guest")
	})
}

// TestAnOfficeThatComesBack: when a node restarts, all of them come with all their rooms.
func TestAnOfficeThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		for i := range 200 {
			who := session(fmt.Sprint(i), "192.0.2.1")
			require.NoError(t, p.DecideTimes(t.Context(), who, "lobby", chat.ActionSubscribe, 10))
		}
		for range 60 { // and then one on a bad line
			time.Sleep(2 * time.Second)
			require.NoError(t, p.DecideTimes(t.Context(), session("ann", "192.0.2.1"), "lobby", chat.ActionSubscribe, 10))
		}
	})
}

func TestAllOfAnAddressTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), parsed(t, "messages.address=150/1")).Policy(chat.Open{})
		n, _ := fast(t, p, session("ann", "x"), chat.ActionPost)
		assert.Equal(t, 100, n)
		n, limit := fast(t, p, session("bob", "x"), chat.ActionPost)
		assert.Equal(t, 50, n, "what Ann was refused did not count for others")
		assert.Equal(t, "messages.address", limit.Name)
		n, _ = fast(t, p, session("carl", "y"), chat.ActionPost)
		assert.Equal(t, 100, n)
	})
}

// Whoever makes many sessions fills no room's reports, of which there are 200 at most.
func TestReportsOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		all := 0
		for i := range 20 {
			n, limit := fast(t, p, session(fmt.Sprint("s", i), "x"), chat.ActionReport)
			all += n
			assert.Contains(t, []string{"reports", "reports.address"}, limit.Name)
		}
		assert.Equal(t, 30, all)
		n, _ := fast(t, p, session("honest", "y"), chat.ActionReport)
		assert.Equal(t, 10, n)
	})
}

func TestWhoIsBoundedOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		ann := session("ann", "x")
		ann.Role = chat.RoleModerator
		n, _ := fast(t, p, ann, chat.ActionPost)
		assert.Equal(t, 500, n, "in her room")
		most := 500
		for i := range 20 { // who makes many rooms
			for err := error(nil); err == nil; most++ {
				err = p.Decide(t.Context(), ann, chat.RoomID(fmt.Sprint(i)), chat.ActionPost)
			}
			most--
		}
		assert.Equal(t, 5000, most, "in all rooms, of all moderators of one address")
		ann.Role = chat.RoleMember
		n, _ = fast(t, p, ann, chat.ActionPost)
		assert.Equal(t, 100, n, "in others")
		program := session("token-1", "x")
		program.Via = chat.ViaToken
		n, _ = fast(t, p, program, chat.ActionPost)
		assert.Equal(t, 50, n)
		operator := session("operator", "x")
		operator.Role = chat.RoleOperator
		n, _ = fast(t, p, operator, chat.ActionPost)
		assert.Equal(t, 10_000, n)
		n, _ = fast(t, p, ann.Uncounted(), chat.ActionPost)
		assert.Equal(t, 10_000, n)
	})
}

func TestANodeThatIsFull(t *testing.T) {
	l := New(chattest.New(chattest.Options{}).Node("a"), Set{})
	full := 0.99
	l.Watch(func() float64 { return full })
	p := l.Policy(chat.Open{})
	decide := func(what chat.Action) error { return p.Decide(t.Context(), session("ann", "x"), "lobby", what) }
	require.NoError(t, decide(chat.ActionSubscribe))
	full = 1
	for _, what := range []chat.Action{chat.ActionSubscribe, chat.ActionSignIn, chat.ActionCreate, chat.ActionPush, chat.ActionLink, chat.ActionRead, chat.ActionEnter} {
		require.ErrorIs(t, decide(what), chat.ErrFull, what)
	}
	require.NoError(t, decide(chat.ActionPost), "who is there goes on")
	full = 1.3
	require.ErrorIs(t, decide(chat.ActionPost), chat.ErrFull)
	require.NoError(t, decide(chat.ActionHistory))
}

// TestNewRooms: the first message where nothing is kept counts as a room, others do not.
func TestNewRooms(t *testing.T) {
	store := chattest.New(chattest.Options{})
	n := store.NewNode("a", chat.Options{Policy: New(store.Node("a"), parsed(t, "rooms=3/1/h")).Policy(chat.Open{})})
	defer func() { require.NoError(t, n.Close(context.Background())) }()
	ann := session("ann", "x")
	ann.Name = "Ann"
	say := func(room string) error {
		_, _, err := n.Post(t.Context(), ann, chat.RoomID(room), chat.Draft{Payload: chat.Message{Text: "hello"}})
		return err
	}
	for i := range 3 {
		require.NoError(t, say(fmt.Sprint("room-", i)))
	}
	var limit *chat.LimitError
	require.ErrorAs(t, say("room-3"), &limit)
	assert.Equal(t, "rooms", limit.Name)
	for i := range 30 {
		require.NoError(t, say(fmt.Sprint("room-", i%3)), "where something is kept")
	}
	kept, err := store.Node("a").Read(t.Context(), "room-3")
	require.NoError(t, err)
	assert.Empty(t, kept.Entries)
}

// A list of a session's rooms takes many calls to the store: it counts, the more so the more there are.
func TestWhoAsksForItsRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		n := store.NewNode("a", chat.Options{Policy: New(store.Node("a"), parsed(t, "reads=30/1/h")).Policy(chat.Open{})})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		ask := func(who chat.Principal) (times int) {
			for ; times < 100; times++ {
				_, err := n.Rooms(t.Context(), who)
				var limit *chat.LimitError
				if errors.As(err, &limit) {
					assert.Equal(t, "reads", limit.Name)
					return times
				}
				require.NoError(t, err)
			}
			return times
		}
		assert.Equal(t, 30, ask(session("bob", "y")))
		ann := session("ann", "x")
		for i := range 40 {
			_, err := store.Node("a").MoveMark(t.Context(), chat.RoomID(fmt.Sprint("room-", i)), ann.ID, chat.Cursor{}, chat.Cursor{})
			require.NoError(t, err)
		}
		assert.Equal(t, 10, ask(ann))
		var limit *chat.LimitError
		require.ErrorAs(t, n.Forget(t.Context(), ann, "room-1"), &limit)
	})
}

// A search keeps a processor busy for much longer than a read.
func TestSearchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		n := store.NewNode("a", chat.Options{Policy: New(store.Node("a"), Defaults()).Policy(chat.Open{})})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		all := 0
		for i := range 10 {
			var limit *chat.LimitError
			for limit == nil && all <= 200 {
				if _, err := n.SearchHistory(t.Context(), session(fmt.Sprint("s", i), "x"), "lobby"); !errors.As(err, &limit) {
					require.NoError(t, err)
					all++
				}
			}
			require.NotNil(t, limit)
			assert.Contains(t, []string{"searches", "searches.address"}, limit.Name)
		}
		assert.Equal(t, 200, all)
		_, err := n.History(t.Context(), session("s1", "x"), "lobby")
		require.NoError(t, err, "reads have limits of their own")
	})
}

// hashed are passwords that are kept as they are.
type hashed struct{ times int }

func (h *hashed) Hash(_ context.Context, password string) (string, error) {
	h.times++
	return password, nil
}

func (h *hashed) Matches(_ context.Context, hash, password string) (bool, error) {
	return hash == password, nil
}

// Whoever has many rooms has no more passwords hashed than others: that keeps processors busy.
func TestWhoGivesRoomsPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, passwords := chattest.New(chattest.Options{}), &hashed{}
		n := store.NewNode("a", chat.Options{Policy: New(store.Node("a"), Defaults()).Policy(chat.Open{}), Passwords: passwords})
		defer func() { require.NoError(t, n.Close(t.Context())) }()
		refused := 0
		for i := range 10 {
			ann := session(fmt.Sprint("ann-", i), "x")
			ann.Name, ann.Client = "Ann", string(ann.ID)
			for range 3 {
				room := chat.NewRoomID()
				_, _, err := n.Own(t.Context(), ann, room, chat.OwnRequest{New: true})
				require.NoError(t, err)
				for j := range 10 {
					patch := chat.SettingsPatch{"password": []byte(fmt.Sprintf(`"secret-%d"`, j))}
					_, err := n.ChangeSettings(t.Context(), ann, room, patch, nil)
					var limit *chat.LimitError
					if errors.As(err, &limit) {
						assert.Contains(t, limit.Name, "new-passwords")
						refused++
						continue
					}
					require.NoError(t, err)
				}
				_, err = n.ChangeSettings(t.Context(), ann, room, chat.SettingsPatch{"password": []byte("null"), "topic": []byte(`"tea"`)}, nil)
				require.NoError(t, err, "what has no password in it is not counted so")
			}
		}
		assert.Equal(t, 100, passwords.times)
		assert.Equal(t, 200, refused)
	})
}

func TestManyRoomsCountTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		ann := session("ann", "x")
		for range 2 {
			require.NoError(t, p.DecideTimes(t.Context(), ann, "lobby", chat.ActionSubscribe, 64))
		}
		var limit *chat.LimitError
		require.ErrorAs(t, p.DecideTimes(t.Context(), ann, "lobby", chat.ActionSubscribe, 64), &limit)
		assert.InDelta(t, 12.4, limit.RetryAfter.Seconds(), 1)
		require.NoError(t, p.DecideTimes(t.Context(), ann, "lobby", chat.ActionSubscribe, 1), "one is not too much")
		require.NoError(t, p.DecideTimes(t.Context(), ann, "lobby", chat.ActionSubscribe, 0))
		time.Sleep(limit.RetryAfter + time.Second)
		require.NoError(t, p.DecideTimes(t.Context(), ann, "lobby", chat.ActionSubscribe, 64))
	})
}

func TestAStoreThatIsAwayRefusesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		p := New(store.Node("a"), Defaults()).Policy(chat.Open{})
		store.SetAway(true)
		began := time.Now()
		n, _ := fast(t, p, session("ann", "x"), chat.ActionPost)
		assert.Equal(t, 10_000, n)
		assert.LessOrEqual(t, time.Since(began), 2*storeTime, "it is not asked each time")
		store.SetAway(false)
		time.Sleep(awayTime)
		n, _ = fast(t, p, session("ann", "x"), chat.ActionPost)
		assert.Equal(t, 100, n)
	})
}

func TestWhoGivesUpSpoilsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(chattest.New(chattest.Options{}).Node("a"), Defaults()).Policy(chat.Open{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, p.Decide(ctx, session("ann", "x"), "lobby", chat.ActionPost))
		n, _ := fast(t, p, session("ann", "x"), chat.ActionPost)
		assert.Equal(t, 99, n)
	})
}

func TestWrongGuessesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(chattest.New(chattest.Options{}).Node("a"), Defaults())
		right := func() (bool, error) { return true, nil }
		wrong := func() (bool, error) { return false, nil }
		for range 300 { // an office
			ok, err := l.Guess(t.Context(), guest("x"), "lobby", right)
			require.NoError(t, err)
			require.True(t, ok)
		}
		_, err := l.Guess(t.Context(), guest("x"), "lobby", func() (bool, error) { return false, chat.ErrUnavailable })
		require.ErrorIs(t, err, chat.ErrUnavailable)
		var limit *chat.LimitError
		looked := 0
		for range 100 {
			_, err = l.Guess(t.Context(), guest("x"), "lobby", func() (bool, error) { looked++; return wrong() })
		}
		require.ErrorAs(t, err, &limit)
		assert.Equal(t, 10, looked)
		assert.InDelta(t, 30, limit.RetryAfter.Seconds(), 1)
		_, err = l.Guess(t.Context(), session("ann", "x"), "kitchen", right)
		require.ErrorAs(t, err, &limit, "a session does not help, nor another room")
		for i := range 100 { // from many addresses
			_, err = l.Guess(t.Context(), guest(fmt.Sprint("y", i%10)), "lobby", wrong)
		}
		require.ErrorAs(t, err, &limit)
		assert.Equal(t, "passwords.room", limit.Name)
		_, err = l.Guess(t.Context(), guest("z"), "kitchen", right)
		require.NoError(t, err)
	})
}

// Whoever uses up what a room has of guesses keeps out nobody who knows the password, and gains no
// guesses by it; invites and owners' links, which nobody guesses, are not bounded by room at all.
func TestWhoGuessesKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		nodes := []*Limits{New(store.Node("a"), Defaults()), New(store.Node("b"), Defaults())}
		right := func() (bool, error) { return true, nil }
		looked := 0
		wrong := func() (bool, error) { looked++; return false, nil }
		attack := func(networks, times int) {
			for i := range networks * times {
				_, _ = nodes[i%2].Guess(t.Context(), guest(fmt.Sprint("bad ", i%networks)), "lobby", wrong)
			}
		}
		attack(6, 100)
		require.LessOrEqual(t, looked, 60)
		for i, l := range nodes {
			for range 20 {
				in, err := l.Guess(t.Context(), guest(fmt.Sprint("good ", i)), "lobby", right)
				require.NoError(t, err)
				require.True(t, in)
			}
			in, err := l.Guess(t.Context(), guest(fmt.Sprint("another ", i)), "", right)
			require.NoError(t, err, "an invite")
			require.True(t, in)
		}

		// A network that has failed has no more than the room, for an hour.
		var limit *chat.LimitError
		_, err := nodes[0].Guess(t.Context(), guest("mistypes"), "lobby", wrong)
		require.NoError(t, err)
		_, err = nodes[1].Guess(t.Context(), guest("mistypes"), "lobby", right)
		require.ErrorAs(t, err, &limit)
		require.Equal(t, "passwords.room", limit.Name)
		time.Sleep(time.Minute) // and the attackers' own share is there again
		before := looked
		attack(6, 100)
		require.LessOrEqual(t, looked-before, 12, "what the room has back in a minute")
		before = looked
		attack(500, 3)
		require.LessOrEqual(t, looked-before, 500, "a guess for each network")
	})
}

// A guess that comes with something that was counted by itself is a guess all the same.
func TestUncountedGuessesCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(chattest.New(chattest.Options{}).Node("a"), Defaults())
		looked := 0
		var limit *chat.LimitError
		for i := range 20 {
			_, err := l.Guess(t.Context(), session("ann", "x").Uncounted(), chat.RoomID(fmt.Sprint("r", i)), func() (bool, error) {
				looked++
				return false, nil
			})
			if err != nil {
				require.ErrorAs(t, err, &limit)
			}
		}
		assert.Equal(t, 10, looked)
	})
}

// TestRightGuessesDoNotCount: whatever time is between them, and whatever node looks at them.
func TestRightGuessesDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := chattest.New(chattest.Options{})
		nodes := []*Limits{New(store.Node("a"), Defaults()), New(store.Node("b"), Defaults())}
		for i := range 100 {
			ok, err := nodes[i%2].Guess(t.Context(), guest("x"), "lobby", func() (bool, error) { return true, nil })
			require.NoError(t, err)
			require.True(t, ok)
			time.Sleep(time.Duration(i%3) * 6 * time.Second)
		}
		time.Sleep(time.Hour)
		looked := 0
		for i := range 100 {
			_, _ = nodes[i%2].Guess(t.Context(), guest("x"), "lobby", func() (bool, error) { looked++; return false, nil })
		}
		assert.Equal(t, 10, looked, "and give nobody more tries")
	})
}

func TestGuessesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(chattest.New(chattest.Options{}).Node("a"), Defaults())
		var running sync.WaitGroup
		var wrong atomic.Int64
		for i := range 100 {
			running.Go(func() {
				_, err := l.Guess(t.Context(), guest("x"), "lobby", func() (bool, error) {
					time.Sleep(50 * time.Millisecond)
					if i%2 == 0 {
						wrong.Add(1)
					}
					return i%2 == 1, nil
				})
				if err != nil && !errors.As(err, new(*chat.LimitError)) {
					t.Error(err)
				}
			})
		}
		running.Wait()
		assert.LessOrEqual(t, wrong.Load(), int64(10))
		assert.Greater(t, wrong.Load(), int64(10-lookingAtOnce), "right ones have tokens only while they are looked at")
	})
}

// refuse is a policy that refuses everything.
type refuse struct{}

func (refuse) Decide(context.Context, chat.Principal, chat.RoomID, chat.Action) error {
	return chat.ErrNotAllowed
}

func TestTheNextPolicyDecides(t *testing.T) {
	p := New(chattest.New(chattest.Options{}).Node("a"), parsed(t, "messages=1/1/h")).Policy(refuse{})
	require.ErrorIs(t, p.Decide(t.Context(), guest("x"), "lobby", chat.ActionPost), chat.ErrNotAllowed)
	require.ErrorIs(t, p.Decide(t.Context(), guest("x"), "lobby", chat.ActionHistory), chat.ErrNotAllowed)
	require.ErrorAs(t, p.Decide(t.Context(), guest("x"), "lobby", chat.ActionPost), new(*chat.LimitError), "what is refused counts too")
}

func TestHoldsForgetWhoIsGone(t *testing.T) {
	l := New(chattest.New(chattest.Options{}).Node("a"), parsed(t, "messages=1/1/h"))
	require.NoError(t, l.Take(t.Context(), Messages, session("busy", ""), 1))
	for i := range 3 * maxHolds {
		require.NoError(t, l.Take(t.Context(), Messages, session(fmt.Sprint(i), ""), 1))
		if i%1000 == 0 {
			require.Error(t, l.Take(t.Context(), Messages, session("busy", ""), 1))
		}
	}
	assert.LessOrEqual(t, len(l.holds.new)+len(l.holds.old), 2*maxHolds)
}
