package calls

import (
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// It takes the longest, so it begins first.
func TestLiveKitStaysAway(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	ann := s.enter(t, "Ann", "lobby")
	ann.join(t, "lobby")
	ann.waitTold(t, "started")
	s.livekit.Signal(syscall.SIGKILL)
	s.Output.WaitFor(t, "LiveKit does not answer")
	assert.Equal(t, []string{"started"}, calls(ann.Events()), "it may be back in a moment")
	// LiveKit is waited for for 45 s, and looked at every 15: not all of the deadline is the
	// machine's.
	for deadline := testwait.Deadline().Add(time.Minute); len(calls(ann.Events())) < 2 && time.Now().Before(deadline); {
		time.Sleep(tick) // between two looks
	}
	ann.waitTold(t, "started", "ended")
	ann.Post(t, "lobby", "still here")
	ann.WaitText(t, "still here")
}

func TestCall(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	outsider := client.SignIn(t, s.URL, "Outsider")
	refused := outsider.Do(t, http.MethodPost, "/rooms/lobby/call", "")
	assert.Equal(t, "not_present", refused.Problem(t).Code)

	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	text := outsider.Read(t, client.Text, "lobby", client.Options{Query: "all=1"})
	before := time.Now()
	ann.join(t, "lobby")
	page := waitCall(t, outsider, "lobby", ann)
	assert.WithinRange(t, page.Call.StartedAt, before.Add(-time.Second), time.Now().Add(time.Second))
	bob.waitTold(t, "started")
	known := bob.WaitFor(t, "Ann in the call", func(e client.Event) bool { return e.Type == "joined" && e.Member.InCall })
	assert.Equal(t, ann.ID, known.Member.ID)

	bob.join(t, "lobby")
	both := waitCall(t, outsider, "lobby", ann, bob)
	assert.Equal(t, page.Call.StartedAt, both.Call.StartedAt)
	late := outsider.Read(t, client.SSE, "lobby", client.Options{}).WaitType(t, "welcome")
	require.NotNil(t, late.Call)
	assert.Equal(t, *both.Call, *late.Call)
	polled := outsider.Page(t, "lobby", "wait=0")
	require.NotNil(t, polled.Call)

	// Who leaves the room is out of the call.
	left := ann.Do(t, http.MethodPost, "/rooms/lobby/leave", "{}")
	require.Equal(t, http.StatusNoContent, left.Status)
	assert.Equal(t, lksdk.ParticipantRemoved, ann.waitOut(t))
	waitCall(t, outsider, "lobby", bob)
	gone := bob.WaitType(t, "left")
	assert.Equal(t, ann.ID, gone.Member.ID)
	assert.False(t, gone.Member.InCall)

	// Who leaves the call stays in the room.
	bob.room.Disconnect()
	waitCall(t, outsider, "lobby")
	bob.waitTold(t, "started", "ended")
	assert.Len(t, outsider.Members(t, "lobby").Members, 2)
	assertNumbered(t, bob.Events())
	lines := func(part string) int {
		return len(slices.DeleteFunc(slices.Clone(text.Events()), func(e client.Event) bool { return !strings.Contains(e.Raw, part) }))
	}
	harness.Eventually(t, "the call's end in the text stream", func() bool { return lines("call ended") == 1 })
	assert.Equal(t, 1, lines("call started"))
	assert.Zero(t, lines("Ann joined"), "she was here before")
}

// assertNumbered checks that the roster's versions that a reader was told have no hole.
func assertNumbered(t *testing.T, events []client.Event) {
	t.Helper()
	var last int64
	for _, e := range events {
		if e.Version == 0 {
			continue
		}
		if e.Type == "joined" || e.Type == "left" {
			assert.Equal(t, last+1, e.Version, e.Raw)
		}
		last = e.Version
	}
}

// When the last member goes, the room closes, and with it the call.
func TestRoomClosesCall(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	ann := s.enter(t, "Ann", "lobby")
	ann.join(t, "lobby")
	waitCall(t, ann.Person, "lobby", ann)
	ann.Do(t, http.MethodPost, "/rooms/lobby/leave", "{}")
	ann.waitOut(t)
	assert.Equal(t, livekit.DisconnectReason_ROOM_DELETED, ann.room.DisconnectReason())
	assert.Empty(t, ann.Members(t, "lobby").Members)
}

// Who does not come back in time has left, and is sent out of the call.
func TestLostMemberIsSentOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	ann.join(t, "lobby")
	bob.join(t, "lobby")
	waitCall(t, bob.Person, "lobby", ann, bob)
	ann.Drop()
	assert.Equal(t, lksdk.ParticipantRemoved, ann.waitOut(t))
	waitCall(t, bob.Person, "lobby", bob)
}

func TestMissedWebhooksAreMadeUpFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, withoutWebhooks)
	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	ann.join(t, "lobby")
	bob.join(t, "lobby")
	waitCall(t, bob.Person, "lobby", ann, bob)
	ann.room.Disconnect()
	waitCall(t, bob.Person, "lobby", bob)
}

// A pass is for its room and its time, and LiveKit sees to that.
func TestPassIsWhatItSays(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	ann := s.enter(t, "Ann", "lobby")
	p := ann.pass(t, "lobby")
	room, err := lksdk.ConnectToRoomWithToken(p.URL, p.Token, lksdk.NewRoomCallback(), lksdk.WithDisableRegionDiscovery())
	require.NoError(t, err)
	defer room.Disconnect()
	assert.Equal(t, "caller:lobby", room.Name())
	assert.Equal(t, ann.ID, room.LocalParticipant.Identity())
	assert.Equal(t, "Ann", room.LocalParticipant.Name())

	_, err = lksdk.ConnectToRoomWithToken(p.URL, p.Token[:len(p.Token)-4]+"AAAA", lksdk.NewRoomCallback(), lksdk.WithDisableRegionDiscovery())
	assert.Error(t, err)
	assert.NotContains(t, s.Output.String(), p.Token)
	assert.NotContains(t, s.Output.String(), harness.LiveKitSecret)
}

func TestRefusedKeyIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t, withoutWebhooks, "--livekit-api-secret", "another secret, with 32 characters or more")
	s.Output.WaitFor(t, "LiveKit refuses the key")
	ann := s.enter(t, "Ann", "lobby")
	ann.Post(t, "lobby", "hello")
}

// Passes, webhooks and streams may be of different nodes.
func TestCallOfSeveralNodes(t *testing.T) {
	t.Parallel()
	run.Needed(t)
	redis := harness.StartRedis(t).URL()
	s := newStage(t, true, "--redis-url", redis)
	other := run.Node(t, append(slices.Clone(s.args), "--addr", "127.0.0.1:0")...)
	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	cid := client.SignIn(t, other.URL, "Cid")
	watch := cid.Read(t, client.SSE, "lobby", client.Options{})
	watch.WaitType(t, "live")
	ann.Person = ann.At(other.URL)
	ann.join(t, "lobby")
	bob.join(t, "lobby")
	waitCall(t, cid, "lobby", ann, bob)
	waitCall(t, cid.At(s.URL), "lobby", ann, bob)

	ann.Do(t, http.MethodPost, "/rooms/lobby/leave", "{}") // of a stream that the other node has
	assert.Equal(t, lksdk.ParticipantRemoved, ann.waitOut(t))

	s.Kill() // with the stream of Bob, who goes to the other
	gone := watch.WaitFor(t, "Ann gone", func(e client.Event) bool { return e.Type == "left" && e.Member.ID == ann.ID })
	assert.False(t, gone.Member.InCall)
	bob.Person = bob.At(other.URL)
	bob.Reader = bob.Read(t, client.WebSocket, "lobby", client.Options{})
	bob.WaitType(t, "live")
	waitCall(t, cid, "lobby", bob)
}

func TestCallerRestarts(t *testing.T) {
	for name, redis := range map[string]bool{"Redis": true, "embedded store": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var args []string
			if redis {
				run.Needed(t)
				args = []string{"--redis-url", harness.StartRedis(t).URL()}
			}
			s := newStage(t, true, args...)
			ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
			ann.join(t, "lobby")
			bob.join(t, "lobby")
			started := waitCall(t, bob.Person, "lobby", ann, bob).Call.StartedAt
			s.Kill()
			bob.room.Disconnect() // and no webhook tells it

			s.restart(t)
			ann.Reader = ann.Read(t, client.WebSocket, "lobby", client.Options{})
			bob.Reader = bob.Read(t, client.WebSocket, "lobby", client.Options{})
			page := waitCall(t, bob.Person, "lobby", ann)
			assert.WithinDuration(t, started, page.Call.StartedAt, time.Second, "it is the same call")
			select {
			case reason := <-ann.ended:
				t.Errorf("she was sent out: %s", reason)
			default:
			}
		})
	}
}

// A Redis that loses its memory ends no call: the nodes say again who is there, and LiveKit who is
// in.
func TestRedisForgets(t *testing.T) {
	t.Parallel()
	run.Needed(t)
	redis := harness.StartRedis(t)
	s := newStage(t, true, "--redis-url", redis.URL())
	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	ann.join(t, "lobby")
	bob.join(t, "lobby")
	started := waitCall(t, bob.Person, "lobby", ann, bob).Call.StartedAt
	redis.Kill()
	redis.Start(t) // it keeps nothing on disk
	page := waitCall(t, bob.Person, "lobby", ann, bob)
	assert.WithinDuration(t, started, page.Call.StartedAt, time.Second)
	for _, a := range []*actor{ann, bob} {
		select {
		case reason := <-a.ended:
			t.Errorf("%s was sent out: %s", a.Name, reason)
		default:
		}
	}
}

// The chat goes on without LiveKit; the call is told as ended, and comes back with it.
func TestLiveKitRestarts(t *testing.T) {
	t.Parallel()
	s := newStage(t, true)
	ann, bob := s.enter(t, "Ann", "lobby"), s.enter(t, "Bob", "lobby")
	ann.join(t, "lobby")
	waitCall(t, bob.Person, "lobby", ann)
	s.livekit.Kill()
	ann.room.Disconnect() // or it would come back by itself
	ann.Post(t, "lobby", "still here")
	bob.WaitText(t, "still here")

	s.livekit.Start(t)
	bob.waitTold(t, "started", "ended")
	bob.join(t, "lobby")
	waitCall(t, ann.Person, "lobby", bob)
	ann.waitTold(t, "started", "ended", "started")
}
