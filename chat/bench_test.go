package chat

import (
	"fmt"
	"strings"
	"testing"
)

// benchRoom is a room's worker that has read a log of so many entries, without its goroutine.
func benchRoom(entries int) *room {
	r := newRoom(&NewNode(nil, nil, nil, nil, nil, Options{}).backend, "lobby", nil)
	r.sync.stale = false
	for range entries {
		r.handle(Appended{Entry: entryAfter(r.tail.last())})
	}
	r.flush()
	return r
}

func entryAfter(last Cursor) Entry {
	return Entry{
		ID: Cursor{Seq: last.Seq + 1, Tag: last.Tag + 1}, Prev: last.Tag,
		From: Author{ID: "ann-id", Name: "Ann"}, Payload: Message{Text: strings.Repeat("x", 128)},
	}
}

// bytesFraming stands for the transports' framings, which package wire measures.
type bytesFraming struct{}

func (bytesFraming) AppendEvent(dst []byte, e *Event) []byte {
	if a, ok := e.Body.(Appended); ok {
		dst = append(dst, a.Entry.Text()...)
	}
	return dst
}

// encodingSink takes what the transports take of a batch, and writes it nowhere.
type encodingSink struct{ bytes int }

func (s *encodingSink) Deliver(b *Batch) {
	if !b.Replay {
		s.bytes += len(b.Encoded(bytesFraming{}))
		return
	}
	for _, e := range b.Events {
		s.bytes += len(e.Encoded(bytesFraming{}))
	}
}

func (s *encodingSink) Closed(error) {}

// One notice of the feed on its way to 1,000 subscribers: all of the worker's part but the system
// calls.
func BenchmarkFanOut(b *testing.B) {
	for _, batch := range []int{1, 10} {
		b.Run(fmt.Sprintf("to=1000/batch=%d", batch), func(b *testing.B) {
			r := benchRoom(100)
			for range 1000 {
				r.subs.attached = append(r.subs.attached, &subscriber{sink: &encodingSink{}})
			}
			b.ReportAllocs()
			for b.Loop() {
				for range batch {
					r.handle(Appended{Entry: entryAfter(r.tail.last())})
				}
				r.flush()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/delivery")
		})
	}
}

// One reader that comes, or comes back, and is served from the tail.
func BenchmarkReplay(b *testing.B) {
	r := benchRoom(100)
	kept := r.tail.kept()
	for name, start := range map[string]Start{
		"join":             All,
		"resume/missed=10": {Resume: true, After: entryOf(kept[len(kept)-11]).ID},
		"resume/missed=0":  {Resume: true, After: r.tail.last()},
	} {
		b.Run(name, func(b *testing.B) {
			s := &subscriber{sink: &encodingSink{}, entry: &entering{start: start}}
			b.ReportAllocs()
			for b.Loop() {
				s.sink.Deliver(r.replay(s))
			}
		})
	}
}
