package auth

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/caller-chat/caller/chat"
)

// Revocations remembers, for all nodes, the sessions that were ended before their tokens expired;
// package redisstore has it. Errors wrap [chat.ErrUnavailable].
type Revocations interface {
	// Revoke remembers a session's end for that long. It is [chat.ErrFull] when there are most
	// others already; 0 bounds nothing.
	Revoke(ctx context.Context, id chat.MemberID, keep time.Duration, most int) error
	// Revoked are the sessions that ended since, and what to ask with the next time; with "" all
	// that are remembered. It may name some that it has named before.
	Revoked(ctx context.Context, since string) (ids []chat.MemberID, next string, err error)
}

// PollInterval is how often a node asks which sessions were ended by others.
const PollInterval = 500 * time.Millisecond

// revocations has what a node knows of the ended sessions.
type revocations struct {
	store Revocations
	now   func() time.Time
	// end ends streams, as [Options].End.
	end func(ids []chat.MemberID, why error, until time.Time)

	flight singleflight.Group

	mu     sync.Mutex // protects following
	until  map[chat.MemberID]time.Time
	next   string
	loaded bool      // until has all that was remembered when this node began
	pruned time.Time // when what is over was last taken out of until
}

// has reports whether a session was ended. The first one to ask waits for the store:
// [chat.ErrUnavailable].
func (v *revocations) has(ctx context.Context, id chat.MemberID) (bool, error) {
	v.mu.Lock()
	loaded := v.loaded
	_, ended := v.until[id]
	v.mu.Unlock()
	if loaded {
		return ended, nil
	}
	if err := v.poll(ctx); err != nil {
		return false, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ended = v.until[id]
	return ended, nil
}

// MaxEnded is how many ended sessions are remembered: each is, in the store and on each node, for as
// long as a token of it could be good. It is some 50 MB.
const MaxEnded = 200_000

// revoke ends a session everywhere: [chat.ErrFull] when most others are remembered, 0 for any number.
func (v *revocations) revoke(ctx context.Context, id chat.MemberID, most int) error {
	if err := v.store.Revoke(ctx, id, SessionLife, most); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	v.learn([]chat.MemberID{id})
	return nil
}

// poll asks for what is new, once for all who want it at the same time: the first one's going away
// ends nobody else's wait.
func (v *revocations) poll(ctx context.Context) error {
	_, err, _ := v.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		return nil, v.ask(ctx)
	})
	return err
}

// hasNow is has, and knows of every session that was ended before it was called.
func (v *revocations) hasNow(ctx context.Context, id chat.MemberID) (bool, error) {
	if err := v.ask(ctx); err != nil {
		return false, err
	}
	return v.has(ctx, id)
}

// ask asks the store for what is new.
func (v *revocations) ask(ctx context.Context) error {
	v.mu.Lock()
	since := v.next
	v.mu.Unlock()
	ids, next, err := v.store.Revoked(ctx, since)
	if err != nil {
		return fmt.Errorf("ended sessions: %w", err)
	}
	v.learn(ids)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.next, v.loaded = next, true
	return nil
}

// learn takes ended sessions in, and tells of those that are new.
func (v *revocations) learn(ids []chat.MemberID) {
	v.mu.Lock()
	now := v.now()
	var news []chat.MemberID
	for _, id := range ids {
		if _, known := v.until[id]; !known {
			v.until[id] = now.Add(SessionLife) // no token that was made before is good for longer
			news = append(news, id)
		}
	}
	if now.Sub(v.pruned) >= time.Hour {
		for id, until := range v.until {
			if !now.Before(until) {
				delete(v.until, id)
			}
		}
		v.pruned = now
	}
	v.mu.Unlock()
	v.tell(news)
}

// tell ends the streams of sessions that this node has just learned the end of.
func (v *revocations) tell(news []chat.MemberID) {
	if len(news) > 0 {
		v.end(news, signedOut(), time.Now().Add(SessionLife))
	}
}
