package push

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// problem is a refusal.
type problem struct {
	Code, Field string
	Limit       int
}

func (s *site) problem(t *testing.T, who chat.Principal, method, path, body string) problem {
	t.Helper()
	w := s.ask(who, method, path, body)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), "%d %s", w.Code, w.Body)
	var p problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	return p
}

func TestKey(t *testing.T) {
	s := newSite(t, Options{}, nil)
	guest := chat.Principal{Guest: true}
	first := s.ask(guest, "GET", "/push/key", "")
	assert.Equal(t, http.StatusOK, first.Code)
	assert.Equal(t, first.Body.String(), s.ask(guest, "GET", "/push/key", "").Body.String())
	var key struct{ Key string }
	require.NoError(t, json.Unmarshal(first.Body.Bytes(), &key))
	point, err := decode(key.Key)
	require.NoError(t, err)
	assert.Len(t, point, 65, "an uncompressed point")

	given := bytes.Repeat([]byte{7}, 32)
	fixed := newSite(t, Options{Key: given}, nil)
	want, err := keyOf(given)
	require.NoError(t, err)
	assert.Contains(t, fixed.ask(guest, "GET", "/push/key", "").Body.String(), want.Public())
	assert.Nil(t, fixed.store.key, "the store is not asked")
	for _, bad := range [][]byte{{}, make([]byte, 32), bytes.Repeat([]byte{255}, 32), given[:31]} {
		_, err := New(s.store, Options{Key: bad})
		assert.Error(t, err)
	}
}

func TestKeyWhileTheStoreIsAway(t *testing.T) {
	s := newSite(t, Options{}, nil)
	s.store.fail(chat.ErrUnavailable)
	assert.Equal(t, "unavailable", s.problem(t, principal("Ann"), "GET", "/push/key", "").Code)
	s.store.fail(nil)
	assert.Equal(t, http.StatusOK, s.ask(principal("Ann"), "GET", "/push/key", "").Code)
}

// A subscription is a session's, and no longer good than that.
func TestASubscriptionEndsWithItsSession(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	put := func(who chat.Principal) kept {
		require.Equal(t, http.StatusNoContent, s.ask(who, "PUT", "/push/subscription", s.service.Subscribe("").Subscription(nil)).Code)
		all := s.store.subs[who.ID]
		return all[len(all)-1]
	}
	ann := principal("Ann")
	one := put(ann)
	assert.Equal(t, ann.ID, one.session)
	assert.Equal(t, subscriptionLife, one.keep)
	ann.Session, ann.Until = ann.ID+"@one", time.Now().Add(time.Hour)
	two := put(ann)
	assert.Equal(t, ann.Session, two.session)
	assert.LessOrEqual(t, two.keep, time.Hour)
	assert.Greater(t, two.keep, time.Hour-testwait.Limit)
	ann.Until = time.Now().Add(2 * subscriptionLife)
	assert.Equal(t, subscriptionLife, put(ann).keep)
}

func TestSubscriptionsThatAreNone(t *testing.T) {
	s := newSite(t, Options{}, nil)
	ann := principal("Ann")
	good := s.service.Subscribe("").Subscription(nil)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(good), &fields))
	with := func(name string, value any) string {
		changed := map[string]any{}
		for k, v := range fields {
			changed[k] = v
		}
		changed["endpoint"] = "https://push.example/x"
		changed[name] = value
		text, err := json.Marshal(changed)
		require.NoError(t, err)
		return string(text)
	}
	keys := func(p256dh, auth string) string {
		return with("keys", map[string]string{"p256dh": p256dh, "auth": auth})
	}
	own := fields["keys"].(map[string]any)
	rooms := map[string]string{}
	for range maxRooms + 1 {
		rooms[strings.Repeat("r", 1+len(rooms)%60)+string(rune('a'+len(rooms)/60))] = "all"
	}
	for body, field := range map[string]string{
		good: "endpoint", // http, and on this machine
		with("endpoint", "http://push.example/x"):                           "endpoint",
		with("endpoint", "https://127.0.0.1/x"):                             "endpoint",
		with("endpoint", "https://[::1]/x"):                                 "endpoint",
		with("endpoint", "https://[fd00::1]:8443/x"):                        "endpoint",
		with("endpoint", "https://localhost./x"):                            "endpoint",
		with("endpoint", "https://redis:6379/"):                             "endpoint",
		with("endpoint", "https://u:p@push.example/x"):                      "endpoint",
		with("endpoint", "ftp://push.example/x"):                            "endpoint",
		with("endpoint", ""):                                                "endpoint",
		with("endpoint", "https://push.example/"+strings.Repeat("x", 3000)): "endpoint",
		keys("", own["auth"].(string)):                                      "keys.p256dh",
		keys("!!", own["auth"].(string)):                                    "keys.p256dh",
		keys(strings.Repeat("B", 87), own["auth"].(string)):                 "keys.p256dh",
		keys(own["p256dh"].(string), "AAAA"):                                "keys.auth",
		with("rooms", map[string]string{"lobby": "sometimes"}):              "rooms",
		with("rooms", map[string]string{"no such room": "all"}):             "rooms",
		with("rooms", rooms):                                                "rooms",
	} {
		p := s.problem(t, ann, "PUT", "/push/subscription", body)
		assert.Equal(t, "invalid_field", p.Code, body)
		assert.Equal(t, field, p.Field, body)
		require.Zero(t, s.store.count(ann.ID))
	}
	for _, body := range []string{"", "[]", "{", `{"endpoint":7}`, `"x"`} {
		assert.Equal(t, "malformed", s.problem(t, ann, "PUT", "/push/subscription", body).Code, body)
	}
	assert.Equal(t, http.StatusNoContent, s.ask(ann, "PUT", "/push/subscription", with("expirationTime", 7)).Code)
	assert.Equal(t, 1, s.store.count(ann.ID))
}

func TestSubscribingNeedsASession(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	guest := chat.Principal{ID: "g", Guest: true}
	body := s.service.Subscribe("").Subscription(nil)
	for _, method := range []string{"PUT", "DELETE"} {
		assert.Equal(t, "session_required", s.problem(t, guest, method, "/push/subscription", body).Code)
	}
}

func TestUnsubscribing(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true}, nil)
	ann, bob := principal("Ann"), principal("Bob")
	for range maxSubscriptions + 2 {
		s.subscribe(t, ann, nil)
	}
	assert.Equal(t, maxSubscriptions, s.store.count(ann.ID), "a person's newest devices")
	one := s.subscribe(t, ann, nil)
	s.subscribe(t, bob, nil)
	assert.Equal(t, http.StatusNoContent, s.ask(ann, "DELETE", "/push/subscription", `{"endpoint":"`+one.Endpoint()+`"}`).Code)
	assert.Equal(t, maxSubscriptions-1, s.store.count(ann.ID))
	assert.Equal(t, http.StatusNoContent, s.ask(ann, "DELETE", "/push/subscription", "").Code)
	assert.Zero(t, s.store.count(ann.ID))
	assert.Equal(t, 1, s.store.count(bob.ID))
	assert.Equal(t, "malformed", s.problem(t, ann, "DELETE", "/push/subscription", "[").Code)
}

func TestSubscribingIsBounded(t *testing.T) {
	s := newSite(t, Options{AllowPrivate: true, Limits: counting(t, "pushes=3/1/h")}, nil)
	ann := principal("Ann")
	body := s.service.Subscribe("").Subscription(nil)
	for range 3 {
		require.Equal(t, http.StatusNoContent, s.ask(ann, "PUT", "/push/subscription", body).Code)
	}
	assert.Equal(t, http.StatusTooManyRequests, s.ask(ann, "PUT", "/push/subscription", body).Code)
}
