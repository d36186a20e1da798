package packages

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// suite is the Debian that packages are tried on.
const suite = "bookworm"

// architecture is the one of this machine.
const architecture = runtime.GOARCH

// debianRoot is a root of that Debian as a tar, made once by debootstrap and kept in bin.
var debianRoot = sync.OnceValues(func() (string, error) {
	kept, err := filepath.Abs(filepath.Join(top(), "bin", "debian-"+suite+"-systemd.tar"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(kept); err == nil {
		return kept, nil
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	part := fmt.Sprintf("%s.%d", kept, os.Getpid())
	make := exec.Command("debootstrap", "--variant=minbase", "--include=adduser,init-system-helpers,systemd,dbus", suite, filepath.Join(runDir, "root"))
	make.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if output, err := make.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(output)), "\n")
		return "", fmt.Errorf("debootstrap: %w: %s", err, lines[len(lines)-1])
	}
	output, err := exec.Command("tar", "-C", filepath.Join(runDir, "root"), "--one-file-system", "-cf", part, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tar: %w: %s", err, output)
	}
	return kept, errors.Join(os.Rename(part, kept), os.RemoveAll(filepath.Join(runDir, "root")))
})

// debian is a fresh root of Debian.
func debian(t *testing.T) string {
	t.Helper()
	needRoot(t)
	tar, err := debianRoot()
	if err != nil {
		leaveOut(t, "no root of Debian could be made: %v", err)
	}
	root := t.TempDir()
	command(t, "tar", "-C", root, "-xf", tar)
	// As in any container: nothing is started by installing it.
	require.NoError(t, os.WriteFile(filepath.Join(root, "usr/sbin/policy-rc.d"), []byte("#!/bin/sh\nexit 101\n"), 0o755))
	return root
}

// inRoot runs something in a root.
func inRoot(t *testing.T, root string, args ...string) string {
	t.Helper()
	in := exec.Command(harness.Find(t, "chroot"), append([]string{root}, args...)...)
	in.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LANG=C"}
	output, err := in.CombinedOutput()
	require.NoError(t, err, "%v:\n%s", args, output)
	return string(output)
}

// install installs a package in a root.
func install(t *testing.T, root, deb string) {
	t.Helper()
	to := filepath.Join(root, "tmp", "caller.deb")
	content, err := os.ReadFile(deb)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, content, 0o644))
	inRoot(t, root, "dpkg", "--install", "/tmp/caller.deb")
	require.NoError(t, os.Remove(to))
}

// listing is all that is in a root but dpkg's own books and what all programs write to.
func listing(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	leave := regexp.MustCompile(`^(proc|sys|dev|run|tmp|var/(lib/dpkg|log|cache))(/|$)|^etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|\.lock$`)
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path) // path is below root
		if err == nil && !leave.MatchString(name) {
			all = append(all, name)
		}
		return err
	}))
	return all
}

// service runs what a unit of an installed package runs, as the user whom it names, with the
// settings that it reads, and waits until it has told its supervisor that it serves. The command in
// front of it sees what it does.
func service(t *testing.T, root, name string, front ...string) (node *harness.Process, told func() string) {
	t.Helper()
	settings := unit(t, filepath.Join(root, "lib/systemd/system", name))
	var env []string
	file := filepath.Join(root, strings.TrimPrefix(one(t, settings, "EnvironmentFile"), "-"))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	socket := filepath.Join(root, "run", "notify")
	_ = os.Remove(socket) // of the run before
	supervisor, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = supervisor.Close() })
	require.NoError(t, os.Chmod(socket, 0o666))
	told = func() string {
		t.Helper()
		require.NoError(t, supervisor.SetReadDeadline(testwait.Deadline()))
		state := make([]byte, 100)
		n, err := supervisor.Read(state)
		require.NoError(t, err)
		return string(state[:n])
	}
	user := one(t, settings, "User") + ":" + one(t, settings, "Group")
	line := fmt.Sprintf("umask %s && cd %s && exec %s", one(t, settings, "UMask"), one(t, settings, "WorkingDirectory"), one(t, settings, "ExecStart"))
	args := append(front, harness.Find(t, "chroot"), "--userspec="+user, root, "/bin/sh", "-c", line)
	run := exec.Command(args[0], args[1:]...)
	run.Env = append(env, "PATH=/usr/bin:/bin", "NOTIFY_SOCKET=/run/notify")
	node = harness.StartProcess(t, name, run)
	require.Equal(t, "READY=1", told(), node.Output.String())
	return node, told
}

// TestDebianPackage installs the package in a fresh root, runs the service there as its unit says,
// upgrades it from an older one, takes it out and purges it.
func TestDebianPackage(t *testing.T) {
	r := theRelease(t)
	root := debian(t)
	before := listing(t, root)
	install(t, root, r.file(t, "caller_"+older+"_%s.deb"))
	assert.Equal(t, older, strings.TrimSpace(inRoot(t, root, "dpkg-query", "--show", "--showformat=${Version}", "caller")))
	inRoot(t, root, "id", "caller")
	config := filepath.Join(root, "etc/caller/caller.env")
	assert.Equal(t, "640 root caller", strings.TrimSpace(inRoot(t, root, "stat", "--format=%a %U %G", "/etc/caller/caller.env")))
	assert.Equal(t, "750 caller caller", strings.TrimSpace(inRoot(t, root, "stat", "--format=%a %U %G", "/var/lib/caller")))
	assert.Contains(t, inRoot(t, root, "caller", "version"), r.version)
	for _, file := range []string{"man/man1/caller.1.gz", "bash-completion/completions/caller", "zsh/vendor-completions/_caller",
		"fish/vendor_completions.d/caller.fish", "doc/caller/caller.cdx.json", "doc/caller/copyright"} {
		assert.FileExists(t, filepath.Join(root, "usr/share", file))
	}
	for _, shell := range []string{"bash", "sh"} { // bash has a builtin of that name
		assert.Equal(t, r.version, strings.Fields(inRoot(t, root, shell, "-l", "-c", "caller version"))[1], shell)
	}

	redis := harness.StartRedis(t)
	addr := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	mine := strings.Replace(string(text), "CALLER_ADDR=127.0.0.1:8080", "CALLER_ADDR="+addr, 1)
	mine = strings.Replace(mine, "#REDIS_URL=redis://127.0.0.1:6379", "REDIS_URL="+redis.URL(), 1)
	require.NotEqual(t, string(text), mine)
	require.NoError(t, os.WriteFile(config, []byte(mine), 0o640)) // it stays whose it is

	url := "http://" + addr + "/rooms/lobby"
	t.Run("runs as its unit says", func(t *testing.T) {
		node, told := service(t, root, "caller.service")
		stream := client.StartCurl(t, url+"/text")
		client.Curl(t, "--data", "hello from a package", url)
		stream.Output.WaitFor(t, "hello from a package")
		photo := filepath.Join(t.TempDir(), "notes.txt")
		require.NoError(t, os.WriteFile(photo, []byte("kept in a file"), 0o600))
		sent := client.Curl(t, "--upload-file", photo, url+"/files/?text=look")
		assert.Contains(t, sent, "notes.txt")
		assert.Contains(t, inRoot(t, root, "find", "/var/lib/caller/files", "-type", "f", "-user", "caller"), "/var/lib/caller/files/")
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", processOf(t, root)))
		require.NoError(t, err)
		assert.NotRegexp(t, `(?m)^Uid:\s+0\s`, string(status))
		node.Signal(syscall.SIGTERM)
		assert.Equal(t, "STOPPING=1", told())
		assert.Zero(t, node.Wait(t), node.Output.String())
	})
	t.Run("does nothing that its unit forbids", func(t *testing.T) {
		trace := filepath.Join(t.TempDir(), "trace")
		node, told := service(t, root, "caller.service", harness.Find(t, "strace"), "-D", "-f", "-qq", "-o", trace)
		client.Curl(t, "--data", "traced", url)
		assert.Contains(t, client.Curl(t, url), "traced")
		client.Curl(t, "--data-binary", "a file", "--header", "X-Filename: a.txt", "--header", "Content-Type: text/plain", url+"/files?text=look")
		node.Signal(syscall.SIGTERM)
		assert.Equal(t, "STOPPING=1", told())
		require.Zero(t, node.Wait(t), node.Output.String())
		may := allowed(t, unit(t, filepath.Join(root, "lib/systemd/system/caller.service")))
		var forbidden []string
		for _, name := range callsOf(t, trace) {
			if !may[name] {
				forbidden = append(forbidden, name)
			}
		}
		assert.Empty(t, forbidden)
	})
	t.Run("an upgrade keeps what was set", func(t *testing.T) {
		node, _ := service(t, root, "caller.service")
		install(t, root, newest(t, r))
		assert.NotEqual(t, older, strings.TrimSpace(inRoot(t, root, "dpkg-query", "--show", "--showformat=${Version}", "caller")))
		kept, err := os.ReadFile(config)
		require.NoError(t, err)
		assert.Equal(t, mine, string(kept))
		assert.Equal(t, "640 root caller", strings.TrimSpace(inRoot(t, root, "stat", "--format=%a %U %G", "/etc/caller/caller.env")))
		assert.Contains(t, client.Curl(t, url), "hello from a package", "what runs goes on")
		node.Signal(syscall.SIGTERM)
		assert.Zero(t, node.Wait(t))
		again, _ := service(t, root, "caller.service")
		assert.Contains(t, client.Curl(t, url), "hello from a package")
		again.Signal(syscall.SIGTERM)
		assert.Zero(t, again.Wait(t))
	})
	t.Run("removed, its settings stay", func(t *testing.T) {
		inRoot(t, root, "dpkg", "--remove", "caller")
		assert.NoFileExists(t, filepath.Join(root, "usr/bin/caller"))
		assert.FileExists(t, config)
		assert.DirExists(t, filepath.Join(root, "var/lib/caller/files"))
	})
	t.Run("purged, nothing stays", func(t *testing.T) {
		inRoot(t, root, "dpkg", "--purge", "caller")
		_, err := exec.Command("chroot", root, "id", "caller").CombinedOutput()
		require.Error(t, err, "the user is gone")
		assert.Empty(t, slices.DeleteFunc(listing(t, root), func(name string) bool { return slices.Contains(before, name) }))
	})
}

// newest is the Debian package under the release's own version.
func newest(t *testing.T, r released) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(r.dir, "caller_*.deb"))
	require.NoError(t, err)
	for _, deb := range all {
		if !strings.Contains(deb, older) && strings.Contains(deb, "_"+architecture+".deb") {
			return deb
		}
	}
	require.FailNow(t, "no package", "%v", all)
	return ""
}

// processOf is the caller that runs in a root.
func processOf(t *testing.T, root string) int {
	t.Helper()
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	require.NoError(t, err)
	for _, program := range programs {
		if to, err := os.Readlink(program); err == nil && to == filepath.Join(root, "usr/bin/caller") {
			var pid int
			_, err := fmt.Sscanf(program, "/proc/%d/exe", &pid)
			require.NoError(t, err)
			return pid
		}
	}
	require.FailNow(t, "no caller runs in "+root)
	return 0
}

// callsOf is which system calls a trace has, from the one on that began the program itself.
func callsOf(t *testing.T, trace string) []string {
	t.Helper()
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	_, itself, ok := strings.Cut(string(text), `execve("/usr/bin/caller"`)
	require.True(t, ok, "the program was traced")
	names := map[string]bool{}
	for line := range strings.Lines(itself) {
		if found := regexp.MustCompile(`^\d+\s+([a-z_0-9]+)\(`).FindStringSubmatch(line); found != nil {
			names[found[1]] = true
		}
	}
	require.Contains(t, names, "write")
	var all []string
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// TestLintian has Debian's own checker read the package.
func TestLintian(t *testing.T) {
	r := theRelease(t)
	if _, err := exec.LookPath("lintian"); err != nil {
		leaveOut(t, "lintian is not installed")
	}
	output, err := exec.Command("lintian", "--profile", "debian", "--fail-on", "error,warning", newest(t, r)).CombinedOutput()
	assert.NoError(t, err, string(output))
}
