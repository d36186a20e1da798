package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// link is POST /session/link with a token; none for "".
func (n *node) link(token string) (code string, until time.Time, err error) {
	r := httptest.NewRequest("POST", "/session/link", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	n.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		code, until, err = n.NewLink(r)
	})).ServeHTTP(httptest.NewRecorder(), r)
	return code, until, err
}

// claim is POST /session/claim.
func (n *node) claim(code string) (s Session, token string, cookies []*http.Cookie, err error) {
	w := httptest.NewRecorder()
	s, token, err = n.Claim(w, httptest.NewRequest("POST", "/session/claim", nil), code)
	return s, token, w.Result().Cookies(), err
}

func code(err error) wire.Code {
	if err == nil {
		return ""
	}
	return httpapi.FailureOf(err).Code
}

func TestLinkMakesTheSamePersonOnce(t *testing.T) {
	store := new(fakeStore)
	one, other := newNode(t, store, Options{}), newNode(t, store, Options{})
	mine := signed(t, ann(), testKey)
	link, until, err := one.link(mine)
	require.NoError(t, err)
	assert.Equal(t, start.Add(LinkLife), until)
	assert.GreaterOrEqual(t, len(link), 22, "128 bits and more, in base64")
	for hash, of := range store.links {
		assert.NotContains(t, hash+string(of), link, "the store does not have the code")
	}

	s, token, cookies, err := other.claim(" " + link + "\n")
	require.NoError(t, err)
	assert.Equal(t, Session{ID: ann().ID, Name: "Ann", Expires: start.Add(SessionLife)}, s)
	require.Len(t, cookies, 1)
	assert.Equal(t, token, cookies[0].Value)
	for _, token := range []string{token, mine} {
		who, err := one.principal("/", "Authorization", "Bearer "+token)
		require.NoError(t, err)
		assert.Equal(t, ann().ID, who.ID, "both are the same person")
	}
	_, _, cookies, err = one.claim(link)
	assert.Equal(t, wire.CodeNotFound, code(err), "it is good once")
	assert.Empty(t, cookies)
}

func TestLinkNeedsASession(t *testing.T) {
	n := newNode(t, new(fakeStore), Options{})
	_, _, err := n.link("")
	assert.Equal(t, wire.CodeSessionRequired, code(err))
	_, _, err = n.link(signed(t, ann(), []byte("another key, that is not this node's")))
	assert.Equal(t, wire.CodeSessionInvalid, code(err))
}

func TestLinkToASessionThatWasSignedOut(t *testing.T) {
	store := new(fakeStore)
	one, other := newNode(t, store, Options{}), newNode(t, store, Options{})
	_, _, _, err := other.claim("nobody's") // the other node knows by now whose sessions have ended
	require.Equal(t, wire.CodeNotFound, code(err))
	mine := signed(t, ann(), testKey)
	link, _, err := one.link(mine)
	require.NoError(t, err)
	require.NoError(t, one.signOut(mine))
	_, _, cookies, err := other.claim(link)
	assert.Equal(t, wire.CodeNotFound, code(err), "before the other node has asked by itself")
	assert.Empty(t, cookies)
}

func TestClaimsThatAreNone(t *testing.T) {
	store := new(fakeStore)
	n := newNode(t, store, Options{})
	for _, given := range []string{"", " ", "x", string(make([]byte, 10_000)), "../../etc"} {
		_, _, _, err := n.claim(given)
		assert.Equal(t, wire.CodeNotFound, code(err), "%q", given)
	}
	require.NoError(t, store.KeepLink(t.Context(), linkHash("odd"), []byte("not JSON"), LinkLife))
	_, _, _, err := n.claim("odd")
	assert.Equal(t, wire.CodeNotFound, code(err))

	store.fail(chat.ErrUnavailable)
	_, _, _, err = n.claim("x")
	assert.ErrorIs(t, err, chat.ErrUnavailable, "a store that is away says nothing of the code")
}

func TestLinksAreBounded(t *testing.T) {
	set, err := limits.Parse("links=3/1/h,claims=4/1/h")
	require.NoError(t, err)
	counted := limits.New(chattest.New(chattest.Options{}).Node("n"), set)
	n := newNode(t, new(fakeStore), Options{Limits: counted.Policy(chat.Open{})})
	mine := signed(t, ann(), testKey)
	var limit *chat.LimitError
	for range 3 {
		_, _, err := n.link(mine)
		require.NoError(t, err)
	}
	_, _, err = n.link(mine)
	require.ErrorAs(t, err, &limit)
	assert.Positive(t, limit.RetryAfter)
	for range 4 {
		_, _, _, err := n.claim("guessed")
		require.Equal(t, wire.CodeNotFound, code(err))
	}
	_, _, _, err = n.claim("guessed")
	assert.Equal(t, wire.CodeTooMuch, code(err))
}
