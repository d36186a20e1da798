package webhooks

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"https://example.org", "https://example.org:8443/a?b=c", "https://пример.example/", "https://[2a00:1450::1]/", "HTTPS://example.org/",
	} {
		assert.NoError(t, CheckURL(address, false), address)
	}
	for _, address := range []string{
		"", "http://example.org/", "ftp://example.org/", "//example.org/", "https://", "https://a:b@example.org/", "https://example.org/#a",
		"https://example.org/ a", "https://example.org:0/", "https://example.org:65536/", "https://example.org:99999/", "https://[::1/",
		"https://example.org\u202e/", "https://example.org/\u2028", "https://example.org/" + strings.Repeat("a", MaxURL),
		"https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/", "https://2130706433/", "https://127.1/", "https://0x7f.0.0.1/", "https://localhost./",
		"https://169.254.169.254/", "https://intranet/", "https://db.internal/", "https://[64:ff9b::7f00:1]/",
	} {
		var invalid *chat.InvalidError
		if assert.ErrorAs(t, CheckURL(address, false), &invalid, address) {
			assert.Equal(t, "url", invalid.Field)
		}
	}
	assert.NoError(t, CheckURL("http://127.0.0.1:8080/", true))
	assert.Error(t, CheckURL("http://127.0.0.1:80800/", true))
}

// TestReasonsTellNothingOfTheServersNetwork: an owner of a room could else ask what names there are in
// it, and where they lead.
func TestReasonsTellNothingOfTheServersNetwork(t *testing.T) {
	inside := &net.TCPAddr{IP: netip.MustParseAddr("10.1.2.3").AsSlice(), Port: 443}
	of := func(op string, err error) error {
		return &net.OpError{Op: op, Net: "tcp", Source: inside, Addr: inside, Err: err}
	}
	for _, err := range []error{
		of("dial", &net.DNSError{Err: "no such host", Name: "wiki.corp.example", Server: "10.1.2.53:53", IsNotFound: true}),
		of("dial", os.ErrDeadlineExceeded), of("dial", errors.New("connection refused")), of("read", errors.New("connection reset by peer")),
		of("write", errors.New("broken pipe")), fmt.Errorf("waiting: %w", of("read", os.ErrDeadlineExceeded)), context.DeadlineExceeded,
		io.EOF, errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9.2"`),
	} {
		assert.NotRegexp(t, `[0-9]`, reasonOf(err), err)
	}
	receiver := httptest.NewTLSServer(http.NotFoundHandler())
	defer receiver.Close()
	s := newSender(false, nobody{})
	defer s.close()
	result := s.send(t.Context(), target{url: receiver.URL}, "evt_1", []byte("{}"), time.Now())
	require.Error(t, result.err)
	private := reasonOf(result.err)
	assert.NotContains(t, private, "127.0.0.1")
	assert.Equal(t, private, reasonOf(of("dial", &net.DNSError{Err: "no such host"})), "nobody can tell a name that leads inside from none")
	unknown := x509.UnknownAuthorityError{}
	assert.Equal(t, unknown.Error(), reasonOf(unknown), "what its owner can mend is told")
}

// recorded is what was kept in the audit log.
type recorded []chat.AuditEntry

func (r *recorded) MayKeepHooks(context.Context, chat.Principal, chat.RoomID) (chat.Role, error) {
	return chat.RoleOwner, nil
}

func (r *recorded) Record(_ context.Context, _ chat.Principal, _ chat.Role, e chat.AuditEntry) {
	*r = append(*r, e)
}

// The audit log has no address of a hook: many services have a secret in it.
func TestTheAuditLogHasNoAddress(t *testing.T) {
	kept := &recorded{}
	r := routes{rooms: kept}
	c := call{Request: httptest.NewRequest(http.MethodPost, "/", nil), room: "tea"}
	r.record(c, "wh-1", chat.AuditMakeHook, "https://hooks.example.org:8443/services/T0/SECRET?k=SECRET")
	r.record(c, "wh-1", chat.AuditDropHook, "")
	assert.Equal(t, &recorded{
		{Action: chat.AuditMakeHook, Room: "tea", Target: "wh-1", Detail: "hooks.example.org:8443"},
		{Action: chat.AuditDropHook, Room: "tea", Target: "wh-1"},
	}, kept)
}
