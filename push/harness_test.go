package push

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/pushservice"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
)

func TestMain(m *testing.M) { testwait.Main(m) }

const lobby = chat.RoomID("lobby")

// store is a store in memory, with subscriptions.
type store struct {
	chattest.Node

	mu   sync.Mutex // protects following
	key  []byte
	err  error
	subs map[chat.MemberID][]kept
}

type kept struct {
	id      string
	text    []byte
	session chat.MemberID
	keep    time.Duration
}

func newStore() *store {
	return &store{Node: chattest.New(chattest.Options{}).Node("n"), subs: map[chat.MemberID][]kept{}}
}

func (s *store) PushKey(_ context.Context, made []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && s.key == nil {
		s.key = made
	}
	return s.key, s.err
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *store) Subscribe(
	_ context.Context, who, session chat.MemberID, id string, text []byte, most int, keep time.Duration,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(who, id)
	s.subs[who] = append(s.subs[who], kept{id, text, session, keep})
	if n := len(s.subs[who]); n > most {
		s.subs[who] = s.subs[who][n-most:]
	}
	return s.err
}

func (s *store) removeLocked(who chat.MemberID, id string) {
	s.subs[who] = slices.DeleteFunc(s.subs[who], func(k kept) bool { return id == "" || k.id == id })
}

func (s *store) Unsubscribe(_ context.Context, who chat.MemberID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(who, id)
	return s.err
}

func (s *store) Subscribed(_ context.Context, who chat.MemberID) (all [][]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.subs[who] {
		all = append(all, k.text)
	}
	return all, s.err
}

func (s *store) count(who chat.MemberID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subs[who])
}

// site is the pushes of a node, and a push service.
type site struct {
	*Push
	store   *store
	rooms   *chat.Node
	service *pushservice.Service
}

// plain are passwords whose hash says what they are.
type plain struct{}

func (plain) Hash(_ context.Context, password string) (string, error) { return "is " + password, nil }
func (plain) Matches(_ context.Context, hash, password string) (bool, error) {
	return hash == "is "+password, nil
}

// newSite has pushes that are not started.
func newSite(t *testing.T, o Options, policy chat.Policy) *site {
	t.Helper()
	if o.Subject == "" {
		o.Subject = "mailto:ops@example.org"
	}
	s := &site{store: newStore(), service: pushservice.Start()}
	var err error
	s.Push, err = New(s.store, o)
	require.NoError(t, err)
	s.rooms = chat.NewNode(s.Log(), s.store, s.store, s.store, s.store, chat.Options{Policy: policy, Passwords: plain{}})
	t.Cleanup(func() {
		s.Close()
		require.NoError(t, s.rooms.Close(context.Background())) // the test's own has ended
		s.service.Close()
	})
	return s
}

func (s *site) ask(who chat.Principal, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	s.Routes()[method+" "+path].ServeHTTP(w, httpapi.WithIdentity(r, identity(who)))
	return w
}

type identity chat.Principal

func (i identity) Principal() (chat.Principal, error) { return chat.Principal(i), nil }

func principal(name string) chat.Principal {
	return chat.Principal{ID: chat.MemberID("id-" + name), Name: name, Client: name, LimitKey: name}
}

// subscribe has a browser of somebody's get pushes.
func (s *site) subscribe(t *testing.T, who chat.Principal, rooms map[string]string) *pushservice.Browser {
	t.Helper()
	var key struct{ Key string }
	w := s.ask(who, "GET", "/push/key", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &key))
	b := s.service.Subscribe(key.Key)
	w = s.ask(who, "PUT", "/push/subscription", b.Subscription(map[string]any{"rooms": rooms}))
	body, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, w.Code, string(body))
	return b
}

// say posts a message.
func (s *site) say(t *testing.T, who chat.Principal, m chat.Message) chat.Entry {
	t.Helper()
	e, _, err := s.rooms.Post(t.Context(), who, lobby, chat.Draft{Payload: m})
	require.NoError(t, err)
	return e
}

// moderate does something about somebody.
func (s *site) moderate(t *testing.T, by chat.Principal, m chat.Moderation) {
	t.Helper()
	_, err := s.rooms.Moderate(t.Context(), by, lobby, m)
	require.NoError(t, err)
}
