package webhooks

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// fakeStore has one hook with something to be told, and notes what becomes of it.
type fakeStore struct {
	Store
	config []byte
	next   []chat.Happening
	keep   error // what a change is answered

	mu        sync.Mutex // protects following
	kept      [][]byte   // the configs that changes were decided by
	buried    []string
	postponed []time.Duration
}

func (f *fakeStore) AllPartitions() int                         { return 1 }
func (f *fakeStore) NodeHooks(map[chat.HookID][]chat.HookEvent) {}

func (f *fakeStore) HookWork(context.Context, chat.HookClaim, int) (chat.HookWork, error) {
	if f.next == nil {
		return chat.HookWork{Done: true}, nil
	}
	work := chat.HookWork{Config: f.config, Next: f.next}
	f.next = nil
	return work, nil
}

func (f *fakeStore) KeepHook(
	_ context.Context, _ chat.RoomID, _ chat.HookID, _ []byte, _ []chat.HookEvent, _ int, was []byte,
) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, was)
	return false, f.keep
}

func (f *fakeStore) Bury(
	_ context.Context, _ *chat.HookClaim, _ chat.Happening, _ time.Duration, note []byte, _ bool,
) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buried = append(f.buried, string(note))
	return true, nil
}

func (f *fakeStore) Postpone(_ context.Context, _ chat.HookClaim, after time.Duration, _ []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.postponed = append(f.postponed, after)
	return nil
}

func happened(ago time.Duration) []chat.Happening {
	return []chat.Happening{{ID: "1-0", Ref: "1-00c0ffee", Kind: chat.HookMessage, Time: time.Now().Add(-ago)}}
}

func serving(t *testing.T, f *fakeStore, hook chat.HookID) (w *Webhooks, serve func()) {
	t.Helper()
	w = New(f, Options{AllowPrivate: true})
	t.Cleanup(w.Close)
	return w, func() { w.serve(chat.HookClaim{Room: "tea", Hook: hook, Claim: "1"}, time.Now().Add(lease)) }
}

func hookAt(url string) []byte {
	return roomHook{URL: url, Events: []chat.HookEvent{chat.HookMessage}, Secret: NewSecret()}.encode()
}

// A receiver that is gone has its hook switched off, but not in place of what the owner has changed it
// to meanwhile: another address, or another secret, would be lost.
func TestAnAttemptUndoesNoChange(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	defer receiver.Close()
	f := &fakeStore{config: hookAt(receiver.URL), next: happened(0), keep: chat.ErrHookChanged}
	_, serve := serving(t, f, "wh-1")
	serve()
	require.Equal(t, [][]byte{f.config}, f.kept, "it is switched off only as it was")
	assert.Empty(t, f.buried)
	assert.Equal(t, []time.Duration{0}, f.postponed, "it is told again at once")

	f = &fakeStore{config: hookAt(receiver.URL), next: happened(0)}
	_, serve = serving(t, f, "wh-1")
	serve()
	require.Len(t, f.buried, 1)
	assert.Contains(t, f.buried[0], gone)
}

// A hook of nodes that this one does not have may be another's. What no node has told it in a day is
// a dead letter.
func TestAHookThatNoNodeHas(t *testing.T) {
	f := &fakeStore{next: happened(10 * time.Minute)}
	_, serve := serving(t, f, "nh-1")
	serve()
	assert.Empty(t, f.buried)
	require.Len(t, f.postponed, 1)
	assert.GreaterOrEqual(t, f.postponed[0], time.Minute, "the longer it waits, the more seldom one looks")
	assert.LessOrEqual(t, f.postponed[0], lastLook+2*pollEvery)

	f = &fakeStore{next: happened(usualGiveUp + time.Minute)}
	_, serve = serving(t, f, "nh-1")
	serve()
	require.Len(t, f.buried, 1)
	assert.Contains(t, f.buried[0], "no node has this webhook any more")
}

// A node that is stopped gives up what it has under way, and nobody waits until its claim is over.
func TestAStoppedNodeHandsOver(t *testing.T) {
	asked := make(chan struct{}, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server would not see its client go
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer receiver.Close()
	f := &fakeStore{config: hookAt(receiver.URL), next: happened(0)}
	w, serve := serving(t, f, "wh-1")
	w.running.Go(serve)
	testwait.Receive(t, asked, "the receiver is asked")
	w.Close()
	assert.Empty(t, f.buried)
	assert.Equal(t, []time.Duration{0}, f.postponed)
}

func TestRotatedSecrets(t *testing.T) {
	now := time.Now()
	h := roomHook{Secret: "first"}
	var all []string
	for range 3 {
		all = append([]string{h.Secret}, all...)
		h.rotate(now)
	}
	assert.Equal(t, append([]string{h.Secret}, all...), h.secrets(now), "each signs for a day, whatever comes after it")
	for range 5 {
		h.rotate(now.Add(time.Hour))
	}
	assert.Len(t, h.secrets(now.Add(time.Hour)), 1+maxOld)
	assert.Equal(t, []string{h.Secret}, h.secrets(now.Add(rotation+time.Hour)))
}
