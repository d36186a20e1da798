package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// policy is what the page may do: nothing but with its own files and this server. No script or
// style in the markup runs, so that a message that got into it could do nothing either. 'self'
// covers WebSockets (CSP 3 section 6.7.2.8; Safari since 15.4).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// placeholder finds where the address of the page's root goes in index.html, however the build
// writes it.
func placeholder() *regexp.Regexp { return regexp.MustCompile(`<base href="/"\s*/?>`) }

// page has the built front end in memory, each file as it is and, where that is smaller, gzipped:
// together they are some hundred kilobytes. A file is gzipped once, when somebody first asks for it
// so: all of them take a tenth of a second, for which no start has to wait.
type page struct {
	html        *file
	rest        map[string]*file // by path, "/assets/index-4f2a.js"
	policy      string
	permissions string
}

// libraryPath is where the client library is, for the pages of other sites: an address that stays.
const libraryPath = "/client/"

// libraryCache is how long such a page may use it without asking: an hour. A new Caller serves an
// older library too.
const libraryCache = "public, max-age=3600"

// file is one file of the page, ready to be sent.
type file struct {
	kind    string
	cache   string
	public  bool   // any site's page may read it
	policy  string // of a script, which may be a worker's; empty for the one of all answers
	tag     string // ETag of the plain one, without quotes
	plain   []byte
	gzipped func() []byte // nil for kinds that are compressed already; its result is nil where it would not be smaller
}

// newPage reads the built front end, which must have an index.html; base is the base path.
func newPage(dist fs.FS, base string, features []Feature) (*page, error) {
	p := &page{rest: make(map[string]*file), policy: policyWith(features), permissions: permissionsWith(features)}
	root := `<base href="` + base + `/">`
	for _, f := range features {
		if f.Name != "" {
			root += `<meta name="caller-` + f.Name + `" content="on">`
		}
	}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.ContainsAny(name, ":*") { // would be patterns in a route
			return fmt.Errorf("%s: a name with ':' or '*' can't be served", name)
		}
		content, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			if (base != "" || len(features) > 0) && !placeholder().Match(content) {
				return fmt.Errorf(`%s has no <base href="/">: it can be served at / only, and without features`, name)
			}
			content = placeholder().ReplaceAllLiteral(content, []byte(root))
			p.html = newFile(name, content)
			return nil
		}
		f := newFile(name, content)
		if strings.HasPrefix(f.kind, "text/javascript") {
			f.policy = p.policy
		}
		p.rest["/"+name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	if p.html == nil {
		return nil, errors.New("the page: there is no index.html")
	}
	return p, nil
}

// addLibrary adds the files of the built client library.
func (p *page) addLibrary(lib fs.FS) error {
	names, err := fs.Glob(lib, "*.js")
	for _, name := range names {
		var content []byte
		if content, err = fs.ReadFile(lib, name); err != nil {
			break
		}
		f := newFile(name, content)
		f.cache, f.public = libraryCache, true
		p.rest[libraryPath+name] = f
	}
	if err != nil {
		return fmt.Errorf("the client library: %w", err)
	}
	return nil
}

// assets is the folder whose files have a hash of their content in their name: the same name is the
// same file for ever.
const assets = "assets/"

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{kind: kindOf(name), cache: "no-cache", tag: hex.EncodeToString(sum[:8]), plain: content}
	if strings.HasPrefix(name, assets) {
		f.cache = "public, max-age=31536000, immutable"
	}
	if compressible(f.kind) {
		f.gzipped = sync.OnceValue(func() []byte { return gzipped(content) })
	}
	return f
}

// gzipped is content made smaller, or nil where it would not be.
func gzipped(content []byte) []byte {
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(content)
	}
	if err != nil || z.Close() != nil || zipped.Len() >= len(content) {
		return nil
	}
	return zipped.Bytes()
}

// kindOf is a file's media type. The usual ones are spelled out, because the system's table may say
// otherwise.
func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".ico":
		return "image/x-icon"
	default:
		if kind := mime.TypeByExtension(ext); kind != "" {
			return kind
		}
		return "application/octet-stream"
	}
}

// compressible tells kinds that gzip makes smaller from those that are compressed already.
func compressible(kind string) bool {
	media, _, _ := strings.Cut(kind, ";")
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json") || strings.HasSuffix(media, "+xml")
}

// index serves the page itself, whoever asks and with whatever session: it is where a new one is
// made.
func (p *page) index(w http.ResponseWriter, r *http.Request) {
	p.setHeaders(w.Header())
	p.html.ServeHTTP(w, r)
}

// setHeaders sets what a browser has to know of the page.
func (p *page) setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Permissions-Policy", p.permissions)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY") // for browsers before frame-ancestors
}

// files has a handler for each of the page's other files, by path.
func (p *page) files() map[string]http.HandlerFunc {
	handlers := make(map[string]http.HandlerFunc, len(p.rest))
	for name, f := range p.rest {
		handlers[name] = f.ServeHTTP
	}
	return handlers
}

// ServeHTTP sends the file, or says that the client has it already.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", f.cache)
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
	}
	if f.public {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if h.Get("Access-Control-Allow-Origin") == "" { // else a trusted origin's, which may ask with credentials
			h.Set("Access-Control-Allow-Origin", "*")
		}
	}
	content, tag := f.plain, f.tag
	if f.gzipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Values("Accept-Encoding")) {
			if zipped := f.gzipped(); zipped != nil {
				content, tag = zipped, f.tag+"-gzip" // another representation has another ETag (RFC 9110 section 8.8.3)
				h.Set("Content-Encoding", "gzip")
			}
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	if has(r.Header.Values("If-None-Match"), f.tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // a client that is gone has no use for it
}

// has reports whether an If-None-Match header names a tag, in whatever encoding the client has it.
func has(ifNoneMatch []string, tag string) bool {
	for item := range strings.SplitSeq(strings.Join(ifNoneMatch, ","), ",") {
		item = strings.Trim(strings.TrimPrefix(strings.TrimSpace(item), "W/"), `"`)
		if item == "*" || strings.TrimSuffix(item, "-gzip") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reports whether an Accept-Encoding header asks for gzip by name. An asterisk does
// not: who sends one may be a program that decodes nothing.
func acceptsGzip(acceptEncoding []string) bool {
	for item := range strings.SplitSeq(strings.Join(acceptEncoding, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return weightOf(parameters) > 0
		}
	}
	return false
}
