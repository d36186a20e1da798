package client

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/servertest"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// client makes a client whose connections end with the test.
func newClient(t testing.TB, address string, o Options) *Client {
	t.Helper()
	c, err := New(address, o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// within is a context that ends when no test would wait any longer.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	t.Cleanup(cancel)
	return ctx
}

func serve(t testing.TB, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	return servertest.Run(t, servertest.Options{Wrap: wrap}).URL
}
