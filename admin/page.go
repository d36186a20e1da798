package admin

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// Page is the built page, with index.html at its root: files that say nothing of this server, and so
// need no token. Each is in memory, and gzipped once somebody asks for it so.
func Page(files fs.FS) (Part, error) {
	open := map[string]http.Handler{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if name == "index.html" {
			open["GET /{$}"] = newFile(name, content)
			return nil
		}
		open["GET /"+name] = newFile(name, content)
		return nil
	})
	if err == nil && open["GET /{$}"] == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Part{}, fmt.Errorf("the admin page: %w", err)
	}
	return Part{Name: "page", Open: open}, nil
}

// file is one file of the page.
type file struct {
	name    string
	kind    string
	cache   string
	tag     string
	plain   []byte
	gzipped func() []byte // nil as a result where it would not be smaller
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{name: name, kind: mime.TypeByExtension(path.Ext(name)), cache: "no-cache", plain: content, tag: hex.EncodeToString(sum[:8])}
	switch path.Ext(name) { // whatever the system's table says
	case ".js":
		f.kind = "text/javascript; charset=utf-8"
	case ".md":
		f.kind = "text/plain; charset=utf-8"
	}
	// These have a hash of their content in their name.
	if strings.HasPrefix(name, "assets/") {
		f.cache = "private, max-age=31536000, immutable"
	}
	f.gzipped = sync.OnceValue(func() []byte { return gzipped(content) })
	return f
}

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

// ServeHTTP implements http.Handler.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("Vary", "Accept-Encoding")
	content, tag := f.plain, f.tag
	if zipped := f.gzipped; strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Header.Get("Range") == "" {
		if small := zipped(); small != nil {
			content, tag = small, f.tag+"-gzip"
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(content))
}
