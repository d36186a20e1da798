package calls

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

// soon is more than a reconciliation takes, and less than until the next sweep.
const soon = 20 * time.Millisecond

// after lets time pass, and all that happens in it end.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func ids(ids ...chat.MemberID) []chat.MemberID { return append([]chat.MemberID{}, ids...) }

func TestWhoIsInIsSeen(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann", "bob")
		r.connect("ann")
		joined := time.Now()
		after(time.Second)
		r.do(func() { r.there = append(r.there, participant{"bob", false, time.Now(), false}) })
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, ids("ann"), r.inCall(), "bob is not connected yet")
		assert.Equal(t, incall.Value(joined), r.members[0].Attributes[incall.Key])

		r.do(func() { r.there[1].active = true })
		after(retryDelay)
		assert.Equal(t, ids("ann", "bob"), r.inCall(), "his absence is noticed")
		assert.Equal(t, incall.Value(joined), r.members[1].Attributes[incall.Key], "it is her call")

		r.disconnect("ann")
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, ids("bob"), r.inCall())
		assert.Empty(t, r.take())
	})
}

func TestSweepMakesUpForWhatNobodyTold(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		r.connect("ann")
		after(sweepEvery + soon)
		assert.Equal(t, ids("ann"), r.inCall())
		r.disconnect("ann") // and LiveKit has no such room any more
		after(sweepEvery + soon)
		assert.Empty(t, r.inCall())
	})
}

func TestOneNodeSweeps(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.do(func() { r.turns = false })
		r.open(time.Hour, "ann")
		r.connect("ann")
		asked := r.asked
		after(3 * sweepEvery)
		assert.Equal(t, asked, r.asked, "it is another node's turn")
		c.queue.add(lobby, 0)
		after(soon)
		require.Equal(t, ids("ann"), r.inCall())
		r.disconnect("ann")
		after(sweepEvery + soon)
		assert.Empty(t, r.inCall(), "each node looks after its own rooms")
	})
}

func TestPassIsLookedAfter(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		_, err := c.NewJoinToken(lobby, chat.Author{ID: "ann", Name: "Ann"})
		require.NoError(t, err)
		r.connect("ann")
		after(soonAfterToken + soon)
		assert.Equal(t, ids("ann"), r.inCall())
	})
}

func TestWhoLeavesTheRoomIsSentOut(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(0, "ann", "bob") // however young the roster is
		r.connect("ann")
		r.connect("bob")
		c.queue.add(lobby, 0)
		after(soon)
		_, err := c.Roster().Release(t.Context(), lobby, ids("ann"), 0)
		require.NoError(t, err)
		after(soon)
		assert.Equal(t, []string{"out ann"}, r.take())
		_, err = c.Roster().Release(t.Context(), lobby, ids("bob"), 0)
		require.NoError(t, err)
		after(soon)
		assert.Equal(t, []string{"close"}, r.take(), "the room has closed")
		after(leftFor + 2*sweepEvery)
		assert.Empty(t, c.departed, "it is forgotten in time")
	})
}

// Whoever comes back into the room at once is in its call only by joining it again.
func TestComingBackIsNotBeingInTheCall(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann", "bob")
		r.connect("ann")
		c.queue.add(lobby, 0)
		after(soon)
		_, err := c.Roster().Release(t.Context(), lobby, ids("ann"), 0)
		require.NoError(t, err)
		r.do(func() { r.enterLocked("ann") })
		after(soon)
		assert.Equal(t, []string{"out ann"}, r.take())
		assert.Empty(t, r.inCall())
		r.do(func() { r.there = append(r.there, participant{"ann", true, time.Now().Add(-time.Minute), false}) }) // by a slow clock
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, ids("ann"), r.inCall())
		assert.Empty(t, r.take())
	})
}

// A LiveKit that does not answer is asked again to send somebody out.
func TestSendingOutIsTriedAgain(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann", "bob")
		r.connect("ann")
		c.queue.add(lobby, 0)
		after(soon)
		r.do(func() { r.away = errors.New("nobody answers") })
		_, err := c.Roster().Release(t.Context(), lobby, ids("ann"), 0)
		require.NoError(t, err)
		after(2 * retryDelay)
		assert.Empty(t, r.take())
		r.do(func() { r.away = nil })
		after(retryDelay + soon)
		assert.Equal(t, []string{"out ann"}, r.take())
	})
}

func TestStrangersInAnOldRoomAreSentOutAtOnce(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "bob")
		r.connect("ann") // with a join token from before she left
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, []string{"out ann"}, r.take())
	})
}

// A roster that was lost fills again; nobody is sent out of a call meanwhile.
func TestLostRosterEndsNoCall(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.connect("ann")
		r.connect("bob")
		r.connect("cid")
		c.queue.add(lobby, 0)
		after(20 * time.Second)
		r.open(0, "ann")
		after(retryDelay)
		assert.Equal(t, ids("ann"), r.inCall(), "it is reconciled again until all are back")
		r.do(func() { r.enterLocked("bob") })
		after(retryDelay)
		assert.Equal(t, ids("ann", "bob"), r.inCall())
		assert.Empty(t, r.take())
		after(lostGrace)
		assert.Equal(t, []string{"out cid"}, r.take(), "who has not come back has left")
		assert.Empty(t, c.departed)
	})
}

func TestNobodyComesBackToALostRoster(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.connect("ann")
		c.queue.add(lobby, 0)
		after(lostGrace - time.Second)
		assert.Empty(t, r.take())
		after(retryDelay + 2*time.Second)
		assert.Equal(t, []string{"close"}, r.take())
	})
}

// Who comes while LiveKit answers is not taken for a stranger.
func TestRosterThatChangesMeanwhile(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "bob")
		r.connect("ann")
		r.do(func() {
			r.meddle = func() {
				r.do(func() {
					r.meddle = nil
					r.enterLocked("ann")
				})
			}
		})
		c.queue.add(lobby, 0)
		after(soon)
		assert.Empty(t, r.take())
		assert.Equal(t, ids("ann"), r.inCall())
	})
}

func TestRosterThatNeverRests(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		r.connect("ann")
		r.do(func() { r.meddle = func() { r.do(func() { r.version++ }) } })
		asked := r.asked
		c.queue.add(lobby, 0)
		after(soon)
		assert.Equal(t, asked+tries, r.asked)
		r.do(func() { r.meddle = nil })
		after(retryDelay)
		assert.Equal(t, ids("ann"), r.inCall())
	})
}

func TestLiveKitAwayEndsCalls(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		r.connect("ann")
		c.queue.add(lobby, 0)
		after(soon)
		r.do(func() { r.away = errors.New("nobody answers") })
		after(awayFor - time.Second)
		assert.Equal(t, ids("ann"), r.inCall(), "it may be back in a moment")
		after(sweepEvery + askAgain)
		assert.Empty(t, r.inCall())
		r.do(func() { r.away = nil })
		after(askAgain + soon)
		assert.Equal(t, ids("ann"), r.inCall(), "she has been in it all the time")
		assert.Empty(t, r.take())
	})
}

func TestAgenda(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newWorkQueue()
		a.add("a", 0)
		a.add("a", near/2) // one run will do, but not the earlier one
		a.add("b", time.Minute)
		rooms, wait := a.take(time.Now(), map[chat.RoomID]bool{"a": true})
		assert.Empty(t, rooms, "it is being reconciled")
		assert.Equal(t, time.Minute, wait)
		rooms, wait = a.take(time.Now(), nil)
		assert.Equal(t, []chat.RoomID{"a"}, rooms)
		assert.Equal(t, near, wait)
		a.add("a", near/2)
		after(near)
		rooms, _ = a.take(time.Now(), nil)
		assert.Equal(t, []chat.RoomID{"a"}, rooms)
		rooms, _ = a.take(time.Now(), nil)
		assert.Empty(t, rooms)
		for range 1000 { // as many asking for join tokens, each a little later than the one before
			a.add("c", soonAfterToken)
			a.add("c", 0)
			after(time.Millisecond)
		}
		assert.LessOrEqual(t, len(a.due["c"]), int(time.Second/near)+2, "runs for one room")
		rooms, wait = a.take(time.Now(), nil)
		assert.Equal(t, []chat.RoomID{"c"}, rooms)
		assert.LessOrEqual(t, wait, soonAfterToken-time.Second+near)
		after(soonAfterToken + near)
		rooms, _ = a.take(time.Now(), nil)
		assert.Equal(t, []chat.RoomID{"c"}, rooms)
		assert.NotContains(t, a.due, chat.RoomID("c"))
		for i := range maxReconciles + 5 {
			a.add(chat.RoomID(rune('A'+i)), 0)
		}
		rooms, _ = a.take(time.Now(), map[chat.RoomID]bool{"x": true})
		assert.Len(t, rooms, maxReconciles-1)
		rooms, _ = a.take(time.Now(), nil)
		assert.Len(t, rooms, 6)
	})
}
