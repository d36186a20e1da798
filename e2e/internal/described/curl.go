package described

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/openapi/contract"
)

// Curls are curls that write down all that they send and get.
type Curls struct {
	// Program is the one to start, and Environment what a shell has to have so that "curl" is it.
	Program, Environment string

	dir string
}

// Curl is a curl that writes down all that it sends and gets. When the test is over, and curl with
// it, that is judged. Call it before the process is started.
func Curl(t testing.TB) *Curls {
	t.Helper()
	curl, err := exec.LookPath("curl")
	require.NoError(t, err)
	c := &Curls{dir: t.TempDir()}
	c.Program, c.Environment = filepath.Join(c.dir, "curl"), "PATH="+c.dir+string(os.PathListSeparator)+os.Getenv("PATH")
	wrapper := fmt.Sprintf("#!/bin/sh\nexec %s --trace '%s/'$$.trace \"$@\"\n", curl, c.dir)
	require.NoError(t, os.WriteFile(c.Program, []byte(wrapper), 0o700))
	t.Cleanup(func() { c.judge(t) })
	return c
}

// traces are what the curls have written by now.
func (c *Curls) traces(t testing.TB) (all [][]byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(c.dir, "*.trace"))
	require.NoError(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all = append(all, text)
	}
	return all
}

func (c *Curls) judge(t testing.TB) {
	for _, trace := range c.traces(t) {
		for _, err := range judgeTrace(trace) {
			t.Error(err)
		}
	}
}

// Answers are the statuses that the curls have been answered with by now, by the operations as
// described, as "GET /rooms/{room}/members".
func (c *Curls) Answers(t testing.TB) map[string][]int {
	t.Helper()
	all := map[string][]int{}
	for _, trace := range c.traces(t) {
		for _, x := range exchanges(trace) {
			method, at, ok := x.asked()
			response, got := x.answer(method)
			if ok && got {
				_ = response.Body.Close() // there is nothing to close
				name := public().Operation(method, at)
				all[name] = append(all[name], response.StatusCode)
			}
		}
	}
	return all
}

// exchange is a request and what came after it.
type exchange struct{ sent, got []byte }

// exchanges reads a trace of curl's: lines that say what goes where, and the bytes as hex.
func exchanges(trace []byte) (all []exchange) {
	into := new([]byte)
	for line := range bytes.Lines(trace) {
		text := string(line)
		switch {
		case strings.HasPrefix(text, "=> Send header"):
			all = append(all, exchange{})
			into = &all[len(all)-1].sent
		case strings.HasPrefix(text, "<= Recv header"), strings.HasPrefix(text, "<= Recv data"):
			if len(all) > 0 {
				into = &all[len(all)-1].got
			}
		case strings.HasPrefix(text, "=> "), strings.HasPrefix(text, "<= "), strings.HasPrefix(text, "== "):
			into = new([]byte)
		default:
			_, numbers, ok := strings.Cut(text, ": ")
			const columns = 16 * 3
			if ok && len(numbers) >= columns {
				more, _ := hex.DecodeString(strings.ReplaceAll(numbers[:columns], " ", "")) // what is no hex is nothing
				*into = append(*into, more...)
			}
		}
	}
	return all
}

// asked is the method and the address of what was sent; ok is false for a proxy's CONNECT.
func (x exchange) asked() (method string, at *url.URL, ok bool) {
	line, _, _ := strings.Cut(string(x.sent), "\r\n")
	parts := strings.Fields(line)
	if len(parts) < 2 {
		return "", nil, false
	}
	at, err := url.ParseRequestURI(parts[1])
	return parts[0], at, err == nil && at.Path != ""
}

// toldToGoOn is what comes before the answer; curl leaves out the empty line after it.
var toldToGoOn = regexp.MustCompile(`^HTTP/1\.[01] 100[^\r\n]*\r\n(\r\n)?`)

// answer is the final one; ok is false where there was none, or curl was ended by then.
func (x exchange) answer(method string) (_ *http.Response, ok bool) {
	got := bytes.ReplaceAll(x.got, []byte("HTTP/2 "), []byte("HTTP/2.0 "))
	got = toldToGoOn.ReplaceAll(got, nil)
	in := bufio.NewReader(bytes.NewReader(got))
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return nil, false
		}
		if response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, true
		}
	}
}

func judgeTrace(trace []byte) (faults []error) {
	for _, x := range exchanges(trace) {
		method, at, ok := x.asked()
		response, got := x.answer(method)
		if !ok || !got || !isCallers(response.Header) {
			continue
		}
		answer := contract.Answer{Method: method, URL: at, Status: response.StatusCode, Header: response.Header}
		if err := judgeBody(answer, response.Body); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

func judgeBody(answer contract.Answer, from io.Reader) error {
	kind := kindOf(answer.Header)
	text, err := io.ReadAll(from)
	if err == nil && answer.Header.Get("Content-Encoding") == "gzip" {
		var unpacked *gzip.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(text)); err == nil {
			text, err = io.ReadAll(unpacked)
		}
	}
	answer.Body, answer.Unread = text, err != nil || !isJudged(kind)
	if isStream(kind) {
		var e events
		if err := e.add(kind, text); err != nil {
			return err
		}
	}
	return tell(public().Answer(answer))
}
