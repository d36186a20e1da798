package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/wire"
)

func TestCrossOrigin(t *testing.T) {
	s := newSite(t, Options{TrustedOrigins: []string{"https://friend.example/"}})
	for _, c := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"a program", nil, true},
		{"our page", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://chat.example"}, true},
		{"our page behind a proxy that changes Host", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://public.example"}, true},
		{"our page in an old browser", []string{"Origin", "http://chat.example"}, true},
		{"typed into the address bar", []string{"Sec-Fetch-Site", "none"}, true},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		{"another site in an old browser", []string{"Origin", "https://evil.example"}, false},
		{"another port", []string{"Origin", "http://chat.example:8081"}, false},
		{"a sister site", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.chat.example"}, false},
		{"a sandboxed frame", []string{"Origin", "null"}, false},
		{"says it is us, comes from elsewhere", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://chat.example"}, false},
		{"a name that begins like ours", []string{"Origin", "http://chat.example.evil.example"}, false},
		{"a friend", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://friend.example"}, true},
		{"a friend without TLS", []string{"Sec-Fetch-Site", "cross-site", "Origin", "http://friend.example"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, target := range []string{"/rooms/lobby/messages", "/rooms/lobby", "/session", "/rooms/lobby/leave", "/nothing"} {
				w := s.ask("POST", "http://chat.example"+target, `{"name":"Ann"}`, c.headers...)
				if c.ok {
					assert.NotEqual(t, http.StatusForbidden, w.Code, target)
				} else {
					wantProblem(t, w, http.StatusForbidden, wire.CodeCrossOrigin)
				}
			}
			for _, change := range []string{
				"PATCH /rooms/lobby/messages/1-00000001", "DELETE /rooms/lobby/messages/1-00000001",
				"PUT /rooms/lobby/messages/1-00000001/reactions/x", "DELETE /rooms/lobby/messages/1-00000001/reactions/x",
			} {
				method, path, _ := strings.Cut(change, " ")
				w := s.ask(method, "http://chat.example"+path, "", c.headers...)
				assert.Equal(t, c.ok, w.Code == http.StatusOK, change)
				assert.Equal(t, !c.ok, w.Code == http.StatusForbidden, change)
			}
			socket := s.ask("GET", "http://chat.example/rooms/lobby/ws", "", c.headers...)
			assert.Equal(t, c.ok, socket.Code == http.StatusOK, "WebSocket")
			assert.Equal(t, http.StatusOK, s.ask("GET", "http://chat.example/rooms/lobby/messages", "", c.headers...).Code, "reading changes nothing")
		})
	}
}

// Another site's page could not read a stream, but its reader would be shown in the room.
func TestStreamsThatOtherSitesOpen(t *testing.T) {
	s := newSite(t, Options{TrustedOrigins: []string{"https://friend.example"}})
	streams := []string{
		"/rooms/lobby/sse", "/rooms/lobby/ndjson", "/rooms/lobby/text", "/stream/sse?room=lobby", "/stream/ndjson?room=lobby",
		"/stream/messages?room=lobby", "/rooms/lobby/messages?wait=5", "/rooms/lobby/messages?after=0-0&wait=0",
	}
	for _, c := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"a program", nil, true},
		{"our page", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, true},
		{"typed into the address bar", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		{"a link on another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		{"a frame of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false},
		{"a picture of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, false},
		{"an EventSource of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Origin", "https://evil.example"}, false},
		{"a sister site's, with its cookies", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, false},
		{"in an old browser", []string{"Origin", "https://evil.example"}, false},
		{"a friend's EventSource", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Origin", "https://friend.example"}, true},
	} {
		for _, path := range streams {
			w := s.ask("GET", "http://chat.example"+path, "", c.headers...)
			if c.ok {
				assert.Equal(t, http.StatusOK, w.Code, "%s: %s", c.name, path)
			} else {
				wantProblem(t, w, http.StatusForbidden, wire.CodeCrossOrigin)
			}
		}
		for _, accept := range []string{"text/event-stream", "application/x-ndjson", "text/plain"} {
			w := s.ask("GET", "http://chat.example/rooms/lobby", "", append(c.headers, "Accept", accept)...)
			assert.Equal(t, c.ok, w.Code == http.StatusOK, "%s: %s", c.name, accept)
		}
		page := s.ask("GET", "http://chat.example/rooms/lobby", "", append(c.headers, "Accept", acceptChromium)...)
		assert.Equal(t, http.StatusOK, page.Code, "%s: the page", c.name)
	}
}

func TestCrossOriginBehindAProxy(t *testing.T) {
	headers := []string{"Origin", "https://public.example", "X-Forwarded-Host", "public.example"}
	trusting := newSite(t, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	assert.Equal(t, http.StatusOK, trusting.ask("POST", "/rooms/lobby", "hi", headers...).Code)
	wary := newSite(t, Options{})
	assert.Equal(t, http.StatusForbidden, wary.ask("POST", "/rooms/lobby", "hi", headers...).Code)
}

func TestDefaultPorts(t *testing.T) {
	proxied := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	s := newSite(t, Options{TrustedProxies: proxied, TrustedOrigins: []string{"https://friend.example:443"}})
	for _, c := range []struct {
		host, origin string
		headers      []string
		ok           bool
	}{
		{"chat.example:80", "http://chat.example", nil, true},
		{"chat.example", "http://chat.example:80", nil, true},
		{"chat.example:443", "https://chat.example", nil, true},
		{"Chat.Example:443", "https://chat.example", nil, true},
		{"[::1]:80", "http://[::1]", nil, true},
		{"chat.example:8080", "http://chat.example:8080", nil, true},
		{"inside:8080", "https://chat.example", []string{"X-Forwarded-Host", "chat.example:443", "X-Forwarded-Proto", "https"}, true},
		{"chat.example:443", "https://chat.example", []string{"X-Forwarded-Proto", "https"}, true},
		{"chat.example:80", "https://chat.example", nil, false},
		{"chat.example:443", "http://chat.example", nil, false},
		{"chat.example:8080", "http://chat.example", nil, false},
		{"chat.example:80", "http://evil.example", nil, false},
		{"chat.example:80", "null", nil, false},
		{"chat.example", "https://friend.example", nil, true},
		{"chat.example", "https://friend.example:8443", nil, false},
	} {
		for _, headers := range [][]string{{"Origin", c.origin}, {"Origin", c.origin, "Sec-Fetch-Site", "same-origin"}} {
			if len(headers) > 2 && !c.ok {
				continue
			}
			w := s.ask("POST", "http://"+c.host+"/rooms/lobby", "hi", append(headers, c.headers...)...)
			assert.Equal(t, c.ok, w.Code == http.StatusOK, "%s from %s: %d", c.host, c.origin, w.Code)
			w = s.ask("GET", "http://"+c.host+"/rooms/lobby/ws", "", append(headers, c.headers...)...)
			assert.Equal(t, c.ok, w.Code == http.StatusOK, "a WebSocket to %s from %s: %d", c.host, c.origin, w.Code)
		}
	}
}

func TestSharing(t *testing.T) {
	s := newSite(t, Options{TrustedOrigins: []string{"https://friend.example"}})
	w := s.ask("OPTIONS", "/rooms/lobby/messages", "", "Origin", "https://friend.example", "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "content-type,idempotency-key", "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "https://friend.example", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "true", w.Header().Get("Access-Control-Allow-Credentials"))
	assert.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key")
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		assert.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), method)
	}

	w = s.ask("GET", "/rooms/lobby", "", "Origin", "https://friend.example")
	assert.Equal(t, "https://friend.example", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Contains(t, w.Header().Values("Vary"), "Origin")
	assert.Contains(t, w.Header().Values("Vary"), "Accept")

	for _, s := range []*site{s, newSite(t, Options{})} {
		for _, method := range []string{"OPTIONS", "GET"} {
			w = s.ask(method, "/rooms/lobby", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
			assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
		}
	}
}

func TestBadTrustedOrigins(t *testing.T) {
	for _, origin := range []string{"friend.example", "https://friend.example/path", "https://", "*", ""} {
		_, err := newOrigins([]string{origin}, nil)
		assert.Error(t, err, origin)
	}
	o, err := newOrigins([]string{"https://Friend.Example"}, nil)
	require.NoError(t, err)
	assert.True(t, o.trusted["https://friend.example"])
}
