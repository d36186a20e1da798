package client

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/r3labs/sse/v2"
	"gopkg.in/cenkalti/backoff.v1"
)

// errNotWanted ends a stream that nobody reads any more.
var errNotWanted = errors.New("nobody reads")

// readSSE reads GET /rooms/{room}/sse. The library reads one stream to its end; when and how to come
// back is decided elsewhere.
func (c *Client) readSSE(ctx context.Context, to target, s sink) end {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reader := sse.NewClient(c.address(to.room.path("/sse"), to.from.query()), sse.ClientMaxBufferSize(mostEvent))
	reader.Connection = c.http
	reader.ReconnectStrategy = &backoff.StopBackOff{}
	for name := range to.header {
		reader.Headers[name] = to.header.Get(name)
	}
	reader.ResponseValidator = func(_ *sse.Client, resp *http.Response) error {
		media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" for what can't be read
		if resp.StatusCode != http.StatusOK || media != "text/event-stream" {
			defer func() { _ = resp.Body.Close() }() // the library leaves it open
			return problemOf(resp)
		}
		resp.Body = &heardBody{ReadCloser: resp.Body, sink: s, stop: cancel}
		return nil
	}
	err := reader.SubscribeRawWithContext(ctx, func(block *sse.Event) {
		event, ok := decodeEvent(block.Data)
		if ok && ctx.Err() == nil && !s.event(event) {
			cancel(errNotWanted)
		}
	})
	if err == nil {
		err = errStreamEnded
	}
	return endOf(caused(ctx, err))
}

// heardBody tells of each piece that arrives, so that a comment is a sign of life too.
type heardBody struct {
	io.ReadCloser
	sink sink
	stop context.CancelCauseFunc
}

// Read reads, and tells of it.
func (b *heardBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && !b.sink.heard() {
		b.stop(errNotWanted)
	}
	return n, err
}
