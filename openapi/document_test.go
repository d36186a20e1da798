package openapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDocumentIsValid(t *testing.T) {
	for _, load := range []func() (*API, error){Public, Admin} {
		api, err := load()
		require.NoError(t, err)
		checkDocument(t, api)
	}
}

func checkDocument(t *testing.T, api *API) {
	t.Helper()
	text, err := json.Marshal(api.Document)
	require.NoError(t, err)
	document, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context(),
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation(), openapi3.EnableSchemaPatternValidation()))
	seen := map[string]bool{}
	for _, o := range api.Operations {
		assert.NotEmpty(t, o.Summary, o.ID)
		assert.False(t, seen[o.ID], "%s is there twice", o.ID)
		seen[o.ID] = true
	}
}

// The schema is the AsyncAPI initiative's own (github.com/asyncapi/spec-json-schemas, 3.0.0, under
// Apache-2.0).
func TestTheStreamsDocumentIsValid(t *testing.T) {
	packed, err := os.Open("testdata/asyncapi-3.0.0.json.gz")
	require.NoError(t, err)
	defer func() { _ = packed.Close() }()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	official, err := jsonschema.UnmarshalJSON(unpacked)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("asyncapi.json", official))
	schema, err := compiler.Compile("asyncapi.json")
	require.NoError(t, err)

	document, err := Streams()
	require.NoError(t, err)
	document["servers"] = streamServers("https://chat.example/chat")
	valid := func() error {
		text, err := json.Marshal(document)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		return schema.Validate(value)
	}
	require.NoError(t, valid())
	text, err := json.Marshal(document)
	require.NoError(t, err)
	for _, ref := range regexp.MustCompile(`"\$ref":"#/([^"]+)"`).FindAllSubmatch(text, -1) {
		at := any(document)
		for part := range strings.SplitSeq(string(ref[1]), "/") {
			in, ok := at.(object)
			require.True(t, ok, "%s leads nowhere", ref[1])
			at = in[part]
		}
		require.NotNil(t, at, "%s leads nowhere", ref[1])
	}
	document["channels"].(object)["roomPoll"].(object)["address"] = 7
	require.Error(t, valid(), "the schema takes everything")
}

// Whoever has no login yet needs none to log in.
func TestLoggingInNeedsNoToken(t *testing.T) {
	api, err := Admin()
	require.NoError(t, err)
	for _, o := range api.Operations {
		ways, said := o.object["security"]
		assert.Equal(t, o.ID == "login" || o.ID == "logout", said, o.ID)
		if said {
			assert.Empty(t, ways)
		}
	}
}

func get(t *testing.T, path, ifNoneMatch string) *httptest.ResponseRecorder {
	t.Helper()
	h := New(func(*http.Request) string { return "https://chat.example/chat" }, slog.New(slog.DiscardHandler))
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if ifNoneMatch != "" {
		r.Header.Set("If-None-Match", ifNoneMatch)
	}
	w := httptest.NewRecorder()
	h.Routes()["GET "+path].ServeHTTP(w, r)
	return w
}

func TestDocumentsAreServed(t *testing.T) {
	for _, path := range []string{"/openapi.json", "/asyncapi.json"} {
		answer := get(t, path, "")
		require.Equal(t, http.StatusOK, answer.Code)
		assert.Equal(t, "*", answer.Header().Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "cross-origin", answer.Header().Get("Cross-Origin-Resource-Policy"))
		var document object
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &document))
		if path == "/openapi.json" {
			assert.Equal(t, []any{object{"url": "https://chat.example/chat"}}, document["servers"])
		} else {
			assert.Equal(t, object{"host": "chat.example", "pathname": "/chat", "protocol": "wss"}, document["servers"].(object)["webSocket"])
		}
		again := get(t, path, "W/"+answer.Header().Get("ETag"))
		assert.Equal(t, http.StatusNotModified, again.Code)
		assert.Empty(t, again.Body.String())
	}
}

func TestThePageIsServed(t *testing.T) {
	answer := get(t, "/docs", "")
	require.Equal(t, http.StatusOK, answer.Code)
	html := answer.Body.String()
	assert.Contains(t, html, `href="/chat/docs/docs.css"`)
	assert.Contains(t, html, "curl -d &#39;hello&#39; https://chat.example/chat/rooms/lobby/messages")
	assert.NotContains(t, html, "here.invalid")
	assert.NotContains(t, html, "BASE")
	assert.NotContains(t, html, " style=")
	assert.NotContains(t, html, "ZgotmplZ")
	assert.Equal(t, 1, strings.Count(html, "<script"), "what runs is a file")
	assert.Contains(t, answer.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
	api, err := Public()
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		assert.False(t, ids[id[1]], "%s is there twice", id[1])
		ids[id[1]] = true
	}
	for _, o := range api.Operations {
		assert.True(t, ids[o.ID], "%s is not on the page", o.ID)
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1) {
		assert.True(t, ids[link[1]], "#%s leads nowhere", link[1])
	}
	assert.Equal(t, http.StatusNotModified, get(t, "/docs", answer.Header().Get("ETag")).Code)
	for _, path := range []string{"/docs/docs.css", "/docs/docs.js"} {
		assert.Equal(t, http.StatusOK, get(t, path, "").Code)
	}
}

func TestFilesOfThePageAreGzipped(t *testing.T) {
	for _, name := range []string{"/docs/docs.css", "/docs/docs.js"} {
		h := New(func(*http.Request) string { return "" }, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest(http.MethodGet, name, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.Routes()["GET "+name].ServeHTTP(w, r)
		assert.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		assert.Contains(t, w.Header().Get("Content-Type"), "text/")
	}
}
