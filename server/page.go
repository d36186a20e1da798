package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"

	"github.com/caller-chat/caller/server/static"
)

// policy is what the page may do: nothing but with its own files and this server. No script or
// style in the markup runs, so that a message that got into it could do nothing either. 'self'
// covers WebSockets (CSP 3 section 6.7.2.8; Safari since 15.4).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// placeholder finds where the address of the page's root goes in index.html, however the build
// writes it.
func placeholder() *regexp.Regexp { return regexp.MustCompile(`<base href="/"\s*/?>`) }

// page has the built front end in memory: some hundred kilobytes.
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

// file is one file of the page.
type file struct {
	*static.File
	public bool   // any site's page may read it
	policy string // of a script, which may be a worker's; empty for the one of all answers
}

func newFile(name string, content []byte) *file { return &file{File: static.New(name, content)} }

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
		if strings.HasPrefix(f.Kind, "text/javascript") {
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
		f.Cache, f.public = libraryCache, true
		p.rest[libraryPath+name] = f
	}
	if err != nil {
		return fmt.Errorf("the client library: %w", err)
	}
	return nil
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

// ServeHTTP sends the file, with what a browser has to know of it.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if f.policy != "" {
		h.Set("Content-Security-Policy", f.policy)
	}
	if f.public {
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if h.Get("Access-Control-Allow-Origin") == "" { // else a trusted origin's, which may ask with credentials
			h.Set("Access-Control-Allow-Origin", "*")
		}
	}
	f.File.ServeHTTP(w, r)
}
