// Package static serves the built files of pages from memory: with their media types, gzipped where
// that makes them smaller, and with tags by which a browser asks whether its copy is still good. It
// knows nothing of what is in them, of who may read them, or of what they may do in a browser: that
// is for whoever serves them.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/caller-chat/caller/server/httpapi"
)

// hashed is the folder whose files have a hash of their content in their name: the same name is the
// same file for ever.
const hashed = "assets/"

// File is one file, ready to be sent. Its fields may be changed before it is first served.
type File struct {
	// Kind is its media type.
	Kind string
	// Cache is its Cache-Control: browsers ask each time whether it has changed, unless its name has a
	// hash of its content.
	Cache string
	// Content is all of it.
	Content []byte

	tag     string        // its ETag when it is not gzipped, without quotes
	gzipped func() []byte // nil for kinds that are compressed already; its result is nil where it would not be smaller
}

// New makes a file of its name in the build, as "assets/index-4f2a.js". It is gzipped once, when
// somebody first asks for it so: for all of a page's that takes a tenth of a second, for which no
// start has to wait.
func New(name string, content []byte) *File {
	sum := sha256.Sum256(content)
	f := &File{Kind: kindOf(name), Cache: "no-cache", Content: content, tag: hex.EncodeToString(sum[:8])}
	if strings.HasPrefix(name, hashed) {
		f.Cache = "public, max-age=31536000, immutable"
	}
	if compressible(f.Kind) {
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
	case ".txt", ".md":
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

// ServeHTTP sends the file, or says that the client has it already.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", f.Cache)
	content, tag := f.Content, f.tag
	if f.gzipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if httpapi.AcceptsGzip(r) {
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
	h.Set("Content-Type", f.Kind)
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
