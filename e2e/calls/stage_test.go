package calls

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// stage is a LiveKit and a Caller beside it, both a test's own.
type stage struct {
	*harness.Node
	livekit *harness.LiveKit
	args    []string
}

// withoutWebhooks sets up no webhooks in LiveKit.
const withoutWebhooks = false

// newStage starts both; args are more of Caller's flags. Caller keeps its address when it is
// started again.
func newStage(t *testing.T, webhooks bool, args ...string) *stage {
	t.Helper()
	run.Needed(t)
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	var hooks []string
	if webhooks {
		hooks = []string{"http://" + address + "/livekit/webhook"}
	}
	s := &stage{livekit: harness.StartLiveKit(t, liveKitProgram, hooks...)}
	s.args = append([]string{
		"--addr", address, "--session-key", "the same after a restart, 32 characters or more",
		"--livekit-url", s.livekit.URL, "--livekit-api-key", harness.LiveKitKey, "--livekit-api-secret", harness.LiveKitSecret,
	}, args...)
	s.restart(t)
	return s
}

func (s *stage) restart(t *testing.T) {
	t.Helper()
	s.Node = run.Node(t, s.args...)
}

// actor is a member with a stream, who may be in the call.
type actor struct {
	client.Person
	*client.Reader
	room *lksdk.Room
	// ended gets why the call ended for them.
	ended chan lksdk.DisconnectionReason
}

// enter has somebody new open a stream of the room.
func (s *stage) enter(t *testing.T, name, room string) *actor {
	t.Helper()
	p := client.SignIn(t, s.URL, name)
	a := &actor{Person: p, Reader: p.Read(t, client.WebSocket, room, client.Options{}), ended: make(chan lksdk.DisconnectionReason, 1)}
	a.WaitType(t, "live")
	return a
}

type pass struct{ URL, Token string }

// pass asks for a pass into the room's call.
func (a *actor) pass(t *testing.T, room string) pass {
	t.Helper()
	resp := a.Do(t, http.MethodPost, "/rooms/"+room+"/call", "")
	require.Equal(t, http.StatusOK, resp.Status, resp.Body)
	var p pass
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &p))
	return p
}

// join has the actor join the call.
func (a *actor) join(t *testing.T, room string) {
	t.Helper()
	p := a.pass(t, room)
	callback := lksdk.NewRoomCallback()
	callback.OnDisconnectedWithReason = func(reason lksdk.DisconnectionReason) {
		select {
		case a.ended <- reason:
		default: // it has ended already
		}
	}
	var err error
	a.room, err = lksdk.ConnectToRoomWithToken(p.URL, p.Token, callback, lksdk.WithDisableRegionDiscovery())
	require.NoError(t, err)
	t.Cleanup(a.room.Disconnect)
}

// waitOut waits until the call has ended for the actor by the server's doing.
func (a *actor) waitOut(t *testing.T) lksdk.DisconnectionReason {
	t.Helper()
	return testwait.Receive(t, a.ended, "%s to be out of the call", a.Name)
}

// waitCall waits until these members are in the call, and nobody else.
func waitCall(t *testing.T, who client.Person, room string, want ...*actor) client.Page {
	t.Helper()
	names := []string{}
	for _, a := range want {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	page := harness.Await(t, fmt.Sprintf("in the call: %q", names), func() client.Page { return who.Members(t, room) },
		func(page client.Page) bool {
			got := []string{}
			for _, m := range page.Members {
				if m.InCall {
					got = append(got, m.Name)
				}
			}
			slices.Sort(got)
			return slices.Equal(names, got)
		})
	if len(want) == 0 {
		require.Nil(t, page.Call)
	} else {
		require.NotNil(t, page.Call)
		require.Equal(t, len(want), page.Call.MemberCount)
	}
	return page
}

// calls are the call's beginnings and ends that a reader was told of.
func calls(events []client.Event) []string {
	states := []string{}
	for _, e := range events {
		if e.Type == "call" {
			states = append(states, e.State)
		}
	}
	return states
}

// waitTold waits until the actor has been told of these beginnings and ends.
func (a *actor) waitTold(t *testing.T, states ...string) {
	t.Helper()
	a.Wait(t, fmt.Sprintf("call %q", states), func(events []client.Event) bool { return slices.Equal(states, calls(events)) })
}
