package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// line is a connection that knows its deadlines.
type line struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (l *line) SetReadDeadline(t time.Time) error  { l.read = t; return nil }
func (l *line) SetWriteDeadline(t time.Time) error { l.write = t; return nil }

// sending is a body that brings so many bytes with each read, after so long, until its connection's
// deadline has passed.
type sending struct {
	line  *line
	bytes int
	every time.Duration
}

func (s *sending) Read(p []byte) (int, error) {
	if time.Now().Add(s.every).After(s.line.read) {
		time.Sleep(time.Until(s.line.read))
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(s.every)
	return min(s.bytes, len(p)), nil
}

// transfer has a body read until it ends, with so much to do after each read, and returns how long that
// took.
func transferOf(t *testing.T, bytes int, every, doing, stopAfter time.Duration) (took time.Duration, err error) {
	var all transfers
	l := &line{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/", &sending{l, bytes, every})
	began := time.Now()
	all.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := make([]byte, 32<<10)
		for err == nil && time.Since(began) < stopAfter {
			_, err = r.Body.Read(buffer)
			time.Sleep(doing)
		}
	}))(l, r)
	assert.Empty(t, all.open)
	return time.Since(began), err
}

func TestBodiesHaveToMoveOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stalled *wire.Failure
		took, err := transferOf(t, 1, time.Hour, 0, time.Hour)
		require.ErrorAs(t, err, &stalled)
		assert.Equal(t, wire.CodeStalled, stalled.Code)
		assert.Equal(t, http.StatusRequestTimeout, stalled.Status())
		assert.Equal(t, stallTime, took, "one that stands still")

		took, err = transferOf(t, 1, 2*time.Second, 0, time.Hour)
		require.ErrorAs(t, err, &stalled)
		assert.InDelta(t, slowStart.Seconds(), took.Seconds(), 3, "one that drips")

		_, err = transferOf(t, leastRate, time.Second, 0, 3*time.Hour)
		require.NoError(t, err, "a slow phone may take hours")
		_, err = transferOf(t, 15*leastRate, 15*time.Second, 0, time.Hour)
		require.NoError(t, err, "in gusts")
		_, err = transferOf(t, 1000, time.Millisecond, 40*time.Second, 10*time.Minute)
		require.NoError(t, err, "each of many small files is looked into for long")
	})
}

func TestAnswersHaveToMoveOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all transfers
		l := &line{ResponseRecorder: httptest.NewRecorder()}
		all.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 5 {
				time.Sleep(20 * time.Second)
				n, err := w.Write(make([]byte, 3*atOnce+1))
				assert.NoError(t, err)
				assert.Equal(t, 3*atOnce+1, n)
				assert.Equal(t, stallTime, time.Until(l.write))
			}
		}))(l, httptest.NewRequest(http.MethodGet, "/", nil))
		assert.Equal(t, 5*(3*atOnce+1), l.Body.Len())
	})
}

// TestTransfersOverTheWire is a body that is larger than any other may be, one that is cut off as
// the node goes away, and one that is refused before it is sent.
func TestTransfersOverTheWire(t *testing.T) {
	for _, two := range []bool{false, true} {
		reading := make(chan struct{}, 1)
		failed := make(chan error, 1)
		s := newSite(t, Options{Features: []Feature{{
			Name: "files", Usage: "  curl -T photo.jpg BASE/rooms/lobby/files/\n",
			Transfers: map[string]http.Handler{"PUT /rooms/:room/files/:name": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.PathValue("name") == "no" {
					httpapi.WriteProblem(w, wire.Fail(wire.CodeTooLarge, "at most so much"))
					return
				}
				reading <- struct{}{}
				n, err := io.Copy(io.Discard, r.Body)
				if err != nil {
					failed <- err
					httpapi.WriteProblem(w, err)
					return
				}
				httpapi.WriteJSON(w, http.StatusCreated, map[string]int64{"size": n})
			})},
		}}})
		web := httptest.NewUnstartedServer(nil)
		web.Config = HTTP(s, slog.New(slog.DiscardHandler))
		if web.EnableHTTP2 = two; two {
			web.StartTLS()
		} else {
			web.Start()
		}
		defer web.Close()
		// Without it the client sends the body at once, and may lose the answer with the connection.
		web.Client().Transport.(*http.Transport).ExpectContinueTimeout = testwait.Limit
		put := func(name string, body io.Reader, headers ...string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, web.URL+"/rooms/lobby/files/"+name, body)
			require.NoError(t, err)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			resp, err := web.Client().Do(r)
			require.NoError(t, err)
			return resp
		}
		resp := put("a", bytes.NewReader(make([]byte, 3<<20)))
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.JSONEq(t, `{"size":3145728}`, string(text))
		testwait.Receive(t, reading, "the handler did not read")

		resp = put("no", bytes.NewReader(make([]byte, 3<<20)), "Expect", "100-continue")
		assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode)
		require.NoError(t, resp.Body.Close())

		body, feed := io.Pipe()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, web.URL+"/rooms/lobby/files/cut", body)
			if resp, err := web.Client().Do(r); err == nil { // else the connection went first
				_ = resp.Body.Close()
			}
		}()
		_, err = feed.Write(make([]byte, 100<<10))
		require.NoError(t, err)
		testwait.Receive(t, reading, "the handler did not read")
		s.transfers.drain(time.Now())
		var going *wire.Failure
		require.ErrorAs(t, testwait.Receive(t, failed, "the body was not cut off"), &going)
		assert.Equal(t, wire.CodeGoingAway, going.Code)
		require.NoError(t, feed.CloseWithError(errors.New("given up")))
		testwait.Receive(t, sent, "the client waits")
		_, err = s.Wait(t.Context())
		require.NoError(t, err)

		home, err := web.Client().Get(web.URL + "/")
		require.NoError(t, err)
		text, err = io.ReadAll(home.Body)
		require.NoError(t, err)
		assert.Contains(t, string(text), "curl -T photo.jpg "+web.URL+"/rooms/lobby/files/")
	}
	_, err := assemble(new(fakeRooms), new(fakeStore), dist(), Options{Features: []Feature{{
		Name: "x", Transfers: map[string]http.Handler{"PUT": nil},
	}}}, fakeTransports)
	require.ErrorContains(t, err, "route")
}

func TestTheAddressThatAReaderKnows(t *testing.T) {
	s := newSite(t, Options{BasePath: "/chat", TrustedProxies: nil})
	for host, want := range map[string]string{
		"chat.example":            "http://chat.example/chat",
		"[::1]:8080":              "http://[::1]:8080/chat",
		"a.example:80":            "http://a.example:80/chat",
		"":                        "",
		"a'b":                     "",
		"a b":                     "",
		"фы.example":              "",
		"a\x1b[31m":               "",
		strings.Repeat("a", 1000): "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		assert.Equal(t, want, s.base(r), "%q", host)
	}
}
