package chat_test

import (
	"fmt"
	"sync"

	"github.com/caller-chat/caller/chat"
)

// recorder is a sink that writes down what it is told: how far it has read apart from the rest,
// since that comes when the store has said so.
type recorder struct {
	mu     sync.Mutex
	bodies []chat.Body
	marks  []chat.ReadMark
	closed error
}

func (r *recorder) Deliver(b *chat.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range b.Events {
		if mark, ok := e.Body.(chat.ReadMark); ok {
			r.marks = append(r.marks, mark)
			continue
		}
		r.bodies = append(r.bodies, e.Body)
	}
}

// takeMarks returns how far it was told that it has read, since the last time.
func (r *recorder) takeMarks() []chat.ReadMark {
	r.mu.Lock()
	defer r.mu.Unlock()
	marks := r.marks
	r.marks = nil
	return marks
}

func (r *recorder) Closed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = err
}

// take returns what was told since the last time.
func (r *recorder) take() []chat.Body {
	r.mu.Lock()
	defer r.mu.Unlock()
	bodies := r.bodies
	r.bodies = nil
	return bodies
}

func (r *recorder) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// texts are the messages in what was told; other events stand there by their kind.
func texts(bodies []chat.Body) []string {
	var said []string
	for _, b := range bodies {
		switch b := b.(type) {
		case chat.Appended:
			said = append(said, b.Entry.Text())
		case chat.Welcome:
			said = append(said, "<welcome>")
		case chat.Reset:
			said = append(said, "<reset "+string(b.Reason)+">")
		case chat.Live:
			said = append(said, "<live>")
		case chat.Joined:
			if b.Known {
				said = append(said, "<news of "+b.Member.Name+">")
				continue
			}
			said = append(said, "<joined "+b.Member.Name+">")
		case chat.Left:
			said = append(said, "<left "+b.Member.Name+">")
		case chat.RosterEvent:
			said = append(said, fmt.Sprintf("<members %d>", b.Count))
		case chat.Typing:
			said = append(said, "<typing "+b.Member.Name+">")
		case chat.AttributeChanged:
			said = append(said, "<"+map[bool]string{true: "with ", false: "without "}[b.Present]+b.Key+">")
		}
	}
	return said
}
