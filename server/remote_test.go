package server

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClient(t *testing.T) {
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "198.51.100.7:4000", nil, "198.51.100.7"},
		{"a client that makes things up", "198.51.100.7:4000", []string{"203.0.113.1"}, "198.51.100.7"},
		{"one proxy", "10.0.0.1:4000", []string{"203.0.113.1"}, "203.0.113.1"},
		{"one proxy, made-up first hop", "10.0.0.1:4000", []string{"1.1.1.1, 203.0.113.1"}, "203.0.113.1"},
		{"two proxies, two lines", "10.0.0.1:4000", []string{"203.0.113.1", "10.0.0.2"}, "203.0.113.1"},
		{"proxies only", "10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1:4000", nil, "10.0.0.1"},
		{"nonsense", "10.0.0.1:4000", []string{"203.0.113.1, unknown"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:4000", []string{"203.0.113.1:9999"}, "203.0.113.1"},
		{"IPv6", "[fd00::1]:4000", []string{"2001:db8::7"}, "2001:db8::7"},
		{"IPv6 in brackets", "[fd00::1%eth0]:4000", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:4000", []string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		{"no network", "@", nil, "@"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		assert.Equal(t, c.want, trusted.client(r), c.name)
	}
}

func TestForwardedProto(t *testing.T) {
	s := newSite(t, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}})
	w := s.ask("POST", "/session", `{"name":"Ann"}`, "X-Forwarded-Proto", "https")
	assert.Contains(t, w.Header().Get("Set-Cookie"), "Secure")
	w = newSite(t, Options{}).ask("POST", "/session", `{"name":"Ann"}`, "X-Forwarded-Proto", "https")
	assert.NotContains(t, w.Header().Get("Set-Cookie"), "Secure")
}
