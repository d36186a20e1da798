// Package described has all that the tests are answered judged by the API's description: answers to
// Go's HTTP client ([Transport]) and to curl ([Curl]), and what streams say ([Event]). What is not
// as described is a fault. A fault fails the request or the test that met it, and the run of tests
// in the end ([Failed]): a test that tries again would not see it otherwise.
//
// What is not Caller's answer is not judged: a proxy's own error page, an S3's file. Caller names
// each request in the answer, and keeps it from other sites' pages, or answers with a problem.
package described

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"mime"
	"net/http"
	"os"
	"sync"

	"github.com/caller-chat/caller/openapi"
	"github.com/caller-chat/caller/openapi/contract"
)

// public is the public API's contract, made once: it takes a second.
var public = sync.OnceValue(func() *contract.Contract {
	api, err := openapi.Public()
	if err == nil {
		var c *contract.Contract
		if c, err = contract.New(api); err == nil {
			return c
		}
	}
	panic(err) // a test holds that it can be made
})

// found are this run's faults, and what has been judged well.
var found struct {
	sync.Mutex // protects following
	faults     map[string]int
	well       map[uint64]bool
}

var seed = maphash.MakeSeed()

// keptWell is how many good events are remembered: what a room says comes to each of its readers.
const keptWell = 10_000

func tell(err error) error {
	if err == nil {
		return nil
	}
	var fault *contract.Fault
	text := err.Error()
	if errors.As(err, &fault) { // once for each kind, however many there are
		text = fault.Operation + fmt.Sprint(fault.Status) + fault.Pointer
	}
	found.Lock()
	defer found.Unlock()
	if found.faults == nil {
		found.faults = map[string]int{}
	}
	if found.faults[text]++; found.faults[text] == 1 {
		fmt.Fprintln(os.Stderr, "NOT AS DESCRIBED:", err)
	}
	return err
}

// Failed reports whether anything was not as described, and says how much.
func Failed() bool {
	found.Lock()
	defer found.Unlock()
	n := 0
	for _, times := range found.faults {
		n += times
	}
	if n > 0 {
		fmt.Fprintf(os.Stderr, "%d answers or events were not as openapi/spec describes them, in %d ways: see NOT AS DESCRIBED above\n", n, len(found.faults))
	}
	return n > 0
}

// Event judges one event of a stream: a WebSocket's frame, an event stream's data, a line of
// NDJSON. The error is a [*contract.Fault].
func Event(object []byte) error {
	object = bytes.TrimSpace(object)
	sum := maphash.Bytes(seed, object)
	found.Lock()
	well := found.well[sum]
	found.Unlock()
	if well {
		return nil
	}
	if err := public().Event(object); err != nil {
		return tell(err)
	}
	found.Lock()
	defer found.Unlock()
	if found.well == nil || len(found.well) >= keptWell {
		found.well = map[uint64]bool{}
	}
	found.well[sum] = true
	return nil
}

// Transport has all that comes by base judged. What is not as described fails the reading of the
// answer's body, at its end, or in a stream at once.
func Transport(base http.RoundTripper) http.RoundTripper { return transport{base} }

type transport struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r)
	if err != nil || response.StatusCode == http.StatusSwitchingProtocols || !isCallers(response.Header) {
		return response, err
	}
	answer := contract.Answer{Method: r.Method, URL: r.URL, Status: response.StatusCode, Header: response.Header.Clone()}
	response.Body = &body{ReadCloser: response.Body, answer: answer, kind: kindOf(response.Header)}
	return response, nil
}

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t transport) CloseIdleConnections() {
	if closer, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func isCallers(h http.Header) bool {
	named := h.Get("X-Request-Id") != "" && h.Get("Cross-Origin-Resource-Policy") != ""
	return named || kindOf(h) == "application/problem+json"
}

func kindOf(h http.Header) string {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media
}

// isJudged reports whether bodies of a kind are: others, such as files, are not held in memory.
func isJudged(kind string) bool {
	return kind == "application/json" || kind == "application/problem+json" || kind == ""
}

// maxBody is more than any answer has that is judged.
const maxBody = 32 << 20

// body is an answer's, which is judged when all of it has been read.
type body struct {
	io.ReadCloser
	answer contract.Answer
	kind   string
	events events
	all    []byte
	judged bool
	fault  error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.fault != nil {
		return 0, b.fault
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case isStream(b.kind):
		b.fault = b.events.add(b.kind, p[:n])
	case isJudged(b.kind) && len(b.all)+n <= maxBody:
		b.all = append(b.all, p[:n]...)
	}
	if err == io.EOF {
		b.judge(true)
	}
	if b.fault != nil {
		return n, b.fault
	}
	return n, err
}

// Close implements io.Closer. What was not read to its end is judged by its header.
func (b *body) Close() error {
	b.judge(false)
	return b.ReadCloser.Close()
}

func (b *body) judge(whole bool) {
	if b.judged {
		return
	}
	b.judged = true
	b.answer.Body, b.answer.Unread = b.all, !whole || !isJudged(b.kind)
	if err := tell(public().Answer(b.answer)); err != nil && b.fault == nil {
		b.fault = err
	}
}
