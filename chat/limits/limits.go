// Package limits bounds how often somebody may do something. [Limits] counts with the buckets of a
// store, so that what is allowed is allowed once, however many nodes there are. It knows the rooms'
// principals and actions, and nothing of how they come.
//
// People are counted by their session, and again with all who come from their network address;
// guests have the address alone. What each limit is called, allows and is for stands in [All].
//
// # Ahead
//
// A call to the store for each message would cost as much as the message. So a node takes some
// tokens more than it needs, and hands them out by itself. The bucket keeps no room for them
// meanwhile: what all nodes hand out together is never more than it allows. What is refused is
// refused without the store until its time has come.
package limits

import (
	"context"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Limits counts what people do. Its methods may be called at the same time. Make it with [New].
type Limits struct {
	set     Set
	holds   *holds
	looking chan struct{} // who is having a guess looked at
	full    func() float64
}

// lookingAtOnce is how many guesses of a node are looked at at the same time. Each has a token
// until it is known to be right, so many right ones at once may not use up all tokens of an
// address. Looking takes a processor for some ten milliseconds.
const lookingAtOnce = 4

// New makes limits that count with a store's buckets. A store that does not answer refuses nobody:
// what is asked for needs it too, and fails by itself.
func New(store chat.Buckets, set Set) *Limits {
	return &Limits{
		set: set, holds: newHolds(store, time.Now), looking: make(chan struct{}, lookingAtOnce),
		full: func() float64 { return 0 },
	}
}

// How full a node is when it takes in nobody new, and when nothing more is said either. Between
// them, those who are there go on.
const (
	fullForNew = 1.0
	fullForAll = 1.2
)

// Watch has limits refuse with [chat.ErrFull] what takes more memory while there is none: from 1 on
// whoever is new, and well above it all that is kept. It is called before anything is decided.
func (l *Limits) Watch(full func() float64) { l.full = full }

// IsFull reports whether the node takes in nobody new.
func (l *Limits) IsFull() bool { return l.full() >= fullForNew }

// keeps reports whether something of an action is kept that counts with what only reads: a mark, or
// that somebody was let in.
func keeps(what chat.Action) bool { return what == chat.ActionRead || what == chat.ActionEnter }

// fullFor is the error for what there is no room for.
func (l *Limits) fullFor(name Name) error {
	if name == "" {
		return nil
	}
	full := l.full()
	switch name {
	case Joins, Sessions, Rooms, Links, Pushes:
		if full >= fullForNew {
			return chat.ErrFull
		}
	case Reads, Searches, Signals, Passwords, Downloads:
	default:
		if full >= fullForAll {
			return chat.ErrFull
		}
	}
	return nil
}

// Policy bounds what people do in rooms, around the policy that decides what is allowed. Too much
// is a [*chat.LimitError]; what next refuses counts too.
func (l *Limits) Policy(next chat.Policy) chat.Counter { return &policy{limits: l, next: next} }

type policy struct {
	limits *Limits
	next   chat.Policy
}

// Decide implements [chat.Policy].
func (p *policy) Decide(ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action) error {
	return p.DecideTimes(ctx, who, room, what, 1)
}

// DecideTimes implements [chat.Counter].
func (p *policy) DecideTimes(
	ctx context.Context, who chat.Principal, room chat.RoomID, what chat.Action, times int,
) error {
	if times > 0 {
		if name := nameOf(what, who); name != "" {
			if keeps(what) && p.limits.IsFull() && who.Role != chat.RoleOperator {
				return chat.ErrFull
			}
			if err := p.limits.take(ctx, name, who, room, times); err != nil {
				return err
			}
		}
	}
	return p.next.Decide(ctx, who, room, what.Decided())
}

// nameOf is the limit of an action; empty for what is not bounded.
func nameOf(what chat.Action, who chat.Principal) Name {
	switch what {
	case chat.ActionPost, chat.ActionEdit, chat.ActionDelete, chat.ActionReact:
		if who.Via == chat.ViaToken {
			return Programs
		}
		return Messages
	case chat.ActionSubscribe, chat.ActionCall:
		return Joins
	case chat.ActionPoll, chat.ActionHistory, chat.ActionMembers, chat.ActionRead, chat.ActionSettings,
		chat.ActionEnter, chat.ActionRooms:
		return Reads
	case chat.ActionSearch:
		return Searches
	case chat.ActionTyping, chat.ActionLeave:
		return Signals
	case chat.ActionCreate, chat.ActionOwn:
		return Rooms
	case chat.ActionSignIn:
		return Sessions
	case chat.ActionSignOut:
		return SignOuts
	case chat.ActionLink:
		return Links
	case chat.ActionClaim:
		return Claims
	case chat.ActionPush:
		return Pushes
	case chat.ActionPushed:
		return Pushed
	case chat.ActionPushing:
		return Pushing
	case chat.ActionUpload:
		return Uploads
	case chat.ActionDownload:
		return Downloads
	case chat.ActionPreview:
		return Previews
	case chat.ActionHash:
		return Hashes
	case chat.ActionReport:
		return Reports
	case chat.ActionChange, chat.ActionModerate, chat.ActionInvite, chat.ActionClear, chat.ActionClose,
		chat.ActionTokens:
		return Moderation
	}
	return ""
}

// Take counts something that somebody does so many times, by who it is and by where it comes from.
// Too much is a [*chat.LimitError]; there are no others.
func (l *Limits) Take(ctx context.Context, what Name, who chat.Principal, times int) error {
	return l.take(ctx, what, who, "", times)
}

func (l *Limits) take(ctx context.Context, what Name, who chat.Principal, room chat.RoomID, times int) error {
	if who.Role == chat.RoleOperator {
		return nil
	}
	if err := l.fullFor(what); err != nil {
		return err
	}
	by := l.by(what, who, room)
	for _, b := range by { // known already: nothing is to be taken for what will be refused
		if err := l.holds.refused(b, times); err != nil {
			return err
		}
	}
	for _, b := range by {
		if err := l.holds.take(ctx, b, times); err != nil {
			return err
		}
	}
	return nil
}

// counted is a bucket of somebody's.
type counted struct {
	limit string // its name, as the flag has it
	whose string
	chat.Bucket
}

// moderatorsTimes is how many times what others may moderators may do in their room: they answer
// many, and have to clear up after one who floods. Those of one address share as many times what
// others have, and are not refused for what those do.
const moderatorsTimes = 5

// by are the buckets that somebody's doing something is taken from, the smaller one first: who
// floods is not to use up what others of the same address have.
func (l *Limits) by(what Name, who chat.Principal, room chat.RoomID) []counted {
	var by []counted
	add := func(scope scope, whose string, times int) {
		b := l.set.of(what, scope)
		if b.IsOff() || whose == "" {
			return
		}
		b.Burst, b.PerSecond = b.Burst*times, b.PerSecond*float64(times)
		by = append(by, counted{limit: what.scoped(scope), whose: whose, Bucket: b})
	}
	switch {
	case who.Guest:
		add(guests, who.LimitKey, 1)
		add(address, who.LimitKey, 1)
	case room != "" && who.Role.AtLeast(chat.RoleModerator) && who.LimitKey != "":
		add(person, who.LimitKey+" moderator "+string(room), moderatorsTimes)
		if who.NetworkKey != "" { // else whoever makes many rooms has as much in each
			add(address, who.NetworkKey+" moderators", moderatorsTimes)
		}
	default:
		add(person, who.LimitKey, 1)
		add(address, who.NetworkKey, 1)
	}
	add(inRoom, string(room), 1)
	return by
}

// Guess implements [chat.Guesses]: guesses are counted by address, and by room. Whoever uses up
// what a room has keeps nobody out who has not guessed wrong there: each such network has a guess
// of its own.
func (l *Limits) Guess(
	ctx context.Context, who chat.Principal, room chat.RoomID, look func() (right bool, err error),
) (right bool, err error) {
	select {
	case l.looking <- struct{}{}:
		defer func() { <-l.looking }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	own, network := l.guessesOf(who), who.Guesser()
	all := counted{limit: Passwords.scoped(inRoom), whose: string(room), Bucket: l.set.of(Passwords, inRoom)}
	first := counted{limit: all.limit, whose: string(room) + " first " + network, Bucket: firstGuess}
	var taken []counted
	if !own.IsOff() && network != "" {
		if err := l.holds.take(ctx, own, 1); err != nil {
			return false, err
		}
		taken = append(taken, own)
	}
	bounded := !all.IsOff() && room != ""
	if bounded {
		tooMany := l.holds.take(ctx, all, 1)
		if tooMany != nil {
			all = first
			if l.holds.take(ctx, first, 1) != nil {
				l.holds.giveBack(ctx, taken)
				return false, tooMany
			}
		}
		taken = append(taken, all)
	}
	if right, err = look(); right || err != nil {
		l.holds.giveBack(ctx, taken)
	} else if bounded && all != first {
		_ = l.holds.take(ctx, first, 1) // the network has failed: it has none of its own any more
	}
	return right, err
}

// firstGuess is what a network has in a room where others have guessed too much: one guess, which is
// there again an hour after a wrong one.
var firstGuess = chat.Bucket{Burst: 1, PerSecond: 1.0 / 3600}

// Refused implements [chat.Guesses].
func (l *Limits) Refused(who chat.Principal) error {
	own := l.guessesOf(who)
	if own.IsOff() || own.whose == "" {
		return nil
	}
	return l.holds.refused(own, 1)
}

// guessesOf is the bucket of who guesses, in whatever room.
func (l *Limits) guessesOf(who chat.Principal) counted {
	return counted{limit: Passwords.scoped(address), whose: who.Guesser(), Bucket: l.set.of(Passwords, address)}
}
