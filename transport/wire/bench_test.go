package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/caller-chat/caller/chat"
)

// One message in each framing: what a room's worker does once for all readers that share it.
func BenchmarkEncode(b *testing.B) {
	message := &chat.Event{Room: "lobby", Body: chat.Appended{Entry: chat.Entry{
		ID: chat.Cursor{Seq: 42, Tag: 0x7f3a9c12}, Prev: 1,
		From:    chat.Author{ID: "0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11", Name: "Ann"},
		Payload: chat.Message{Text: strings.Repeat("x", 128)}, Key: "k-1", Time: time.UnixMilli(1795522470120).UTC(),
	}}}
	for name, framing := range map[string]Framing{
		"ws": WebSocket, "sse": SSE, "sse-chunked": SSE.Chunked(), "ndjson": NDJSON, "text": Text(false),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				framing.AppendEvent(nil, message)
			}
		})
	}
}
