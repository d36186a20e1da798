// Package frontend is the built pages and the built client library, for the program to carry with
// it. Their sources are TypeScript; dist, dist-admin and lib are what they are built to (see the
// Makefile) and committed, so that a Go toolchain alone makes a whole program.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed all:dist-admin
var admin embed.FS

//go:embed lib/*.js
var library embed.FS

// Dist is the built page, with index.html at its root.
func Dist() (fs.FS, error) { return fs.Sub(dist, "dist") }

// Admin is the built page of the admin listener, with index.html at its root.
func Admin() (fs.FS, error) { return fs.Sub(admin, "dist-admin") }

// Library is the client library for pages of one's own: caller.js.
func Library() (fs.FS, error) { return fs.Sub(library, "lib") }
