package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNoHistory says that a commit is not here: the clone is a shallow one, or no clone at all.
var ErrNoHistory = errors.New("the history does not have the commit")

// BuildCommit builds the program as it was at a commit, out of the clone's own history, with the race
// detector. It is built once for each commit and Go, and kept in bin. The caller removes the directory
// when all tests are done.
func BuildCommit(dir, commit string) (program string, err error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	top := strings.TrimSpace(string(root))
	git := func(args ...string) *exec.Cmd { return exec.Command("git", append([]string{"-C", top}, args...)...) }
	if err := git("cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		return "", fmt.Errorf("%w: %s", ErrNoHistory, commit)
	}
	kept := filepath.Join(top, "bin", fmt.Sprintf("caller-race-%.12s-%s", commit, runtime.Version()))
	program = filepath.Join(dir, "caller-"+commit[:12])
	if _, err := os.Stat(kept); err != nil {
		sources, err := os.MkdirTemp(dir, "sources-")
		if err != nil {
			return "", err
		}
		defer func() { _ = os.RemoveAll(sources) }() // dir goes in any case
		if err := unpack(git("archive", commit), sources); err != nil {
			return "", fmt.Errorf("sources of %s: %w", commit, err)
		}
		build := exec.Command("go", "build", "-race", "-buildvcs=false", "-o", program, "./cmd/caller")
		build.Dir = sources
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", commit, err, output)
		}
		if err := keep(kept, program); err != nil {
			return "", err
		}
		return program, nil
	}
	return program, copyProgram(program, kept)
}

// unpack has tar unpack what archive writes.
func unpack(archive *exec.Cmd, into string) error {
	pipe, err := archive.StdoutPipe()
	if err != nil {
		return err
	}
	tar := exec.Command("tar", "-x", "-C", into)
	tar.Stdin = pipe
	if err := archive.Start(); err != nil {
		return err
	}
	output, err := tar.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, output)
	}
	return errors.Join(err, archive.Wait())
}

// keep puts a program where others may look for it meanwhile: it is there whole or not at all.
func keep(kept, program string) error {
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return err
	}
	part := fmt.Sprintf("%s.%d", kept, os.Getpid())
	if err := copyProgram(part, program); err != nil {
		return err
	}
	return os.Rename(part, kept)
}
