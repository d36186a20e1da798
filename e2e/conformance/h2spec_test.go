package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"encoding/xml"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// h2specFails are the cases of h2spec that fail, by their section and what they do, and why they
// may. All of it is net/http's. A case that passes again has to leave the table.
var h2specFails = map[string]string{
	"http2/4.2 Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE": "its frame has 17 KB, " +
		"which is not too large: net/http takes 1 MiB and says so in its settings. Below, the case runs with one that is",
	"http2/6.5.3 Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE": "net/http ends a connection that sets one " +
		"value twice in one frame, on purpose: RFC 9113 section 6.5.3 allows it, and no client does it",
	"http2/8.1.2.2 Sends a HEADERS frame that contains the connection-specific header field": "net/http answers 400, " +
		"which RFC 9113 section 8.1.1 allows before a stream is reset; h2spec wants the reset at once",
	`http2/8.1.2.2 Sends a HEADERS frame that contains the TE header field with any value other than "trailers"`: "as above",
}

// overflow is a case about an open stream. Its request asks for so little that the answer may have
// ended the stream before the frames come that the case is about. So it is asked of a stream of
// events, which does not end.
const overflow = "http2/6.9.1 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream"

// h2specCases is how many cases h2spec has, the strict ones included.
const h2specCases = 146

func TestH2Spec(t *testing.T) {
	t.Parallel() // it mostly waits
	addr := secureNode(t)
	h2spec := filepath.Join(t.TempDir(), "h2spec")
	build := exec.Command("go", "build", "-o", h2spec, "github.com/summerwind/h2spec/cmd/h2spec")
	build.Dir = "h2spec"
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	answer, err := client.Post("https://"+addr+"/rooms/h2spec", "text/plain", strings.NewReader("so that there is an answer"))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	require.Equal(t, 2, answer.ProtoMajor)

	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	judge := func(path string, more ...string) (cases int, failed map[string]string) {
		report := filepath.Join(t.TempDir(), "report.xml")
		// Ten seconds are how long it waits for what does not come. The code only says that
		// something failed.
		output, _ := exec.CommandContext(t.Context(), h2spec, append([]string{"--host", host, "--port", port, "--tls",
			"--insecure", "--strict", "--timeout", "10", "--path", path, "--junit-report", report}, more...)...).CombinedOutput()
		var suites struct {
			Suites []struct {
				Cases []struct {
					Package string `xml:"package,attr"`
					Name    string `xml:"classname,attr"`
					Error   string `xml:"error"`
					Failure string `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		written, err := os.ReadFile(report)
		require.NoError(t, err, "%s", output)
		require.NoError(t, xml.Unmarshal(written, &suites))
		failed = map[string]string{}
		for _, s := range suites.Suites {
			for _, c := range s.Cases {
				cases++
				if what := c.Error + c.Failure; what != "" {
					failed[c.Package+" "+c.Name] = what
				}
			}
		}
		return cases, failed
	}
	cases, failed := judge("/rooms/h2spec")
	require.Equal(t, h2specCases, cases)
	delete(failed, overflow)
	for name, what := range failed {
		require.Contains(t, h2specFails, name, "%s", what)
	}
	for name := range h2specFails {
		require.Contains(t, failed, name, "it passes now: take it out of the table")
	}
	t.Logf("%d of h2spec's %d cases pass, and %d fail as they may", cases-len(failed), cases, len(failed))

	cases, failed = judge("/rooms/h2spec/ndjson", "http2/6.9.1/3")
	require.Equal(t, 1, cases)
	require.Empty(t, failed)
	cases, failed = judge("/rooms/h2spec", "http2/4.2/3", "--max-header-length", "300000") // five such lines are more than 1 MiB
	require.Equal(t, 1, cases)
	require.Empty(t, failed)
}

var listensSecurely = regexp.MustCompile(`Caller is at https://(\S+)`)

// secureNode starts a node that serves HTTPS, with a certificate of its own, and returns its
// host:port.
func secureNode(t *testing.T) string {
	t.Helper()
	run.Needed(t)
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	made := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
	cmd := exec.Command(run.Programs.Caller, "--addr", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
	cmd.Dir = dir
	node := harness.StartProcess(t, "caller", cmd)
	output := node.Output.WaitFor(t, "Caller is at https://", "msg=serving")
	return listensSecurely.FindStringSubmatch(output)[1]
}
