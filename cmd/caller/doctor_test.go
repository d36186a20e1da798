package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newDoctor(t *testing.T, args ...string) *doctor {
	t.Helper()
	c, err := read(t, "", nil, args...)
	require.NoError(t, err)
	return &doctor{c: c, now: time.Now, log: slog.New(slog.DiscardHandler)}
}

func (d *diagnosis) states(area string) []string {
	var all []string
	for _, f := range d.Findings {
		if f.Area == area {
			all = append(all, f.State)
		}
	}
	return all
}

// A certificate that ends soon, and browsers that may come by HTTP.
func TestDoctorOfCertificates(t *testing.T) {
	hsts := ""
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hsts != "" {
			w.Header().Set("Strict-Transport-Security", hsts)
		}
		_, _ = io.WriteString(w, "ready\n") // a test that is gone does not matter
	}))
	defer server.Close()
	d := newDoctor(t)
	f := &front{doctor: d, url: server.URL, client: server.Client()}
	assert.True(t, f.answers(t.Context()))
	assert.Equal(t, []string{isWell, isRisky}, d.states("tls"))
	hsts = "max-age=1"
	d = newDoctor(t)
	d.now = func() time.Time { return server.Certificate().NotAfter.Add(-24 * time.Hour) }
	f.doctor = d
	assert.True(t, f.answers(t.Context()))
	assert.Equal(t, []string{isWrong}, d.states("tls"))
	assert.Equal(t, 1, d.Problems)
	f.client = plainClient()
	assert.False(t, f.answers(t.Context()), "who signed it is not known")
}

// A LiveKit that does not take the key, as its server says so.
func TestDoctorOfAWrongLiveKitKey(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"unauthenticated","msg":"invalid token"}`) // as above
	}))
	defer server.Close()
	d := newDoctor(t, "--livekit-url", server.URL, "--livekit-api-key", "key", "--livekit-api-secret", "secret-secret-secret-secret-secret-secret")
	d.liveKit(t.Context())
	require.Equal(t, []string{isWrong}, d.states("livekit"))
	assert.Contains(t, d.Findings[0].What, "--livekit-api-secret")
	assert.NotContains(t, d.Findings[0].What, "secret-secret")
}
