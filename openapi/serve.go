package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
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
	page    func() ([]byte, error)
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
		page: sync.OnceValues(func() ([]byte, error) {
			api, err := Public()
			if err != nil {
				return nil, err
			}
			streams, err := Streams()
			if err != nil {
				return nil, err
			}
			return render(api, streams, link{"openapi.json (OpenAPI 3.1)", there + "/openapi.json"},
				link{"asyncapi.json (the streams, AsyncAPI 3.0)", there + "/asyncapi.json"})
		}),
	}
}

// AdminRoutes are the handlers of the admin listener's API, by net/http's patterns.
func AdminRoutes(log *slog.Logger) map[string]http.Handler {
	h := &Handler{log: log, api: sync.OnceValues(func() ([]byte, error) {
		api, err := Admin()
		if err != nil {
			return nil, err
		}
		return encoded(api.Document)
	})}
	return map[string]http.Handler{"GET /openapi.json": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, err := h.api()
		if err != nil {
			h.fail(w, r, err)
			return
		}
		send(w, r, "application/json", document)
	})}
}

// Routes are the handlers by method and path as the server's router has them.
func (h *Handler) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /openapi.json":   http.HandlerFunc(h.openAPI),
		"HEAD /openapi.json":  http.HandlerFunc(h.openAPI),
		"GET /asyncapi.json":  http.HandlerFunc(h.asyncAPI),
		"HEAD /asyncapi.json": http.HandlerFunc(h.asyncAPI),
		"GET /docs":           http.HandlerFunc(h.docs),
		"HEAD /docs":          http.HandlerFunc(h.docs),
		"GET /docs/docs.css":  asset("docs.css"),
		"HEAD /docs/docs.css": asset("docs.css"),
		"GET /docs/docs.js":   asset("docs.js"),
		"HEAD /docs/docs.js":  asset("docs.js"),
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
		h.fail(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if header.Get("Access-Control-Allow-Origin") == "" { // else a trusted origin's, which may ask with credentials
		header.Set("Access-Control-Allow-Origin", "*")
	}
	send(w, r, "application/json", document)
}

// policy is what the page may do: nothing but with its own files.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs answers with the page, whose commands have this server's address.
func (h *Handler) docs(w http.ResponseWriter, r *http.Request) {
	html, err := h.page()
	if err != nil {
		h.fail(w, r, err)
		return
	}
	base, path := h.base.Of(r), ""
	if at, err := url.Parse(base); err == nil {
		path = at.EscapedPath()
	}
	if base == "" {
		base = "http://localhost:8080" // nobody knows
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("X-Frame-Options", "DENY") // for browsers before frame-ancestors
	placed := strings.NewReplacer(here, template.HTMLEscapeString(base), there, template.HTMLEscapeString(path))
	send(w, r, "text/html; charset=utf-8", []byte(placed.Replace(string(html))))
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	httpapi.WriteProblem(w, err)
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
