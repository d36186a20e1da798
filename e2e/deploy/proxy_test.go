package deploy

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// site is a proxy set up by a file of docs/deploy, in front of two nodes.
type site struct {
	// name is the proxy's, as in the table of proxies.
	name string
	// port is where it serves HTTPS, plain where HTTP.
	port, plain int
	// base is what comes before every path: "/chat" or nothing.
	base  string
	certs certificate
	nodes []*harness.Node
}

// url is the site's address, without a slash at its end.
func (s *site) url() string { return fmt.Sprintf("https://localhost:%d%s", s.port, s.base) }

// proxies has how each is started: the file of docs/deploy as it was filled in, below a file of the
// test's own with what the system's configuration has otherwise.
var proxies = map[string]func(t *testing.T, s *site, dir string){
	"nginx": func(t *testing.T, s *site, dir string) {
		s.fill(t, dir, "nginx.conf", s.addresses())
		wrapper := write(t, dir, "wrapper.conf", "daemon off; master_process off; pid nginx.pid; error_log stderr warn; events {}\n"+
			"http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;"+
			"uwsgi_temp_path uwsgi; scgi_temp_path scgi; include nginx.conf; }\n")
		s.start(t, exec.Command(harness.Find(t, "nginx"), "-p", dir, "-e", "stderr", "-c", wrapper))
	},
	"haproxy": func(t *testing.T, s *site, dir string) { s.haproxy(t, dir, s.addresses()) },
	"caddy": func(t *testing.T, s *site, dir string) {
		s.fill(t, dir, "Caddyfile", s.addresses())
		wrapper := write(t, dir, "wrapper", fmt.Sprintf("{\n admin off\n skip_install_trust\n"+
			" default_bind 127.0.0.1\n http_port %d\n https_port %d\n storage file_system %s\n}\nimport Caddyfile\n", s.plain, s.port, dir))
		cmd := exec.Command(harness.Find(t, "caddy"), "run", "--adapter", "caddyfile", "--config", wrapper)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		s.start(t, cmd)
	},
	"apache": func(t *testing.T, s *site, dir string) {
		s.fill(t, dir, "apache.conf", s.addresses())
		config := fmt.Sprintf("ServerRoot %s\nPidFile apache.pid\nDefaultRuntimeDir %s\nErrorLog /dev/stderr\nServerName localhost\n"+
			"Listen 127.0.0.1:%d\nListen 127.0.0.1:%d\nMutex file:%s\n", dir, dir, s.port, s.plain, dir)
		if os.Geteuid() == 0 { // it refuses to serve as root
			config += "User www-data\nGroup www-data\n"
		}
		modules := "mpm_event authz_core alias watchdog socache_shmcb "
		found := regexp.MustCompile(`a2enmod (.+)`).FindStringSubmatch(source(t, "apache.conf"))
		require.NotNil(t, found, "the file says which modules it needs")
		for _, module := range strings.Fields(modules + found[1]) {
			path := "/usr/lib/apache2/modules/mod_" + module + ".so"
			if _, err := os.Stat(path); err == nil { // else it is built in
				config += "LoadModule " + module + "_module " + path + "\n"
			}
		}
		wrapper := write(t, dir, "wrapper.conf", config+"Include apache.conf\n")
		s.start(t, exec.Command(harness.Find(t, "apache2"), "-D", "FOREGROUND", "-f", wrapper))
	},
	"lighttpd": func(t *testing.T, s *site, dir string) {
		s.fill(t, dir, "lighttpd.conf", s.addresses())
		wrapper := write(t, dir, "wrapper.conf", fmt.Sprintf("server.modules = ( \"mod_access\" )\nserver.document-root = %q\n"+
			"server.upload-dirs = ( %q )\nserver.errorlog = %q\nserver.bind = \"127.0.0.1\"\nserver.port = %d\n"+
			"url.access-deny = ( \"~\", \".inc\" )\ninclude \"lighttpd.conf\"\n", dir, dir, dir+"/error.log", s.plain))
		s.start(t, exec.Command(harness.Find(t, "lighttpd"), "-D", "-f", wrapper))
	},
	"varnish": func(t *testing.T, s *site, dir string) {
		port := harness.FreePort(t)
		addr := fmt.Sprintf("127.0.0.1:%d", port)
		config := s.fill(t, dir, "varnish.vcl", s.addresses())
		// Not as the users that Debian made for it: those can't get into the test's directories.
		cmd := exec.Command(harness.Find(t, "varnishd"), "-F", "-j", "none", "-n", filepath.Join(dir, "v"), "-a", addr, "-f", config)
		process := harness.StartProcess(t, "varnish", cmd)
		await(t, process, addr)
		s.haproxy(t, dir, []string{addr, addr})
	},
}

// haproxy starts one in front of the addresses.
func (s *site) haproxy(t *testing.T, dir string, addresses []string) {
	t.Helper()
	config := s.fill(t, dir, "haproxy.cfg", addresses)
	wrapper := write(t, dir, "wrapper.cfg", "global\n maxconn 500\n")
	s.start(t, exec.Command(harness.Find(t, "haproxy"), "-db", "-f", wrapper, "-f", config))
}

func (s *site) addresses() []string { return []string{s.nodes[0].Addr, s.nodes[1].Addr} }

// start starts the proxy and waits until it listens.
func (s *site) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	process := harness.StartProcess(t, filepath.Base(cmd.Path), cmd)
	await(t, process, fmt.Sprintf("127.0.0.1:%d", s.port))
}

// await waits until somebody listens.
func await(t *testing.T, process *harness.Process, addr string) {
	t.Helper()
	deadline := testwait.Deadline()
	for {
		conn, err := net.DialTimeout("tcp", addr, testwait.Limit)
		if err == nil {
			_ = conn.Close() // nothing was sent
			return
		}
		select {
		case <-process.Done():
			require.FailNow(t, "ended", "%s:\n%s", process.Name, process.Output)
		case <-time.After(10 * time.Millisecond): // between two looks
		}
		require.True(t, time.Now().Before(deadline), "%s does not listen", process.Name)
	}
}

// source is a file of docs/deploy.
func source(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy", file))
	require.NoError(t, err)
	return string(content)
}

// fill makes the replacements that docs/deploy.md tells of in a file of docs/deploy, and is the
// path of the result.
func (s *site) fill(t *testing.T, dir, file string, addresses []string) string {
	t.Helper()
	one, two := strings.Split(addresses[0], ":"), strings.Split(addresses[1], ":")
	replace := []string{
		"chat.example.org", "localhost",
		"*:443", fmt.Sprintf("127.0.0.1:%d", s.port), "*:80", fmt.Sprintf("127.0.0.1:%d", s.plain),
		"127.0.0.1:8081", addresses[0], "127.0.0.1:8082", addresses[1],
		`"8081"`, `"` + one[1] + `"`, `"8082"`, `"` + two[1] + `"`, // Varnish has the port by itself
		`=> 8081`, `=> ` + one[1], `=> 8082`, `=> ` + two[1], // and lighttpd
		"/etc/caller/cert.pem", s.certs.cert, "/etc/caller/key.pem", s.certs.key,
		"/etc/caller/cert-and-key.pem", s.certs.both,
		"/chat/", s.base + "/",
	}
	content := strings.NewReplacer(replace...).Replace(source(t, file))
	for i := 1; i < len(replace); i += 2 {
		replace[i] = "" // a port or a directory of the test's own may have those digits
	}
	rest := strings.NewReplacer(replace...).Replace(source(t, file))
	for _, left := range []string{"8081", "8082", "/etc/caller/", "example.org"} {
		require.NotContains(t, rest, left, "%s: not replaced", file)
	}
	return write(t, dir, file, content)
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
