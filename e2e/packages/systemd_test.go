package packages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// machine is a Debian that has booted, with a loopback of its own.
type machine struct {
	t      *testing.T
	leader string // its first process, as we see it
}

// boot boots a root in a container. The test is left out where the kernel lets us have none.
func boot(t *testing.T, root string) *machine {
	t.Helper()
	if _, err := exec.LookPath("systemd-nspawn"); err != nil {
		leaveOut(t, "systemd-nspawn is not installed")
	}
	require.NoError(t, os.Remove(filepath.Join(root, "usr/sbin/policy-rc.d"))) // here services are started
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/hosts"), []byte("127.0.0.1 localhost\n::1 localhost\n"), 0o644))
	run := exec.Command("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "-D", root, "--boot")
	run.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	container := harness.StartProcess(t, "systemd-nspawn", run)
	m := &machine{t: t}
	t.Cleanup(func() {
		if m.leader != "" {
			_, _ = m.try("systemctl", "poweroff") // it ends by itself then, or with the test
			_ = container.Wait(t)
		}
	})
	harness.Eventually(t, "the machine to boot", func() bool {
		select {
		case <-container.Done():
			leaveOut(t, "no machine could be booted: %s", strings.TrimSpace(container.Output.String()))
		default:
		}
		children, err := exec.Command("pgrep", "--parent", fmt.Sprint(container.PID())).Output()
		if err != nil {
			return false
		}
		m.leader = strings.Fields(string(children))[0]
		state, _ := m.try("systemctl", "is-system-running") // its exit code says the same
		return strings.Contains(state, "running") || strings.Contains(state, "degraded")
	})
	return m
}

// try runs something in the machine.
func (m *machine) try(args ...string) (string, error) {
	in := []string{"--target", m.leader, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LANG=C"}
	output, err := exec.Command("nsenter", append(in, args...)...).CombinedOutput()
	return string(output), err
}

func (m *machine) run(args ...string) string {
	m.t.Helper()
	output, err := m.try(args...)
	require.NoError(m.t, err, "%v:\n%s", args, output)
	return output
}

// show is a property of a unit.
func (m *machine) show(unit, property string) string {
	m.t.Helper()
	return strings.TrimSpace(m.run("systemctl", "show", unit, "--property", property, "--value"))
}

// ready reports whether the node at a port says that it can serve.
func (m *machine) ready(port string) bool {
	_, err := m.try("caller", "ready", "--url", "http://127.0.0.1:"+port)
	return err == nil
}

// install writes a package where the machine sees it, and installs it.
func (m *machine) install(root, deb string) {
	m.t.Helper()
	content, err := os.ReadFile(deb)
	require.NoError(m.t, err)
	require.NoError(m.t, os.WriteFile(filepath.Join(root, "root", "caller.deb"), content, 0o644))
	m.run("dpkg", "--install", "/root/caller.deb")
}

// TestUnderSystemd has a real systemd run the service with all that its unit forbids: it starts when it
// is installed, comes back when it is killed and not when a setting is wrong, and an upgrade restarts
// two nodes in turn, so that one of them serves at any time.
func TestUnderSystemd(t *testing.T) {
	r := theRelease(t)
	root := debian(t)
	m := boot(t, root)
	m.install(root, r.file(t, "caller_"+older+"_%s.deb"))
	assert.Equal(t, "active", m.show("caller", "ActiveState"))
	assert.True(t, m.ready("8080"))
	m.run("caller", "post", "-r", "lobby", "under systemd")
	status := m.run("cat", "/proc/"+m.show("caller", "MainPID")+"/status")
	for name, want := range map[string]string{"Seccomp": "2", "NoNewPrivs": "1", "CapEff": "0000000000000000", "CapBnd": "0000000000000000"} {
		assert.Regexp(t, regexp.MustCompile(`(?m)^`+name+`:\s+`+want+`$`), status)
	}
	_, err := m.try("nsenter", "--target", m.show("caller", "MainPID"), "--mount", "touch", "/etc/caller/written")
	require.Error(t, err, "nothing but its own folder can be written to")

	m.run("dpkg", "--remove", "caller")
	m.install(root, r.file(t, "caller_"+older+"_%s.deb"))
	assert.Equal(t, "active", m.show("caller", "ActiveState"), "what was removed and is back runs again")

	// Two nodes on one Redis, which runs beside them.
	redis := harness.StartProcess(t, "redis-server", exec.Command("nsenter", "--target", m.leader, "--net",
		harness.Find(t, "redis-server"), "--port", "6379", "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()))
	redis.Output.WaitFor(t, "Ready to accept connections")
	config := filepath.Join(root, "etc/caller/caller.env")
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	mine := strings.Replace(string(text), "#REDIS_URL=", "REDIS_URL=", 1)
	require.NoError(t, os.WriteFile(config, []byte(mine), 0o640)) // it stays whose it is
	token := strings.Repeat("t", 32)
	for port, admin := range map[string]string{"8081": "9091", "8082": "9092"} {
		own := "CALLER_ADMIN_ADDR=127.0.0.1:" + admin + "\nCALLER_ADMIN_TOKEN=" + token + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(root, "etc/caller/caller@"+port+".env"), []byte(own), 0o600))
	}
	m.run("systemctl", "disable", "--now", "caller")
	m.run("systemctl", "enable", "--now", "caller@8081", "caller@8082")
	before := map[string]string{}
	for _, port := range []string{"8081", "8082"} {
		require.True(t, m.ready(port), port)
		before[port] = m.show("caller@"+port, "InvocationID")
	}
	for _, admin := range []string{"9091", "9092"} {
		m.run("env", "CALLER_ADMIN_TOKEN="+token, "caller", "admin", "health", "--admin-url", "http://127.0.0.1:"+admin)
	}
	m.run("caller", "post", "--url", "http://127.0.0.1:8081", "-r", "lobby", "kept through it")

	done, away, looks := make(chan struct{}), 0, 0
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-done:
				return
			default:
			}
			looks++
			// The first one is back before the second goes: so it is asked again.
			if !m.ready("8081") && !m.ready("8082") && !m.ready("8081") {
				away++
			}
		}
	}()
	m.install(root, newest(t, r))
	close(done)
	<-watched
	t.Logf("looked %d times", looks)
	assert.Zero(t, away, "of %d looks so many found no node that serves", looks)
	for _, port := range []string{"8081", "8082"} {
		assert.Equal(t, "active", m.show("caller@"+port, "ActiveState"))
		assert.NotEqual(t, before[port], m.show("caller@"+port, "InvocationID"), "it was restarted")
		assert.Equal(t, "success", m.show("caller@"+port, "Result"))
		assert.Contains(t, m.run("caller", "tail", "--url", "http://127.0.0.1:"+port, "-r", "lobby"), "kept through it")
	}

	killed := m.show("caller@8081", "MainPID")
	m.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "caller@8081")
	harness.Eventually(t, "a killed node to be back", func() bool {
		return m.show("caller@8081", "MainPID") != killed && m.ready("8081")
	})

	// What Go's runtime ends with after a panic is what it ends with after SIGQUIT: by itself 2, as for a wrong setting.
	crashed := m.show("caller@8081", "MainPID")
	m.run("systemctl", "kill", "--kill-who=main", "--signal=QUIT", "caller@8081")
	harness.Eventually(t, "a node that has crashed to be back", func() bool {
		return m.show("caller@8081", "MainPID") != crashed && m.ready("8081")
	})

	require.NoError(t, os.WriteFile(config, []byte(mine+"\nCALLER_LOG_LEVEL=loud\n"), 0o640))
	_, err = m.try("systemctl", "restart", "caller@8082")
	require.Error(t, err)
	assert.Equal(t, "failed", m.show("caller@8082", "ActiveState"))
	assert.Equal(t, "2", m.show("caller@8082", "ExecMainStatus"))
	assert.Equal(t, "0", m.show("caller@8082", "NRestarts"), "a wrong setting stays wrong")
	harness.Eventually(t, "the log to say which setting is wrong", func() bool { // of a process that has gone it comes later
		return strings.Contains(m.run("journalctl", "--no-pager"), "--log-level (CALLER_LOG_LEVEL")
	})

	m.run("dpkg", "--purge", "caller")
	assert.NotEqual(t, "active", m.show("caller@8081", "ActiveState"), "nothing of it runs any more")
	assert.NoDirExists(t, filepath.Join(root, "var/lib/caller"))
	assert.NoDirExists(t, filepath.Join(root, "etc/caller"), "nor do its settings stay, with tokens in them")
}
