package server

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// AnyHost is the name in [Options.Hosts] that stands for all.
const AnyHost = "*"

// hosts decides by which names this server is asked. A page whose owner makes its own name lead
// here (DNS rebinding) is of the same origin to its browser and could read all, in the browser of
// somebody who reaches this server in a private network: only the name in the request tells.
type hosts struct {
	names   map[string]bool // none for "not configured"
	public  string          // empty for not known
	any     bool
	private bool
	proxies proxies
	log     *slog.Logger
	told    sync.Once // of the first that was refused
}

func newHosts(o Options, p proxies) *hosts {
	h := &hosts{names: map[string]bool{}, private: o.Private, proxies: p, log: o.Logger}
	if public := normalHost(o.PublicHost); !isAddress(public) && !isLoopbackName(public) { // which are served anyway
		h.public = public
	}
	for _, name := range o.Hosts {
		if name == AnyHost {
			h.any = true
		}
		h.names[normalHost(name)] = true
	}
	return h
}

// serve refuses what asks for another host: 421 (RFC 9110 section 15.5.20).
func (h *hosts) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := h.proxies.host(r)
		if h.serves(r, host) || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" { // which say nothing to anybody
			next.ServeHTTP(w, r)
			return
		}
		h.told.Do(func() {
			h.log.WarnContext(r.Context(), "asked for a host that is not served: --host adds one", "host", host)
		})
		httpapi.WriteProblem(w, wire.Fail(wire.CodeWrongHost, "its operator can add it by --host"))
	})
}

func (h *hosts) serves(r *http.Request, host string) bool {
	switch name := normalHost(host); {
	case h.any, name == "": // HTTP/1.0 need not say, and browsers always do
		return true
	case isAddress(name), isLoopbackName(name): // nobody's name leads here by these
		return true
	case name == h.public:
		return true
	case len(h.names) > 0:
		return h.names[name]
	case h.public != "":
		return isNobodys(name)
	case !h.private, r.TLS != nil, h.proxies.trusts(r):
		// Anybody comes here; or the certificate is for the name; or the proxy was asked by it.
		return true
	default:
		return isNobodys(name)
	}
}

// isNamed reports whether a request asks by a name that was configured.
func (h *hosts) isNamed(r *http.Request) bool {
	name := normalHost(h.proxies.host(r))
	return h.names[name] || name != "" && name == h.public
}

// normalHost is a host without its port, in lower case, without a dot at its end.
func normalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// isLoopbackName reports whether browsers take a name for this machine without asking DNS (RFC 6761
// section 6.3).
func isLoopbackName(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// isNobodys reports whether nobody can have a name in the public DNS: names of one word, and those
// that are set aside (RFC 2606, 6761, 6762, 8375; ICANN for .internal, .home and .corp). Attackers
// need one of their own.
func isNobodys(name string) bool {
	labels := strings.Split(name, ".")
	n := len(labels)
	if n == 1 {
		return true
	}
	switch labels[n-1] {
	case "test", "example", "invalid", "local", "internal", "lan", "home", "corp":
		return true
	case "arpa":
		return labels[n-2] == "home"
	case "com", "net", "org":
		return labels[n-2] == "example"
	}
	return false
}
