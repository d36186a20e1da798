package harness

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Build builds the program under test with the race detector. The caller removes the directory when
// all tests are done.
func Build(dir string) (program string, err error) {
	if program := os.Getenv("E2E_PROGRAM"); program != "" {
		return program, nil // built before
	}
	return build(dir, "caller-race", ".", "-race", "./cmd/caller")
}

// BuildPlain builds the program as people run it, without the race detector: for tests that
// measure.
func BuildPlain(dir string) (program string, err error) {
	return build(dir, "caller-plain", ".", "./cmd/caller")
}

// BuildLiveKit builds a LiveKit server, from a module of its own in e2e/calls/livekit: the product
// does not depend on it. The first time takes some minutes.
func BuildLiveKit(dir string) (program string, err error) {
	return build(dir, "livekit-server", "e2e/calls/livekit", "github.com/livekit/livekit-server/cmd/server")
}

// BuildS3 builds an S3 server, from a module of its own in e2e/files/s3: versity's gateway, which
// keeps objects as files. The first time takes some minutes.
func BuildS3(dir string) (program string, err error) {
	return build(dir, "versitygw", "e2e/files/s3", "github.com/versity/versitygw/cmd/versitygw")
}

// BuildSignInService builds a sign-in service that speaks OpenID Connect, from a module of its own
// in e2e/program/signin: zitadel/oidc's example, which knows two people.
func BuildSignInService(dir string) (program string, err error) {
	return build(dir, "sign-in-service", "e2e/program/signin", "github.com/zitadel/oidc/v3/example/server")
}

// BuildRelease builds what makes a release, from a module of its own in deploy/tools.
func BuildRelease(dir string) (program string, err error) {
	return build(dir, "release", "deploy/tools", "./release")
}

// BuildManifestCheck builds what reads the files for Compose and Kubernetes, from deploy/tools too.
func BuildManifestCheck(dir string) (program string, err error) {
	return build(dir, "check-manifests", "deploy/tools", "./check")
}

// build builds a program in bin, where go build links nothing anew that has not changed, and copies
// it into dir: a test has the program that it began with, whatever is built meanwhile. module is
// the folder of its module.
func build(dir, name, module string, args ...string) (program string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("build %s: %w", name, err)
		}
	}()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	top := strings.TrimSpace(string(root))
	bin := filepath.Join(top, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(bin, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	// Packages of tests run at the same time. The lock goes with the file.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	built := filepath.Join(bin, name)
	cmd := exec.Command("go", append([]string{"build", "-o", built}, args...)...)
	cmd.Dir = filepath.Join(top, module)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	program = filepath.Join(dir, name)
	return program, copyProgram(program, built)
}

func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
