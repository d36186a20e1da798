package client

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// Record is what a reader was told, in the order it came, over all of its connections.
type Record struct {
	// Who is the reader, for messages of failed tests.
	Who string

	mu      sync.Mutex // guards what follows
	events  []Event
	changed chan struct{} // closed and made anew with each event
}

// NewRecord is an empty record.
func NewRecord(who string) *Record { return &Record{Who: who, changed: make(chan struct{})} }

func (r *Record) add(event Event) {
	if event.At.IsZero() {
		event.At = time.Now()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Record) snapshot() ([]Event, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events), r.changed
}

// Events is all that was recorded so far.
func (r *Record) Events() []Event {
	events, _ := r.snapshot()
	return events
}

// Texts is what the messages so far say, in the order they came.
func (r *Record) Texts() []string { return textsOf(r.Events()) }

// Cursor is where to go on: the cursor of the last entry or live.
func (r *Record) Cursor() string {
	events := r.Events()
	for _, event := range slices.Backward(events) {
		switch {
		case event.IsEntry():
			return event.ID
		case event.Type == "live":
			return event.Cursor
		}
	}
	return ""
}

// Types is the types of all events but pings and marks, each run of one type once: the shape of
// what was told. A mark comes when the store has answered, so it has no place among the others.
func (r *Record) Types() []string { return TypesOf(r.Events()) }

// TypesOf is [Record.Types] of some events.
func TypesOf(events []Event) []string {
	var types []string
	for _, event := range events {
		if event.Type != "ping" && event.Type != "read" {
			types = append(types, event.Type)
		}
	}
	return slices.Compact(types)
}

// Wait waits until the record satisfies enough, and is the record then.
func (r *Record) Wait(t testing.TB, what string, enough func([]Event) bool) []Event {
	t.Helper()
	deadline := time.After(testwait.Limit)
	for {
		events, changed := r.snapshot()
		if enough(events) {
			return events
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(t, "not seen", "%s did not see %s; it saw:\n%s", r.Who, what, Dump(events))
		}
	}
}

// WaitFor waits for an event that matches and is the first such.
func (r *Record) WaitFor(t testing.TB, what string, matches func(Event) bool) Event {
	t.Helper()
	var found Event
	r.Wait(t, what, func(events []Event) bool {
		i := slices.IndexFunc(events, matches)
		if i >= 0 {
			found = events[i]
		}
		return i >= 0
	})
	return found
}

// WaitType waits for the first event of a type.
func (r *Record) WaitType(t testing.TB, eventType string) Event {
	t.Helper()
	return r.WaitFor(t, eventType, func(e Event) bool { return e.Type == eventType })
}

// WaitText waits for the first message with this text.
func (r *Record) WaitText(t testing.TB, text string) Event {
	t.Helper()
	return r.WaitFor(t, fmt.Sprintf("the message %q", text), func(e Event) bool { return e.Type == "message" && e.Text == text })
}

// WaitTexts waits until as many messages are there and asserts that they are these, in this order.
func (r *Record) WaitTexts(t testing.TB, texts ...string) {
	t.Helper()
	events := r.Wait(t, fmt.Sprintf("%d messages", len(texts)), func(events []Event) bool {
		return len(textsOf(events)) >= len(texts)
	})
	require.Equal(t, texts, textsOf(events), "what %s saw", r.Who)
}

// Dump shows events one a line.
func Dump(events []Event) string {
	var b strings.Builder
	for _, event := range events {
		raw := event.Raw
		if len(raw) > 300 {
			raw = raw[:300] + "…"
		}
		fmt.Fprintf(&b, "  %s %s %s%s\n", event.At.Format("15:04:05.000"), event.Type, raw, event.Detail)
	}
	return b.String()
}
