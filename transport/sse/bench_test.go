package sse_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/transport/internal/transporttest"
)

const readers = 200

// What encryption and HTTP/2 cost for each delivery: one message to 200 event streams, in CPU time
// of the server and of its readers together, which are this process. HTTP/2 is once with a
// connection for each reader, as browsers have it, and once with all on one, as behind a proxy.
func BenchmarkDelivery(b *testing.B) {
	for _, test := range []struct {
		name        string
		secure, two bool
		shared      bool
	}{
		{"HTTP1", false, false, false},
		{"HTTP1-TLS", true, false, false},
		{"HTTP2-TLS", true, true, false},
		{"HTTP2-TLS-shared", true, true, true},
	} {
		b.Run(test.name, func(b *testing.B) {
			r, h := handler(b)
			server := httptest.NewUnstartedServer(transporttest.InLobby(h.Events))
			server.EnableHTTP2 = test.two
			if test.secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			b.Cleanup(server.Close)
			var received atomic.Int64
			delivered := make(chan struct{}, 1)
			var live sync.WaitGroup
			client := server.Client()
			for range readers {
				live.Add(1)
				if !test.shared {
					client = &http.Client{Transport: server.Client().Transport.(*http.Transport).Clone()}
				}
				count(b, client, server.URL+"?history=0", live.Done, func() {
					if received.Add(1)%readers == 0 {
						delivered <- struct{}{}
					}
				})
			}
			live.Wait()
			text := strings.Repeat("x", 128)
			before := processorTime(b)
			for b.Loop() {
				r.Say(b, text)
				<-delivered
			}
			used := processorTime(b) - before
			b.ReportMetric(float64(used.Nanoseconds())/1000/float64(received.Load()), "µs/delivery")
		})
	}
}

// count reads a stream and says when it is live, and each message.
func count(b *testing.B, client *http.Client, url string, live, message func()) {
	resp, lines := open(b, client, url)
	go func() {
		for scanner := lines; scanner.Scan(); {
			switch {
			case strings.HasPrefix(scanner.Text(), "event: live"):
				live()
			case strings.HasPrefix(scanner.Text(), `data: {"type":"message"`):
				message()
			}
		}
	}()
	b.Cleanup(func() { resp.Body.Close() })
}

// processorTime is what this process has used, in user and kernel mode.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
