package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"

	"github.com/caller-chat/caller/chat"
)

// What the hashes by the sessions' key are of, so that none is taken for another, nor for anything
// else that the key signs.
const (
	lookHashedAs    = "caller look\x00"
	networkHashedAs = "caller network\x00"
)

// keyed is a hash of one thing within a network. Without the key nobody finds out the network by
// it: too short a part of the sum is told to go on from.
func (a *Auth) keyed(ctx context.Context, as, network, thing string, size int) string {
	key, err := a.keys.current(ctx)
	if err != nil {
		return ""
	}
	b := append(make([]byte, 0, 256), as...)
	b = append(append(b, key...), network...)
	sum := sha256.Sum256(append(append(b, 0), thing...))
	return base64.RawURLEncoding.EncodeToString(sum[:size])
}

// carrier is what providers put many customers behind (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// network is by what bans know where a request comes from; empty for addresses that are never
// banned, because everybody may be behind them: this machine's, private ones, the carriers' and
// trusted proxies'. It is empty as well while the key can't be had: that is until the store, which
// has the bans too, has answered for the first time.
func (a *Auth) network(ctx context.Context, address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "" // a Unix socket: whoever is before it
	}
	addr = addr.Unmap()
	if addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() ||
		carrier.Contains(addr) || a.options.Proxy(addr) {
		return ""
	}
	return a.keyed(ctx, networkHashedAs, networkKey(address), "", 12)
}

// look is by what guests of one network under one name are recognised: the same on all nodes, as
// the key is. It is empty while that can't be had.
func (a *Auth) look(ctx context.Context, network, name string) string {
	return a.keyed(ctx, lookHashedAs, network, name, 9)
}

// networkKey is an address for the purpose of limits and bans: of an IPv6 address the /64, which
// one household has to itself.
func networkKey(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Is4() {
		return addr
	}
	p, err := a.Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}

// stranger is whoever is at a request's address.
func (a *Auth) stranger(r *http.Request) chat.Principal {
	key := networkKey(a.options.Address(r))
	return chat.Principal{Guest: true, LimitKey: key, NetworkKey: key}
}
