package httpapi

import (
	"context"
	"net/http"
)

type inputEndKey struct{}

// Outliving is the request with a context that does not end when the client closes its side of an
// HTTP/1 connection. That says only that the client sends no more: it may still read, as "nc -N"
// does and some proxies and libraries do. net/http can't tell, and ends the context. An HTTP/2
// client says which it means, and its request is returned as it is.
func Outliving(r *http.Request) *http.Request {
	if r.ProtoMajor != 1 {
		return r
	}
	ctx := r.Context()
	return r.WithContext(context.WithValue(context.WithoutCancel(ctx), inputEndKey{}, ctx.Done()))
}

// InputEnd is closed when the client of a request that is [Outliving] sends no more, or is gone. It
// is nil, which blocks for ever, for any other request.
func InputEnd(r *http.Request) <-chan struct{} {
	end, _ := r.Context().Value(inputEndKey{}).(<-chan struct{})
	return end
}
