package chat

import (
	"context"
	"errors"
	"time"
)

// Observer is told what happens in a node, so that somebody can count it: no part of the node
// counts for itself. Each may be nil, for nobody. Their methods are called at the same
// time by many, some of them by a room's worker in the middle of a delivery: they must not block.
type Observer struct {
	Rooms       RoomObserver
	Subscribers SubscriberObserver
	Members     MemberObserver
	Store       StoreObserver
	// Deliveries is told of each batch and what is in it. Unlike the others it costs something.
	Deliveries DeliveryObserver
	// Posts is told when one begins, and when it has ended. It costs something too.
	Posts PostObserver
}

// PostObserver is told of posts.
type PostObserver interface {
	// Posting says that a post begins: the context is that in which it goes on. What it returns is
	// called when the post has ended.
	Posting(ctx context.Context, who Principal, room RoomID, d Draft) (context.Context, func(e Entry, repeated bool, err error))
}

// DeliveryObserver is told what is delivered.
type DeliveryObserver interface {
	// Handed says that a batch of a room was handed to so many readers, between began and ended. The
	// events are not to be kept or changed.
	Handed(room RoomID, events []*Event, readers int, began, ended time.Time)
}

// RoomObserver is told what happens in rooms.
type RoomObserver interface {
	// Posted says that an entry has been stored, or that a repeated key was answered with the first
	// one.
	Posted(room RoomID, kind Kind, repeated bool)
	// Delivered says that a batch of so many events was handed to so many readers.
	Delivered(room RoomID, events, readers int)
	// Refused says what the policy has refused, and why.
	Refused(room RoomID, what Action, why error)
	// Reset says that so many readers were told that their cursor can't be served.
	Reset(room RoomID, why ResetReason, readers int)
}

// SubscriberObserver is told who reads rooms.
type SubscriberObserver interface {
	// Came says that a subscriber has got its replay. Resumed says that it had been there before
	// and has missed nothing.
	Came(room RoomID, transport string, resumed bool)
	// Went says that one has gone; why is nil when it has gone by itself.
	Went(room RoomID, transport string, why error)
}

// MemberObserver is told who is present by this node.
type MemberObserver interface {
	// Present says that the node holds so many more members whose last stream came by a transport; by
	// is negative for fewer.
	Present(transport string, by int)
	// Changed says that a member comes by another transport than it did last in a room: the stream by
	// that is still open, or has ended within the reconnect grace.
	Changed(from, to string)
}

// StoreObserver is told what becomes of what the store is asked.
type StoreObserver interface {
	// Called says that a call has ended: "append", "read", "hold", "release", "members",
	// "signal", "marks" or "rules".
	Called(call string, took time.Duration, err error)
	// Followed says that the feed tells what happens in a room from now on, or no longer does.
	Followed(room RoomID, on bool)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Posted(RoomID, Kind, bool)           {}
func (ignored) Delivered(RoomID, int, int)          {}
func (ignored) Refused(RoomID, Action, error)       {}
func (ignored) Reset(RoomID, ResetReason, int)      {}
func (ignored) Came(RoomID, string, bool)           {}
func (ignored) Went(RoomID, string, error)          {}
func (ignored) Present(string, int)                 {}
func (ignored) Changed(string, string)              {}
func (ignored) Called(string, time.Duration, error) {}
func (ignored) Followed(RoomID, bool)               {}

func (o Observer) withDefaults() Observer {
	if o.Rooms == nil {
		o.Rooms = ignored{}
	}
	if o.Subscribers == nil {
		o.Subscribers = ignored{}
	}
	if o.Members == nil {
		o.Members = ignored{}
	}
	if o.Store == nil {
		o.Store = ignored{}
	}
	return o
}

// observedStore is a node's store, whose calls are told.
type observedStore struct {
	Log
	Feed
	Roster
	Marks
	RuleKeeper
	to StoreObserver
}

// called tells of a call that began then. It is deferred, with where its error will be. One that
// its caller has given up says nothing of the store.
func (s *observedStore) called(call string, began time.Time, err *error) {
	if errors.Is(*err, context.Canceled) {
		return
	}
	s.to.Called(call, time.Since(began), *err)
}

// Append implements [Log].
func (s *observedStore) Append(ctx context.Context, room RoomID, d Draft) (e Entry, repeated bool, err error) {
	defer s.called("append", time.Now(), &err)
	return s.Log.Append(ctx, room, d)
}

// SlowModeWait implements [SlowModes]: there is nothing to wait for where the log can't tell.
func (s *observedStore) SlowModeWait(ctx context.Context, room RoomID, d Draft) (wait time.Duration, err error) {
	log, tells := s.Log.(SlowModes)
	if !tells {
		return 0, nil
	}
	defer s.called("rules", time.Now(), &err)
	return log.SlowModeWait(ctx, room, d)
}

// Read implements [Log].
func (s *observedStore) Read(ctx context.Context, room RoomID) (kept Kept, err error) {
	defer s.called("read", time.Now(), &err)
	return s.Log.Read(ctx, room)
}

// Signal implements [Feed].
func (s *observedStore) Signal(ctx context.Context, room RoomID, n Notice) (err error) {
	defer s.called("signal", time.Now(), &err)
	return s.Feed.Signal(ctx, room, n)
}

// Hold implements [Roster].
func (s *observedStore) Hold(
	ctx context.Context, room RoomID, members []Member, by Admission,
) (state RosterState, err error) {
	defer s.called("hold", time.Now(), &err)
	return s.Roster.Hold(ctx, room, members, by)
}

// Release implements [Roster].
func (s *observedStore) Release(
	ctx context.Context, room RoomID, members []MemberID, after time.Duration,
) (state RosterState, err error) {
	defer s.called("release", time.Now(), &err)
	return s.Roster.Release(ctx, room, members, after)
}

// Members implements [Roster].
func (s *observedStore) Members(ctx context.Context, room RoomID) (snapshot RosterSnapshot, err error) {
	defer s.called("members", time.Now(), &err)
	return s.Roster.Members(ctx, room)
}

// StartMarks implements [Marks].
func (s *observedStore) StartMarks(
	ctx context.Context, room RoomID, at map[MemberID]Cursor,
) (marks map[MemberID]Cursor, err error) {
	defer s.called("marks", time.Now(), &err)
	return s.Marks.StartMarks(ctx, room, at)
}

// MoveMark implements [Marks].
func (s *observedStore) MoveMark(ctx context.Context, room RoomID, session MemberID, to, void Cursor) (at Cursor, err error) {
	defer s.called("marks", time.Now(), &err)
	return s.Marks.MoveMark(ctx, room, session, to, void)
}

// MarksOf implements [Marks].
func (s *observedStore) MarksOf(ctx context.Context, session MemberID) (marks []Mark, err error) {
	defer s.called("marks", time.Now(), &err)
	return s.Marks.MarksOf(ctx, session)
}

// ForgetMark implements [Marks].
func (s *observedStore) ForgetMark(ctx context.Context, room RoomID, session MemberID) (err error) {
	defer s.called("marks", time.Now(), &err)
	return s.Marks.ForgetMark(ctx, room, session)
}

// Since implements [Marks].
func (s *observedStore) Since(ctx context.Context, room RoomID, c Cursor) (kept Kept, err error) {
	defer s.called("marks", time.Now(), &err)
	return s.Marks.Since(ctx, room, c)
}

// Rules implements [RuleKeeper].
func (s *observedStore) Rules(ctx context.Context, room RoomID) (rules *Rules, err error) {
	defer s.called("rules", time.Now(), &err)
	return s.RuleKeeper.Rules(ctx, room)
}

// ChangeRules implements [RuleKeeper].
func (s *observedStore) ChangeRules(
	ctx context.Context, room RoomID, c RulesChange,
) (e Entry, version RulesVersion, err error) {
	defer s.called("rules", time.Now(), &err)
	return s.RuleKeeper.ChangeRules(ctx, room, c)
}

// Grant implements [RuleKeeper].
func (s *observedStore) Grant(ctx context.Context, room RoomID, session MemberID) (err error) {
	defer s.called("rules", time.Now(), &err)
	return s.RuleKeeper.Grant(ctx, room, session)
}

// Granted implements [RuleKeeper].
func (s *observedStore) Granted(ctx context.Context, room RoomID, session MemberID) (granted bool, err error) {
	defer s.called("rules", time.Now(), &err)
	return s.RuleKeeper.Granted(ctx, room, session)
}

// Arrivals implements [RuleKeeper].
func (s *observedStore) Arrivals(
	ctx context.Context, room RoomID, sessions []MemberID,
) (known map[MemberID]Arrival, err error) {
	defer s.called("rules", time.Now(), &err)
	return s.RuleKeeper.Arrivals(ctx, room, sessions)
}
