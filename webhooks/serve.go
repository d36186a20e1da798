package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/caller-chat/caller/chat"
)

// claimed is one hook that this node tells what has happened in one room. It belongs to one
// goroutine.
type claimed struct {
	*Webhooks
	claim chat.HookClaim
	until time.Time // by when the claim is over, by this node's clock
	// room is the hook, of a room; target is where it is.
	room    *roomHook
	target  target
	failure failure
}

// serve tells a claimed hook what there is to tell.
func (w *Webhooks) serve(c chat.HookClaim, until time.Time) {
	s := &claimed{Webhooks: w, claim: c, until: until}
	host, told := "", 0
	defer func() {
		if host != "" {
			w.leave(host)
		}
		if w.work.Err() != nil { // another node goes on
			w.postpone(s.claim, 0, nil)
		}
	}()
	for w.work.Err() == nil {
		work, err := w.store.HookWork(w.work, s.claim, batch)
		if err != nil {
			w.log.DebugContext(w.work, "what a hook is to be told can't be read", "room", c.Room, "hook", string(c.Hook), "err", err)
			return
		}
		if work.Lapsed || work.Done {
			return
		}
		known, err := s.find(work)
		switch {
		case err != nil:
			w.log.ErrorContext(w.work, "a hook can't be read", "room", c.Room, "hook", string(c.Hook), "err", err)
			w.postpone(s.claim, lastRetry, nil)
			return
		case known && host == "":
			var ok bool
			if host, ok = w.enter(s.target.url); !ok {
				host = ""
				w.postpone(s.claim, crowded+rand.N(crowded), nil)
				return
			}
		}
		for _, h := range work.Next {
			if !s.tell(h, known) {
				return
			}
			told++
		}
		if told >= turn {
			w.postpone(s.claim, 0, nil)
			w.look(c.Partition)
			return
		}
	}
}

// isNodes reports whether a hook is one of nodes, and not of a room.
func (w *Webhooks) isNodes(id chat.HookID) bool { return len(id) > 3 && id[:3] == "nh-" }

// find is where a hook is; ok is false when there is no such hook (any more, or here).
func (s *claimed) find(work chat.HookWork) (ok bool, err error) {
	s.failure, s.claim.Config = failure{}, work.Config
	if work.Failure != nil {
		if err := json.Unmarshal(work.Failure, &s.failure); err != nil {
			return false, err
		}
	}
	if n, is := s.node[s.claim.Hook]; is {
		s.target = target{n.URL, n.Secrets, true}
		return true, nil
	}
	if work.Config == nil {
		return false, nil
	}
	s.room = &roomHook{}
	if err := json.Unmarshal(work.Config, s.room); err != nil {
		return false, err
	}
	s.target = target{s.room.URL, s.room.secrets(time.Now()), false}
	return true, nil
}

// tell tells the hook one thing. It reports whether to go on with the next.
func (s *claimed) tell(h chat.Happening, known bool) bool {
	if time.Until(s.until) < sendTime+time.Second { // somebody else may begin before this is done
		return false
	}
	switch {
	case known:
	case s.isNodes(s.claim.Hook):
		return s.elsewhere(h)
	default: // the room's hook was let go, with what it was not told
		return s.done(s.store.Told(s.work, &s.claim, h, lease))
	}
	if s.room != nil && !s.room.Off.IsZero() {
		return s.bury(h, s.room.Why, true)
	}
	if s.room == nil && s.isOff(s.claim.Hook) {
		return s.bury(h, gone, true)
	}
	result := s.sender.send(s.work, s.target, eventID(s.claim.Room, h), bodyOf(s.claim.Room, h), time.Now())
	if s.work.Err() != nil {
		return false // broken off, which says nothing of the receiver
	}
	if result.err == nil {
		s.failure = failure{}
		return s.done(s.store.Told(s.work, &s.claim, h, lease))
	}
	return s.failed(h, result)
}

// elsewhere does what there is to do for a node's hook that this node does not have: another one may
// have it, or be started with it. What none has told it in time is a dead letter, and the longer it
// waits the more seldom one looks.
func (s *claimed) elsewhere(h chat.Happening) bool {
	age := time.Since(h.Time)
	if age > max(s.options.GiveUp, usualGiveUp) {
		return s.bury(h, "no node has this webhook any more", true)
	}
	s.postpone(s.claim, pollEvery+rand.N(pollEvery)+min(max(age, 0)/10, lastLook), nil)
	return false
}

// done goes on when the claim is still good.
func (s *claimed) done(ok bool, err error) bool {
	if err != nil {
		s.log.DebugContext(s.work, "what a hook was told can't be noted", "room", s.claim.Room, "hook", string(s.claim.Hook), "err", err)
	}
	s.until = time.Now().Add(lease)
	return ok && err == nil
}

// gone is why a hook is off that has answered so.
const gone = "it answered with 410 Gone"

// failed does what there is to do when the hook could not be told: it is tried again, or not any
// more. It reports whether to go on with the next.
func (s *claimed) failed(h chat.Happening, result outcome) bool {
	now := time.Now()
	f := &s.failure
	if f.Count == 0 {
		f.Since = now.UTC().Truncate(time.Millisecond)
	}
	f.Count++
	f.At, f.Status, f.Error = now.UTC().Truncate(time.Millisecond), result.status, result.err.Error()
	if s.room != nil && result.status == 0 {
		f.Error = reasonOf(result.err)
	}
	switch {
	case result.status == http.StatusGone:
		return s.disable(gone) && s.bury(h, gone, true)
	case now.Sub(f.Since) > disableAfter:
		why := "it has failed since " + f.Since.Format(time.DateTime)
		return s.disable(why) && s.bury(h, why, true)
	case now.Sub(h.Time) > s.options.GiveUp:
		return s.bury(h, f.Error, false)
	}
	after := result.after
	if after == 0 {
		after = min(firstRetry<<min(f.Count-1, 20), lastRetry)
		after += rand.N(after/2 + 1)
	}
	f.Next = now.Add(after).UTC().Truncate(time.Millisecond)
	text, _ := json.Marshal(f) // can't fail: texts, numbers and times
	s.log.DebugContext(s.work, "a hook can't be told", "room", s.claim.Room, "hook", string(s.claim.Hook), "status", f.Status, "err", result.err, "again", after)
	s.postpone(s.claim, after, text)
	return false
}

// disable has the hook told no more. It reports whether that was so: one that its owner has changed
// meanwhile is told again at once, as it is now.
func (s *claimed) disable(why string) bool {
	var err error
	if s.room == nil {
		if err = s.store.SwitchNodeHook(s.work, s.claim.Hook, false); err == nil {
			var off map[chat.HookID]time.Time
			if off, err = s.store.NodeHooksOff(s.work); err == nil {
				s.switched(off)
			}
		}
	} else {
		s.room.Off, s.room.Why = time.Now().UTC().Truncate(time.Millisecond), why
		config := s.room.encode()
		_, err = s.store.KeepHook(s.work, s.claim.Room, s.claim.Hook, config, nil, MaxHooks, s.claim.Config)
		switch {
		case err == nil:
			s.claim.Config = config
		case isGone(err): // the room has been closed meanwhile
			err = nil
		case errors.Is(err, chat.ErrHookChanged):
			s.postpone(s.claim, 0, nil)
			return false
		}
	}
	if err != nil {
		s.log.DebugContext(s.work, "a hook can't be switched off", "err", err)
		return false
	}
	s.log.WarnContext(s.work, "a hook is told no more", "room", s.claim.Room, "hook", string(s.claim.Hook), "why", why)
	return true
}

// bury makes a dead letter. When the hook is off, its failures are over: they do not count when it is
// switched on again.
func (s *claimed) bury(h chat.Happening, why string, off bool) bool {
	s.options.Observer.Died()
	text, _ := json.Marshal(note{s.target.url, s.failure.Status, why, s.failure.Count}) // can't fail: texts and numbers
	return s.done(s.store.Bury(s.work, &s.claim, h, lease, text, off))
}

// postpone gives a claim up until later. Where that can't be noted the claim lapses by itself.
func (w *Webhooks) postpone(c chat.HookClaim, after time.Duration, failure []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.work), pollEvery)
	defer cancel()
	if err := w.store.Postpone(ctx, c, after, failure); err != nil {
		w.log.DebugContext(ctx, "a hook can't be postponed", "room", c.Room, "hook", string(c.Hook), "err", err)
	}
}

// sweep lets dead letters go that nobody has looked at.
func (w *Webhooks) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-w.work.Done():
			return
		case <-t.C:
		}
		mine, err := w.store.TakeTurn(w.work, "dead-letters", sweepEvery-time.Second)
		for p := range w.store.AllPartitions() {
			if err != nil || !mine {
				break
			}
			err = w.sweepPartition(p)
		}
		if err != nil && w.work.Err() == nil {
			w.log.DebugContext(w.work, "dead letters can't be looked through", "err", err)
		}
	}
}

func (w *Webhooks) sweepPartition(p int) error {
	all, err := w.store.DeadLetters(w.work, p, time.Time{}, 2*deadMost)
	if err != nil {
		return err
	}
	for i, d := range all {
		if i >= deadMost || time.Since(d.Died) > deadLife {
			if _, err := w.store.DropDeadLetter(w.work, d); err != nil {
				return err
			}
		}
	}
	return nil
}
