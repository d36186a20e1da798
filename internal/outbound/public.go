package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

// ErrNotPublic refuses to connect to an address that is not on the internet.
var ErrNotPublic = errors.New("the address is not public")

// reserved are addresses that nobody on the internet has: what package netip does not tell by itself
// of IANA's registries of special-purpose addresses. Some of them have another address within.
func reserved() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
		"3fff::/20", "5f00::/16",
	} {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// IsPublic reports whether an address is somebody's on the internet.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return a.IsGlobalUnicast() && !a.IsPrivate() &&
		!slices.ContainsFunc(reserved(), func(p netip.Prefix) bool { return p.Contains(a) })
}

// IsLocalName reports whether a host's name says that it is this machine, or one of its network. What
// ends in a number and is no address is a way to write one, as 127.1 or 0x7f.0.0.1, which nobody needs
// who has nothing to hide.
func IsLocalName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.ContainsAny(host, ".:") || slices.ContainsFunc(localDomains(), func(d string) bool { return strings.HasSuffix(host, d) }) {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := netip.ParseAddr(host)
	return err != nil && (strings.HasPrefix(last, "0x") || !strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsNumber(r) }))
}

// localDomains are those that lead to this machine, or stay in its network (RFC 6761, 6762 and 8375;
// ICANN has set "internal" aside).
func localDomains() []string {
	return []string{".localhost", ".localdomain", ".local", ".internal", ".home.arpa"}
}

// PublicOnly has a dialer connect to public addresses alone: it looks at the address that a name has
// led to, right before it connects there, so that a name which leads elsewhere a moment later (DNS
// rebinding) changes nothing. Other addresses are [ErrNotPublic].
func PublicOnly(d *net.Dialer) {
	d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !IsPublic(at.Addr()) {
			return fmt.Errorf("%s: %w", address, ErrNotPublic)
		}
		return nil
	}
}
