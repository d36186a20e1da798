package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/caller-chat/caller/server"
)

// The kinds of values that settings have. Each one's UnmarshalText refuses what the program could
// not work with. What may hold a secret is never repeated in an error.
type (
	address   string // to listen on
	hostPort  string // of another server
	redisURL  string
	secret    string
	origin    string
	network   netip.Prefix
	basePath  string
	format    string
	level     slog.Level
	entries   int
	replicas  int
	perSecond float64
	count     int           // 0 for any number
	keeping   time.Duration // at least a second
	staying   time.Duration // zero or more
	pulse     time.Duration
	file      string
	domain    string
	host      string // a name that is served, or "*"
	directory string // of an ACME issuer
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *address) UnmarshalText(text []byte) error {
	if err := checkAddress(string(text)); err != nil {
		return err
	}
	*v = address(text)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *hostPort) UnmarshalText(text []byte) error {
	if s := string(text); s != "" {
		if err := checkAddress(s); err != nil {
			return err
		}
		if strings.HasPrefix(s, ":") {
			return fmt.Errorf("%q has no host", s)
		}
	}
	*v = hostPort(text)
	return nil
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port between 0 and 65535", s)
	}
	return nil
}

// isPrivate reports whether only this machine, or a private network, can reach an address. All
// addresses of a machine are none: they may be public.
func (v address) isPrivate() bool {
	name, _, _ := net.SplitHostPort(string(v))
	if name == "" {
		return false
	}
	at, err := net.ResolveIPAddr("ip", name)
	return err == nil && (at.IP.IsLoopback() || at.IP.IsPrivate() || at.IP.IsLinkLocalUnicast())
}

// UnmarshalText implements encoding.TextUnmarshaler. The store knows what follows the scheme.
func (v *redisURL) UnmarshalText(text []byte) error {
	if len(text) > 0 {
		scheme, rest, found := strings.Cut(string(text), "://")
		switch scheme {
		case "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		default:
			found = false
		}
		if scheme == "redis" || scheme == "rediss" { // the others name several hosts, or none
			found = found && hasPort(rest)
		}
		if !found || rest == "" {
			return errors.New("want a URL as in redis://host:6379/0 or rediss://user:password@host:6379; in a password " +
				"/ is written %2F, @ %40, # %23, ? %3F, % %25")
		}
	}
	*v = redisURL(text)
	return nil
}

// hasPort reports whether what follows the scheme of a URL ends its host with a port that can be
// one, or with none.
func hasPort(rest string) bool {
	rest, _, _ = strings.Cut(rest, "?")
	host, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '@')+1:], "/")
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return true
	}
	_, err := strconv.ParseUint(host[i+1:], 10, 16)
	return err == nil
}

// minKey is the output of SHA-256, in characters: what the strongest signature can make use of.
const minKey = 32

// UnmarshalText implements encoding.TextUnmarshaler. The key is the text itself, however it came to
// be.
func (v *secret) UnmarshalText(text []byte) error {
	if len(text) < minKey {
		return fmt.Errorf("has %d characters, want %d or more: \"openssl rand -base64 32\" makes one", len(text), minKey)
	}
	*v = secret(text)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *origin) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.TrimSpace(string(text)), "/")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != s {
		return fmt.Errorf("%q is not an origin, as https://example.org", text)
	}
	*v = origin(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. A lone address is a network of one.
func (v *network) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return fmt.Errorf("%q is not a network, as 10.0.0.0/8", text)
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	*v = network(p.Masked())
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *file) UnmarshalText(text []byte) error {
	*v = file(text)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. Issuers give certificates for names alone, and
// in ASCII.
func (v *domain) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	name, err := idna.Lookup.ToASCII(s)
	_, aerr := netip.ParseAddr(name)
	if err != nil || aerr == nil || !strings.Contains(strings.Trim(name, "."), ".") {
		return fmt.Errorf("%q is not a domain name, as chat.example.org", s)
	}
	*v = domain(name)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. A name is without scheme, port and path, as
// browsers ask by it.
func (v *host) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.TrimSpace(string(text)), ".")
	if s == server.AnyHost {
		*v = host(s)
		return nil
	}
	name, err := idna.Lookup.ToASCII(s)
	if err != nil || name == "" || strings.ContainsAny(name, ":/@*") {
		return fmt.Errorf("%q is not a name, as chat.example.org, without scheme and port", s)
	}
	*v = host(name)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *directory) UnmarshalText(text []byte) error {
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is not a URL, as https://acme.example.org/directory", text)
	}
	*v = directory(text)
	return nil
}

var basePathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*/?$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *basePath) UnmarshalText(text []byte) error {
	s := string(text)
	if !basePathForm.MatchString(s) || strings.Contains(s+"/", "/../") || strings.Contains(s+"/", "/./") {
		return fmt.Errorf("%q is not a path, as /chat", text)
	}
	*v = basePath(strings.TrimSuffix(s, "/"))
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *format) UnmarshalText(text []byte) error {
	switch s := string(text); s {
	case "text", "json":
		*v = format(s)
		return nil
	default:
		return fmt.Errorf("%q is neither text nor json", s)
	}
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *level) UnmarshalText(text []byte) error {
	if (*slog.Level)(v).UnmarshalText(text) != nil {
		return fmt.Errorf("%q is not debug, info, warn or error", text)
	}
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler. The upper bound is what a new reader can be
// sent in one go.
func (v *entries) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > 10_000 {
		return fmt.Errorf("%q is not a number from 1 to 10000", text)
	}
	*v = entries(n)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *replicas) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > 100 {
		return fmt.Errorf("%q is not a number from 0 to 100", text)
	}
	*v = replicas(n)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *perSecond) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n >= 0 && n <= 1e6) { // NaN is neither
		return fmt.Errorf("%q is not a number from 0 to 1000000", text)
	}
	*v = perSecond(n)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > 1e9 {
		return fmt.Errorf("%q is not a number from 0 to 1000000000", text)
	}
	*v = count(n)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *keeping) UnmarshalText(text []byte) error {
	return between((*time.Duration)(v), text, time.Second, 10*365*24*time.Hour)
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *staying) UnmarshalText(text []byte) error {
	return between((*time.Duration)(v), text, 0, 10*365*24*time.Hour)
}

// UnmarshalText implements encoding.TextUnmarshaler. Below a second it would be most of the
// traffic; above five minutes no network keeps the connection.
func (v *pulse) UnmarshalText(text []byte) error {
	return between((*time.Duration)(v), text, time.Second, 5*time.Minute)
}

func between(d *time.Duration, text []byte, least, most time.Duration) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time, as 90s, 15m or 24h, from %s to %s", text, short(least), short(most))
	}
	if v < least || v > most {
		return fmt.Errorf("%q is not a time from %s to %s", text, short(least), short(most))
	}
	*d = v
	return nil
}

// short is a time as one writes it in a setting: 24h where Go says 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
