package server

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// There may be very many streams, each with a request line that may be long.
func TestAStreamKeepsNothingOfItsRequestLine(t *testing.T) {
	s := whole(t, new(numbering))
	lines := make(chan weak.Pointer[byte], 1)
	front := HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines <- weak.Make(unsafe.StringData(r.RequestURI))
		s.ServeHTTP(w, r)
	}), slog.New(slog.DiscardHandler))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = front.Serve(listener) }()
	defer func() {
		require.NoError(t, front.Close())
		<-ended
	}()
	for _, target := range []string{
		"/rooms/garden/sse?name=Ann", "/rooms/cellar/ndjson?name=Ann", "/rooms/attic/text?name=Ann",
		"/rooms/roof/ws?name=Ann", "/stream/sse?room=shed&name=Ann", "/stream/ws?room=yard&name=Ann",
	} {
		c, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		_, err = fmt.Fprintf(c, "GET %s&more=%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", target, strings.Repeat("x", 8<<10))
		require.NoError(t, err)
		line := <-lines
		testwait.Until(t, func() bool { runtime.GC(); return line.Value() == nil }, "kept: %s", target)
	}
}
