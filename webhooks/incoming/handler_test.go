package incoming

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// fakeRooms knows one hook.
type fakeRooms struct {
	signing string
	posted  []chat.Draft
	err     error
}

func (f *fakeRooms) HookPrincipal(_ context.Context, secret string) (chat.Principal, string, bool, error) {
	return chat.Principal{ID: "t-1", Name: "ci", Rooms: []chat.RoomID{"tea"}}, f.signing, secret == "callerhook_right", nil
}

func (f *fakeRooms) Post(_ context.Context, _ chat.Principal, _ chat.RoomID, d chat.Draft) (chat.Entry, bool, error) {
	if f.err == nil {
		f.posted = append(f.posted, d)
	}
	return chat.Entry{}, false, f.err
}

func send(h *Hooks, room, secret, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/rooms/"+room+"/hook/"+secret, strings.NewReader(body))
	r.SetPathValue("room", room)
	r.SetPathValue("token", secret)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.byAddress(w, r)
	return w
}

func TestADelivery(t *testing.T) {
	rooms := &fakeRooms{}
	h := New(rooms)
	w := send(h, "tea", "callerhook_right", `{"text":"built"}`, "X-Github-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "ok", w.Body.String())
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, []chat.Draft{{Key: "72d3162e-cc78-11e3-81ab-4c9367dc0958", Payload: chat.Message{Text: "built"}}}, rooms.posted)

	require.Equal(t, http.StatusNotFound, send(h, "tea", "callerhook_wrong", `{"text":"built"}`).Code)
	require.Equal(t, http.StatusNotFound, send(h, "coffee", "callerhook_right", `{"text":"built"}`).Code, "another room's")
	require.Equal(t, http.StatusRequestEntityTooLarge, send(h, "tea", "callerhook_right", strings.Repeat(" ", MaxBody+1)).Code)
	require.Equal(t, http.StatusBadRequest, send(h, "tea", "callerhook_right", `{"hello":1}`).Code)
	require.Equal(t, "ok", send(h, "tea", "callerhook_right", `{"action":"completed"}`, "X-GitHub-Event", "check_run").Body.String())
	require.Len(t, rooms.posted, 1)
	send(h, "tea", "callerhook_right", `{"text":"again"}`, "webhook-id", "an id with spaces and more than may be "+strings.Repeat("x", 100))
	require.Regexp(t, "^[0-9a-f]{32}$", rooms.posted[1].Key)

	rooms.err = chat.ErrKeyReused
	require.Equal(t, "ok", send(h, "tea", "callerhook_right", `{"text":"built"}`, "X-GitHub-Delivery", "d-1").Body.String())
	reused := send(h, "tea", "callerhook_right", `{"text":"the house is on fire"}`, "Idempotency-Key", "42")
	require.Contains(t, reused.Body.String(), `"code":"key_reused"`, "what is not posted is not ok")
	rooms.err = &chat.LimitError{RetryAfter: time.Second}
	require.Equal(t, http.StatusTooManyRequests, send(h, "tea", "callerhook_right", `{"text":"built"}`).Code)
}

func TestSignedDeliveries(t *testing.T) {
	const secret, body = "It's a Secret to Everybody", `{"text":"Hello, World!"}`
	rooms := &fakeRooms{signing: secret}
	h := New(rooms)
	right := hex.EncodeToString(sign([]byte(secret), []byte(body)))
	for name, headers := range map[string][]string{
		"none": nil, "wrong": {"X-Hub-Signature-256", "sha256=" + strings.Repeat("0", 64)}, "half": {"X-Hub-Signature-256", "sha256=" + right[:32]},
		"no hex": {"X-Hub-Signature-256", "sha256=zz"}, "SHA-1": {"X-Hub-Signature", "sha1=" + right[:40]},
		"old": {"webhook-id", "m", "webhook-timestamp", "1674087231", "webhook-signature", "v1,AAAA"},
	} {
		require.Equal(t, http.StatusUnauthorized, send(h, "tea", "callerhook_right", body, headers...).Code, name)
	}
	require.Empty(t, rooms.posted)
	require.Equal(t, http.StatusOK, send(h, "tea", "callerhook_right", body, "X-Hub-Signature-256", "sha256="+right).Code)
	require.Equal(t, http.StatusOK, send(h, "tea", "callerhook_right", body, "X-Grafana-Alerting-Signature", right).Code)
	require.Len(t, rooms.posted, 2)
}

// TestGitHubsOwnExample is the one by which its documentation has receivers check themselves.
func TestGitHubsOwnExample(t *testing.T) {
	h := http.Header{"X-Hub-Signature-256": {"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}}
	require.True(t, isSigned(h, []byte("Hello, World!"), "It's a Secret to Everybody", time.Now()))
}

// TestTheStandardsOwnExample is that of the Standard Webhooks specification.
func TestTheStandardsOwnExample(t *testing.T) {
	h := http.Header{}
	h.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("webhook-timestamp", "1614265330")
	h.Set("webhook-signature", "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	at := time.Unix(1614265330, 0)
	require.True(t, isSigned(h, []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at))
	require.False(t, isSigned(h, []byte(`{"test": 2432232315}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at))
	require.False(t, isSigned(h, []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at.Add(6*time.Minute)))
}
