package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// banFaults are what goes wrong while people are banned.
var banFaults = []string{
	"redis is killed and comes back with its data", "the Pub/Sub connections are cut", "a link is slow", "a link swallows everything",
	"a node is killed",
}

// troll is somebody who posts and reads whatever happens, at random nodes, over random transports.
type troll struct {
	client.Person
	record *client.Record
	random *rand.Rand
	mu     sync.Mutex // guards random
}

func (p *troll) pick(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

func (p *troll) somewhere(bases []string) client.Person { return p.At(bases[p.pick(len(bases))]) }

func (p *troll) posts(ctx context.Context, bases []string, room string) {
	for i := 0; ctx.Err() == nil; i++ {
		within, cancel := context.WithTimeout(ctx, answerTime)
		_, _, _ = p.somewhere(bases).TryPost(within, room, fmt.Sprint("k", i), fmt.Sprint(p.Name, " ", i)) // refused or not
		cancel()
		wait(ctx, 60*time.Millisecond) // so that the room keeps all of it
	}
}

func (p *troll) reads(ctx context.Context, bases []string, room string) {
	for ctx.Err() == nil {
		kind := client.Resuming[p.pick(len(client.Resuming))]
		reader, err := p.somewhere(bases).Resume(ctx, openTime, kind, room, p.record)
		if err == nil {
			select {
			case <-reader.Done():
			case <-ctx.Done():
			case <-time.After(time.Duration(500+p.pick(4000)) * time.Millisecond):
			}
			reader.Drop()
		}
		wait(ctx, 50*time.Millisecond)
	}
}

// TestBansUnderFaults bans people who post and read on all nodes, and lets them back, while nodes,
// links and Redis fail. Nothing of a banned person is in the log after the ban, and nothing that was
// said after it is told to them until it ends.
func TestBansUnderFaults(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("seed %d", chosen)
	c := newCluster(t, 2, 10_000, "--limits", "off")
	c.random = rand.New(rand.NewPCG(chosen, 0))
	c.crowd = gather(t, c.bases(), options{rooms: 1, people: 2, limit: 10_000, pause: 400 * time.Millisecond, seed: chosen})
	bases := c.bases()
	owner := client.SignIn(t, bases[0], "owner")
	made := owner.Do(t, http.MethodPost, "/rooms", `{"title":"Tea"}`, "Content-Type", "application/json")
	require.Equal(t, http.StatusCreated, made.Status, made.Body)
	var room struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(made.Body), &room))
	path := "/rooms/" + room.RoomID

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	var trolls []*troll
	for i := range 4 {
		p := &troll{
			Person: client.SignIn(t, bases[i%2], fmt.Sprint("troll-", i)), record: client.NewRecord(fmt.Sprint("troll-", i)),
			random: rand.New(rand.NewPCG(chosen, uint64(i+1))),
		}
		trolls = append(trolls, p)
		p.At(bases[0]).Post(t, room.RoomID, "hello")
		running.Go(func() { p.posts(ctx, bases, room.RoomID) })
		running.Go(func() { p.reads(ctx, bases, room.RoomID) })
	}
	watcher := client.NewRecord("watcher")
	watch := &troll{Person: owner, record: watcher, random: rand.New(rand.NewPCG(chosen, 99))}
	running.Go(func() { watch.reads(ctx, bases, room.RoomID) })

	random := rand.New(rand.NewPCG(chosen, 98)) // the faults, which run beside this, have their own
	// call asks until it is answered, by whatever node: a fault may be under way.
	call := func(want int, method, path, body string) string {
		deadline := time.Now().Add(testwait.Limit)
		for time.Now().Before(deadline) {
			within, cancel := context.WithTimeout(ctx, answerTime)
			answer, status, err := owner.At(bases[random.IntN(len(bases))]).Call(within, method, path, body)
			cancel()
			if err == nil && status == want {
				return answer
			}
			if err == nil && status < 500 {
				require.Equal(t, want, status, answer)
			}
			wait(ctx, 50*time.Millisecond)
		}
		require.FailNow(t, "not answered", "%s %s", method, path)
		return ""
	}
	var faults []check.Fault
	bans := 0
	broken := make(chan struct{})
	running.Go(func() {
		defer close(broken)
		for range 2 {
			for _, name := range banFaults {
				for _, f := range all {
					if f.name == name && !t.Failed() {
						c.crowd.note("%s", name)
						f.do(c)
					}
				}
			}
		}
	})
	for done := false; !done; {
		select {
		case <-broken:
			done = true
		default:
		}
		p := trolls[bans%len(trolls)]
		var ban client.Event
		require.NoError(t, json.Unmarshal([]byte(call(http.StatusOK, http.MethodPost, path+"/members/"+p.ID+"/ban", `{"reason":"spam"}`)), &ban))
		wait(ctx, time.Duration(100+random.IntN(700))*time.Millisecond) // for how long it holds
		told := p.record.Events()
		var list struct{ Bans []struct{ ID string } }
		require.NoError(t, json.Unmarshal([]byte(call(http.StatusOK, http.MethodGet, path+"/bans", "")), &list))
		for _, b := range list.Bans {
			call(http.StatusOK, http.MethodDelete, path+"/bans/"+b.ID, "")
		}
		faults = append(faults, check.ReadWhileBanned(p.Name, ban, told)...)
		bans++
	}
	stop()
	running.Wait()
	require.Empty(t, faults)
	events := watcher.Events()
	for _, p := range trolls {
		events = append(events, p.record.Events()...)
	}
	kept := owner.At(bases[0]).Page(t, room.RoomID, "")
	events = append(events, kept.Messages...)
	require.Empty(t, check.Bans(events))
	places := map[string]bool{} // of the bans in the log, without which there was nothing to check
	for _, e := range events {
		if e.What == "banned" {
			places[e.ID] = true
		}
	}
	require.GreaterOrEqual(t, len(places), bans)
	require.Greater(t, len(kept.Messages), 2*bans, "trolls have said something")
	t.Logf("%d bans, %d entries", bans, len(kept.Messages))
}
