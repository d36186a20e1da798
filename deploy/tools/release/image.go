package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the number of the user and the group that the program runs as in its image.
const nobody = 65532

// file is something in a layer.
type file struct {
	path    string
	mode    int64
	owner   int
	content []byte // of a file; a path that ends with a slash is a folder
}

// image writes the image for one architecture, in the form that docker load and podman load take.
func (r *release) image(arch string) error {
	image, err := r.buildImage(arch)
	if err != nil {
		return err
	}
	tag, err := name.NewTag("caller:" + r.tag())
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tarball.Write(tag, image, &out); err != nil {
		return err
	}
	return r.add(fmt.Sprintf("caller-%s-image-%s.tar", r.version, arch), out.Bytes(), 0o644)
}

// tag is the version as a tag may be written.
func (r *release) tag() string {
	return string(bytes.ReplaceAll([]byte(r.version), []byte("+"), []byte("-")))
}

// buildImage makes an image from nothing: the program, the certificates of the public issuers, a user
// who is not root, and a place for what is kept.
func (r *release) buildImage(arch string) (v1.Image, error) {
	program, err := os.ReadFile(r.programs[arch])
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile(filepath.Join(r.top, "LICENSE"))
	if err != nil {
		return nil, err
	}
	materials, err := os.ReadFile(filepath.Join(r.work, arch, "caller.cdx.json"))
	if err != nil {
		return nil, err
	}
	base, err := r.layer([]file{
		{"etc/", 0o755, 0, nil},
		{"etc/group", 0o644, 0, fmt.Appendf(nil, "root:x:0:\ncaller:x:%d:\n", nobody)},
		{"etc/passwd", 0o644, 0, fmt.Appendf(nil, "root:x:0:0:root:/:/nowhere\ncaller:x:%d:%d:caller:/data:/nowhere\n", nobody, nobody)},
		{"etc/ssl/", 0o755, 0, nil},
		{"etc/ssl/certs/", 0o755, 0, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, 0, issuers()},
		{"tmp/", 0o1777, 0, nil},
		{"data/", 0o750, nobody, nil},
	})
	if err != nil {
		return nil, err
	}
	itself, err := r.layer([]file{
		{"usr/", 0o755, 0, nil},
		{"usr/bin/", 0o755, 0, nil},
		{"usr/bin/caller", 0o755, 0, program},
		{"usr/share/", 0o755, 0, nil},
		{"usr/share/doc/", 0o755, 0, nil},
		{"usr/share/doc/caller/", 0o755, 0, nil},
		{"usr/share/doc/caller/LICENSE", 0o644, 0, licence},
		{"usr/share/doc/caller/caller.cdx.json", 0o644, 0, materials},
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1), base, itself)
	if err != nil {
		return nil, err
	}
	known, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config := known.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", arch, v1.Time{Time: r.at}
	if arch == "arm64" {
		config.Variant = "v8"
	}
	config.Config = v1.Config{
		Entrypoint:   []string{"/usr/bin/caller"},
		User:         fmt.Sprintf("%d:%d", nobody, nobody),
		WorkingDir:   "/data",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		StopSignal:   "SIGTERM",
		Env:          []string{"PATH=/usr/bin", "HOME=/data", "CALLER_FILES=file:///data/files"},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Caller",
			"org.opencontainers.image.description": "A rooms chat that gets through",
			"org.opencontainers.image.version":     r.version,
			"org.opencontainers.image.revision":    r.commit,
			"org.opencontainers.image.licenses":    "MIT",
			"org.opencontainers.image.created":     r.at.Format("2006-01-02T15:04:05Z07:00"),
		},
	}
	for i := range config.History {
		config.History[i].Created = v1.Time{Time: r.at}
	}
	return mutate.ConfigFile(image, config)
}

// layer packs files. Nothing in it depends on when and where that is done.
func (r *release) layer(files []file) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, f := range files {
		header := &tar.Header{Name: f.path, Mode: f.mode, Uid: f.owner, Gid: f.owner, ModTime: r.at, Size: int64(len(f.content)), Typeflag: tar.TypeReg}
		if f.path[len(f.path)-1] == '/' {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer))
}

// issuers are the certificates of Mozilla's list, as golang.org/x/crypto keeps it, but for those that
// only hold with conditions which a file can't say.
func issuers() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // into memory
		}
	}
	return out.Bytes()
}

// index writes one image for all platforms, as an OCI layout in a tar.
func (r *release) index() error {
	folder := filepath.Join(r.work, "oci")
	images := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range architectures {
		image, err := r.buildImage(arch)
		if err != nil {
			return err
		}
		platform := &v1.Platform{OS: "linux", Architecture: arch}
		if arch == "arm64" {
			platform.Variant = "v8"
		}
		images = mutate.AppendManifests(images, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	all, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := all.AppendIndex(images, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.tag(),
		"io.containerd.image.name":          "docker.io/library/caller:" + r.tag(),
	})); err != nil {
		return err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err = fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if entry.IsDir() {
			return w.WriteHeader(&tar.Header{Name: path + "/", Mode: 0o755, ModTime: r.at, Typeflag: tar.TypeDir})
		}
		content, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o644, ModTime: r.at, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return r.add(fmt.Sprintf("caller-%s-image.tar", r.version), out.Bytes(), 0o644)
}
