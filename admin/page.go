package admin

import (
	"fmt"
	"io/fs"
	"net/http"

	"github.com/caller-chat/caller/server/static"
)

// Page is the built page, with index.html at its root: files that say nothing of this server, and so
// need no token.
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
			open["GET /{$}"] = static.New(name, content)
			return nil
		}
		open["GET /"+name] = static.New(name, content)
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
