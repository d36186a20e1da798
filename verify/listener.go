package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// listener is one connection that is read as it comes.
type listener struct {
	who    string
	after  string // the cursor that it began with
	conn   *client.Conn
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	events  []client.Event
	at      []time.Duration // since it began
	err     error           // how it has ended
	changed chan struct{}   // closed and made anew with each event
}

// listen opens a connection, which is closed at the end of the check at the latest.
func (t *trial) listen(ctx context.Context, p *person, transport client.Transport, from client.From) *listener {
	ctx, cancel := context.WithCancel(ctx)
	l := &listener{
		who: string(transport), after: from.After, conn: t.in(p).Connect(transport, from), began: time.Now(), cancel: cancel,
		done: make(chan struct{}), changed: make(chan struct{}),
	}
	t.listeners = append(t.listeners, l)
	go func() {
		defer close(l.done)
		for event, err := range l.conn.Events(ctx) {
			l.add(event, err)
		}
	}()
	return l
}

func (l *listener) add(event client.Event, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.err = err
	} else {
		l.events, l.at = append(l.events, event), append(l.at, time.Since(l.began))
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *listener) close() {
	l.cancel()
	<-l.done
}

// wait waits until what has come is enough.
func (l *listener) wait(ctx context.Context, what string, enough func([]client.Event) bool) ([]client.Event, error) {
	return l.waitWithin(ctx, eventually, what, enough)
}

func (l *listener) waitWithin(
	ctx context.Context, within time.Duration, what string, enough func([]client.Event) bool,
) ([]client.Event, error) {
	late := time.NewTimer(within)
	defer late.Stop()
	for {
		l.mu.Lock()
		events, changed, err := slices.Clone(l.events), l.changed, l.err
		l.mu.Unlock()
		if enough(events) {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("%s: the connection ended before %s: %w", l.who, what, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return events, fmt.Errorf("%s: %s did not come: %w", l.who, what, context.Cause(ctx))
		case <-late.C:
			return events, fmt.Errorf("%s: %s did not come within %v; there came: %s", l.who, what, within, typesOf(events))
		}
	}
}

// waitFor waits for an event, and is the first such and when it came.
func (l *listener) waitFor(ctx context.Context, what string, matches func(client.Event) bool) (client.Event, time.Duration, error) {
	events, err := l.wait(ctx, what, func(events []client.Event) bool { return slices.ContainsFunc(events, matches) })
	if err != nil {
		return client.Event{}, 0, err
	}
	i := slices.IndexFunc(events, matches)
	l.mu.Lock()
	defer l.mu.Unlock()
	return events[i], l.at[i], nil
}

// ended waits until the server has ended the connection, and is how.
func (l *listener) ended(ctx context.Context) error {
	select {
	case <-l.done:
	case <-ctx.Done():
		return nil
	case <-time.After(eventually):
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func ofType(want string) func(client.Event) bool {
	return func(e client.Event) bool { return e.Type == want }
}

func saying(text string) func(client.Event) bool {
	return func(e client.Event) bool { return e.Type == string(client.Message) && e.Entry.Text == text }
}

// typesOf is what came, for who reads a report.
func typesOf(events []client.Event) string {
	if len(events) == 0 {
		return "nothing"
	}
	var types []string
	for _, e := range events {
		if len(types) > 0 && types[len(types)-1] == e.Type {
			continue
		}
		types = append(types, e.Type)
	}
	return strings.Join(types[max(0, len(types)-12):], ", ")
}

// judged are events as a judge looks at them.
func judged(events []client.Event) []judge.Event {
	var all []judge.Event
	for _, e := range events {
		if e.Entry != nil {
			all = append(all, judge.Event{
				Type: e.Type, ID: e.Entry.ID, Key: e.Entry.Key, From: e.Entry.From.ID, Text: e.Entry.Text, Reason: e.Entry.Reason,
			})
		}
	}
	return all
}

// faulty is what a judge has found, as an error; nil for nothing.
func faulty(who string, faults []judge.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	var texts []string
	for _, f := range faults[:min(len(faults), 5)] {
		texts = append(texts, f.String())
	}
	if len(faults) > 5 {
		texts = append(texts, fmt.Sprintf("and %d more", len(faults)-5))
	}
	return fmt.Errorf("%s: %s", who, strings.Join(texts, "; "))
}
