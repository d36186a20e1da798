package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// cli runs a client command against a server, with something on its standard input.
func (p *program) cli(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runCLI(t, strings.NewReader(stdin), []string{"CALLER_URL=" + p.url}, args...)
}

func runCLI(t *testing.T, stdin io.Reader, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs output
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	defer cancel()
	i := &invocation{ctx: ctx, args: args, env: env, stdin: stdin, stdout: &out, stderr: &errs}
	code = exitCode(i.run(), &errs)
	return out.String(), errs.String(), code
}

// texts are those of the messages of a room, by caller tail.
func (p *program) texts(t *testing.T, room string) []string {
	t.Helper()
	out, errs, code := p.cli(t, "", "tail", room, "--json", "-n", "1000")
	require.Zero(t, code, errs)
	all := []string{}
	for line := range strings.Lines(out) {
		var e struct{ Type, Text string }
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Type == "message" {
			all = append(all, e.Text)
		}
	}
	return all
}

func TestPostAndTail(t *testing.T) {
	p := begin(t)
	out, errs, code := p.cli(t, "", "post", "-r", "lobby", "--name", "build", "hello,", "world")
	assert.Zero(t, code, errs)
	assert.Empty(t, out+errs, "nothing to say when all is well")
	out, _, code = p.cli(t, "one\n\n   \ntwo\r\n\x1b[31mred\x1b[0m\nlast", "post", "-r", "Lobby", "--json")
	assert.Zero(t, code)
	assert.Equal(t, 4, strings.Count(out, `"type":"message"`))
	assert.Equal(t, []string{"hello, world", "one", "two", "red", "last"}, p.texts(t, "lobby"))

	out, _, code = p.cli(t, "", "tail", "-r", "lobby", "-n", "5")
	assert.Zero(t, code)
	assert.Regexp(t, `^\d\d:\d\d:\d\d build: hello, world\n\d\d:\d\d:\d\d [^:]+: one\n`, out)
	assert.NotContains(t, out, "\x1b")

	// Blank lines cost nothing of the rate.
	_, errs, code = p.cli(t, strings.Repeat("\n", 1000)+"after them", "post", "-r", "blank", "--rate", "0.01")
	assert.Zero(t, code, errs)
	assert.Equal(t, []string{"after them"}, p.texts(t, "blank"))

	for range 2 { // the same again posts nothing
		_, _, code = p.cli(t, "a\nb\n", "post", "-r", "keyed", "--name", "build", "--key", "nightly")
		assert.Zero(t, code)
	}
	assert.Equal(t, []string{"a", "b"}, p.texts(t, "keyed"))
	p.end(t)
}

// Each character of a line that is too long for a message is in one of several, and what is no UTF-8
// is shown as such.
func TestPostLongAndOddLines(t *testing.T) {
	p := begin(t)
	long := strings.Repeat("word ", 1000) + strings.Repeat("ж", 9000)
	_, errs, code := p.cli(t, long+"\n\xff\xfe tail\n", "post", "-r", "long")
	assert.Zero(t, code, errs)
	texts := p.texts(t, "long")
	assert.Equal(t, long, strings.Join(texts[:len(texts)-1], ""))
	assert.Equal(t, "\ufffd\ufffd tail", texts[len(texts)-1])

	_, errs, code = p.cli(t, "\x7fELF\x00\x01", "post", "-r", "binary")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "zero byte")
	assert.Empty(t, p.texts(t, "binary"))
	p.end(t)
}

// Lines that wait go into few messages, all of them in order.
func TestPostGathers(t *testing.T) {
	p := begin(t)
	var lines strings.Builder
	for n := range 3000 {
		fmt.Fprintf(&lines, "line %d of what a program says\n", n)
	}
	_, errs, code := p.cli(t, lines.String(), "post", "-r", "build", "--gather", "--rate", "0")
	assert.Zero(t, code, errs)
	texts := p.texts(t, "build")
	assert.Less(t, len(texts), 100)
	assert.Equal(t, strings.TrimSuffix(lines.String(), "\n"), strings.Join(texts, "\n"))
	p.end(t)
}

func TestExitCodesOfClients(t *testing.T) {
	p := begin(t)
	ended := httptest.NewServer(http.NotFoundHandler())
	nobody := ended.URL
	ended.Close()
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "name a room", []string{"post", "hello"}},
		{exitUsage, "--room (CALLER_ROOM)", []string{"post", "-r", "a b", "hello"}},
		{exitUsage, "tail: room has the character ' '", []string{"tail", "a b"}},
		{exitUsage, "after /rooms/", []string{"post", "-r", p.url + "/rooms/tea#i=not-a-token", "hello"}},
		{exitUsage, "http://localhost:8080/chat, and the room by --room", []string{"members", "tea", "--url", p.url + "/chat/rooms/tea"}},
		{exitUsage, "--key can't be used with --gather", []string{"post", "-r", "a", "--gather", "--key", "k"}},
		{exitRefused, "does not know this token", []string{"tail", "-f", "a", "--token", "not-a-token"}},
		{exitUsage, "--url (CALLER_URL)", []string{"post", "-r", "a", "--url", "localhost:1", "hello"}},
		{exitUsage, "--wait", []string{"post", "-r", "a", "--wait", "1h", "hello"}},
		{exitUsage, "--token-file (CALLER_TOKEN_FILE)", []string{"post", "-r", "a", "--token-file", "nowhere", "hello"}},
		{exitUsage, "--transport", []string{"tail", "a", "--transport", "pigeon"}},
		{exitRefused, "does not know this token", []string{"post", "-r", "a", "--token", "not-a-token", "hello"}},
		{exitRefused, "4000", []string{"post", "-r", "a", strings.Repeat("x", 4001)}},
		{exitRefused, "a session is needed", []string{"rooms"}},
		{exitUnavailable, "caller: no answer in time; the last try: ", []string{"post", "-r", "a", "--url", nobody, "--wait", "1s", "hello"}},
		{exitUnavailable, "trying again", []string{"post", "-r", "a", "--url", nobody, "--wait", "1s", "hello"}},
		{exitUnavailable, "", []string{"members", "a", "--url", nobody}},
	} {
		_, errs, code := p.cli(t, "", c.args...)
		assert.Equal(t, c.code, code, "%v: %s", c.args, errs)
		assert.Contains(t, errs, c.says)
		assert.NotContains(t, errs, "not-a-token")
	}
	p.end(t)
}

func TestRoomsAndMembers(t *testing.T) {
	p := begin(t)
	request, err := http.NewRequest(http.MethodPost, p.url+"/session", strings.NewReader(`{"name":"Ann"}`))
	require.NoError(t, err)
	answer, err := p.client.Do(request)
	require.NoError(t, err)
	var session struct{ Token string }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&session))
	require.NoError(t, answer.Body.Close())

	ctx, cancel := context.WithCancel(t.Context())
	var out, errs output
	ended := make(chan int, 1)
	follower := &invocation{
		ctx: ctx, args: []string{"tail", "-f", "tea"}, stdin: eof{}, stdout: &out, stderr: &errs,
		env: []string{"CALLER_URL=" + p.url, "CALLER_TOKEN=" + session.Token},
	}
	go func() { ended <- exitCode(follower.run(), &errs) }()
	testwait.Until(t, func() bool {
		list, _, code := p.cli(t, "", "members", "tea")
		return code == 0 && strings.Contains(list, "Ann")
	}, "who follows is in the room")
	_, _, code := p.cli(t, "", "post", "-r", "tea", "--name", "Bob", "\x1b]0;owned\x07hi\nthere \u202e")
	assert.Zero(t, code)
	testwait.Until(t, func() bool { return strings.Contains(out.String(), "there") }, "it comes")
	assert.Regexp(t, `^\d\d:\d\d:\d\d Bob: ␛]0;owned␇hi␤there \x{fffd}\n$`, out.String())

	list, complaint, code := p.cli(t, "", "rooms", "--token", session.Token)
	assert.Zero(t, code, complaint)
	assert.Regexp(t, `(?m)^ROOM +UNREAD`, list)
	assert.Regexp(t, `(?m)^tea +1 `, list)
	whole, _, code := p.cli(t, "", "rooms", "--token", session.Token, "--json")
	assert.Zero(t, code)
	assert.True(t, json.Valid([]byte(whole)))
	cancel()
	assert.Zero(t, testwait.Receive(t, ended, "tail's end"), "a signal is its usual end")
	p.end(t)
}

// What comes in a room's JSON can't move a cursor either.
func TestJSONForTerminals(t *testing.T) {
	var out bytes.Buffer
	i := &invocation{stdout: &out}
	require.NoError(t, i.printJSON(json.RawMessage("{\"text\":\"a\u009b31m\u007f\",\n \"b\": 1}")))
	assert.Equal(t, `{"text":"a\u009b31m\u007f","b":1}`+"\n", out.String())
	assert.True(t, json.Valid(out.Bytes()))
}

func TestColoursForTerminalsAlone(t *testing.T) {
	i := &invocation{stdout: &bytes.Buffer{}, from: &sources{env: map[string]string{"TERM": "xterm"}}}
	assert.False(t, i.colours())
	i.from.env["NO_COLOR"] = "1"
	assert.False(t, i.colours())
}
