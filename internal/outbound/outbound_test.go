package outbound

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAddresses(t *testing.T) {
	for _, address := range []string{"https://shop.example/keys", "http://127.0.0.1:8080/keys", "http://[::1]/keys", "http://localhost/keys"} {
		assert.NoError(t, CheckURL(address), address)
	}
	for _, address := range []string{"http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "file:///etc/passwd", "https://user:pass@shop.example/", "//shop.example/", ""} {
		assert.Error(t, CheckURL(address), address)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/long", http.StatusFound)
		case "/never":
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, strings.Repeat("x", 11))
		}
	}))
	defer server.Close()
	client := Client(time.Minute, 10)
	answer, err := client.Get(server.URL + "/long")
	require.NoError(t, err)
	_, err = io.ReadAll(answer.Body)
	require.Error(t, err)
	answer, err = client.Get(server.URL + "/away")
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, answer.StatusCode, "it is not followed")
	_, err = Client(time.Millisecond, 10).Get(server.URL + "/never")
	require.Error(t, err)
}
