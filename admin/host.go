package admin

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// hosts decides by which names the listener is asked. A page whose owner makes its own name lead
// here (DNS rebinding) is of the same origin to its browser: only the name in the request tells.
// Addresses and localhost are nobody's to give away.
type hosts struct {
	names []string
	log   *slog.Logger
	told  sync.Once // of the first that was refused
}

func newHosts(o Options) *hosts {
	h := &hosts{log: o.Logger}
	for _, name := range o.Hosts {
		h.names = append(h.names, normalHost(name))
	}
	return h
}

func (h *hosts) serve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.serves(normalHost(r.Host)) {
			next.ServeHTTP(w, r)
			return
		}
		h.told.Do(func() {
			h.log.WarnContext(r.Context(), "the admin listener was asked for a host that it does not serve: --admin-host adds one",
				"host", r.Host)
		})
		httpapi.WriteProblem(w, wire.Fail(wire.CodeWrongHost, "its operator can add it by --admin-host"))
	})
}

func (h *hosts) serves(name string) bool {
	if name == "" { // HTTP/1.0 need not say, and browsers always do
		return true
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(h.names, name)
}

// normalHost is a host without its port, in lower case, without a dot at its end.
func normalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}
