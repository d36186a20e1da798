package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// What one request may cost, besides [wire.MaxBody].
const (
	// maxHeader is for a poll of as many rooms as there may be (wire.MaxRooms), each named three
	// times, with its cursor, its roster's version and the mark, by the longest names that there are:
	// 64 characters of four bytes, of three characters each in an address, are 150 KB. net/http adds
	// 4 KiB to it.
	maxHeader = 192 << 10
	// headerTime and bodyTime are for a phone on a bad line; a body is 64 KiB at most.
	headerTime = 10 * time.Second
	bodyTime   = 30 * time.Second
	// refusedTime is for the rest of a body whose request has been refused: the answer is out, and
	// may get lost if the connection is closed while the client still sends.
	refusedTime = 3 * time.Second
	// idleTime is longer than browsers and proxies keep a connection they do not use (nginx: 60 s),
	// so that it is them who close it and no request is sent into a connection that has just gone.
	idleTime = 120 * time.Second
	// answerTime bounds answers that are not streams, longer than the longest poll waits.
	answerTime = 2 * time.Minute
	// An HTTP/2 connection from which nothing has come for quietTime is asked whether it is still
	// there, and closed when no answer comes in pongTime or nothing can be written to it for
	// stuckTime: it may carry many streams.
	quietTime = 30 * time.Second
	pongTime  = 15 * time.Second
	stuckTime = 60 * time.Second
)

// HTTP is an http.Server for h with the bounds on slow and big requests that streams allow: there
// is no WriteTimeout, which would end them.
func HTTP(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: quietTime, PingTimeout: pongTime, WriteByteTimeout: stuckTime},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // mostly clients that broke off
	}
}

// limitBody limits a request's body in size and time. A body that says it is too big is refused
// before it is sent: curl waits for that (RFC 9110 section 10.1.1).
func limitBody(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next(w, r)
			return
		}
		if r.ContentLength > wire.MaxBody {
			httpapi.WriteProblem(w, &http.MaxBytesError{Limit: wire.MaxBody})
			return
		}
		// Where it can't be set (in tests without a connection), there is nothing to wait for
		// either.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		if r.ContentLength < 0 { // else net/http reads no more than it said
			r.Body = http.MaxBytesReader(unwrapped(w), r.Body, wire.MaxBody)
		}
		next(w, r)
	}
}

// unwrapped is net/http's own writer, which MaxBytesReader asks to close the connection.
func unwrapped(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// writeDeadline bounds the time an answer may take to be read.
func writeDeadline(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // as in limitBody
		next(w, r)
	}
}
