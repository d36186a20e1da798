package admin_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/frontend"
)

// TestPage is the built page: each file to whoever asks, without the token.
func TestPage(t *testing.T) {
	files, err := frontend.Admin()
	require.NoError(t, err)
	page, err := admin.Page(files)
	require.NoError(t, err)
	h, err := admin.New(admin.Options{Token: "a token of thirty-two bytes, at least", Parts: []admin.Part{page}})
	require.NoError(t, err)
	ask := func(path string, header ...string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}

	index := ask("/")
	assert.Equal(t, http.StatusOK, index.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", index.Header.Get("Content-Type"))
	assert.Equal(t, "no-cache", index.Header.Get("Cache-Control"))
	assert.NotContains(t, index.Header.Get("Content-Security-Policy"), "unsafe")
	plain, err := io.ReadAll(index.Body)
	require.NoError(t, err)
	assert.Contains(t, string(plain), `<div id="app">`)

	small := ask("/", "Accept-Encoding", "gzip")
	assert.Equal(t, "gzip", small.Header.Get("Content-Encoding"))
	z, err := gzip.NewReader(small.Body)
	require.NoError(t, err)
	unzipped, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, plain, unzipped)
	assert.NotEqual(t, index.Header.Get("ETag"), small.Header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, ask("/", "If-None-Match", index.Header.Get("ETag")).StatusCode)
	for _, refuse := range []string{"gzip;q=0", "identity", "*", ""} {
		assert.Empty(t, ask("/", "Accept-Encoding", refuse).Header.Get("Content-Encoding"), refuse)
	}

	for path := range page.Open {
		if path == "GET /{$}" {
			continue
		}
		answer := ask(path[len("GET "):])
		assert.Equal(t, http.StatusOK, answer.StatusCode, path)
		assert.NotEmpty(t, answer.Header.Get("Content-Type"), path)
	}
	assert.Equal(t, http.StatusUnauthorized, ask("/assets/none.js").StatusCode)
	assert.Equal(t, http.StatusUnauthorized, ask("/index.html").StatusCode, "it is at / alone")

	_, err = admin.Page(fstest.MapFS{"other.html": {}})
	assert.Error(t, err)
}
