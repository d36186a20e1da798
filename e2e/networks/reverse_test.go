package networks

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// opened is a network whose page is at a reverse proxy.
type opened = func(*testing.T, *harness.Node) way

// nginx is one with more directives for its location.
func nginx(location string) opened {
	return func(t *testing.T, node *harness.Node) way {
		return way{url: harness.StartProxy(t, "nginx", "site.conf", map[string]string{"location": location},
			func(c harness.ProxyConfig) *exec.Cmd {
				return exec.Command(harness.Find(t, "nginx"), "-p", c.Dir, "-e", "stderr", "-c", c.Config)
			}, node).URL}
	}
}

// haproxy is one with more directives by section.
func haproxy(also map[string]string) opened {
	return func(t *testing.T, node *harness.Node) way {
		return way{url: harness.StartProxy(t, "haproxy", "site.cfg", also, func(c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "haproxy"), "-db", "-f", c.Config)
		}, node).URL}
	}
}

// varnish is one with more rules.
func varnish(rules string) opened {
	return func(t *testing.T, node *harness.Node) way {
		host, port, err := net.SplitHostPort(node.Addr)
		require.NoError(t, err)
		return way{url: harness.StartProxy(t, "varnish", "site.vcl",
			map[string]string{"host": host, "port": port, "rules": rules}, func(c harness.ProxyConfig) *exec.Cmd {
				return exec.Command(harness.Find(t, "varnishd"), "-F", "-j", "none", "-n", c.Dir+"/work", "-f", c.Config,
					"-a", "127.0.0.1:"+strconv.Itoa(c.Port), "-s", "malloc,8m")
			}, node).URL}
	}
}

// apache is one with more directives.
func apache(more string) opened {
	return func(t *testing.T, node *harness.Node) way {
		also := map[string]string{"more": more}
		if os.Geteuid() == 0 {
			also["user"] = "User www-data\nGroup www-data"
		}
		return way{url: harness.StartProxy(t, "apache", "site.conf", also, func(c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "apache2"), "-X", "-f", c.Config)
		}, node).URL}
	}
}

// lighttpd is one with more directives.
func lighttpd(more string) opened {
	return func(t *testing.T, node *harness.Node) way {
		host, port, err := net.SplitHostPort(node.Addr)
		require.NoError(t, err)
		return way{url: harness.StartProxy(t, "lighttpd", "site.conf", map[string]string{"host": host, "port": port, "more": more},
			func(c harness.ProxyConfig) *exec.Cmd {
				return exec.Command(harness.Find(t, "lighttpd"), "-D", "-f", c.Config)
			}, node).URL}
	}
}

const (
	ignoring   = "proxy_ignore_headers X-Accel-Buffering;"
	gzip       = "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;"
	upgrading  = `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $http_host;`
	streaming  = "server.stream-response-body = 1"
	compressed = "compression algo gzip\n    compression type text/event-stream text/plain application/json text/html"
)

// reverse are networks with a reverse proxy in front of Caller.
func reverse() []network {
	sse, poll, ws := []string{"sse"}, []string{"poll"}, []string{"ws"}
	return []network{
		{name: "nginx, defaults", over: sse, ruledOut: 1, open: nginx("")},
		{name: "nginx, ignoring X-Accel-Buffering", over: poll, ruledOut: 2, open: nginx(ignoring)},
		{name: "nginx, gzip for every type", over: sse, ruledOut: 1, open: nginx(gzip)},
		{name: "nginx, gzip and ignoring the header", over: poll, ruledOut: 2, open: nginx(gzip + ignoring)},
		{name: "nginx with upgrade headers", over: ws, open: nginx(upgrading)},
		{name: "nginx with upgrade headers, idle cut after 3 s", over: []string{"ws", "sse", "poll"}, told: "ended ws",
			open: quietly(7*time.Second, nginx(upgrading+"proxy_read_timeout 3s; proxy_send_timeout 3s;"))},
		{name: "haproxy, http mode", over: ws, open: haproxy(nil)},
		{name: "haproxy, compression", over: ws, open: haproxy(map[string]string{"defaults": compressed})},
		{name: "haproxy, compression, no WebSocket", over: sse, ruledOut: 1,
			open: haproxy(map[string]string{"defaults": compressed, "front": "http-request deny if { hdr(Upgrade) -m found }"})},
		{name: "haproxy, upgrades denied", over: sse, ruledOut: 1,
			open: haproxy(map[string]string{"front": "http-request deny if { hdr(Upgrade) -m found }"})},
		{name: "haproxy, upgrades tarpitted", over: sse, ruledOut: 1, open: haproxy(map[string]string{
			"defaults": "timeout tarpit 60s", "front": "http-request tarpit if { hdr(Upgrade) -m found }"})},
		{name: "haproxy waits for the body", over: poll, ruledOut: 2, open: haproxy(map[string]string{
			"front": "http-request deny if { hdr(Upgrade) -m found }", "back": "http-response wait-for-body time 10s at-least 64k"})},
		{name: "varnish, builtin rules", over: sse, ruledOut: 1, open: varnish("")},
		{name: "varnish, whole answers only", over: poll, ruledOut: 2,
			open: varnish("sub vcl_backend_response { set beresp.do_stream = false; }")},
		{name: "lighttpd, as Debian has it", over: poll, ruledOut: 2, open: lighttpd("")},
		{name: "lighttpd, streams let through", over: sse, ruledOut: 1, open: lighttpd(streaming)},
		{name: "lighttpd, upgrades and streams let through", over: ws,
			open: lighttpd(streaming + "\nproxy.header = ( \"upgrade\" => \"enable\" )")},
		{name: "apache", over: sse, ruledOut: 1, open: apache("")},
		{name: "apache, deflate", over: sse, ruledOut: 1, open: apache("SetOutputFilter DEFLATE")},
	}
}
