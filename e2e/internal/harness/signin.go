package harness

import (
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the tests' sign-in service knows: a client, and one of its people.
const (
	SignInClient   = "web"
	SignInSecret   = "secret"
	SignInUser     = "test-user@localhost"
	SignInPassword = "verysecure"
	SignInName     = "Test User"
)

// SignInService is a sign-in service of the test's own.
type SignInService struct {
	*Process
	// Issuer is what it says that it is, as in http://localhost:12345/.
	Issuer string
}

// StartSignInService starts program on a free port. callback is the only address to which it sends
// people back.
func StartSignInService(t testing.TB, program, callback string) *SignInService {
	t.Helper()
	var s *SignInService
	startOnPort(t, func(port int) error {
		s = &SignInService{Issuer: fmt.Sprintf("http://localhost:%d/", port)}
		cmd := exec.Command(program)
		cmd.Env = Environment("PORT="+strconv.Itoa(port), "REDIRECT_URI="+callback)
		s.Process = StartProcess(t, "sign-in-service", cmd)
		return awaitServer(s.Process, func() bool { return Status(s.Issuer+".well-known/openid-configuration") == http.StatusOK })
	})
	require.NotNil(t, s)
	return s
}
