package attachments

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

const (
	// attachedLife is how long a file stays shown that is about to be in a message.
	attachedLife = 30 * time.Second
	// postedLately is for how long it is looked up in the log whether a message names a file that was
	// posted, whatever was seen there before: it may have been deleted before the record said "posted".
	postedLately = 2 * time.Minute
	// goneLife is how long it is known that a file was there.
	goneLife = 24 * time.Hour
	// look is how often a room with files in its messages is looked at, and sweepEvery how often a
	// node asks for such rooms: what is kept no more is taken away within a minute.
	look       = 30 * time.Second
	sweepEvery = 8 * time.Second
	// claimTime is for how long a node has a room to itself. A node that dies meanwhile leaves it to
	// the others after that.
	claimTime = 30 * time.Second
	// listEvery is how often the bucket is listed for what has no record, by one node of all, and
	// listTurn for how long that is this node's turn.
	listEvery = time.Hour
	listTurn  = 50 * time.Minute
	// maxMarks is how many rooms a sweeper remembers the log of.
	maxMarks = 10_000
)

// sweeper takes away what nobody has a use for any more.
type sweeper struct {
	store *Store
	wake  chan struct{}

	mu    sync.Mutex // protects following
	marks map[chat.RoomID]string
}

func newSweeper(s *Store) sweeper {
	return sweeper{store: s, wake: make(chan struct{}, 1), marks: map[chat.RoomID]string{}}
}

// hurry has the sweeper look for due rooms now.
func (w *sweeper) hurry() {
	select {
	case w.wake <- struct{}{}:
	default: // it has been told
	}
}

// Start begins to sweep.
func (s *Store) Start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.sweeper.run(ctx) })
	s.running.Go(func() { s.sweeper.list(ctx) })
}

// Close stops the sweep and closes the bucket.
func (s *Store) Close() error {
	s.stop()
	s.running.Wait()
	return s.bucket.Close()
}

func (w *sweeper) run(ctx context.Context) {
	timer := time.NewTicker(sweepEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.wake:
		}
		if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
			w.store.log.Debug("sweeping files failed", "err", err)
		}
	}
}

// Sweep looks at all rooms that are due now, as [Store.Start] has it done by itself.
func (s *Store) Sweep(ctx context.Context) error { return s.sweeper.sweep(ctx) }

// sweep looks at all rooms that are due.
func (w *sweeper) sweep(ctx context.Context) error {
	for {
		rooms, err := w.store.records.DueRooms(ctx, claimTime)
		if err != nil || len(rooms) == 0 {
			return err
		}
		for _, room := range rooms {
			in, err := w.lookAt(ctx, room.ID, room.Now)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				w.store.log.Debug("sweeping the files of a room failed", "err", err)
				in = w.store.options.Look
			}
			if err := w.store.records.LookAgain(ctx, room, in); err != nil {
				return err
			}
		}
	}
}

// lookAt sweeps one room, and says in what time it is to be looked at again.
//
// The records are read before the log: a record says "posted" after its message was appended, so the
// log that is read then has the message, or has it no more. What is changed meanwhile, another node's
// or a message's, is another revision, and left alone.
func (w *sweeper) lookAt(ctx context.Context, room chat.RoomID, now time.Time) (in time.Duration, err error) {
	s := w.store
	records, err := s.records.RoomFiles(ctx, room)
	if err != nil {
		return 0, err
	}
	whole, open := 0, 0 // open are those of which one has to see in the log what becomes of them
	for _, r := range records {
		if r.State != chat.FileUploading && r.State != chat.FileGone {
			whole++
		}
		if r.State == chat.FileAttached || r.State == chat.FileReady && now.Sub(r.Touched) >= s.options.Idle ||
			r.State == chat.FilePosted && now.Sub(r.Touched) < postedLately {
			open++
		}
	}
	var named map[string]bool // nil where the log is as it was, and so what was posted is so still
	mark := ""
	if whole > 0 {
		if mark, err = s.records.LogMark(ctx, room); err != nil {
			return 0, err
		}
		if open > 0 || w.mark(room) != mark {
			if named, err = s.named(ctx, room); err != nil {
				return 0, err
			}
		}
	}
	in, left := goneLife, false
	for _, r := range records {
		again, rerr := s.sweepOne(ctx, r, now, named)
		if rerr != nil {
			again, left = s.options.Look, true
		}
		if rerr != nil && !errors.Is(rerr, chat.ErrFileChanged) {
			err = errors.Join(err, rerr)
		}
		in = min(in, again)
	}
	if !left && named != nil {
		w.remember(room, mark)
	}
	return max(in, min(time.Second, s.options.Look)), err
}

// sweepOne does with a file what its time has come for, and says when to look at it again.
func (s *Store) sweepOne(ctx context.Context, r Record, now time.Time, named map[string]bool) (time.Duration, error) {
	idle := now.Sub(r.Touched)
	switch r.State {
	case chat.FileGone:
		switch {
		case !isEmpty(r):
			return goneLife, s.empty(ctx, r)
		case idle >= goneLife:
			return goneLife, s.records.DropFile(ctx, r)
		}
		return goneLife - idle, nil
	case chat.FilePosted:
		if named == nil || named[r.ID] {
			return s.options.Look, nil
		}
		return goneLife, s.remove(ctx, r)
	case chat.FileAttached, chat.FileReady:
		switch {
		case named[r.ID]:
			r.State = chat.FilePosted
		case r.State == chat.FileAttached && idle >= attachedLife:
			r.State = chat.FileReady
		case r.State == chat.FileReady && idle >= s.options.Idle:
			return goneLife, s.remove(ctx, r)
		case r.State == chat.FileReady:
			return s.options.Idle - idle, nil
		default:
			return s.options.Look, nil
		}
		_, err := s.put(ctx, r, s.options.Look)
		return s.options.Look, err
	}
	if idle >= s.options.Idle {
		return goneLife, s.remove(ctx, r)
	}
	return s.options.Idle - idle, nil
}

func (w *sweeper) mark(room chat.RoomID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.marks[room]
}

func (w *sweeper) remember(room chat.RoomID, mark string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.marks) >= maxMarks {
		maps.DeleteFunc(w.marks, func(chat.RoomID, string) bool { return len(w.marks) > maxMarks/2 })
	}
	w.marks[room] = mark
}
