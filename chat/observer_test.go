package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
)

// told is an observer that writes down what it is told.
type told struct {
	mu  sync.Mutex
	all []string
}

func (o *told) add(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, fmt.Sprintf(format, args...))
}

func (o *told) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.all
	o.all = nil
	return all
}

func (o *told) Posted(room chat.RoomID, kind chat.Kind, repeated bool) {
	o.add("posted %s %v", kind, repeated)
}
func (o *told) Delivered(_ chat.RoomID, events, readers int) {
	o.add("delivered %d to %d", events, readers)
}
func (o *told) Refused(_ chat.RoomID, what chat.Action, why error) {
	o.add("refused %s: %v", what, errors.Is(why, chat.ErrNotAllowed))
}
func (o *told) Reset(_ chat.RoomID, why chat.ResetReason, readers int) {
	o.add("reset %s %d", why, readers)
}
func (o *told) Came(_ chat.RoomID, transport string, resumed bool) {
	o.add("came %s %v", transport, resumed)
}
func (o *told) Went(_ chat.RoomID, transport string, why error) { o.add("went %s %v", transport, why) }
func (o *told) Called(call string, took time.Duration, err error) {
	o.add("called %s in %s: %v", call, took, errors.Is(err, chat.ErrUnavailable))
}
func (o *told) Followed(_ chat.RoomID, on bool) { o.add("followed %v", on) }

func (o *told) Present(transport string, by int) { o.add("present %s %+d", transport, by) }
func (o *told) Changed(from, to string)          { o.add("changed %s to %s", from, to) }

func TestAnObserverIsToldWhoIsPresent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, members := chattest.New(chattest.Options{}), &told{}
		n := s.NewNode("a", chat.Options{Observer: chat.Observer{Members: members}})
		_, first := subscribe(t, n, session("Ann"), chat.Start{Transport: "ws"})
		_, second := subscribe(t, n, session("Ann"), chat.Start{Transport: "ws"})
		require.Equal(t, []string{"present ws +1"}, members.take(), "two streams are one member")

		_, third := subscribe(t, n, session("Ann"), chat.Start{Transport: "sse"})
		require.Equal(t, []string{"present ws -1", "present sse +1", "changed ws to sse"}, members.take())
		require.Equal(t, 1, n.OpenRooms())

		first.Close()
		second.Close()
		third.Close()
		time.Sleep(5 * time.Second) // within the grace
		synctest.Wait()
		require.Empty(t, members.take())
		_, poll := subscribe(t, n, session("Ann"), chat.Start{Transport: "poll"})
		require.Equal(t, []string{"present sse -1", "present poll +1", "changed sse to poll"}, members.take())
		poll.Close()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"present poll -1"}, members.take(), "it has left")

		subscribe(t, n, session("Bob"), chat.Start{Transport: "ws"})
		require.Equal(t, []string{"present ws +1"}, members.take(), "nobody has known it by another")
		require.NoError(t, n.Close(t.Context()))
		require.Equal(t, []string{"present ws -1"}, members.take(), "the node holds nobody any more")
		require.Zero(t, n.OpenRooms())
	})
}

func (o *told) Handed(_ chat.RoomID, events []*chat.Event, readers int, began, ended time.Time) {
	o.add("handed %d to %d: %v", len(events), readers, !ended.Before(began))
}

func TestAnObserverIsToldWhatIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := &told{}, &told{}
		n := chattest.New(chattest.Options{}).NewNode("a", chat.Options{
			Observer: chat.Observers(chat.Observer{Deliveries: one}, chat.Observer{Deliveries: other}),
		})
		subscribe(t, n, session("Ann"), chat.All)
		subscribe(t, n, session("Bob"), chat.All)
		synctest.Wait()
		one.take()
		say(t, n, "hello")
		synctest.Wait()
		require.Equal(t, []string{"handed 1 to 2: true"}, one.take())
		require.Contains(t, other.take(), "handed 1 to 2: true")
		require.NoError(t, n.Close(t.Context()))
	})
}

func TestAnObservedStoreStillTellsOfSlowMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := chattest.New(chattest.Options{}).NewNode("a", chat.Options{Observer: chat.Observer{Store: &told{}}})
		_, _, err := n.Own(t.Context(), olga, lobby, chat.OwnRequest{New: true})
		require.NoError(t, err)
		_, err = n.ChangeSettings(t.Context(), olga, lobby, patch(t, `{"slowMode":30}`), nil)
		require.NoError(t, err)
		say(t, n, "one") // as Ann
		var slow *chat.SlowModeError
		require.ErrorAs(t, n.HasToWait(t.Context(), session("Ann"), lobby), &slow)
		require.NoError(t, n.Close(t.Context()))
	})
}

// posting is an observer of posts that gives them something in their context.
type posting struct {
	told
	key string
}

func (o *posting) Posting(
	ctx context.Context, who chat.Principal, room chat.RoomID, d chat.Draft,
) (context.Context, func(chat.Entry, bool, error)) {
	o.add("begins %s in %s: %s", d.Kind(), room, who.Name)
	return context.WithValue(ctx, o, o.key), func(e chat.Entry, repeated bool, err error) {
		o.add("ended %v %v %v", !e.ID.IsZero(), repeated, err)
	}
}

// asked is a policy that says what is in the context.
type asked struct{ of, and *posting }

func (p asked) Decide(ctx context.Context, _ chat.Principal, _ chat.RoomID, _ chat.Action) error {
	if ctx.Value(p.of) != p.of.key || ctx.Value(p.and) != p.and.key {
		return errors.New("the context is another one")
	}
	return nil
}

func TestAnObserverIsToldOfPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := &posting{key: "one"}, &posting{key: "other"}
		n := chattest.New(chattest.Options{}).NewNode("a", chat.Options{
			Policy: asked{one, other}, Observer: chat.Observers(chat.Observer{Posts: one}, chat.Observer{Posts: other}),
		})
		say(t, n, "hello")
		_, _, err := n.Post(t.Context(), session("Bob"), lobby, chat.Draft{Payload: chat.Message{}})
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		want := []string{"begins message in lobby: Ann", "ended true false <nil>", "begins message in lobby: Bob", "ended false false text is empty"}
		require.Equal(t, want, one.take())
		require.Equal(t, want, other.take())
		require.NoError(t, n.Close(t.Context()))
	})
}

func TestAnObserverIsToldWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, rooms, subscribers, store := chattest.New(chattest.Options{}), &told{}, &told{}, &told{}
		n := s.NewNode("a", chat.Options{
			Policy:   refusing{"id-Eve", chat.ActionPost, chat.ErrNotAllowed},
			Observer: chat.Observer{Rooms: rooms, Subscribers: subscribers, Store: store},
		})
		s.SetSlow(5 * time.Millisecond)
		subscribe(t, n, session("Ann"), chat.All)
		_, bob := subscribe(t, n, session("Bob"), chat.Start{Transport: "sse"})
		synctest.Wait()
		require.Contains(t, store.take(), "called read in 5ms: false")
		require.Equal(t, []string{"came ws false", "came sse false"}, subscribers.take())
		rooms.take()

		first := say(t, n, "hello")
		synctest.Wait()
		_, repeated, err := n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "again"}, Key: "k"})
		require.NoError(t, err)
		require.False(t, repeated)
		synctest.Wait()
		require.ElementsMatch(t, []string{ // its readers may have it before its sender is answered
			"posted message false", "delivered 1 to 2", "posted message false", "delivered 1 to 2",
		}, rooms.take())
		_, _, err = n.Post(t.Context(), session("Eve"), lobby, chat.Draft{Payload: chat.Message{Text: "no"}})
		require.ErrorIs(t, err, chat.ErrNotAllowed)
		require.Equal(t, []string{"refused post: true"}, rooms.take())

		bob.Close()
		subscribe(t, n, session("Bob"), chat.Start{Resume: true, After: first.ID})
		subscribe(t, n, session("Cid"), chat.Start{Resume: true, After: chat.Cursor{Seq: 1, Tag: 7}})
		require.Equal(t, []string{"went sse <nil>", "came ws true", "came ws false"}, subscribers.take())
		require.Contains(t, rooms.take(), "reset rewritten 1")

		store.take()
		s.SetAway(true)
		_, _, err = n.Post(t.Context(), session("Ann"), lobby, chat.Draft{Payload: chat.Message{Text: "lost"}})
		require.ErrorIs(t, err, chat.ErrUnavailable)
		require.Contains(t, store.take(), "called append in 2s: true")
		s.SetAway(false)
		s.CutFeed(true)
		synctest.Wait()
		s.MendFeed(true)
		synctest.Wait()
		require.NoError(t, n.Close(t.Context()))
		var followed []string
		for _, what := range store.take() {
			if what[:8] == "followed" {
				followed = append(followed, what)
			}
		}
		require.Equal(t, []string{"followed false", "followed true", "followed false"}, followed)
		require.Equal(t, []string{
			"went ws the node is going away", "went ws the node is going away", "went ws the node is going away",
		}, subscribers.take())
	})
}
