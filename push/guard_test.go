package push

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNothingPrivateIsDialed names this machine in ways that no check of the text would see.
func TestNothingPrivateIsDialed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	came := make(chan struct{}, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came <- struct{}{}
			_ = c.Close() // it should not be there
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	client := newClient(false)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		for _, scheme := range []string{"https", "http"} {
			answer, err := client.Get(scheme + "://" + host + ":" + port + "/push")
			if err == nil {
				_ = answer.Body.Close()
			}
			assert.True(t, isRefusedAddress(err), "%s://%s: %v", scheme, host, err)
		}
	}
	assert.Empty(t, came)
	assert.Equal(t, http.ErrUseLastResponse, client.CheckRedirect(nil, nil))
}
