package chat

import (
	"fmt"
	"slices"
)

// The rules of amending, as every store holds to them. package chattest's store calls these
// functions; redisstore's amend.lua says the same to Redis, and the suite in chattest compares the
// two.

// Changes reports whether an amendment would change a message as it is kept. Without an error and
// without a change there is nothing to append: somebody reacts again, takes away what is not there,
// or deletes what has been deleted.
//
// Errors: [ErrNotFound] when the target is no message, [ErrConflict] when it has been deleted,
// [ErrNotAuthor] when it is somebody else's, an [*InvalidError] for "emoji" when there are too many
// reactions, and one for "text" when nothing would be left of a message without files.
func (d Draft) Changes(target Entry) (bool, error) {
	m, ok := target.Payload.(Message)
	var changes Changes
	if ok && m.Changes != nil {
		changes = *m.Changes
	}
	own := target.From.ID == d.From.ID
	switch p := d.Payload.(type) {
	case Edit, Delete:
		_, deletes := p.(Delete)
		may := own || deletes && d.Moderator
		switch {
		case !ok:
			return false, ErrNotFound
		case changes.Deleted && deletes && may:
			return false, nil
		case changes.Deleted:
			return false, ErrConflict
		case !may:
			return false, ErrNotAuthor
		case d.EmptiesText() && len(m.Files) == 0:
			return false, EmptyText()
		}
		return true, nil
	case Reaction:
		switch {
		case !ok:
			return false, ErrNotFound
		case changes.Deleted:
			return false, ErrConflict
		}
		return changes.wouldReact(d.From.ID, p)
	}
	return false, ErrNotFound
}

// EmptiesText reports whether a draft takes a message's text away: what is left is its files.
func (d Draft) EmptiesText() bool {
	edit, edits := d.Payload.(Edit)
	return edits && isBlank(edit.Text)
}

// EmptyText is the error for a message that would say nothing.
func EmptyText() error { return &InvalidError{Field: "text", Limit: MaxText, Reason: "is empty"} }

func (c Changes) wouldReact(member MemberID, r Reaction) (bool, error) {
	total, there, known := 0, false, false
	for _, of := range c.Reactions {
		total += len(of.By)
		if of.Emoji == r.Emoji {
			known, there = true, slices.Contains(of.By, member)
		}
	}
	switch {
	case there == r.On:
		return false, nil
	case r.On && !known && len(c.Reactions) >= MaxReactions:
		return false, TooManyEmoji()
	case r.On && total >= MaxReactors:
		return false, TooManyReactors()
	}
	return true, nil
}

// TooManyEmoji is the error for one more emoji under a message that has [MaxReactions] of them.
func TooManyEmoji() error {
	reason := fmt.Sprintf("can't be added: the message has %d different ones", MaxReactions)
	return &InvalidError{Field: "emoji", Limit: MaxReactions, Reason: reason}
}

// TooManyReactors is the error for one more reaction to a message that has [MaxReactors] of them.
func TooManyReactors() error {
	reason := fmt.Sprintf("can't be added: the message has %d reactions", MaxReactors)
	return &InvalidError{Field: "emoji", Limit: MaxReactors, Reason: reason}
}

// AmendedBy is a kept message with an amendment in it. ok is false when this version does not know
// what the amendment does: then only the store has the message as it is.
func (e Entry) AmendedBy(a Entry) (amended Entry, ok bool) {
	m, ok := e.Payload.(Message)
	if !ok {
		return e, false
	}
	var changes Changes
	if m.Changes != nil {
		changes = *m.Changes
	}
	changes.Last = a.ID
	switch p := a.Payload.(type) {
	case Edit:
		m.Text, m.Mentions, changes.EditedAt = p.Text, p.Mentions, a.Time
	case Delete:
		m = Message{}
		changes = Changes{Last: a.ID, Deleted: true}
	case Reaction:
		changes.Reactions = react(changes.Reactions, a.From.ID, p)
	case Void:
	default:
		return e, false
	}
	m.Changes = &changes
	e.Payload = m
	return e, true
}

// react is the reactions after one more or one less. The slices given are not changed.
func react(all []Reactions, member MemberID, r Reaction) []Reactions {
	i := slices.IndexFunc(all, func(of Reactions) bool { return of.Emoji == r.Emoji })
	all = slices.Clone(all)
	switch {
	case r.On && i < 0:
		return append(all, Reactions{Emoji: r.Emoji, By: []MemberID{member}})
	case r.On && !slices.Contains(all[i].By, member):
		all[i].By = append(slices.Clip(all[i].By), member)
	case !r.On && i >= 0:
		by := slices.DeleteFunc(slices.Clone(all[i].By), func(id MemberID) bool { return id == member })
		if len(by) == 0 && len(all) == 1 {
			return nil
		}
		if len(by) == 0 {
			return slices.Delete(all, i, i+1)
		}
		all[i].By = by
	}
	return all
}

// OvertakenBy reports whether a later amendment leaves nothing to do for this one, so that what it
// says must not be kept: an edit before another edit, and whatever came before a deletion.
func (e Entry) OvertakenBy(a Entry) bool {
	if e.Target.IsZero() || e.Target != a.Target || e.ID.Seq >= a.ID.Seq {
		return false
	}
	switch a.Payload.(type) {
	case Edit:
		_, edit := e.Payload.(Edit)
		return edit
	case Delete:
		return true
	}
	return false
}

// Voided is an amendment that has been overtaken: it says nothing any more.
func (e Entry) Voided() Entry {
	e.Key, e.Payload = "", Void{}
	return e
}

// Quoting is a reply with its quote as the message that it answers is now. ok is false when it is
// no reply to it.
func (e Entry) Quoting(quoted Entry) (requoted Entry, ok bool) {
	m, ok := e.Payload.(Message)
	if !ok || m.ReplyTo == nil || m.ReplyTo.ID != quoted.ID {
		return e, false
	}
	m.ReplyTo = &Quote{ID: quoted.ID, From: quoted.From, Excerpt: Excerpt(quoted.Text())}
	e.Payload = m
	return e, true
}
