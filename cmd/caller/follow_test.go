package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// A reset is in what programs read too, over whatever it comes.
func TestResetsAsJSON(t *testing.T) {
	p := begin(t)
	_, errs, code := p.cli(t, "", "post", "-r", "tea", "kept")
	require.Zero(t, code, errs)
	const reset = `{"type":"reset","roomId":"tea","reason":"rewritten"}` + "\n"
	out, errs, code := p.cli(t, "", "tail", "tea", "--json", "--after", "9-0badcafe")
	assert.Zero(t, code, errs)
	assert.True(t, strings.HasPrefix(out, reset+`{"type":"message"`), out)
	for _, transport := range []string{"ws", "sse", "poll"} {
		ctx, stop := context.WithCancel(t.Context())
		var out, errs output
		ended := make(chan int, 1)
		i := &invocation{
			ctx: ctx, stdin: eof{}, stdout: &out, stderr: &errs, env: []string{"CALLER_URL=" + p.url},
			args: []string{"tail", "-f", "tea", "--json", "--after", "9-0badcafe", "--transport", transport},
		}
		go func() { ended <- exitCode(i.run(), &errs) }()
		testwait.Until(t, func() bool { return strings.Contains(out.String(), `"kept"`) }, "the message over %s: %s", transport, errs.String())
		stop()
		assert.Zero(t, testwait.Receive(t, ended, "tail's end"), errs.String())
		assert.True(t, strings.HasPrefix(out.String(), reset+`{"type":"message"`), out.String())
	}
	p.end(t)
}

// After a reset people are shown what they have not seen: of what is kept the rest, and all of a log
// whose numbers begin anew. Programs are told all that follows, as the protocol says.
func TestAfterAReset(t *testing.T) {
	message := func(id string) client.Event {
		raw := fmt.Sprintf(`{"type":"message","roomId":"tea","id":%q,"from":{"id":"a","name":"Ann"},"text":%q}`, id, "text "+id)
		var entry client.Entry
		require.NoError(t, json.Unmarshal([]byte(raw), &entry))
		return client.Event{Type: string(client.Message), Entry: &entry, Raw: entry.Raw}
	}
	reset := func(reason string) client.Event {
		entry := resetOf("tea", reason)
		return client.Event{Type: string(client.Reset), Entry: &entry, Raw: entry.Raw}
	}
	ids := regexp.MustCompile(`text (\d+-[0-9a-f]+)`)
	for _, asJSON := range []bool{false, true} {
		for _, reason := range []string{"expired", "rewritten"} {
			var out, errs bytes.Buffer
			show := &shower{i: &invocation{stdout: &out, stderr: &errs}, json: asJSON, now: time.Now}
			for _, e := range []client.Event{
				message("1-0000000a"), message("2-0000000a"), reset(reason), message("2-0000000a"), message("4-0000000a"),
				reset(reason), message("1-0000000b"), message("2-0000000b"), message("5-0000000b"),
			} {
				require.NoError(t, show.event(e))
			}
			want := []string{"1-0000000a", "2-0000000a", "4-0000000a", "1-0000000b", "2-0000000b", "5-0000000b"}
			if asJSON {
				want = slices.Insert(want, 2, "2-0000000a")
			}
			var got []string
			for _, match := range ids.FindAllStringSubmatch(out.String(), -1) {
				got = append(got, match[1])
			}
			assert.Equal(t, want, got, reason)
			assert.Equal(t, 2, strings.Count(errs.String(), "\n"))
		}
	}
}

func TestRecentIsBounded(t *testing.T) {
	var seen recent
	for n := range 3 * mostRecent {
		assert.True(t, seen.add(fmt.Sprint(n)))
	}
	assert.Len(t, seen.known, mostRecent)
	assert.Len(t, seen.ids, mostRecent)
	assert.False(t, seen.add(fmt.Sprint(2*mostRecent)))
	assert.True(t, seen.add("0"))
}

// Who follows a server that is not there is told so, once.
func TestFollowingNobody(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	nobody := gone.URL
	gone.Close()
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, errs output
	i := &invocation{ctx: ctx, stdin: eof{}, stdout: &out, stderr: &errs, args: []string{"tail", "-f", "tea", "--url", nobody}}
	ended := make(chan int, 1)
	go func() { ended <- exitCode(i.run(), &errs) }()
	testwait.Until(t, func() bool { return strings.Contains(errs.String(), "connection refused") }, "it says why")
	stop()
	assert.Zero(t, testwait.Receive(t, ended, "tail's end"))
	assert.Regexp(t, `^caller: trying again: .*connection refused\n`, errs.String())
	assert.Empty(t, out.String())
}

// What is told of a connection is that it can't be made anew, once for each reason, and not that it
// was.
func TestOutages(t *testing.T) {
	var told bytes.Buffer
	log := slog.New(&outages{to: &told})
	transport := func(what, why string, err error) { log.Debug("transport", "what", what, "why", why, "error", err) }
	expect := func(want string) {
		t.Helper()
		assert.Equal(t, want, told.String())
		told.Reset()
	}
	refused, elsewhere := errors.New("connection refused"), errors.New("no \x1b[31mroute")
	transport("activate", "first", nil)
	transport("ended", "lost, after 1s", errors.New("it was cut"))
	transport("wait", "300ms", nil)
	transport("activate", "first", nil)
	expect("")
	transport("ended", "busy, after 1s", errors.New("going away"))
	for range 3 {
		transport("wait", "300ms", nil)
		transport("ended", "lost, after 0s", refused)
	}
	transport("wait", "300ms", nil)
	expect("caller: trying again: connection refused\n")
	transport("ended", "lost, after 0s", elsewhere)
	transport("wait", "300ms", nil)
	expect("caller: trying again: no \u241b[31mroute\n")
	transport("activate", "first", nil)
	transport("close", "silent", nil)
	transport("wait", "300ms", nil)
	transport("close", "late", nil)
	transport("wait", "300ms", nil)
	expect("caller: trying again: the server does not answer\n")

	call := func(err error) { log.Debug("a call is tried again", "error", err) }
	call(refused)
	call(refused)
	log.Debug("a call has got through")
	call(refused)
	expect("caller: trying again: connection refused\ncaller: trying again: connection refused\n")
}
