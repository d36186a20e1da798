package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/caller-chat/caller/server/httpapi"
)

// Handler serves the documents. Make it with [New].
type Handler struct {
	base    httpapi.Base
	log     *slog.Logger
	api     func() ([]byte, error)
	streams func() ([]byte, error)
}

// New makes the handlers of the public API. base says by which address a request knows this server;
// a logger is told of internal errors. What is served is made when it is first asked for.
func New(base httpapi.Base, log *slog.Logger) *Handler {
	return &Handler{
		base: base, log: log,
		api: sync.OnceValues(func() ([]byte, error) {
			api, err := Public()
			if err != nil {
				return nil, err
			}
			return encoded(api.Document)
		}),
		streams: sync.OnceValues(func() ([]byte, error) {
			document, err := Streams()
			if err != nil {
				return nil, err
			}
			return encoded(document)
		}),
	}
}

// Routes are the handlers by method and path as the server's router has them.
func (h *Handler) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /openapi.json":   http.HandlerFunc(h.openAPI),
		"HEAD /openapi.json":  http.HandlerFunc(h.openAPI),
		"GET /asyncapi.json":  http.HandlerFunc(h.asyncAPI),
		"HEAD /asyncapi.json": http.HandlerFunc(h.asyncAPI),
	}
}

// openAPI answers with the API's document, with this server as the request knows it.
func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {
	var servers any
	if base := h.base.Of(r); base != "" {
		servers = []object{{"url": base}}
	}
	h.document(w, r, h.api, servers)
}

// asyncAPI answers with the streams' document.
func (h *Handler) asyncAPI(w http.ResponseWriter, r *http.Request) {
	var servers any
	if all := streamServers(h.base.Of(r)); all != nil {
		servers = all
	}
	h.document(w, r, h.streams, servers)
}

// document answers with a document that every site's page may read. Its servers are the request's:
// nil for none that is known.
func (h *Handler) document(w http.ResponseWriter, r *http.Request, made func() ([]byte, error), servers any) {
	document, err := made()
	if err == nil && servers != nil {
		var first []byte
		if first, err = encoded(object{"servers": servers}); err == nil {
			document = slices.Concat(bytes.TrimSuffix(first, []byte("}")), []byte(","), document[1:])
		}
	}
	if err != nil {
		h.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		httpapi.WriteProblem(w, err)
		return
	}
	header := w.Header()
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if header.Get("Access-Control-Allow-Origin") == "" { // else a trusted origin's, which may ask with credentials
		header.Set("Access-Control-Allow-Origin", "*")
	}
	send(w, r, "application/json", document)
}

// encoded is an object as JSON that people can read, without a line's end.
func encoded(document object) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(document)
	return bytes.TrimSpace(text.Bytes()), err
}

// send answers with what is the same for everybody who asks by the same address, and only changes
// with the program: caches ask whether it has.
func send(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "public, no-cache")
	if strings.Contains(strings.Join(r.Header.Values("If-None-Match"), ","), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", kind)
	_, _ = w.Write(body) // a client that is gone has no use for it
}
