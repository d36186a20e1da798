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

// proxyConfig is what the configurations under testdata are filled with.
type proxyConfig struct {
	// Port is where to listen, Dir where to put files.
	Port int
	Dir  string
	// Nodes are the nodes' addresses, host:port.
	Nodes []string
}

// Nginx starts an nginx with testdata/nginx/NAME.conf in front of the nodes.
func Nginx(t testing.TB, name string, nodes ...*Node) *Proxy {
	t.Helper()
	return startProxy(t, "nginx", name+".conf", nodes, func(dir, config string) *exec.Cmd {
		return exec.Command(Find(t, "nginx"), "-p", dir, "-e", "stderr", "-c", config)
	})
}

// HAProxy starts a haproxy with testdata/haproxy/NAME.cfg in front of the nodes.
func HAProxy(t testing.TB, name string, nodes ...*Node) *Proxy {
	t.Helper()
	return startProxy(t, "haproxy", name+".cfg", nodes, func(_, config string) *exec.Cmd {
		return exec.Command(Find(t, "haproxy"), "-db", "-f", config)
	})
}

func startProxy(t testing.TB, program, file string, nodes []*Node, command func(dir, config string) *exec.Cmd) *Proxy {
	t.Helper()
	source, err := template.ParseFiles(filepath.Join("testdata", program, file))
	require.NoError(t, err)
	dir := privateDir(t)
	var proxy *Proxy
	startOnPort(t, func(port int) error {
		values := proxyConfig{Port: port, Dir: dir}
		for _, node := range nodes {
			values.Nodes = append(values.Nodes, node.Addr)
		}
		config := filepath.Join(dir, file)
		out, err := os.Create(config)
		require.NoError(t, err)
		require.NoError(t, source.Execute(out, values))
		require.NoError(t, out.Close())
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		proxy = &Proxy{Process: StartProcess(t, program+" "+file, command(dir, config)), URL: "http://" + addr}
		return awaitServer(proxy.Process, func() bool { return answers(addr) })
	})
	return proxy
}
