package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
)

// deb writes the Debian package, and an older one if that is asked for.
func (r *release) deb(arch string) error {
	for _, version := range []string{r.debian, r.older} {
		if version == "" {
			continue
		}
		if err := r.debOf(arch, version); err != nil {
			return err
		}
	}
	return nil
}

// debOf writes the Debian package that deploy/debian/nfpm.yaml describes, under a version.
func (r *release) debOf(arch, version string) error {
	stage := filepath.Join(r.work, arch)
	if err := r.stage(stage, version); err != nil {
		return err
	}
	description, err := os.Open(filepath.Join(r.top, "deploy", "debian", "nfpm.yaml"))
	if err != nil {
		return err
	}
	defer func() { _ = description.Close() }() // it was only read
	values := map[string]string{"ARCH": arch, "VERSION": version}
	config, err := nfpm.ParseWithEnvMapping(description, func(name string) string { return values[name] })
	if err != nil {
		return err
	}
	info, err := config.Get("deb")
	if err != nil {
		return err
	}
	info.MTime = r.at
	// The description names files relative to where it is worked on.
	if err := os.Chdir(stage); err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	var out bytes.Buffer
	if err := deb.Default.Package(info, &out); err != nil {
		return err
	}
	return r.add(deb.Default.ConventionalFileName(info), out.Bytes(), 0o644)
}

// stage gathers what goes into a package, besides the program and its bill of materials.
func (r *release) stage(stage, version string) error {
	if err := os.RemoveAll(filepath.Join(stage, "debian")); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(stage, "debian"), os.DirFS(filepath.Join(r.top, "deploy", "debian"))); err != nil {
		return err
	}
	changelog := fmt.Sprintf("caller (%s) unstable; urgency=medium\n\n  * What is new is in CHANGELOG.md.gz.\n\n -- The Caller authors <%s>  %s\n",
		version, maintainer, r.at.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	news, err := os.ReadFile(filepath.Join(r.top, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	manual, err := os.ReadFile(filepath.Join(r.work, "caller.1"))
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"changelog.gz": []byte(changelog), "CHANGELOG.md.gz": news, "caller.1.gz": manual} {
		packed, err := pack(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, name), packed, 0o644); err != nil {
			return err
		}
	}
	for _, name := range []string{"caller.bash", "_caller", "caller.fish"} {
		if err := copyFile(filepath.Join(stage, name), filepath.Join(r.work, name)); err != nil {
			return err
		}
	}
	return nil
}

// maintainer is whom Debian's tools name. There is no list to write to: SECURITY.md and the
// repository's issues say where.
const maintainer = "caller-chat@users.noreply.github.com"

// pack compresses as Debian wants documents: best, and without a name or a time.
func pack(content []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
