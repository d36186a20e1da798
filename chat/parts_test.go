package chat

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The parts of a room, each by itself: none of them knows the room, and each returns what is to be
// told or done.

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestSyncingReadsUntilNothingCameBetween(t *testing.T) {
	s := syncing{stale: true}
	_, ok := s.begin()
	require.False(t, ok, "before the feed is followed, a read proves nothing")
	s.restart(true)
	s.miss()
	first, ok := s.begin()
	require.True(t, ok)
	_, ok = s.begin()
	require.False(t, ok, "one read at a time")
	s.hold(Typing{})
	s.miss()
	outcome, _ := s.finish(first, nil, noon)
	require.Equal(t, outdated, outcome)

	second, _ := s.begin()
	outcome, _ = s.finish(second, ErrUnavailable, noon)
	require.Equal(t, failed, outcome)
	require.True(t, s.stale)
	require.False(t, s.onTime(noon))
	require.True(t, s.onTime(noon.Add(lastRetry)))
	require.False(t, s.onTime(noon.Add(lastRetry)), "once")

	third, _ := s.begin()
	outcome, held := s.finish(third, nil, noon)
	require.Equal(t, synced, outcome)
	require.Equal(t, []Notice{Typing{}}, held)
	require.False(t, s.stale)
}

func TestSyncingTakesNoReadOfAFeedThatWasCut(t *testing.T) {
	var s syncing
	s.restart(true)
	s.miss()
	read, _ := s.begin()
	s.hold(Typing{})
	s.restart(false)
	outcome, _ := s.finish(read, nil, noon)
	require.Equal(t, useless, outcome)
	require.Empty(t, s.held, "it is in what the next read brings, or was lost")
}

func TestSyncingHoldsSoMuchAndReadsAgain(t *testing.T) {
	var s syncing
	s.restart(true)
	s.miss()
	read, _ := s.begin()
	for range maxInbox/256 + 1 {
		s.hold(Typing{})
	}
	require.Empty(t, s.held)
	outcome, _ := s.finish(read, nil, noon)
	require.Equal(t, outdated, outcome)
}

func same(m Member) *Member { return &m }

func TestRosterCacheTellsEachChangeOnce(t *testing.T) {
	r := rosterCache{foldAbove: 2}
	ann, bob := Member{ID: "ann", Name: "Ann"}, Member{ID: "bob", Name: "Bob"}
	news := r.replace(RosterSnapshot{RosterState: RosterState{Version: 7}, Members: []Member{ann}}, same, noon)
	require.Equal(t, []Body{RosterEvent{Members: []Member{ann}, Count: 1, Version: 7}}, news.told)
	require.Empty(t, r.joined(Joined{Member: ann, Version: 7}, same, noon), "it was read")

	news = r.joined(Joined{Member: bob, Version: 8}, same, noon)
	require.Equal(t, rosterNews{told: []Body{Joined{Member: bob, Version: 8}}}, news)
	news = r.joined(Joined{Member: bob, Version: 9}, same, noon)
	require.Equal(t, []Body{Joined{Member: bob, Version: 9, Known: true}}, news.told)
	require.True(t, r.left(Left{Member: bob, Version: 11}, noon).stale, "version 10 is missing")
	require.True(t, r.left(Left{Member: bob, Version: 9 - 2*reopened}, noon).stale, "it is another roster's")

	require.Equal(t, []Body{Left{Member: bob, Version: 10}}, r.left(Left{Member: bob, Version: 10}, noon).told)
	news = r.left(Left{Member: ann, Version: 11}, noon)
	require.True(t, news.closed)
	require.False(t, r.joined(Joined{Member: ann, Version: 1}, same, noon).stale, "a closed room opens with any version")
}

// Old news of a name that somebody had before does not make them somebody who has taken it now.
func TestOldNewsRenamesNobody(t *testing.T) {
	r := rosterCache{foldAbove: 5}
	ann := Member{ID: "ann", Name: "Ann", JoinedAt: noon}
	eve := Member{ID: "eve", Name: "Ann", JoinedAt: noon.Add(time.Second)}
	r.replace(RosterSnapshot{RosterState: RosterState{Version: 7}, Members: []Member{ann}}, same, noon)
	before := ann
	before.Name = "Anna"
	r.joined(Joined{Member: before, Version: 6}, same, noon.Add(time.Minute))
	told := r.joined(Joined{Member: eve, Version: 8}, same, noon.Add(time.Minute)).told
	require.Equal(t, MemberID("ann"), told[0].(Joined).Member.LooksLike)

	r.joined(Joined{Member: before, Version: 9}, same, noon.Add(time.Minute))
	require.Len(t, r.alike.renamed, 1)
	r.replace(RosterSnapshot{RosterState: RosterState{Version: 11}, Members: []Member{eve}}, same, noon)
	require.Empty(t, r.alike.renamed, "who has gone unnoticed")
}

func TestRosterCacheFoldsALargeRoom(t *testing.T) {
	r := rosterCache{foldAbove: 2}
	for i := range 4 {
		m := Member{ID: MemberID(fmt.Sprint(i)), JoinedAt: noon.Add(time.Duration(i))}
		news := r.joined(Joined{Member: m, Version: int64(i + 1)}, same, noon)
		require.Equal(t, i < 2, len(news.told) == 1)
	}
	require.Nil(t, r.folded(noon))
	require.Equal(t, RosterEvent{Count: 4, Version: 4}, r.folded(noon.Add(time.Second)))
	require.Nil(t, r.folded(noon.Add(time.Hour)), "once")
}

func nobody(MemberID) *Member { return nil }

func TestLeasesWantOneCallAtATime(t *testing.T) {
	l := leases{renewEvery: RenewEvery}
	l.enter(Member{ID: "ann"})
	l.enter(Member{ID: "bob"})
	call, ok := l.next(noon, nobody)
	require.True(t, ok)
	require.Equal(t, []Member{{ID: "ann"}, {ID: "bob"}}, call.hold)
	l.enter(Member{ID: "cid"})
	_, ok = l.next(noon, nobody)
	require.False(t, ok)
	require.False(t, l.finish(call, RosterState{Version: 3, NextLapse: Lease}, nil, noon))
	require.True(t, l.isIn(Member{ID: "ann"}, nil, 3))
	require.False(t, l.isIn(Member{ID: "ann"}, nil, 2), "the roster has yet to come to it")
	require.False(t, l.isIn(Member{ID: "cid"}, nil, 3))
	call, ok = l.next(noon, nobody)
	require.True(t, ok)
	require.Equal(t, []Member{{ID: "cid"}}, call.hold)
	l.finish(call, RosterState{Version: 4, NextLapse: Lease}, nil, noon)

	require.False(t, l.onTime(noon.Add(RenewEvery-1)))
	require.True(t, l.onTime(noon.Add(RenewEvery)))
	call, _ = l.next(noon.Add(RenewEvery), nobody)
	require.Len(t, call.hold, 3, "all are renewed")
}

func TestLeasesOfSomebodyWhoComesBackAreKept(t *testing.T) {
	l := leases{renewEvery: RenewEvery}
	l.enter(Member{ID: "ann"})
	call, _ := l.next(noon, nobody)
	l.finish(call, RosterState{Version: 1}, nil, noon)

	l.exit("ann", "s-1", false, noon, noon.Add(time.Second))
	require.True(t, l.holds("ann"), "she is waited for")
	comeAndGo(t, &l)
	l.onTime(noon.Add(2 * time.Second))
	require.False(t, l.holds("ann"))
	l.enter(Member{ID: "ann"})
	call, ok := l.next(noon.Add(2*time.Second), nobody)
	require.True(t, ok)
	require.Empty(t, call.release, "she is back before it was told")
	require.Equal(t, []Member{{ID: "ann"}}, call.hold)
}

// comeAndGo has somebody come and go at once, for whom nothing has been told yet.
func comeAndGo(t *testing.T, l *leases) {
	t.Helper()
	l.enter(Member{ID: "bob"})
	l.exit("bob", "s-2", true, noon, noon)
	require.False(t, l.holds("bob"))
	call, ok := l.next(noon, nobody)
	require.True(t, ok)
	require.Equal(t, []MemberID{"bob"}, call.release)
	l.finish(call, RosterState{}, nil, noon)
}

func TestLeasesThatFailedAreTakenLater(t *testing.T) {
	l := leases{renewEvery: RenewEvery}
	l.enter(Member{ID: "ann"})
	call, _ := l.next(noon, nobody)
	require.True(t, l.finish(call, RosterState{}, ErrUnavailable, noon))
	_, ok := l.next(noon, nobody)
	require.False(t, ok)
	call, ok = l.next(noon.Add(lastRetry), nobody)
	require.True(t, ok)
	require.False(t, l.finish(call, RosterState{}, ErrUnavailable, noon), "it is told once")
	l.answered()
	_, ok = l.next(noon.Add(lastRetry), nobody)
	require.True(t, ok, "the store answers something else, so it is tried at once")
}

// A room's worker sleeps until nextDue, so what is not yet to be done must not be due: rooms are
// many, and a store that is away would have them all awake.
func TestLeasesAreDueWhenTheirCallMayBeMade(t *testing.T) {
	l := leases{renewEvery: RenewEvery}
	l.enter(Member{ID: "ann"})
	call, _ := l.next(noon, nobody)
	l.finish(call, RosterState{}, ErrUnavailable, noon)
	for _, hurry := range []func(){
		func() {}, func() { l.enter(Member{ID: "bob"}) }, func() { l.lookBy(noon.Add(time.Millisecond)) },
	} {
		hurry()
		at := l.nextDue()
		require.Equal(t, l.retryAt, at)
		_, ok := l.next(at.Add(-1), nobody)
		require.False(t, ok)
	}

	busy := leases{renewEvery: RenewEvery}
	for range rosterBurst + 2 { // as many looks as make the next one wait
		busy.lookBy(noon)
		call, ok := busy.next(noon, nobody)
		if !ok {
			break
		}
		busy.finish(call, RosterState{}, nil, noon)
	}
	busy.lookBy(noon)
	at := busy.nextDue()
	require.Equal(t, noon.Add(rosterEvery), at)
	_, ok := busy.next(at.Add(-1), nobody)
	require.False(t, ok)
	_, ok = busy.next(at, nobody)
	require.True(t, ok)
}

// rosterRecorder writes down what is asked of it.
type rosterRecorder struct{ calls []string }

func (r *rosterRecorder) Hold(_ context.Context, _ RoomID, m []Member, _ Admission) (RosterState, error) {
	r.calls = append(r.calls, fmt.Sprint("hold ", len(m)))
	return RosterState{}, nil
}

func (r *rosterRecorder) Release(_ context.Context, _ RoomID, m []MemberID, after time.Duration) (RosterState, error) {
	r.calls = append(r.calls, fmt.Sprint("release ", m, " ", after))
	return RosterState{}, nil
}

func (r *rosterRecorder) Members(context.Context, RoomID) (RosterSnapshot, error) {
	return RosterSnapshot{}, nil
}

func TestLeasesAreGivenUpAfterTheGrace(t *testing.T) {
	var l leases
	l.enter(Member{ID: "ann"})
	l.enter(Member{ID: "bob"})
	l.exit("bob", "s-1", true, noon, noon)
	done := make(chan struct{})
	l.leave("bob", "", done)
	l.giveUp()
	call, ok := l.next(noon, nobody)
	require.True(t, ok)
	store := &rosterRecorder{}
	_, err := call.make(t.Context(), store, "lobby", 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, []string{"release [ann] 10s", "release [bob] 0s"}, store.calls)
	l.finish(call, RosterState{}, nil, noon)
	<-done
	require.True(t, l.isEmpty())
}

// closingSink writes down how it ended.
type closingSink struct {
	batches int
	err     error
}

func (s *closingSink) Deliver(*Batch)   { s.batches++ }
func (s *closingSink) Closed(err error) { s.err = err }

func TestSubscribersGetEveryBatchFromTheirReplayOn(t *testing.T) {
	var s subscribers
	var sinks []*closingSink
	var all []*subscriber
	for i := range 5 {
		sinks = append(sinks, &closingSink{})
		all = append(all, &subscriber{
			sink: sinks[i], who: MemberID(fmt.Sprint(i / 2)), stream: fmt.Sprint("s-", i), entry: &entering{done: make(chan error, 1)},
		})
		s.enter(all[i])
	}
	s.admit(func(one *subscriber) *Batch {
		if one == all[4] {
			return nil
		}
		return &Batch{}
	})
	require.Equal(t, all[4:], s.waiting)
	s.deliver(&Batch{})
	require.True(t, s.exit(all[1]))
	require.False(t, s.exit(all[1]))
	s.deliver(&Batch{})
	for i, want := range []int{3, 2, 3, 3, 0} {
		require.Equal(t, want, sinks[i].batches)
	}
	require.Equal(t, []*subscriber{all[0]}, s.of("0", ""))
	require.Equal(t, []*subscriber{all[3]}, s.of("1", "s-3"))
	gone := errors.New("gone")
	s.end(gone)
	require.ErrorIs(t, sinks[0].err, gone)
	require.NoError(t, sinks[1].err, "it had gone before")
	require.ErrorIs(t, <-all[4].entry.done, gone)
	require.True(t, s.isEmpty())
}

func TestGatheringIsDeliveredInBatchesThatNoReaderIsSlowFor(t *testing.T) {
	var g gathering
	require.False(t, g.isDue(noon))
	for range 100 {
		g.add(&Event{Body: Appended{Entry: Entry{Payload: Message{Text: string(make([]byte, MaxText))}}}})
	}
	require.True(t, g.isDue(noon))
	total := 0
	for _, b := range g.take() {
		size := 0
		for _, e := range b.Events {
			size += sizeOf(e.Body.(Appended))
		}
		require.Less(t, size, maxBatch+MaxText+256)
		total += len(b.Events)
	}
	require.Equal(t, 100, total)
	require.Empty(t, g.take())
}

func TestOnlyABusyNodeGathers(t *testing.T) {
	require.Zero(t, pause(time.Hour, calmDemand), "nobody waits while there is time for all")
	require.Equal(t, maxPause, pause(time.Hour, fullDemand))
	require.Equal(t, maxPause, pause(time.Hour, 100))
	half := pause(time.Hour, (calmDemand+fullDemand)/2)
	require.Equal(t, maxPause/2, half)
	require.Equal(t, 4*time.Millisecond, pause(250*time.Microsecond, fullDemand))
	require.Zero(t, pause(50*time.Microsecond, fullDemand), "a small room is not worth waiting for")
	g := gathering{events: []*Event{{}}}
	g.delivered(noon, time.Millisecond, fullDemand)
	require.False(t, g.isDue(noon.Add(maxPause-1)))
	require.True(t, g.isDue(noon.Add(maxPause)))
}

func TestDemandIsWhatDeliveriesWouldNeed(t *testing.T) {
	var d demand
	now, got := noon, 0.0
	for range 100 { // a millisecond in ten
		now = now.Add(10 * time.Millisecond)
		got = d.add(now, 1, time.Millisecond)
	}
	cores := float64(runtime.GOMAXPROCS(0))
	require.InDelta(t, 0.1/cores, got, 0.01)
	for range 100 { // ten messages at once count as ten deliveries
		now = now.Add(10 * time.Millisecond)
		got = d.add(now, 10, time.Millisecond)
	}
	require.InDelta(t, 1/cores, got, 0.05)
	require.Less(t, d.add(now.Add(5*demandTime), 0, 0), 0.05, "it is forgotten")
}

func TestTypingIsShownNowAndThen(t *testing.T) {
	var shown typing
	require.True(t, shown.mayShow("ann", noon))
	shown.show("ann", noon)
	require.False(t, shown.mayShow("ann", noon.Add(typingEvery-1)))
	require.True(t, shown.mayShow("bob", noon))
	shown.forget(noon.Add(1))
	require.False(t, shown.mayShow("ann", noon.Add(2)))
	shown.forget(noon.Add(typingEvery))
	require.Nil(t, shown)
}

func TestEndingsThatAreOverGo(t *testing.T) {
	var e endings
	for i := range 5 * fewEndings {
		e.add([]MemberID{MemberID(fmt.Sprint("over-", i))}, ErrLeft, time.Now())
		require.NoError(t, e.why(Principal{ID: MemberID(fmt.Sprint("over-", i))}))
	}
	require.LessOrEqual(t, len(e.of), fewEndings)
	for i := range 5 * fewEndings {
		e.add([]MemberID{MemberID(fmt.Sprint(i))}, ErrLeft, time.Now().Add(time.Hour))
	}
	for i := range 5 * fewEndings {
		require.ErrorIs(t, e.why(Principal{ID: MemberID(fmt.Sprint(i))}), ErrLeft)
	}
}

// BenchmarkEnding is what one more ending costs where there are many.
func BenchmarkEnding(b *testing.B) {
	for _, many := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			var e endings
			for i := range many {
				e.add([]MemberID{MemberID(fmt.Sprint(i))}, ErrLeft, time.Now().Add(time.Hour))
			}
			for i := 0; b.Loop(); i++ {
				e.add([]MemberID{MemberID(fmt.Sprint(i % many))}, ErrLeft, time.Now().Add(time.Hour))
			}
		})
	}
}
