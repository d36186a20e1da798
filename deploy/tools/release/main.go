// Command release builds what people install, into one folder: the program for each platform, Debian
// packages, images for containers, bills of materials and checksums. It needs Go and nothing else: no
// Docker, no dpkg.
//
// What it builds depends on the commit alone: the same commit and the same Go give the same bytes,
// wherever it is done. The version is what Go makes of the commit and its tags.
package main

import (
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// architectures are those that are built for, all on Linux.
var architectures = []string{"amd64", "arm64"}

// release is one run.
type release struct {
	top  string // the program's sources
	out  string // where to put things
	work string // for what is in between
	// version is the program's, as v1.2.3; debian the same as Debian orders them.
	version, debian string
	older           string    // of Debian packages that are made too; "" for none
	commit          string    // "" when it is not known
	at              time.Time // of the commit: all files have it
	programs        map[string]string
	names           []string // of what is in out
}

func main() {
	r := release{}
	flag.StringVar(&r.top, "top", "../..", "the folder of the program's sources")
	flag.StringVar(&r.out, "out", "", "where to put things; dist/release of the sources by default")
	flag.StringVar(&r.older, "also-deb", "", "a version under which the Debian packages are made once more, for tests of upgrades")
	only := flag.String("only", "", "one architecture only, for tests")
	flag.Parse()
	if *only != "" {
		architectures = []string{*only}
	}
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func (r *release) run() (err error) {
	if r.top, err = filepath.Abs(r.top); err != nil {
		return err
	}
	if r.out == "" {
		r.out = filepath.Join(r.top, "dist", "release")
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp("", "caller-release-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.work)) }()
	if err := r.checkOut(); err != nil {
		return err
	}
	if err := r.build(); err != nil {
		return err
	}
	if err := r.generate(); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func(arch string) error
	}{
		{"bill of materials", r.materials}, {"program", r.publish}, {"Debian package", r.deb}, {"image", r.image},
	} {
		for _, arch := range architectures {
			if err := step.do(arch); err != nil {
				return fmt.Errorf("%s for %s: %w", step.what, arch, err)
			}
		}
	}
	if err := r.index(); err != nil {
		return fmt.Errorf("image of all platforms: %w", err)
	}
	return r.sums()
}

// checkOut has a clone of the sources built, in which there is what was committed and nothing else. An
// export without history is built as it is.
func (r *release) checkOut() error {
	git := func(args ...string) ([]byte, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir = r.top
		return cmd.CombinedOutput()
	}
	if _, err := git("rev-parse", "HEAD"); err != nil {
		return nil
	}
	if changes, err := git("--no-optional-locks", "status", "--porcelain"); err != nil || len(changes) > 0 {
		fmt.Println("changes that are not committed are not in it")
	}
	clone := filepath.Join(r.work, "sources")
	if output, err := git("clone", "--quiet", "--shared", r.top, clone); err != nil {
		return fmt.Errorf("clone: %w\n%s", err, output)
	}
	r.top = clone
	return nil
}

// build builds the program for each architecture, and reads from it which version it is.
func (r *release) build() error {
	r.programs = map[string]string{}
	for _, arch := range architectures {
		program := filepath.Join(r.work, arch, "caller")
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=auto", "-ldflags", "-s -w", "-o", program, "./cmd/caller")
		build.Dir = r.top
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0",
			"GOEXPERIMENT=", "GOWORK=off", "GIT_OPTIONAL_LOCKS=0")
		if output, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build for %s: %w\n%s", arch, err, output)
		}
		r.programs[arch] = program
	}
	info, err := buildinfo.ReadFile(r.programs[architectures[0]])
	if err != nil {
		return err
	}
	return r.identify(info)
}

// identify takes version, commit and time from what Go wrote into the program.
func (r *release) identify(info *debug.BuildInfo) error {
	r.version, r.at = info.Main.Version, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if r.version == "" || r.version == "(devel)" {
		r.version = "v0.0.0-unknown" // an export without history
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			r.commit = s.Value
		case "vcs.time":
			at, err := time.Parse(time.RFC3339, s.Value)
			if err != nil {
				return err
			}
			r.at = at.UTC()
		}
	}
	r.debian = debianVersion(r.version)
	fmt.Println("caller", r.version, r.commit)
	return nil
}

// debianVersion orders versions as Go does: what comes before 1.2.3 is 1.2.3~, and a hyphen would
// begin Debian's own revision.
func debianVersion(version string) string {
	release, before, is := strings.Cut(strings.TrimPrefix(version, "v"), "-")
	if !is {
		return release
	}
	return release + "~" + strings.ReplaceAll(before, "-", ".")
}

// generate has the program write its man page and its completions.
func (r *release) generate() error {
	program := r.programs[runtime.GOARCH]
	if program == "" || runtime.GOOS != "linux" {
		return fmt.Errorf("a release is made on Linux, on one of %v: the program writes its own man page", architectures)
	}
	for file, args := range map[string][]string{
		"caller.1":    {"man"},
		"caller.bash": {"completion", "bash"},
		"_caller":     {"completion", "zsh"},
		"caller.fish": {"completion", "fish"},
	} {
		run := exec.Command(program, args...)
		run.Dir, run.Env = r.work, []string{"LANG=C"}
		text, err := run.Output()
		if err != nil {
			return fmt.Errorf("caller %s: %w", strings.Join(args, " "), err)
		}
		if err := os.WriteFile(filepath.Join(r.work, file), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// publish puts the program itself into the folder.
func (r *release) publish(arch string) error {
	program, err := os.ReadFile(r.programs[arch])
	if err != nil {
		return err
	}
	return r.add(fmt.Sprintf("caller-%s-linux-%s", r.version, arch), program, 0o755)
}

// add puts a file into the folder.
func (r *release) add(name string, content []byte, mode os.FileMode) error {
	r.names = append(r.names, name)
	fmt.Printf("  %s %d\n", name, len(content))
	return os.WriteFile(filepath.Join(r.out, name), content, mode)
}
