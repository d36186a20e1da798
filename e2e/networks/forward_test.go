package networks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// forward is a network whose browser has a forward proxy set.
func forward(program, file string, also map[string]string, command func(t *testing.T, c harness.ProxyConfig) *exec.Cmd) opened {
	return func(t *testing.T, node *harness.Node) way {
		proxy := harness.StartProxy(t, program, file, also, func(c harness.ProxyConfig) *exec.Cmd {
			if os.Geteuid() == 0 { // some give root up and still write here
				for dir := c.Dir; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
					require.NoError(t, os.Chmod(dir, 0o777))
				}
			}
			return command(t, c)
		}, node)
		return way{url: node.URL, proxy: strings.TrimPrefix(proxy.URL, "http://")}
	}
}

func squid(more string) opened {
	return forward("squid", "forward.conf", map[string]string{"more": more},
		func(t *testing.T, c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "squid"), "-N", "-f", c.Config)
		})
}

func mitmproxy(options ...string) opened {
	return forward("mitmdump", "forward.conf", nil, func(t *testing.T, c harness.ProxyConfig) *exec.Cmd {
		return exec.Command(harness.Find(t, "mitmdump"), append([]string{"--quiet", "--set", "confdir=" + c.Dir,
			"--listen-host", "127.0.0.1", "--listen-port", strconv.Itoa(c.Port)}, options...)...)
	})
}

// forwards are networks with a forward proxy between the browser and all else.
func forwards() []network {
	sse, poll, ws := []string{"sse"}, []string{"poll"}, []string{"ws"}
	return []network{
		{name: "squid, tunnels to 443 only", over: sse, ruledOut: 1, open: squid("")},
		{name: "squid, idle cut after 4 s", over: []string{"sse", "poll"}, ruledOut: 1,
			args: []string{"--heartbeat", "15s"}, told: "ended sse",
			open: quietly(9*time.Second, squid("read_timeout 4 seconds"))},
		{name: "tinyproxy, tunnels to 443 only", over: sse, ruledOut: 1,
			open: forward("tinyproxy", "forward.conf", nil, func(t *testing.T, c harness.ProxyConfig) *exec.Cmd {
				return exec.Command(harness.Find(t, "tinyproxy"), "-d", "-c", c.Config)
			})},
		{name: "privoxy, Debian's default actions", over: ws,
			open: forward("privoxy", "forward.conf", nil, func(t *testing.T, c harness.ProxyConfig) *exec.Cmd {
				return exec.Command(harness.Find(t, "privoxy"), "--no-daemon", c.Config)
			})},
		{name: "privoxy, no WebSocket", over: poll, ruledOut: 2,
			open: forward("privoxy", "tunnels.conf", nil, func(t *testing.T, c harness.ProxyConfig) *exec.Cmd {
				rule := []byte("{ +limit-connect{443} }\n/\n")
				require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "tunnels.action"), rule, 0o644))
				return exec.Command(harness.Find(t, "privoxy"), "--no-daemon", c.Config)
			})},
		{name: "mitmproxy, defaults", over: ws, open: mitmproxy()},
		{name: "mitmproxy, defaults, no WebSocket", over: poll, ruledOut: 2, open: socketless(mitmproxy())},
		{name: "mitmproxy, stream_large_bodies=1, no WebSocket", over: sse, ruledOut: 1,
			open: socketless(mitmproxy("--set", "stream_large_bodies=1"))},
	}
}

// socketless is a forward proxy on the way to a site that refuses WebSockets.
func socketless(open opened) opened {
	return func(t *testing.T, node *harness.Node) way {
		w := open(t, node)
		w.url = blocked(&hostile{}).start(t, node)
		return w
	}
}
