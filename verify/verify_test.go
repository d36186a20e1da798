package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/internal/servertest"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// failed are the names of the checks that have failed.
func failed(r Report) []string {
	var names []string
	for _, c := range r.Checks {
		if c.Outcome == Fail {
			names = append(names, c.Name)
		}
	}
	return names
}

func verify(t *testing.T, o Options) Report {
	t.Helper()
	report, err := Run(t.Context(), o)
	require.NoError(t, err)
	for _, c := range report.Checks {
		t.Logf("%-4s %-24s %5.2f s  %s", c.Outcome, c.Name, c.Took, c.Seen)
	}
	return report
}

// The real server has nothing to find fault with, below a base path and with its limits on.
func TestTheServer(t *testing.T) {
	defaults := limits.Defaults()
	url := servertest.Run(t, servertest.Options{BasePath: "/chat", Limits: &defaults}).URL
	var told []string
	report := verify(t, Options{URL: url, Seed: 7, Each: func(c Check) { told = append(told, c.Name) }})
	assert.Empty(t, failed(report))
	assert.Zero(t, report.Skipped)
	assert.Equal(t, len(report.Checks), report.Passed)
	assert.Len(t, told, len(Names()))
	assert.LessOrEqual(t, report.Messages, 400)
}

// fault is a proxy in front of the real server that does one thing wrong.
type fault struct {
	// request may change what is asked, or answer by itself, and then reports true.
	request func(w http.ResponseWriter, r *http.Request) bool
	// block may change what an event stream brings, block by block: one may become none or several.
	// It is made for each stream.
	block func() func(string) []string
	// answer may change any other answer's body, and its status.
	answer func(r *http.Request, status *int, body string) string
	// hold lets so many bytes of each stream through, and no more; 0 for all.
	hold int
}

// plant puts such a proxy in front of a server.
func (f fault) plant(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	require.NoError(t, err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport, proxy.FlushInterval = transport, -1
	proxy.ModifyResponse = func(resp *http.Response) error {
		switch {
		case resp.StatusCode == http.StatusSwitchingProtocols:
		case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream"):
			if f.block != nil {
				resp.Body = rewrite(resp.Body, f.block())
			}
			if f.hold > 0 {
				resp.Body = &swallowed{ReadCloser: resp.Body, left: f.hold, ctx: resp.Request.Context()}
			}
		case f.answer != nil && !strings.Contains(resp.Request.URL.Path, "/ndjson") && !strings.Contains(resp.Request.URL.Path, "/text"):
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			text := f.answer(resp.Request, &resp.StatusCode, string(body))
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			resp.Header.Set("Content-Length", fmt.Sprint(len(text)))
		}
		return nil
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		if f.request == nil || !f.request(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// rewrite passes a stream on, each block as the function has it.
func rewrite(body io.ReadCloser, block func(string) []string) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		var rest bytes.Buffer
		buffer := make([]byte, 16<<10)
		for {
			n, err := body.Read(buffer)
			rest.Write(buffer[:n])
			for {
				i := bytes.Index(rest.Bytes(), []byte("\n\n"))
				if i < 0 {
					break
				}
				for _, text := range block(string(rest.Next(i + 2))) {
					if _, err := io.WriteString(w, text); err != nil {
						return
					}
				}
			}
			if err != nil {
				_ = w.CloseWithError(err) // never fails
				return
			}
		}
	}()
	return struct {
		io.Reader
		io.Closer
	}{r, closers{body, r}}
}

type closers []io.Closer

func (c closers) Close() error {
	for _, one := range c {
		_ = one.Close() // nobody is left to read
	}
	return nil
}

// messages makes a fault of the third message of each stream.
func messages(third func(before, block string) []string) func() func(string) []string {
	return func() func(string) []string {
		n, before := 0, ""
		return func(block string) []string {
			if !strings.Contains(block, `"type":"message"`) {
				return []string{block}
			}
			n++
			switch n {
			case 2: // it waits for the third
				before = block
				return nil
			case 3:
				return third(before, block)
			}
			return []string{block}
		}
	}
}

// resets makes a fault of the reset of each stream.
func resets(how func(block string) []string) func() func(string) []string {
	return func() func(string) []string {
		return func(block string) []string {
			if strings.Contains(block, `"type":"reset"`) {
				return how(block)
			}
			return []string{block}
		}
	}
}

var textField = regexp.MustCompile(`"text":"(?:[^"\\]|\\.)*"`)

func TestPlantedFaults(t *testing.T) {
	isPost := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
	}
	change := func(r *http.Request, how func(map[string]any)) {
		body, _ := io.ReadAll(r.Body) // of a test's own
		var fields map[string]any
		if json.Unmarshal(body, &fields) == nil {
			how(fields)
			body, _ = json.Marshal(fields)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	for name, test := range map[string]struct {
		fault fault
		match string
		want  []string // the checks that fail
		says  string   // what the first of them says
	}{
		"one entry is dropped":    {fault{block: messages(func(_, block string) []string { return []string{block} })}, "order", []string{"order"}, "sse: gap"},
		"one entry comes twice":   {fault{block: messages(func(before, block string) []string { return []string{before, before, block} })}, "order", []string{"order"}, "sse: repeat"},
		"two entries are swapped": {fault{block: messages(func(before, block string) []string { return []string{block, before} })}, "order", []string{"order"}, "sse: gap"},
		"a text is altered": {fault{block: messages(func(before, block string) []string {
			return []string{before, textField.ReplaceAllString(block, `"text":"x"`)}
		})}, "order", []string{"order"}, "altered"},
		"what was missed when one comes back": {fault{block: messages(func(_, block string) []string { return []string{block} })}, "resume/*", []string{"resume/sse", "resume/last-event-id"}, "gap"},
		"the cursor is ignored": {fault{request: func(_ http.ResponseWriter, r *http.Request) bool {
			query := r.URL.Query()
			query.Del("after")
			r.URL.RawQuery = query.Encode()
			r.Header.Del("Last-Event-ID")
			return false
		}}, "res*/*", []string{"resume/ws", "reset/ws", "resume/sse", "reset/sse", "resume/poll", "reset/poll", "reset/expired", "resume/last-event-id", "resume/across"}, "came"},
		"a gap is not told": {fault{block: resets(func(string) []string { return nil })}, "reset/expired", []string{"reset/expired"}, "sse: after"},
		"a gap is told as another": {fault{block: resets(func(block string) []string {
			return []string{strings.Replace(block, `"expired"`, `"rewritten"`, 1)}
		})}, "reset/expired", []string{"reset/expired"}, `sse: the reset's reason is "rewritten"`},
		"not all that is kept follows a reset": {fault{block: func() func(string) []string {
			after := false
			return func(block string) []string {
				if after && strings.Contains(block, `"type":"message"`) {
					after = false
					return nil
				}
				after = after || strings.Contains(block, `"type":"reset"`)
				return []string{block}
			}
		}}, "reset/expired", []string{"reset/expired"}, "sse: with the reset there came"},
		"a poll says nothing of a gap": {fault{answer: func(_ *http.Request, _ *int, body string) string {
			return strings.Replace(body, `"reset":true`, `"reset":false`, 1)
		}}, "reset/expired", []string{"reset/expired"}, "poll: after"},
		"more is kept than was asked for": {fault{request: func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch {
				change(r, func(fields map[string]any) { fields["historyLimit"] = 0 })
			}
			return false
		}}, "reset/expired", []string{"reset/expired"}, "are kept; want the last 4"},
		"a bad body is answered 200": {fault{answer: func(r *http.Request, status *int, body string) string {
			if isPost(r) && *status/100 == 4 {
				*status = 200
				return `{}`
			}
			return body
		}}, "refuse/body*", []string{"refuse/body-size", "refuse/body-json", "refuse/body-utf8", "refuse/body-type"}, "answered 200"},
		"a refusal does not say its limit": {fault{answer: func(_ *http.Request, _ *int, body string) string {
			return strings.ReplaceAll(body, `"limit":`, `"bound":`)
		}},
			"refuse/[tk]e*", []string{"refuse/text-long", "refuse/key"}, "want the limit 4000"},
		"streams are buffered":                   {fault{hold: 2 << 10}, "stream/*", []string{"stream/sse"}, "buffers"},
		"streams are held after the first bytes": {fault{hold: 3200}, "stream/*", []string{"stream/sse"}, "buffers"},
		"WebSockets are refused": {fault{request: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Upgrade") != "" {
				http.Error(w, "no", http.StatusBadRequest)
				return true
			}
			return false
		}}, "*/ws", []string{"stream/ws"}, "400"},
		"the header that browsers send is ignored": {fault{request: func(_ http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("Last-Event-ID")
			return false
		}}, "resume/*", []string{"resume/last-event-id"}, "the first ids are"},
		"an entry that nobody waits for comes twice": {fault{block: func() func(string) []string {
			return func(block string) []string {
				if strings.Contains(block, `"type":"message"`) {
					return []string{block, block}
				}
				return []string{block}
			}
		}}, "stream/sse", []string{"stream/sse"}, "sse: repeat"},
		"a poll leaves an entry out": {fault{answer: func(r *http.Request, _ *int, body string) string {
			var fields map[string]any
			if !r.URL.Query().Has("after") || json.Unmarshal([]byte(body), &fields) != nil {
				return body
			}
			list, _ := fields["messages"].([]any)
			fields["messages"] = slices.DeleteFunc(list, func(m any) bool { return m.(map[string]any)["key"] == "b-5" })
			data, _ := json.Marshal(fields) // it was read
			return string(data)
		}}, "order", []string{"order"}, "poll: gap"},
		"keys are not looked at": {fault{request: func(_ http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("Idempotency-Key")
			if isPost(r) && strings.Contains(r.Header.Get("Content-Type"), "json") {
				change(r, func(fields map[string]any) { delete(fields, "key") })
			}
			return false
		}}, "once/*", []string{"once/key"}, "doubled"},
		"what is acknowledged is not stored": {fault{request: func(w http.ResponseWriter, r *http.Request) bool {
			if !isPost(r) {
				return false
			}
			body, _ := io.ReadAll(r.Body) // of a test's own
			if !bytes.Contains(body, []byte(`"a-4"`)) {
				r.Body = io.NopCloser(bytes.NewReader(body))
				return false
			}
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"type":"message","id":"4-00000001","from":{"id":"a","name":"Ann"},"text":"x"}`)
			return true
		}}, "order", []string{"order"}, "loss"},
		"what is taken back is not": {fault{request: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodDelete || !strings.Contains(r.URL.Path, "/messages/") || strings.Contains(r.URL.Path, "reactions") {
				return false
			}
			_, _ = io.WriteString(w, `{"type":"delete","id":"9-00000001","target":"1-00000001"}`)
			return true
		}}, "delete", []string{"delete"}, "somebody else takes it back"},
		"signs of typing are swallowed": {fault{request: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/typing") {
				return false
			}
			w.WriteHeader(http.StatusNoContent)
			return true
		}}, "typing", []string{"typing"}, "typing"},
		"a poll does not wait": {fault{request: func(_ http.ResponseWriter, r *http.Request) bool {
			query := r.URL.Query()
			query.Del("wait")
			r.URL.RawQuery = query.Encode()
			return false
		}}, "long-poll", []string{"long-poll"}, "want none, after a second"},
		"HEAD is not known": {fault{request: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
			return r.Method == http.MethodHead
		}}, "head", []string{"head"}, "405"},
		"the author is who is claimed": {fault{answer: func(r *http.Request, _ *int, body string) string {
			if !isPost(r) {
				return body
			}
			var fields map[string]any
			if json.Unmarshal([]byte(body), &fields) == nil {
				fields["from"] = map[string]string{"id": "somebody", "name": "Else"}
			}
			data, _ := json.Marshal(fields) // it was read
			return string(data)
		}}, "post", []string{"post"}, "its author is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servertest.Run(t, servertest.Options{}).URL
			report := verify(t, Options{URL: test.fault.plant(t, server), Seed: 3, Match: test.match})
			require.Equal(t, test.want, failed(report))
			i := slices.IndexFunc(report.Checks, func(c Check) bool { return c.Name == test.want[0] })
			assert.Contains(t, report.Checks[i].Seen, test.says)
		})
	}
}

// A run says and chooses what its seed says.
func TestTheSeedDecides(t *testing.T) {
	said := func(seed uint64) (texts []string) {
		server := servertest.Run(t, servertest.Options{Wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages") {
					body, _ := io.ReadAll(r.Body) // of a test's own
					texts = append(texts, string(body))
					r.Body = io.NopCloser(bytes.NewReader(body))
				}
				next.ServeHTTP(w, r)
			})
		}})
		verify(t, Options{URL: server.URL, Seed: seed, Match: "history"})
		return texts
	}
	first := said(1)
	require.Len(t, first, 11)
	assert.Equal(t, first, said(1))
	assert.NotEqual(t, first, said(2))
}

func TestBounds(t *testing.T) {
	url := servertest.Run(t, servertest.Options{}).URL
	report := verify(t, Options{URL: url, Match: "history", Messages: 5})
	assert.Equal(t, []string{"history"}, failed(report))
	assert.Equal(t, 5, report.Messages)
	_, err := Run(t.Context(), Options{URL: url, Match: "nothing"})
	require.Error(t, err)
	_, err = Run(t.Context(), Options{URL: "ftp://x"})
	require.Error(t, err)
	_, err = Run(t.Context(), Options{URL: url, Match: "["})
	require.Error(t, err)
}

// What is no Caller is not verified: each check would fail, and say nothing.
func TestNoCaller(t *testing.T) {
	caller := servertest.Run(t, servertest.Options{}).URL
	for name, answers := range map[string]http.HandlerFunc{
		"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello") },
		"JSON":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) },
		"not found":   http.NotFound,
		"a redirect":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, caller+r.URL.Path, http.StatusFound) },
		"not a word":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a refusal":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) },
		"another API": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answers)
			t.Cleanup(server.Close)
			report, err := Run(t.Context(), Options{URL: server.URL, Each: func(c Check) { t.Error(c.Name) }})
			require.ErrorIs(t, err, ErrNoCaller)
			assert.Empty(t, report)
		})
	}
	_, err := Run(t.Context(), Options{URL: caller + "/elsewhere"})
	require.ErrorIs(t, err, ErrNoCaller)
	_, err = Run(t.Context(), Options{URL: caller, Token: "unknown"})
	require.ErrorIs(t, err, &client.Problem{Code: "session_required"})
	require.NotErrorIs(t, err, ErrNoCaller)
}

// A run that is stopped says what it has found until then, and calls nothing else a failure.
func TestStopped(t *testing.T) {
	url := servertest.Run(t, servertest.Options{}).URL
	ctx, stop := context.WithCancel(t.Context())
	report, err := Run(ctx, Options{URL: url, Match: "[hr]e*/*", Each: func(Check) { stop() }})
	require.NoError(t, err)
	assert.Len(t, report.Checks, 1)
	assert.Empty(t, failed(report))
}
