package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/transport/wire"
)

// A page that makes its own name lead to a server in a private network (DNS rebinding) asks by that
// name.
func TestHosts(t *testing.T) {
	const address = "http://192.168.1.5:8080"
	always := []string{address, "http://127.0.0.1", "http://[::1]:8080", "http://localhost:8080", "http://LOCALHOST.", "http://a.localhost"}
	nobodys := []string{"http://chatbox:8080", "http://nas.local", "http://chat.internal", "http://chat.home.arpa", "http://chat.example", "http://a.example.org"}
	others := []string{"http://evil.com:8080", "http://chat.example.org.evil.com", "http://arpa.evil.net", "http://127.0.0.1.evil.com", "http://evil.com."}
	proxied := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, c := range []struct {
		name            string
		options         Options
		served, refused []string
	}{
		{"anywhere", Options{}, append(others, nobodys...), nil},
		{"private", Options{Private: true}, append(nobodys, "https://evil.com"), others},
		{"named", Options{Hosts: []string{"chat.corp.com", "b.org"}}, []string{"http://chat.corp.com:8443", "https://Chat.Corp.com.", "http://b.org"},
			append(append([]string{"https://evil.com", "http://x.b.org"}, others...), nobodys...)},
		{"named and private", Options{Hosts: []string{"chat.corp.com"}, Private: true}, []string{"http://chat.corp.com"}, append(others, nobodys...)},
		{"known by a public address", Options{PublicHost: "Chat.Corp.com:8443"}, append([]string{"http://chat.corp.com", "https://chat.corp.com:8443"}, nobodys...),
			append([]string{"https://evil.com", "http://x.chat.corp.com"}, others...)},
		{"named, and known by a public address", Options{Hosts: []string{"b.org"}, PublicHost: "chat.corp.com"}, []string{"http://chat.corp.com", "http://b.org"},
			append(others, nobodys...)},
		{"known by an address that tells nothing", Options{PublicHost: "127.0.0.1:8080"}, append(others, nobodys...), nil},
		{"any", Options{Hosts: []string{"chat.corp.com", AnyHost}, Private: true}, append(others, nobodys...), nil},
		{"behind a proxy", Options{Private: true, TrustedProxies: proxied}, others, nil},
		{"behind a proxy, named", Options{Hosts: []string{"b.org"}, TrustedProxies: proxied}, []string{"http://b.org"}, others},
	} {
		s := newSite(t, c.options)
		for _, target := range append(c.served, always...) {
			for _, path := range []string{"/rooms/lobby", "/rooms/lobby/ws", "/rooms/lobby/messages"} {
				assert.Equal(t, http.StatusOK, s.ask("GET", target+path, "").Code, "%s: %s", c.name, target)
			}
		}
		for _, target := range c.refused {
			for _, request := range []string{"GET /", "GET /rooms/lobby", "GET /rooms/lobby/ws", "POST /rooms/lobby", "POST /session", "GET /assets/app-1a2b.js"} {
				method, path, _ := strings.Cut(request, " ")
				wantProblem(t, s.ask(method, target+path, "", "Sec-Fetch-Site", "same-origin"), http.StatusMisdirectedRequest, wire.CodeWrongHost)
			}
			assert.Equal(t, http.StatusOK, s.ask("GET", target+"/healthz", "").Code, "who looks after it may ask by any name")
		}
		assert.LessOrEqual(t, strings.Count(s.logged.String(), "asked for a host that is not served"), 1)
	}
}

// The name that a proxy was asked by counts, not the one by which it asks.
func TestHostsBehindAProxy(t *testing.T) {
	s := newSite(t, Options{Hosts: []string{"b.org"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	assert.Equal(t, http.StatusOK, s.ask("GET", "http://inside.com/rooms/lobby", "", "X-Forwarded-Host", "b.org").Code)
	wantProblem(t, s.ask("GET", "http://b.org/rooms/lobby", "", "X-Forwarded-Host", "evil.com"), http.StatusMisdirectedRequest, wire.CodeWrongHost)
	wary := newSite(t, Options{Hosts: []string{"b.org"}})
	wantProblem(t, wary.ask("GET", "http://evil.com/rooms/lobby", "", "X-Forwarded-Host", "b.org"), http.StatusMisdirectedRequest, wire.CodeWrongHost)
}
