package client

import (
	"context"
	"iter"
)

// Events reads all that the room's stream tells: its entries in order and each once, who comes and
// goes, and which transport carries it. It goes on until ctx ends, the loop is left, or the server
// refuses: then the last pair has the error, which is ctx's or a [*Problem] (banned, room_closed,
// session_over, password_required and so on). Everything else it gets over by itself.
//
// A loop that takes long over an event keeps the server waiting, and is cut off in the end; it
// resumes from there. No more than a megabyte waits for it.
func (r *Room) Events(ctx context.Context, from From) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := r.stream(ctx, from)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.run()
		}()
		defer func() {
			cancel()
			<-done
		}()
		for event := range s.out {
			if !yield(event, nil) {
				return
			}
		}
		yield(Event{}, s.err)
	}
}

// Entries reads the room's log: the kept entries that from asks for, and then each one as it comes.
// Every entry comes once and in order, over whatever connections that takes. A [Reset] among them
// says that some are no longer kept. Its end is as that of [Room.Events].
func (r *Room) Entries(ctx context.Context, from From) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for event, err := range r.Events(ctx, from) {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if event.Entry != nil && !yield(*event.Entry, nil) {
				return
			}
		}
	}
}
