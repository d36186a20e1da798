package deploy

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestACME has Pebble, a real ACME server, issue a certificate by each of the two challenges.
func TestACME(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	dir := t.TempDir()
	caller, err := harness.Build(dir)
	require.NoError(t, err)
	build := exec.Command("go", "build", "-o", dir+"/", "tool")
	build.Dir = "pebble"
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/letsencrypt/pebble/v2")
	list.Dir = "pebble"
	source, err := list.Output()
	require.NoError(t, err)
	certs := filepath.Join(strings.TrimSpace(string(source)), "test", "certs")

	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			const name = "chat.caller.test"
			https, plain := harness.FreePort(t), harness.FreePort(t)
			tlsPort := https
			args := []string{"--addr", fmt.Sprintf("127.0.0.1:%d", https), "--acme-domain", name, "--acme-email", "ops@caller.test"}
			if challenge == "http-01" {
				tlsPort = harness.FreePort(t) // nobody is there: the issuer can't ask by TLS
				args = append(args, "--http-redirect", fmt.Sprintf("127.0.0.1:%d", plain))
			}
			directory := startPebble(t, dir, certs, plain, tlsPort)
			node := exec.Command(caller, append(args, "--acme-directory", directory, "--acme-cache", filepath.Join(t.TempDir(), "acme"))...)
			node.Dir = t.TempDir()
			node.Env = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(certs, "pebble.minica.pem"))
			running := harness.StartProcess(t, "caller", node)
			running.Output.WaitFor(t, "there is a certificate", name)

			conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https), &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			require.NoError(t, err)
			defer func() { _ = conn.Close() }() // nothing was sent
			leaf := conn.ConnectionState().PeerCertificates[0]
			assert.Equal(t, []string{name}, leaf.DNSNames)
			assert.Contains(t, leaf.Issuer.CommonName, "Pebble")
			_, err = tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", https), &tls.Config{ServerName: "other.caller.test", InsecureSkipVerify: true})
			require.Error(t, err, "nothing is asked for a name that was not given")
		})
	}
}

// startPebble starts the ACME server, with a DNS server that says of every name that it is here,
// and is its directory.
func startPebble(t *testing.T, programs, certs string, httpPort, tlsPort int) string {
	t.Helper()
	dns, management := harness.FreePort(t), harness.FreePort(t)
	harness.StartProcess(t, "dns", exec.Command(filepath.Join(programs, "pebble-challtestsrv"), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
		"-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns), "-management", fmt.Sprintf("127.0.0.1:%d", management),
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""))
	port := harness.FreePort(t)
	config := filepath.Join(t.TempDir(), "pebble.json")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `{"pebble":{"listenAddress":"127.0.0.1:%d","certificate":%q,"privateKey":%q,
		"httpPort":%d,"tlsPort":%d,"retryAfter":{"authz":1,"order":1}}}`, port,
		filepath.Join(certs, "localhost", "cert.pem"), filepath.Join(certs, "localhost", "key.pem"), httpPort, tlsPort), 0o600))
	pebble := exec.Command(filepath.Join(programs, "pebble"), "-config", config, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	pebble.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	harness.StartProcess(t, "pebble", pebble).Output.WaitFor(t, "ACME directory available")
	_, err := net.LookupHost("localhost")
	require.NoError(t, err)
	return fmt.Sprintf("https://localhost:%d/dir", port)
}
