package calls

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// maySend reports whether LiveKit lets somebody in a call send.
func (a *actor) maySend() bool {
	permission := a.room.LocalParticipant.Permissions()
	return permission == nil || permission.CanPublish
}

// What is done in a room holds in its call too, also on the node that has given out no join token.
func TestModerationInACall(t *testing.T) {
	t.Parallel()
	run.Needed(t)
	s := newStage(t, withoutWebhooks, "--redis-url", harness.StartRedis(t).URL())
	other := run.Node(t, append(slices.Clone(s.args), "--addr", "127.0.0.1:0")...)
	olga := client.SignIn(t, other.URL, "Olga")
	do := func(method, path, body string) client.Response {
		t.Helper()
		answer := olga.Do(t, method, path, body)
		require.Less(t, answer.Status, 300, answer.Body)
		return answer
	}
	var made struct{ RoomID string }
	require.NoError(t, json.Unmarshal([]byte(do(http.MethodPost, "/rooms", "").Body), &made))
	room := made.RoomID
	ann, bob := s.enter(t, "Ann", room), s.enter(t, "Bob", room)
	ann.join(t, room)
	bob.join(t, room)
	waitCall(t, olga, room, ann, bob)

	member := "/rooms/" + room + "/members/" + bob.ID
	do(http.MethodPost, member+"/mute", `{"reason":"noise"}`)
	harness.Eventually(t, "Bob to be silent", func() bool { return !bob.maySend() })
	assert.True(t, ann.maySend())
	waitCall(t, olga, room, ann, bob)
	do(http.MethodDelete, member+"/mute", "")
	harness.Eventually(t, "Bob to be heard", bob.maySend)

	do(http.MethodPost, member+"/ban", "")
	assert.Equal(t, lksdk.ParticipantRemoved, bob.waitOut(t))
	waitCall(t, olga, room, ann)
	do(http.MethodPatch, "/rooms/"+room+"/settings", `{"calls":false}`)
	ann.waitOut(t)
	assert.Equal(t, livekit.DisconnectReason_ROOM_DELETED, ann.room.DisconnectReason(), "there are no calls in this room: it is closed at LiveKit")
	waitCall(t, olga, room)
	refused := ann.Do(t, http.MethodPost, "/rooms/"+room+"/call", "")
	assert.Equal(t, "not_allowed", strings.TrimSpace(refused.Problem(t).Code))
}
