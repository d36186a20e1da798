package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the addresses whose X-Forwarded headers are used.
type proxies []netip.Prefix

func (p proxies) contain(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// peer is the address at the other end of the connection; not valid where there is none (a Unix
// socket).
func peer(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// trusts reports whether a request came from one of the proxies.
func (p proxies) trusts(r *http.Request) bool { return len(p) > 0 && p.contain(peer(r)) }

// client is the address of who made the request: the peer, or, when that is one of the proxies, the
// last address in X-Forwarded-For that is not. What stands before that one, anybody may have
// written.
func (p proxies) client(r *http.Request) string {
	addr := peer(r)
	if !addr.IsValid() {
		return r.RemoteAddr
	}
	if len(p) == 0 || !p.contain(addr) {
		return addr.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		next, err := netip.ParseAddr(strings.Trim(hop, "[]"))
		if err != nil {
			if ap, err := netip.ParseAddrPort(hop); err == nil { // some proxies give the port as well
				next = ap.Addr()
			} else {
				break
			}
		}
		addr = next.Unmap().WithZone("")
		if !p.contain(addr) {
			break
		}
	}
	return addr.String()
}

// encrypted reports whether the client's side of the request was encrypted.
func (p proxies) encrypted(r *http.Request) bool {
	return r.TLS != nil || p.trusts(r) && strings.EqualFold(lastOf(r, "X-Forwarded-Proto"), "https")
}

// host is the host that the client asked.
func (p proxies) host(r *http.Request) string {
	if p.trusts(r) {
		if h := lastOf(r, "X-Forwarded-Host"); h != "" {
			return h
		}
	}
	return r.Host
}

// base is the address by which a request knows this server, without a slash at its end; empty where
// the host that it asked can't be part of one.
func (s *Server) base(r *http.Request) string {
	host := s.proxies.host(r)
	if !isPlainHost(host) {
		return ""
	}
	scheme := "http://"
	if s.proxies.encrypted(r) {
		scheme = "https://"
	}
	return scheme + host + s.basePath
}

// isPlainHost reports whether a host, with a port or without, can stand in an address that people
// and shells read.
func isPlainHost(host string) bool {
	return host != "" && len(host) <= maxHost && !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:[]", r))
	})
}

// maxHost is as many bytes as a name in the DNS may have, and a port.
const maxHost = 253 + len(":65535")

// lastOf is the last value of a header that proxies append to: the nearest proxy's own.
func lastOf(r *http.Request, header string) string {
	values := r.Header.Values(header)
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
