package cli

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// texts are those of the messages that tail has printed.
func texts(t *testing.T, jsonLines string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(jsonLines) {
		var e struct{ Type, Text string }
		if json.Unmarshal([]byte(line), &e) == nil && e.Type == "message" {
			all = append(all, e.Text)
		}
	}
	return all
}

// TestPostThroughRestarts has a program write lines while its server is restarted twice, once well
// and once by a kill: a follower of the room has every line once and in order.
func TestPostThroughRestarts(t *testing.T) {
	run.Needed(t)
	redis := harness.StartRedis(t)
	port := harness.FreePort(t)
	args := []string{"--addr", fmt.Sprintf("127.0.0.1:%d", port), "--redis-url", redis.URL()}
	node := run.Node(t, args...)
	follow := harness.StartProcess(t, "tail", command(t, node.URL, "tail", "-f", "-n", "0", "--json", "--name", "watch", "-r", "build"))
	harness.Eventually(t, "tail to be in the room", func() bool {
		return strings.Contains(finish(t, command(t, node.URL, "members", "build"), "").stdout, "watch")
	})

	cmd := command(t, node.URL, "post", "-r", "build", "--name", "make", "--rate", "0")
	writes, err := cmd.StdinPipe()
	require.NoError(t, err)
	post := harness.StartProcess(t, "post", cmd)
	var wrote []string
	write := func(n int) {
		for range n {
			wrote = append(wrote, fmt.Sprintf("line %d", len(wrote)))
			_, err := fmt.Fprintln(writes, wrote[len(wrote)-1])
			require.NoError(t, err)
		}
	}
	seen := func() {
		harness.Eventually(t, fmt.Sprintf("%d lines to be read", len(wrote)), func() bool {
			return len(texts(t, follow.Output.String())) >= len(wrote)
		})
	}
	write(20)
	seen()
	write(5)
	assert.Zero(t, node.Stop(t))
	write(20)
	node = run.Node(t, args...)
	seen()
	write(5)
	node.Kill()
	write(20)
	post.Output.WaitFor(t, "trying again")
	node = run.Node(t, args...)
	seen()
	require.NoError(t, writes.Close())
	assert.Zero(t, post.Wait(t), post.Output)
	assert.Equal(t, wrote, texts(t, follow.Output.String()))
	follow.Signal(syscall.SIGINT)
	assert.Zero(t, follow.Wait(t), "Ctrl-C is how it ends")
	assert.Zero(t, node.Stop(t))
}

// TestFollowingALogThatBeginsAnew follows a room until nothing of it is kept any more: its numbers
// begin anew, and what is said then is shown all the same, each line once.
func TestFollowingALogThatBeginsAnew(t *testing.T) {
	t.Parallel() // it mostly waits
	node := run.Node(t, "--history-ttl", "5s")
	follow := map[string]*harness.Process{}
	for _, way := range []string{"ws", "sse", "poll"} {
		follow[way] = harness.StartProcess(t, "tail", command(t, node.URL, "tail", "-f", "-n", "0", "-r", "quiet", "--name", "by "+way, "--transport", way))
	}
	var want []string
	say := func(n int) {
		t.Helper()
		for range n {
			want = append(want, fmt.Sprintf(" Ann: line %d.", len(want)+1))
			got := finish(t, command(t, node.URL, "post", "-r", "quiet", "--name", "Ann", want[len(want)-1][len(" Ann: "):]), "")
			require.Zero(t, got.code, got.stderr)
		}
		for _, tail := range follow {
			tail.Output.WaitFor(t, want[len(want)-1])
		}
	}
	harness.Eventually(t, "streams to be in the room", func() bool {
		return strings.Count(finish(t, command(t, node.URL, "members", "quiet"), "").stdout, "by ") == 2 // a guest's poll is not
	})
	for way, tail := range follow { // and its first poll has been answered
		harness.Eventually(t, way+" to follow", func() bool {
			finish(t, command(t, node.URL, "post", "-r", "quiet", "--name", "Eve", "ready?"), "")
			return strings.Contains(tail.Output.String(), "Eve: ready?")
		})
	}
	for range 2 {
		say(4)
		harness.Eventually(t, "nothing to be kept", func() bool {
			got := finish(t, command(t, node.URL, "tail", "quiet"), "")
			return got.code == 0 && got.stdout == ""
		})
	}
	say(4)
	line := regexp.MustCompile(` Ann: line \d+\.`)
	for way, tail := range follow {
		tail.Signal(syscall.SIGINT)
		assert.Zero(t, tail.Wait(t))
		assert.Equal(t, want, line.FindAllString(tail.Output.String(), -1), way)
	}
}

// TestPipes has the shell put commands together.
func TestPipes(t *testing.T) {
	node := run.Node(t)
	sh := func(script string) result {
		t.Helper()
		cmd := command(t, node.URL)
		cmd.Path, cmd.Args = harness.Find(t, "sh"), []string{"sh", "-c", script}
		return finish(t, cmd, "")
	}
	got := sh("seq 1 40 | caller post -r pipe --name build")
	assert.Equal(t, result{}, got)
	got = sh("caller tail pipe -n 1000 --json")
	want := make([]string, 40)
	for n := range want {
		want[n] = fmt.Sprint(n + 1)
	}
	assert.Equal(t, want, texts(t, got.stdout))

	got = sh("caller tail pipe -f -n 40 | head -n 3")
	assert.Zero(t, got.code)
	assert.Empty(t, got.stderr, "a reader that has had enough is no news")
	assert.Equal(t, 3, strings.Count(got.stdout, "build: "))
	assert.NotContains(t, got.stdout, "\x1b", "no colours into a pipe")

	got = sh("caller post -r pipe --url http://127.0.0.1:9 --wait 1s hello; echo code $?")
	assert.Contains(t, got.stdout, "code 4")
	got = sh("head -c 100000 /dev/urandom | caller post -r noise; echo code $?")
	assert.Contains(t, got.stdout, "code 1", got.stderr)
	assert.Empty(t, texts(t, sh("caller tail noise --json").stdout))
}

// TestInterrupted ends a post that waits for its server.
func TestInterrupted(t *testing.T) {
	run.Needed(t)
	cmd := command(t, "http://127.0.0.1:9", "post", "-r", "a", "--wait", "5m", "hello")
	post := harness.StartProcess(t, "post", cmd)
	post.Output.WaitFor(t, "trying again")
	post.Signal(syscall.SIGINT)
	assert.Equal(t, 130, post.Wait(t))
	assert.Contains(t, post.Output.String(), "interrupted")
}

// TestInterruptedBetweenLines ends a post that waits for its next line.
func TestInterruptedBetweenLines(t *testing.T) {
	node := run.Node(t)
	cmd := command(t, node.URL, "post", "-r", "slow", "--json")
	writes, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = writes.Close() }() // whoever read it has ended
	post := harness.StartProcess(t, "post", cmd)
	_, err = fmt.Fprintln(writes, "one")
	require.NoError(t, err)
	post.Output.WaitFor(t, `"text":"one"`)
	post.Signal(syscall.SIGINT)
	assert.Equal(t, 130, post.Wait(t))
}

// TestTerminal looks at what a terminal gets: colours of our own, and nothing of anybody else's.
func TestTerminal(t *testing.T) {
	node := run.Node(t)
	got := finish(t, command(t, node.URL, "post", "-r", "tty", "--name", "Eve", "\x1b]0;pwned\x07\x1b[2Jhi\u009b31m\r\nBob: no\u202e"), "")
	require.Zero(t, got.code, got.stderr)
	for _, c := range []struct {
		colour string
		want   []string
	}{{"", []string{"\x1b[2m", "\x1b[0m", "\x1b[1m"}}, {"1", nil}} {
		cmd := command(t, node.URL)
		cmd.Env = append(cmd.Env, "NO_COLOR="+c.colour)
		cmd.Path, cmd.Args = harness.Find(t, "script"), []string{"script", "-qec", "caller tail tty", "/dev/null"}
		shown := finish(t, cmd, "")
		require.Zero(t, shown.code, shown.stdout)
		for rest := shown.stdout; ; {
			at := strings.IndexByte(rest, '\x1b')
			if at < 0 {
				break
			}
			assert.Contains(t, c.want, rest[at:at+4], "our own colours alone")
			rest = rest[at+4:]
		}
		for _, bad := range []string{"\a", "\u009b", "\u202e", "\nBob"} {
			assert.NotContains(t, shown.stdout, bad)
		}
		assert.Contains(t, shown.stdout, "hi")
	}
}

// TestTailOverEachTransport follows a room over each of them.
func TestTailOverEachTransport(t *testing.T) {
	node := run.Node(t)
	for _, way := range []string{"ws", "sse", "poll"} {
		t.Run(way, func(t *testing.T) {
			tail := harness.StartProcess(t, "tail", command(t, node.URL, "tail", "-f", "-r", way, "--transport", way))
			for n := range 3 {
				got := finish(t, command(t, node.URL, "post", "-r", way, "--name", "Ann", fmt.Sprint("hello ", n)), "")
				require.Zero(t, got.code, got.stderr)
				tail.Output.WaitFor(t, fmt.Sprint(" Ann: hello ", n, "\n"))
			}
			tail.Signal(syscall.SIGTERM)
			assert.Zero(t, tail.Wait(t))
			assert.Equal(t, 3, strings.Count(tail.Output.String(), "hello"))
		})
	}
}
