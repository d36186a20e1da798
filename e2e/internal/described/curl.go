package described

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/openapi/contract"
)

// Curl is the environment in which a curl writes down all that it sends and gets, whoever starts it.
// When the test is over, and curl with it, that is judged. Call it before the process is started.
func Curl(t testing.TB) (environment string) {
	t.Helper()
	home := t.TempDir()
	trace := filepath.Join(home, "trace")
	require.NoError(t, os.WriteFile(filepath.Join(home, ".curlrc"), fmt.Appendf(nil, "trace = %q\n", trace), 0o600))
	t.Cleanup(func() {
		text, err := os.ReadFile(trace)
		if errors.Is(err, os.ErrNotExist) {
			return // no curl was started, or it asked nobody
		}
		require.NoError(t, err)
		for _, err := range judgeTrace(text) {
			t.Error(err)
		}
	})
	return "CURL_HOME=" + home
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

func judgeTrace(trace []byte) (faults []error) {
	for _, x := range exchanges(trace) {
		line, _, _ := strings.Cut(string(x.sent), "\r\n")
		parts := strings.Fields(line)
		if len(parts) < 2 {
			continue
		}
		at, err := url.ParseRequestURI(parts[1])
		if err != nil || at.Path == "" {
			continue // a proxy's CONNECT
		}
		if err := judgeExchange(parts[0], at, x.got); err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}

func judgeExchange(method string, at *url.URL, got []byte) error {
	got = bytes.ReplaceAll(got, []byte("HTTP/2 "), []byte("HTTP/2.0 "))
	in := bufio.NewReader(bytes.NewReader(got))
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return nil // there was none, or curl was ended by then
		}
		if response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		if !isCallers(response.Header) {
			return nil
		}
		return judgeBody(contract.Answer{Method: method, URL: at, Status: response.StatusCode, Header: response.Header}, response.Body)
	}
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
