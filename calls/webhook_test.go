package calls

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signed is a webhook as LiveKit sends it.
func signed(t *testing.T, key, secret, body string, life time.Duration) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	token, err := auth.NewAccessToken(key, secret).SetValidFor(life).
		SetSha256(base64.StdEncoding.EncodeToString(sum[:])).ToJWT()
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/livekit/webhook", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/webhook+json")
	r.Header.Set("Authorization", token)
	return r
}

func event(name, room string) string {
	return `{"event":"` + name + `","room":{"name":"` + room + `"},"participant":{"identity":"ann"},"id":"EV_1","mood":"good"}`
}

func send(t *testing.T, c *Calls, body string) {
	t.Helper()
	require.NoError(t, c.Webhook(signed(t, "key", options().Secret, body, time.Minute)))
}

func TestWebhooksThatAreNotLiveKits(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		r.connect("ann")
		body := event("participant_joined", "caller:lobby")
		good := signed(t, "key", options().Secret, body, time.Minute)
		tampered := httptest.NewRequest(http.MethodPost, "/livekit/webhook", strings.NewReader(event("room_finished", "caller:lobby")))
		tampered.Header = good.Header
		unsigned := httptest.NewRequest(http.MethodPost, "/livekit/webhook", strings.NewReader(body))
		noToken := httptest.NewRequest(http.MethodPost, "/livekit/webhook", strings.NewReader(body))
		noToken.Header.Set("Authorization", "Bearer nonsense")
		for name, request := range map[string]*http.Request{
			"another secret": signed(t, "key", strings.Repeat("x", 32), body, time.Minute),
			"another key":    signed(t, "other", options().Secret, body, time.Minute),
			"another body":   tampered, "no signature": unsigned, "no token": noToken,
			"no JSON": signed(t, "key", options().Secret, "{", time.Minute),
		} {
			assert.ErrorIs(t, c.Webhook(request), ErrNotSigned, name)
		}
		after(soon + afterWebhook)
		assert.Empty(t, r.inCall(), "none of them was a reason to reconcile")
		require.NoError(t, c.Webhook(good))
		after(soon)
		assert.Equal(t, ids("ann"), r.inCall())
	})
}

func TestWebhookThatIsOld(t *testing.T) {
	reconciling(t, func(t *testing.T, _ *rooms, c *Calls) {
		recorded := signed(t, "key", options().Secret, event("room_started", "caller:lobby"), 5*time.Minute)
		after(7 * time.Minute) // clocks may differ by a minute
		assert.ErrorIs(t, c.Webhook(recorded), ErrNotSigned)
	})
}

// Webhooks come twice, late, in any order, or about rooms that are none of ours: what LiveKit
// itself says counts.
func TestWebhooksInAnyOrder(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann", "bob")
		r.connect("ann")
		send(t, c, event("participant_left", "caller:lobby"))
		send(t, c, event("room_finished", "caller:lobby"))
		after(soon)
		assert.Equal(t, ids("ann"), r.inCall(), "she is in it, whatever was told before she came")
		version := r.version
		for range 5 {
			send(t, c, event("participant_joined", "caller:lobby"))
			after(soon)
		}
		after(afterWebhook)
		assert.Equal(t, version, r.version, "nothing has changed, so nothing is told")

		r.disconnect("ann")
		send(t, c, event("participant_joined", "caller:lobby")) // a replay of what was true once
		after(soon)
		assert.Empty(t, r.inCall())
		assert.Empty(t, r.take())
	})
}

// The first webhook may be ahead of what LiveKit has stored.
func TestWebhookAheadOfLiveKit(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		r.open(time.Hour, "ann")
		send(t, c, event("participant_joined", "caller:lobby"))
		after(soon)
		r.connect("ann")
		after(afterWebhook)
		assert.Equal(t, ids("ann"), r.inCall())
	})
}

func TestWebhooksThatAreNoReason(t *testing.T) {
	reconciling(t, func(t *testing.T, r *rooms, c *Calls) {
		asked := r.asked
		for _, body := range []string{
			event("participant_joined", "lobby"), event("participant_joined", "caller:No Room"), event("participant_joined", ""),
			event("track_published", "caller:lobby"), event("", "caller:lobby"), "{}",
		} {
			send(t, c, body)
		}
		after(2 * afterWebhook)
		assert.Equal(t, asked, r.asked)
	})
}

func TestWebhookThatIsTooLarge(t *testing.T) {
	c := newCalls(store{newRooms()}, server{newRooms()}, options())
	defer c.Close()
	r := signed(t, "key", options().Secret, strings.Repeat(" ", 100)+"{}", time.Minute)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100)
	var tooLarge *http.MaxBytesError
	assert.ErrorAs(t, c.Webhook(r), &tooLarge)
}
