package server

import (
	"io"
	"net/http"
	"time"

	"github.com/caller-chat/caller/server/httpapi"
)

// incoming is the body of an HTTP/1 request, which knows whether it has been read to its end.
type incoming struct {
	io.ReadCloser
	ended bool
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

// takeIn has an HTTP/1 request go on when its client has closed its sending side: what was read
// whole is carried out and answered. It also has the answer know whether the body was read (see
// [writer.endUnread]). Requests of HTTP/2 have streams of their own, and need neither.
func takeIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 {
			if !isPlainlyFramed(r) {
				w.Header().Set("Connection", "close")
			}
			r = httpapi.Outliving(r) // a copy: net/http looks at the body of its own
			if out, ok := w.(*writer); ok && r.ContentLength != 0 {
				out.body = &incoming{ReadCloser: r.Body}
				r.Body = out.body
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isPlainlyFramed reports whether everybody on the way sees a request end where this server does, so
// that another may follow on its connection. Where both Transfer-Encoding and Content-Length were
// given, some would go by the other one, and the connection must be closed (RFC 9112 section 6.1).
// net/http takes Content-Length out then, and from HTTP/1.0 the other one: so it is closed after
// all that may have been such a request.
func isPlainlyFramed(r *http.Request) bool {
	return len(r.TransferEncoding) == 0 && r.ProtoAtLeast(1, 1)
}

// endUnread has a refusal go out at once, and the connection end soon after, where the client has
// not sent its body, and may never do so. net/http would wait for it first.
func (w *writer) endUnread() {
	if w.body == nil || w.body.ended {
		return
	}
	w.Header().Set("Connection", "close")
	// Where it can't be set (in tests without a connection), there is nothing to wait for either.
	_ = http.NewResponseController(w.ResponseWriter).SetReadDeadline(time.Now().Add(refusedTime))
}
