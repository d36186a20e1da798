package chat

import (
	"context"
	"time"
)

// This file is the room's part in reading what it may have missed.

// refresh has log and roster read again, because something may have been missed.
func (r *room) refresh() {
	r.sync.miss()
	r.read()
}

func (r *room) read() {
	if r.closing {
		return
	}
	read, ok := r.sync.begin()
	if !ok {
		return
	}
	told := r.leases.told
	r.back.async(func(ctx context.Context) {
		var rules *Rules
		var roster RosterSnapshot
		kept, err := r.back.log.Read(ctx, r.id)
		if err == nil { // not before: whoever is sent out between the two would be told what was said since
			rules, err = r.back.keeper.Rules(ctx, r.id)
		}
		if err == nil {
			roster, err = r.back.roster.Members(ctx, r.id)
		}
		r.inbox.do(func() { r.finishRead(read, told, rules, kept, roster, err) }) // the worker does not end before
	})
}

func (r *room) finishRead(read int, told int64, rules *Rules, kept Kept, roster RosterSnapshot, err error) {
	outcome, held := r.sync.finish(read, err, time.Now())
	switch {
	case r.closing:
	case outcome == outdated:
		r.read()
	case outcome == failed && r.sync.tries == 1:
		r.log().Warn("reading the room failed; trying again", "error", err)
	case outcome == synced:
		r.leases.answered()
		r.adoptRules(rules)
		r.adoptLog(kept)
		r.adoptRoster(roster, told)
		for _, n := range r.tail.dropPast(held) {
			r.handle(n)
		}
	}
}

// adoptLog takes the log over as read and tells those who are here what they have missed.
func (r *room) adoptLog(kept Kept) {
	fresh, reason := r.tail.adopt(kept, time.Now())
	// No more: what has been read may be on its way here yet.
	r.fed = min(r.fed, r.tail.last().Seq)
	if len(r.subs.attached) == 0 {
		return
	}
	r.flush()
	r.recountAfter(fresh, reason)
	if reason != "" {
		r.back.options.Observer.Rooms.Reset(r.id, reason, len(r.subs.attached))
		r.log().Info("the log is not the one that was delivered",
			"reason", string(reason), "cursor", r.tail.last().String())
		r.tellReset(reason, fresh)
		return
	}
	if len(fresh) > 0 { // however much was missed, it is no reason to call a reader slow
		r.subs.deliver(&Batch{Events: fresh, Replay: true})
	}
}

// tellReset has all who are here begin anew with what they are shown.
func (r *room) tellReset(reason ResetReason, past []*Event) {
	begin := &Event{Room: r.id, Body: Reset{Reason: reason}}
	live := &Event{Room: r.id, Body: Live{Cursor: r.tail.last()}}
	batch := func(past []*Event) *Batch {
		return &Batch{Events: append(append([]*Event{begin}, past...), live), Replay: true}
	}
	if r.rules.known.History == HistoryAll {
		r.subs.deliver(batch(past))
		return
	}
	for _, s := range r.subs.attached {
		s.sink.Deliver(batch(r.shownPast(s, past)))
	}
}

// adoptRoster takes the roster over as read. Told is what the leases had been told before.
func (r *room) adoptRoster(roster RosterSnapshot, told int64) {
	now := time.Now()
	news := r.roster.replace(roster, r.leases.share, now)
	r.leases.lookAfter(roster.NextLapse, now)
	r.leases.reclaim(told, r.roster.member)
	r.takeNews(news)
}
