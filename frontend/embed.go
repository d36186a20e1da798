// Package frontend is the built page, for the program to carry with it. Its sources are TypeScript; dist is what they
// are built to (see the Makefile) and committed, so that a Go toolchain alone makes a whole program.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built page, with index.html at its root.
func Dist() (fs.FS, error) { return fs.Sub(dist, "dist") }
