package cli

import (
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// terminal is a shell at a terminal of its own.
type terminal struct {
	*harness.Process
	keys io.WriteCloser
}

func openTerminal(t *testing.T, shell string) *terminal {
	t.Helper()
	cmd := command(t, "", "")
	cmd.Path, cmd.Args = harness.Find(t, "script"), []string{"script", "-qec", shell, "/dev/null"}
	keys, err := cmd.StdinPipe()
	require.NoError(t, err)
	term := &terminal{harness.StartProcess(t, shell, cmd), keys}
	t.Cleanup(func() { _ = keys.Close() }) // the shell ends with it
	return term
}

func (s *terminal) press(t *testing.T, keys string) {
	t.Helper()
	_, err := io.WriteString(s.keys, keys)
	require.NoError(t, err)
}

// TestCompletion presses Tab in real shells: what is completed is then run.
func TestCompletion(t *testing.T) {
	run.Needed(t)
	for name, shell := range map[string]struct{ start, load string }{
		"bash": {"bash --norc --noprofile -i", "enable -n caller; source <(caller completion bash)"},
		"zsh":  {"zsh -f -i", "autoload -U compinit; compinit -u -D; source <(caller completion zsh)"},
	} {
		t.Run(name, func(t *testing.T) {
			term := openTerminal(t, shell.start)
			term.press(t, shell.load+"; echo loaded$((1+1))\n")
			term.Output.WaitFor(t, "loaded2")
			term.press(t, "caller vers\t --js\t\n")
			term.Output.WaitFor(t, `"platform":"linux`)
			term.press(t, "caller tail --trans\tpo\t --he\t\n")
			term.Output.WaitFor(t, "Usage: caller tail")
			term.press(t, "touch a-token; echo made$((1+1))\n")
			term.Output.WaitFor(t, "made2")
			term.press(t, "caller post --room lobby --token-f\ta-to\t hello\n")
			term.Output.WaitFor(t, "--token-file (CALLER_TOKEN_FILE): is empty")
			term.press(t, "exit\n")
			term.Wait(t)
		})
	}
	t.Run("fish", func(t *testing.T) {
		for line, want := range map[string]string{
			"caller vers":                 "version\tPrint the version",
			"caller --log-format=":        "--log-format=json",
			"caller tail --transport ":    "poll",
			"caller post --room lobby --": "--gather\tPut lines that wait into one message",
			"caller completion ":          "fish",
			"caller files ":               "check\t",
		} {
			cmd := command(t, "")
			cmd.Path, cmd.Args = harness.Find(t, "fish"), []string{"fish", "--no-config", "-c", "caller completion fish | source; complete -C '" + line + "'"}
			got := finish(t, cmd, "")
			assert.Zero(t, got.code, got.stderr)
			assert.Contains(t, got.stdout, want, line)
		}
	})
}

// TestManual has the two programs that show manuals look for what is wrong in it.
func TestManual(t *testing.T) {
	run.Needed(t)
	page := finish(t, command(t, "", "man"), "")
	require.Zero(t, page.code, page.stderr)
	for _, check := range [][]string{{"mandoc", "-W", "warning", "-T", "utf8"}, {"groff", "-man", "-ww", "-b", "-T", "ascii"}} {
		cmd := exec.Command(harness.Find(t, check[0]), check[1:]...)
		shown := finish(t, cmd, page.stdout)
		assert.Zero(t, shown.code, shown.stderr)
		assert.Empty(t, shown.stderr)
		for _, want := range []string{"--redis-url", "CALLER_TOKEN", "caller post", "EXIT STATUS", "enable -n caller"} {
			plain := strings.NewReplacer("_\b", "").Replace(shown.stdout)
			for {
				at := strings.IndexByte(plain, '\b')
				if at < 1 {
					break
				}
				plain = plain[:at-1] + plain[at+1:]
			}
			assert.Contains(t, plain, want, check[0])
		}
	}
}
