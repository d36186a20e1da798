package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageHeaders(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("GET", "/rooms/lobby", "", "Accept", acceptChromium)
	h := w.Header()
	assert.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	assert.Equal(t, "no-cache", h.Get("Cache-Control"))
	assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	assert.Equal(t, "same-origin", h.Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
	assert.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; ")
	assert.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
	assert.Contains(t, h.Get("Permissions-Policy"), "geolocation=()")

	w = s.ask("GET", "/", "", "Accept", acceptChromium, "If-None-Match", h.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, w.Code)
	assert.Empty(t, w.Body.String())
}

func TestAssets(t *testing.T) {
	s := newSite(t, Options{})
	w := s.ask("GET", "/assets/app-1a2b.js", "")
	assert.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
	assert.Equal(t, "text/javascript; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
	assert.Empty(t, w.Header().Get("Content-Encoding"))
	plain := w.Body.String()

	zipped := s.ask("GET", "/assets/app-1a2b.js", "", "Accept-Encoding", "br, GZIP;q=0.5")
	assert.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
	assert.NotEqual(t, w.Header().Get("ETag"), zipped.Header().Get("ETag"))
	r, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, plain, string(content))

	for _, refuse := range []string{"gzip;q=0", "identity", "*", ""} {
		assert.Empty(t, s.ask("GET", "/assets/app-1a2b.js", "", "Accept-Encoding", refuse).Header().Get("Content-Encoding"), refuse)
	}
	for _, tag := range []string{zipped.Header().Get("ETag"), "W/" + w.Header().Get("ETag"), `"x", ` + w.Header().Get("ETag"), "*"} {
		assert.Equal(t, http.StatusNotModified, s.ask("GET", "/assets/app-1a2b.js", "", "If-None-Match", tag).Code, tag)
	}
	assert.Equal(t, http.StatusOK, s.ask("GET", "/assets/app-1a2b.js", "", "If-None-Match", `"x"`).Code)

	image := s.ask("GET", "/assets/logo-3c4d.png", "", "Accept-Encoding", "gzip")
	assert.Empty(t, image.Header().Get("Content-Encoding"), "compressed already")
	icon := s.ask("GET", "/favicon.svg", "")
	assert.Equal(t, "no-cache", icon.Header().Get("Cache-Control"), "no hash in its name")
	assert.Equal(t, "image/svg+xml", icon.Header().Get("Content-Type"))
}

func TestPageThatIsNoPage(t *testing.T) {
	_, err := newPage(fstest.MapFS{"assets/x.js": {}}, "", nil)
	assert.ErrorContains(t, err, "index.html")
	_, err = newPage(fstest.MapFS{"index.html": {}, "a*b": {}}, "", nil)
	assert.ErrorContains(t, err, "a*b")
	_, err = newPage(fstest.MapFS{"index.html": {Data: []byte("<title>")}}, "/chat", nil)
	assert.ErrorContains(t, err, "base href")
}

func TestBaseIsWritten(t *testing.T) {
	for _, tag := range []string{`<base href="/">`, `<base href="/"/>`, `<base href="/" />`} {
		p, err := newPage(fstest.MapFS{"index.html": {Data: []byte("<head>" + tag + "<title>")}}, "/chat", nil)
		require.NoError(t, err)
		assert.Equal(t, `<head><base href="/chat/"><title>`, string(p.html.Content))
	}
}

func TestLibrary(t *testing.T) {
	lib := fstest.MapFS{"caller.js": {Data: bytes.Repeat([]byte("export {}\n"), 100)}, "types/index.d.ts": {}}
	friend := "https://friend.example"
	s := newSite(t, Options{Library: lib, BasePath: "/chat", TrustedOrigins: []string{friend}})
	for _, path := range []string{"/client/caller.js", "/chat/client/caller.js"} {
		w := s.ask("GET", path, "", "Origin", "https://anybody.example")
		require.Equal(t, http.StatusOK, w.Code, path)
		h := w.Header()
		assert.Equal(t, "text/javascript; charset=utf-8", h.Get("Content-Type"))
		assert.Equal(t, "public, max-age=3600", h.Get("Cache-Control"))
		assert.Equal(t, "*", h.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "cross-origin", h.Get("Cross-Origin-Resource-Policy"))
		again := s.ask("GET", path, "", "If-None-Match", h.Get("ETag"))
		assert.Equal(t, http.StatusNotModified, again.Code)
		assert.Equal(t, "*", again.Header().Get("Access-Control-Allow-Origin"), "browsers look at the 304's too")
		assert.Equal(t, friend, s.ask("GET", path, "", "Origin", friend).Header().Get("Access-Control-Allow-Origin"))
	}
	assert.Equal(t, http.StatusNotFound, s.ask("GET", "/client/types/index.d.ts", "").Code)
	for _, path := range []string{"/", "/assets/app-1a2b.js"} {
		assert.Empty(t, s.ask("GET", path, "", "Origin", "https://anybody.example").Header().Get("Access-Control-Allow-Origin"), path)
	}
	assert.Equal(t, http.StatusNotFound, newSite(t, Options{}).ask("GET", "/client/caller.js", "").Code)
}
