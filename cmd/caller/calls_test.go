package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

func TestCallsTakeAllThreeOrNone(t *testing.T) {
	all := []string{"LIVEKIT_URL=wss://livekit.example", "LIVEKIT_API_KEY=key", "LIVEKIT_API_SECRET=sekret"}
	names := []string{"--livekit-url (LIVEKIT_URL)", "--livekit-api-key (LIVEKIT_API_KEY)", "--livekit-api-secret (LIVEKIT_API_SECRET)"}
	for which := range 1 << len(all) {
		var env, lack []string
		for i := range all {
			if which>>i&1 == 1 {
				env = append(env, all[i])
			} else {
				lack = append(lack, names[i])
			}
		}
		c, err := read(t, "", env)
		if len(env) == 0 || len(lack) == 0 {
			require.NoError(t, err)
			assert.Equal(t, len(lack) == 0, c.LiveKitURL != "")
			continue
		}
		require.Error(t, err, env)
		for _, name := range lack {
			assert.Contains(t, err.Error(), name)
		}
		assert.NotContains(t, err.Error(), "sekret")
		assert.Equal(t, 2, exitCode(err, &bytes.Buffer{}))
	}
	_, err := read(t, "", []string{"LIVEKIT_PUBLIC_URL=wss://livekit.example"})
	assert.ErrorContains(t, err, "LIVEKIT_PUBLIC_URL) needs --livekit-url")
	_, err = read(t, "", all, "--livekit-room-prefix=")
	assert.ErrorContains(t, err, "--livekit-room-prefix")
}

func TestWhereLiveKitIs(t *testing.T) {
	for _, c := range []struct{ url, public, asks, told string }{
		{"wss://a.example", "", "https://a.example", "wss://a.example"},
		{"https://a.example/", "", "https://a.example", "wss://a.example"},
		{"WSS://a.example", "HTTPS://a.example", "https://a.example", "wss://a.example"},
		{"ws://127.0.0.1:7880", "", "http://127.0.0.1:7880", "ws://127.0.0.1:7880"},
		{"http://livekit:7880", "wss://a.example/rtc", "http://livekit:7880", "wss://a.example/rtc"},
		{"http://[::1]:7880", "https://a.example", "http://[::1]:7880", "wss://a.example"},
	} {
		got, err := read(t, "", []string{"LIVEKIT_URL=" + c.url, "LIVEKIT_PUBLIC_URL=" + c.public, "LIVEKIT_API_KEY=k", "LIVEKIT_API_SECRET=s"})
		require.NoError(t, err)
		o := got.liveKit(nil)
		assert.Equal(t, c.asks, o.URL)
		assert.Equal(t, c.told, o.PublicURL)
		assert.Equal(t, "caller:", o.RoomPrefix)
	}
}

// The chat is served whatever becomes of LiveKit, and the log says once what did, without the
// secret.
func TestLiveKitThatDoesNotAnswer(t *testing.T) {
	p := begin(t, "--livekit-url", "ws://127.0.0.1:1", "--livekit-api-key", "the-key", "--livekit-api-secret", "sekret-sekret")
	testwait.Until(t, func() bool { return strings.Contains(p.stderr.String(), "LiveKit does not answer") }, "LiveKit's silence is not in the log")
	assert.Equal(t, http.StatusOK, p.status(t, "/readyz"))
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.url, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html")
	page, err := p.client.Do(r)
	require.NoError(t, err)
	defer page.Body.Close()
	assert.Contains(t, page.Header.Get("Content-Security-Policy"), "ws://127.0.0.1:1 http://127.0.0.1:1;")
	p.end(t)
	assert.NotContains(t, p.stderr.String(), "sekret")
	assert.Equal(t, 1, strings.Count(p.stderr.String(), "LiveKit does not answer"))
}
