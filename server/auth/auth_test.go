package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

func TestGuests(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{})
	named, err := n.principal("/?name=%D0%90%D0%BD%D1%8F", "X-Name", "Bob")
	require.NoError(t, err)
	assert.Equal(t, "Аня", named.Name)
	assert.True(t, named.Guest)
	assert.Equal(t, "guest:192.0.2.1 Аня", named.Client)

	again, err := n.principal("/", "X-Name", "Аня")
	require.NoError(t, err)
	assert.Equal(t, named.Client, again.Client, "repeated keys are recognised by address and name")
	assert.NotEqual(t, named.ID, again.ID, "a guest takes nobody's place")

	nameless, err := n.principal("/")
	require.NoError(t, err)
	assert.Equal(t, "guest-"+string(nameless.ID[:4]), nameless.Name)
	other, err := n.principal("/")
	require.NoError(t, err)
	assert.Equal(t, nameless.Client, other.Client)

	for _, headers := range [][]string{{"X-Name", "a\x1b[31m"}, {"X-Name", "\xff"}, {"X-Name", strings.Repeat("a", 41)}, {"X-Name", "  "}} {
		_, err := n.principal("/", headers...)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid)
		assert.Equal(t, "name", invalid.Field)
	}
}

func TestAGuestIsRecognised(t *testing.T) {
	store := &fakeStore{}
	one, other := newNode(t, store, Options{}), newNode(t, store, Options{})
	look := func(n *node, headers ...string) string {
		who, err := n.principal("/", headers...)
		require.NoError(t, err)
		require.True(t, who.Guest)
		return who.Look
	}
	ci := look(one, "X-Name", "ci")
	require.Len(t, ci, 12)
	require.Equal(t, ci, look(one, "X-Name", "ci"), "over requests")
	require.Equal(t, ci, look(other, "X-Name", "ci"), "and nodes")
	require.NotEqual(t, ci, look(one, "X-Name", "cd"), "by the name")
	require.Empty(t, look(one), "one without a name has another one each time")
	other.options.Address = func(*http.Request) string { return "192.0.2.2" }
	require.NotEqual(t, ci, look(other, "X-Name", "ci"), "by the address")
	other.options.Address = func(*http.Request) string { return "2001:db8::1" }
	six := look(other, "X-Name", "ci")
	other.options.Address = func(*http.Request) string { return "2001:db8::2" }
	require.Equal(t, six, look(other, "X-Name", "ci"), "a household has a network of IPv6")
	foreign := newNode(t, &fakeStore{}, Options{Key: []byte(strings.Repeat("x", MinKey))})
	require.NotEqual(t, ci, look(foreign, "X-Name", "ci"), "nobody without the key can tell the address")
	away := newNode(t, &fakeStore{}, Options{})
	away.keys.fetch = func(context.Context) ([]byte, error) { return nil, chat.ErrUnavailable }
	require.Empty(t, look(away, "X-Name", "ci"), "a store that is away is no reason to refuse")
}

func TestRateLimitKey(t *testing.T) {
	assert.Equal(t, "192.0.2.7", networkKey("192.0.2.7"))
	assert.Equal(t, networkKey("2001:db8:1:2::1"), networkKey("2001:db8:1:2:ffff::"))
	assert.NotEqual(t, networkKey("2001:db8:1:2::1"), networkKey("2001:db8:1:3::1"))
	assert.Equal(t, "@", networkKey("@"))
}

func TestWhereATokenComes(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{})
	token := signed(t, ann(), testKey)
	bob := signed(t, Session{ID: "bob", Name: "Bob", Expires: start.Add(time.Hour)}, testKey)
	for _, c := range []struct {
		headers []string
		want    string
	}{
		{[]string{"Authorization", "Bearer " + token}, "Ann"},
		{[]string{"Authorization", "bearer  " + token}, "Ann"},
		{[]string{"Authorization", "Bearer " + legacyOf(ann(), testKey)}, "Ann"},
		{[]string{"Cookie", "caller_session=" + token}, "Ann"},
		{[]string{"Sec-WebSocket-Protocol", "caller.v1, caller.token." + token}, "Ann"},
		{[]string{"Cookie", "caller_session=" + token, "Authorization", "Bearer " + bob}, "Bob"},
		{[]string{"Cookie", "caller_session=" + token, "Authorization", "Basic dTpw"}, "Ann"},
		{[]string{"Cookie", "caller_session=" + token, "Authorization", "Bearer somebody-elses"}, "Ann"},
		{[]string{"Authorization", "Bearer somebody-elses", "X-Name", "Cleo"}, "Cleo"},
		{[]string{"X-Name", "Cleo"}, "Cleo"},
	} {
		for range 2 { // the second time from the cache
			who, err := n.principal("/", c.headers...)
			require.NoError(t, err, c.headers)
			assert.Equal(t, c.want, who.Name, c.headers)
		}
	}
	for _, headers := range [][]string{
		{"Authorization", "Bearer " + token + "A"},
		{"Cookie", "caller_session=somebody-elses"},
		{"Sec-WebSocket-Protocol", "caller.v1, caller.token.somebody-elses"},
	} {
		_, err := n.principal("/", headers...)
		assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, headers)
	}
}

// TestAPrincipalIsFoundOnce asks twice; a guest found twice would be two.
func TestAPrincipalIsFoundOnce(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{})
	i := &identity{auth: n.Auth, request: request("/")}
	a, err := i.Principal()
	require.NoError(t, err)
	b, err := i.Principal()
	require.NoError(t, err)
	assert.Equal(t, a, b)
}

// TestRevoked signs out on one node, and asks another.
func TestRevoked(t *testing.T) {
	for name, token := range map[string]string{"token": signed(t, ann(), testKey), "old token": legacyOf(ann(), testKey)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &fakeStore{}
				a, b := newNode(t, store, Options{}), newNode(t, store, Options{})
				ctx, stop := context.WithCancel(t.Context())
				go b.Run(ctx)
				defer stop()
				_, err := b.principal("/", "Authorization", "Bearer "+token)
				require.NoError(t, err)
				require.NoError(t, a.signOut(token))
				assert.Equal(t, ann().ID, <-a.ended)
				_, err = a.principal("/", "Authorization", "Bearer "+token)
				assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code)

				time.Sleep(PollInterval)
				synctest.Wait()
				assert.Equal(t, ann().ID, <-b.ended, "its streams here have ended")
				_, err = b.principal("/", "Authorization", "Bearer "+token)
				assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code)
				assert.Equal(t, 1, len(store.revoked))
				require.Error(t, b.signOut(token), "once is enough")

				time.Sleep(10 * PollInterval)
				synctest.Wait()
				assert.Empty(t, b.ended, "nothing is ended twice")
				c := newNode(t, store, Options{})
				_, err = c.principal("/", "Authorization", "Bearer "+token)
				assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, "a node that begins later knows it at once")
			})
		})
	}
}

// refusing is a policy by which that is too much.
type refusing chat.Action

func (r refusing) Decide(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action) error {
	if what == chat.Action(r) {
		return &chat.LimitError{}
	}
	return nil
}

// TestSigningOutIsBounded: what is remembered of a session that is over has a rate and an end. A
// program's always ends.
func TestSigningOutIsBounded(t *testing.T) {
	store := &fakeStore{most: 1}
	token := signed(t, ann(), testKey)
	var tooMuch *chat.LimitError
	require.ErrorAs(t, newNode(t, store, Options{Limits: refusing(chat.ActionSignOut)}).signOut(token), &tooMuch)
	assert.Empty(t, store.revoked)
	a := newNode(t, store, Options{})
	require.NoError(t, a.signOut(token))
	other := ann()
	other.ID = "other"
	require.ErrorIs(t, a.signOut(signed(t, other, testKey)), chat.ErrFull)
	_, err := a.principal("/", "Authorization", "Bearer "+signed(t, other, testKey))
	require.NoError(t, err, "it goes on")
	require.NoError(t, a.End(t.Context(), "program"))
}

// TestRevokedWhileTheStoreIsAway: nobody is let in by a node that has never known who was signed
// out; one that has goes on.
func TestRevokedWhileTheStoreIsAway(t *testing.T) {
	store := &fakeStore{}
	token := signed(t, ann(), testKey)
	knows, new := newNode(t, store, Options{}), newNode(t, store, Options{})
	_, err := knows.principal("/", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	store.fail(chat.ErrUnavailable)
	_, err = knows.principal("/", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	require.ErrorIs(t, knows.signOut(token), chat.ErrUnavailable)
	_, err = new.principal("/", "Authorization", "Bearer "+token)
	require.ErrorIs(t, err, chat.ErrUnavailable)
	_, err = new.principal("/", "X-Name", "Bob")
	require.NoError(t, err, "guests need no store")
	store.fail(nil)
	require.NoError(t, new.signOut(token))
}

// TestSignInWhileTheStoreFails: whoever has a session does not become somebody else because the
// store could not be asked, whatever it says.
func TestSignInWhileTheStoreFails(t *testing.T) {
	signIn := func(n *node, token string) (s Session, created bool, err error) {
		r := request("/")
		r.Header.Set("Authorization", "Bearer "+token)
		n.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, _, created, err = n.SignIn(w, r, called("Anna"))
		})).ServeHTTP(httptest.NewRecorder(), r)
		return s, created, err
	}
	token := signed(t, ann(), testKey)
	for _, failure := range []error{chat.ErrUnavailable, context.DeadlineExceeded, errors.New("another")} {
		store := &fakeStore{}
		n := newNode(t, store, Options{Key: testKey})
		store.fail(failure)
		_, created, err := signIn(n, token)
		require.ErrorIs(t, err, failure)
		require.False(t, created)
		store.fail(nil)
		s, created, err := signIn(n, token)
		require.NoError(t, err)
		assert.False(t, created)
		assert.Equal(t, ann().ID, s.ID)
		require.NoError(t, n.signOut(token))
		s, created, err = signIn(n, token)
		require.NoError(t, err)
		assert.True(t, created, "one that was signed out is as good as none")
		assert.NotEqual(t, ann().ID, s.ID)
	}
}

// TestEndedSessionsAreForgotten has a clock that goes on until no token of the session can be good.
func TestEndedSessionsAreForgotten(t *testing.T) {
	store := &fakeStore{}
	n := newNode(t, store, Options{})
	require.NoError(t, n.signOut(signed(t, ann(), testKey)))
	n.now = start.Add(SessionLife)
	require.NoError(t, n.signOut(signed(t, Session{ID: "bob", Name: "Bob", Expires: n.now.Add(time.Hour)}, testKey)))
	assert.Len(t, n.revoked.until, 1)
}

func TestNoMiddleware(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{})
	_, _, err := n.Session(request("/"))
	assert.Error(t, err)
	_, err = New(&fakeStore{}, &fakeStore{}, &fakeStore{}, Options{Key: []byte("short")})
	assert.ErrorContains(t, err, "at least 32 bytes")
}

func TestKeysAreAskedForOnce(t *testing.T) {
	entered, release := make(chan struct{}, 8), make(chan struct{})
	k := keys{now: time.Now, fetch: func(context.Context) ([]byte, error) {
		entered <- struct{}{}
		<-release
		return make([]byte, 32), nil
	}}
	first, gone := context.WithCancel(t.Context())
	done := make(chan error, 4)
	go func() { _, err := k.current(first); done <- err }()
	<-entered
	for range 3 {
		go func() { _, err := k.current(t.Context()); done <- err }()
	}
	gone()
	close(release)
	for range 4 {
		assert.NoError(t, <-done)
	}
}
