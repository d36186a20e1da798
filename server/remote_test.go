package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestSpoofedHeaders asks as a client that pretends to be a proxy: nothing of it is believed,
// except from the proxies that were named. RFC 7239's Forwarded is believed from nobody
// (ARCHITECTURE.md).
func TestSpoofedHeaders(t *testing.T) {
	spoofed := []string{
		"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example",
		"Forwarded", "for=203.0.113.10;proto=https;host=evil.example", "X-Request-Id", "evil-id", "X-Real-IP", "203.0.113.11",
		"X-Forwarded-Prefix", "/evil", "X-Forwarded-Ssl", "on",
	}
	for name, c := range map[string]struct {
		proxies []string
		headers []string
		secure  bool
		from    string
	}{
		"nobody is named":  {nil, spoofed, false, "from=192.0.2.1"},
		"somebody else is": {[]string{"198.51.100.0/24"}, spoofed, false, "from=192.0.2.1"},
		"the proxy is":     {[]string{"192.0.2.0/24"}, spoofed, true, "from=203.0.113.9"},
		"but not all of it": {[]string{"192.0.2.0/24"}, []string{"Forwarded", spoofed[7], "X-Real-IP", "203.0.113.11", "X-Forwarded-Ssl", "on"},
			false, "from=192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			hour := time.Hour
			o := Options{HSTS: &hour}
			for _, p := range c.proxies {
				o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix(p))
			}
			s := newSite(t, o)
			w := s.ask("POST", "/session", `{"name":"Ann"}`, append(c.headers, "Content-Type", "application/json")...)
			require.Equal(t, http.StatusCreated, w.Code)
			assert.Equal(t, c.secure, w.Result().Cookies()[0].Secure)
			assert.Equal(t, c.secure, w.Header().Get("Strict-Transport-Security") == "max-age=3600")
			assert.Contains(t, s.logged.String(), c.from)
			help := s.ask("GET", "/", "", c.headers...).Body.String()
			assert.NotContains(t, help, "/evil/")
			assert.Equal(t, c.secure, strings.Contains(help, "https://evil.example/"), help)
			from := "http://evil.example"
			w = s.ask("POST", "/session", `{"name":"Ann"}`, append(c.headers, "Content-Type", "application/json", "Origin", from)...)
			assert.Equal(t, c.secure, w.Code == http.StatusCreated, "a page of the host that was asked, if that is known")
		})
	}
}
