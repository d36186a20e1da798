package smoke

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// TestCall has two members of a room talk over a real LiveKit: the room is told who is in the call,
// and who leaves the room is sent out of it.
func TestCall(t *testing.T) {
	run.Needed(t)
	lksdk.SetLogger(logger.LogRLogger(logr.Discard())) // it would say what the test does
	program, err := harness.BuildLiveKit(t.TempDir())
	require.NoError(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	liveKit := harness.StartLiveKit(t, program, "http://"+address+"/livekit/webhook")
	node := run.Node(t, "--addr", address, "--livekit-url", liveKit.URL,
		"--livekit-api-key", harness.LiveKitKey, "--livekit-api-secret", harness.LiveKitSecret)
	ann, bob := client.SignIn(t, node.URL, "Ann"), client.SignIn(t, node.URL, "Bob")
	for _, person := range []client.Person{ann, bob} {
		person.Read(t, client.WebSocket, "lobby", client.Options{}).WaitType(t, "live")
	}
	waitInCall := func(want ...string) {
		t.Helper()
		harness.Await(t, fmt.Sprintf("in the call: %q", want), func() map[string]bool {
			in := map[string]bool{}
			for _, member := range bob.Members(t, "lobby").Members {
				if member.InCall {
					in[member.Name] = true
				}
			}
			return in
		}, func(in map[string]bool) bool {
			all := len(in) == len(want)
			for _, name := range want {
				all = all && in[name]
			}
			return all
		})
	}

	annIsOut := join(t, ann, "lobby")
	waitInCall("Ann")
	join(t, bob, "lobby")
	waitInCall("Ann", "Bob")
	left := ann.Do(t, http.MethodPost, "/rooms/lobby/leave", "{}")
	require.Equal(t, http.StatusNoContent, left.Status, left.Body)
	assert.Equal(t, lksdk.ParticipantRemoved, testwait.Receive(t, annIsOut, "Ann to be sent out of the call"))
	waitInCall("Bob")
}

// join has somebody join the room's call with a pass that the server gives. Why the call ended for
// them comes from ended.
func join(t *testing.T, person client.Person, room string) (ended <-chan lksdk.DisconnectionReason) {
	t.Helper()
	answer := person.Do(t, http.MethodPost, "/rooms/"+room+"/call", "")
	require.Equal(t, http.StatusOK, answer.Status, answer.Body)
	var pass struct{ URL, Token string }
	require.NoError(t, json.Unmarshal([]byte(answer.Body), &pass))
	reasons := make(chan lksdk.DisconnectionReason, 1)
	callback := lksdk.NewRoomCallback()
	callback.OnDisconnectedWithReason = func(reason lksdk.DisconnectionReason) {
		select {
		case reasons <- reason:
		default: // it has ended already
		}
	}
	call, err := lksdk.ConnectToRoomWithToken(pass.URL, pass.Token, callback, lksdk.WithDisableRegionDiscovery())
	require.NoError(t, err)
	t.Cleanup(call.Disconnect)
	return reasons
}
