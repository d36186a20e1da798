package auth

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/wire"
)

// A sibling domain may have set cookies of the same name, which browsers can send first.
func TestAValidSessionAmongCookies(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{})
	good := "caller_session=" + signed(t, ann(), testKey)
	expired := ann()
	expired.Expires = start.Add(-time.Minute)
	for _, header := range []string{
		"caller_session=planted; " + good,
		"caller_session=; " + good,
		"caller_session=" + signed(t, expired, testKey) + "; " + good,
		"caller_session=" + signed(t, ann(), []byte(strings.Repeat("x", MinKey))) + "; " + good + "; caller_session=late",
		strings.Repeat("caller_session=planted; ", maxCookies-1) + good,
		"__Host-caller_session=planted; " + good,
	} {
		who, err := n.principal("/", "Cookie", header)
		require.NoError(t, err, header)
		assert.Equal(t, "Ann", who.Name, header)
	}
	_, err := n.principal("/", "Cookie", strings.Repeat("caller_session=planted; ", maxCookies)+good)
	assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, "nobody has so many")
	require.NoError(t, n.signOut(signed(t, ann(), testKey)))
	bob := signed(t, Session{ID: "bob", Name: "Bob", Expires: start.Add(time.Hour)}, testKey)
	who, err := n.principal("/", "Cookie", good+"; caller_session="+bob)
	require.NoError(t, err)
	assert.Equal(t, "Bob", who.Name, "the first was signed out")
}

// Over HTTPS nobody but this host itself gives a browser its session.
func TestTheCookieIsForThisHostAlone(t *testing.T) {
	token := signed(t, ann(), testKey)
	mallory := signed(t, Session{ID: "mallory", Name: "Mallory", Expires: start.Add(time.Hour)}, testKey)
	for _, c := range []struct {
		target, path string
		name         string
		planted      string // who a request with Mallory's cookie alone, without the prefix, is from
	}{
		{"https://chat.example/", "/", "__Host-caller_session", "Cleo"},
		{"https://chat.example/", "/chat/", "caller_session", "Mallory"},
		{"http://chat.example/", "/", "caller_session", "Mallory"},
	} {
		n := newNode(t, &fakeStore{}, Options{CookiePath: c.path})
		w := httptest.NewRecorder()
		n.setCookie(w, request(c.target), token, time.Hour)
		set := w.Result().Cookies()[0]
		assert.Equal(t, c.name, set.Name)
		assert.Equal(t, c.path, set.Path)
		assert.Equal(t, strings.HasPrefix(c.target, "https"), set.Secure)
		assert.True(t, set.HttpOnly)
		assert.Empty(t, set.Domain)

		who, err := n.principal(c.target, "Cookie", "caller_session="+mallory+"; "+c.name+"="+token)
		require.NoError(t, err)
		if c.name == hostCookie {
			assert.Equal(t, "Ann", who.Name)
		}
		who, err = n.principal(c.target, "Cookie", "caller_session="+mallory, "X-Name", "Cleo")
		require.NoError(t, err)
		assert.Equal(t, c.planted, who.Name, c.target+c.path)
	}
}
