package static

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ask(f *File, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result()
}

func TestAFileIsGzippedForWhoAsksForItSo(t *testing.T) {
	text := strings.Repeat("the same again and again ", 100)
	f := New("notes.md", []byte(text))
	plain := ask(f)
	assert.Equal(t, "text/plain; charset=utf-8", plain.Header.Get("Content-Type"), "a browser shows it")
	assert.Equal(t, "no-cache", plain.Header.Get("Cache-Control"))
	assert.Equal(t, "Accept-Encoding", plain.Header.Get("Vary"))
	for _, asks := range []string{"gzip", "br, GZIP;q=0.5"} {
		small := ask(f, "Accept-Encoding", asks)
		assert.Equal(t, "gzip", small.Header.Get("Content-Encoding"), asks)
		assert.NotEqual(t, plain.Header.Get("ETag"), small.Header.Get("ETag"))
		z, err := gzip.NewReader(small.Body)
		require.NoError(t, err)
		unzipped, err := io.ReadAll(z)
		require.NoError(t, err)
		assert.Equal(t, text, string(unzipped))
	}
	for _, asks := range []string{"gzip;q=0", "gzip;q=x", "identity", "*", ""} {
		assert.Empty(t, ask(f, "Accept-Encoding", asks).Header.Get("Content-Encoding"), asks)
	}
	for _, has := range []string{plain.Header.Get("ETag"), "W/" + plain.Header.Get("ETag"), `"other", ` + plain.Header.Get("ETag"), "*"} {
		again := ask(f, "If-None-Match", has, "Accept-Encoding", "gzip")
		assert.Equal(t, http.StatusNotModified, again.StatusCode, has)
		assert.Empty(t, again.Header.Get("Content-Encoding"), has)
	}
	assert.Equal(t, http.StatusOK, ask(f, "If-None-Match", `"other"`).StatusCode)
}

func TestWhatDoesNotGetSmallerIsLeftAsItIs(t *testing.T) {
	assert.Empty(t, ask(New("a.txt", []byte("a")), "Accept-Encoding", "gzip").Header.Get("Content-Encoding"))
	image := ask(New("logo.png", []byte(strings.Repeat("x", 1000))), "Accept-Encoding", "gzip")
	assert.Empty(t, image.Header.Get("Content-Encoding"))
	assert.Empty(t, image.Header.Get("Vary"))
}

func TestANameWithAHashIsKeptForEver(t *testing.T) {
	assert.Equal(t, "public, max-age=31536000, immutable", ask(New("assets/index-4f2a.js", nil)).Header.Get("Cache-Control"))
}
