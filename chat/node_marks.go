package chat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Mark says that a session has read a room up to a cursor, and tells all of the session's streams
// there, on every node. A mark moves forward only: an earlier cursor, or one that has no place in
// the log, leaves it where it is. The result is where it is now.
//
// Errors: those of [Policy], [ErrNotAllowed] for guests, [ErrUnavailable].
func (n *Node) Mark(ctx context.Context, who Principal, room RoomID, to Cursor) (ReadMark, error) {
	if err := n.authorizeMark(ctx, who, room); err != nil {
		return ReadMark{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	mark, err := n.mark(ctx, who.ID, room, to)
	if err != nil {
		return ReadMark{}, fmt.Errorf("mark what was read in %s: %w", room, n.unavailable(err))
	}
	return mark, nil
}

func (n *Node) mark(ctx context.Context, session MemberID, room RoomID, to Cursor) (ReadMark, error) {
	log, err := n.view(ctx, room, to)
	if err != nil {
		return ReadMark{}, err
	}
	if !log.has(to) {
		return n.startMark(ctx, session, room, log)
	}
	at, err := n.marks.MoveMark(ctx, room, session, to, Cursor{})
	if err == nil && at != to && log.isVoid(at) {
		at, err = n.marks.MoveMark(ctx, room, session, to, at) // it was made in a log that has gone
	}
	if err == nil && at == to { // else somebody has told of a later one
		err = n.feed.Signal(ctx, room, Marked{Session: session, At: at})
	}
	if err != nil {
		return ReadMark{}, err
	}
	return log.readMark(at, session), nil
}

// startMark is where a session's mark is. One that has none begins at the log's end.
func (n *Node) startMark(ctx context.Context, session MemberID, room RoomID, log *tail) (ReadMark, error) {
	at, err := n.marks.StartMarks(ctx, room, map[MemberID]Cursor{session: log.last()})
	if err != nil {
		return ReadMark{}, err
	}
	return log.readMark(at[session], session), nil
}

// ReadMark is how far a session has read in a room. It begins at the room's end when there is none
// yet. Errors: as those of [Node.Mark].
func (n *Node) ReadMark(ctx context.Context, who Principal, room RoomID) (ReadMark, error) {
	if err := n.authorizeMark(ctx, who, room); err != nil {
		return ReadMark{}, err
	}
	if r := n.existing(room); r != nil {
		known := make(chan *ReadMark, 1)
		if r.inbox.do(func() { known <- r.readMark(who.ID) }) {
			if mark := <-known; mark != nil {
				return *mark, nil
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	log, err := n.view(ctx, room, Cursor{})
	var mark ReadMark
	if err == nil {
		mark, err = n.startMark(ctx, who.ID, room, log)
	}
	if err != nil {
		return ReadMark{}, fmt.Errorf("what was read in %s: %w", room, n.unavailable(err))
	}
	return mark, nil
}

// readMark is a session's, if the room knows it; else nil.
func (r *room) readMark(session MemberID) *ReadMark {
	here := r.marks.of[session]
	if r.sync.stale || r.tail.expired(time.Now()) || here == nil || !here.known {
		return nil
	}
	mark := r.tail.readMark(here.at, session)
	return &mark
}

// authorizeMark asks the policy whether somebody may mark what was read, which only sessions do.
func (n *Node) authorizeMark(ctx context.Context, who Principal, room RoomID) error {
	if who.Guest || who.ID == "" {
		return ErrGuest
	}
	return n.Authorize(ctx, who, room, ActionRead)
}

// view is a room's log as it is now, as far as it takes to count what comes after a cursor: this
// node's own where that has a place for the cursor, else what the store says.
func (n *Node) view(ctx context.Context, room RoomID, c Cursor) (*tail, error) {
	if r := n.existing(room); r != nil {
		own := make(chan *tail, 1)
		if r.inbox.do(func() { own <- r.view(c) }) {
			if log := <-own; log != nil {
				return log, nil
			}
		}
	}
	kept, err := n.marks.Since(ctx, room, c)
	if err != nil {
		return nil, err
	}
	log := newTail(room, n.options)
	log.adopt(kept, time.Now())
	return &log, nil
}

// RoomMark is one of a session's rooms.
type RoomMark struct {
	Mark
	ReadMark
	// Last is the room's last message; nil when none is kept.
	Last *Entry
}

// Rooms are those in which a session has a mark, [MaxMarks] at most: the one that was marked last
// comes first. Rooms whose history the policy keeps from it are left out.
//
// Errors: [ErrNotAllowed] for guests, those of [Policy], [ErrUnavailable].
func (n *Node) Rooms(ctx context.Context, who Principal) ([]RoomMark, error) {
	if who.Guest || who.ID == "" {
		return nil, ErrGuest
	}
	if err := n.askRooms(ctx, who, 1); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	marks, err := n.marks.MarksOf(ctx, who.ID)
	if more := len(marks) / roomsARead; err == nil && more > 0 {
		err = n.askRooms(ctx, who, more)
	}
	var rooms []RoomMark
	if err == nil {
		rooms, err = n.roomsOf(ctx, who, marks)
	}
	if err != nil {
		return nil, fmt.Errorf("rooms of a session: %w", n.unavailable(err))
	}
	return rooms, nil
}

// roomsARead is how many of a session's rooms are counted as one read more: each takes several calls to
// the store.
const roomsARead = 20

// askRooms asks the policy whether somebody may ask for its rooms.
func (n *Node) askRooms(ctx context.Context, who Principal, times int) error {
	return n.told("", ActionRooms, decideTimes(ctx, n.options.Policy, who, "", ActionRooms, times))
}

// roomsAtOnce is how many rooms the store is asked about at the same time.
const roomsAtOnce = 16

func (n *Node) roomsOf(ctx context.Context, who Principal, marks []Mark) ([]RoomMark, error) {
	found := make([]*RoomMark, len(marks))
	failed := make([]error, len(marks))
	var running sync.WaitGroup
	turns := make(chan struct{}, roomsAtOnce)
	for i, mark := range marks {
		turns <- struct{}{}
		running.Go(func() {
			found[i], failed[i] = n.roomOf(ctx, who, mark)
			<-turns
		})
	}
	running.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	rooms := make([]RoomMark, 0, len(found))
	for _, of := range found {
		if of != nil {
			rooms = append(rooms, *of)
		}
	}
	return rooms, nil
}

// roomOf is one of a session's rooms; nil where the policy keeps it from the session.
func (n *Node) roomOf(ctx context.Context, who Principal, mark Mark) (*RoomMark, error) {
	var limit *LimitError
	may, err := n.authorize(ctx, who.Uncounted(), mark.Room, ActionHistory)
	switch {
	case errors.Is(err, ErrNotAllowed), errors.Is(err, ErrNotSignedIn), errors.As(err, &limit):
		return nil, nil
	case err != nil:
		return nil, err
	}
	log, err := n.view(ctx, mark.Room, mark.At)
	if err != nil {
		return nil, err
	}
	of := &RoomMark{Mark: mark, ReadMark: log.readMark(mark.At, who.ID)}
	if last, ok := log.lastMessage(); ok && may.rules.seesAll(who) {
		of.Last = &last
	}
	return of, nil
}

// Forget takes a room out of a session's rooms; one that is not among them is no error. It is there
// again when the session next comes into the room. Errors: as those of [Node.Rooms].
func (n *Node) Forget(ctx context.Context, who Principal, room RoomID) error {
	if who.Guest || who.ID == "" {
		return ErrGuest
	}
	if err := n.askRooms(ctx, who, 1); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	err := n.marks.ForgetMark(ctx, room, who.ID)
	if err == nil {
		err = n.feed.Signal(ctx, room, Marked{Session: who.ID, Gone: true})
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", room, n.unavailable(err))
	}
	return nil
}
