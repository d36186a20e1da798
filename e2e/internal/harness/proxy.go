package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
)

// Proxy is a proxy in front of nodes.
type Proxy struct {
	*Process
	// URL is where it listens.
	URL string
}

// ProxyConfig is what the configurations under testdata are filled with.
type ProxyConfig struct {
	// Port is where to listen, Dir where to put files, Config the file that the configuration is
	// in.
	Port   int
	Dir    string
	Config string
	// Nodes are the nodes' addresses, host:port.
	Nodes []string
	// Also are directives that a configuration leaves open, by where they go.
	Also map[string]string
}

// Nginx starts an nginx with testdata/nginx/NAME.conf in front of the nodes.
func Nginx(t testing.TB, name string, nodes ...*Node) *Proxy {
	t.Helper()
	return StartProxy(t, "nginx", name+".conf", nil, func(c ProxyConfig) *exec.Cmd {
		return exec.Command(Find(t, "nginx"), "-p", c.Dir, "-e", "stderr", "-c", c.Config)
	}, nodes...)
}

// HAProxy starts a haproxy with testdata/haproxy/NAME.cfg in front of the nodes.
func HAProxy(t testing.TB, name string, nodes ...*Node) *Proxy {
	t.Helper()
	return StartProxy(t, "haproxy", name+".cfg", nil, func(c ProxyConfig) *exec.Cmd {
		return exec.Command(Find(t, "haproxy"), "-db", "-f", c.Config)
	}, nodes...)
}

// StartProxy starts a proxy with the configuration testdata/PROGRAM/FILE, filled in, and waits
// until it listens.
func StartProxy(t testing.TB, program, file string, also map[string]string, command func(ProxyConfig) *exec.Cmd, nodes ...*Node) *Proxy {
	t.Helper()
	source, err := template.New(file).Option("missingkey=zero").ParseFiles(filepath.Join("testdata", program, file))
	require.NoError(t, err)
	dir := privateDir(t)
	var proxy *Proxy
	startOnPort(t, func(port int) error {
		values := ProxyConfig{Port: port, Dir: dir, Config: filepath.Join(dir, file), Also: also}
		for _, node := range nodes {
			values.Nodes = append(values.Nodes, node.Addr)
		}
		out, err := os.Create(values.Config)
		require.NoError(t, err)
		require.NoError(t, source.Execute(out, values))
		require.NoError(t, out.Close())
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		proxy = &Proxy{Process: StartProcess(t, program+" "+file, command(values)), URL: "http://" + addr}
		return awaitServer(proxy.Process, func() bool { return answers(addr) })
	})
	return proxy
}
