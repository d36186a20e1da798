package chat

import "context"

// Action is what a principal wants to do in a room. Optional features have actions of their own.
type Action string

// What a [Node] asks about by itself.
const (
	ActionPost      Action = "post"
	ActionEdit      Action = "edit"
	ActionDelete    Action = "delete"
	ActionReact     Action = "react"
	ActionSubscribe Action = "subscribe"
	ActionPoll      Action = "poll"    // subscribe for one answer
	ActionHistory   Action = "history" // read what is kept
	ActionSearch    Action = "search"  // look through what is kept
	ActionMembers   Action = "members" // read who is there
	ActionTyping    Action = "typing"
	ActionLeave     Action = "leave"
	ActionRead      Action = "read" // say how far one has read
	ActionSettings  Action = "settings"
	ActionEnter     Action = "enter" // by a password, an invite or the owner's link

	// What moderators do.
	ActionChange   Action = "change-settings"
	ActionModerate Action = "moderate" // remove, ban, mute, let in; reports and bans
	ActionInvite   Action = "invite"

	// What owners do.
	ActionOwn    Action = "own"
	ActionClear  Action = "clear"
	ActionClose  Action = "close"
	ActionTokens Action = "tokens"

	// What optional features do that a room may do without.
	ActionCall Action = "call"
	ActionFile Action = "file"
	// ActionDownload is reading a file that is in a message.
	ActionDownload Action = "download"
)

// says reports whether others see what is done.
func (a Action) says() bool {
	switch a {
	case ActionPost, ActionEdit, ActionDelete, ActionReact, ActionTyping, ActionCall, ActionFile:
		return true
	}
	return false
}

// reads reports whether what is in the room is seen by it.
func (a Action) reads() bool {
	switch a {
	case ActionSubscribe, ActionPoll, ActionHistory, ActionMembers, ActionRead, ActionCall, ActionDownload:
		return true
	}
	return false
}

// moderates reports whether it is about the room itself, or about others.
func (a Action) moderates() bool {
	switch a {
	case ActionSettings, ActionChange, ActionModerate, ActionInvite:
		return true
	}
	return a.isOwners()
}

// isOwners reports whether only owners do it.
func (a Action) isOwners() bool {
	return a == ActionOwn || a == ActionClear || a == ActionClose || a == ActionTokens
}

// What limits count besides.
const (
	ActionCreate  Action = "create" // say something in a room in which nobody is and nothing is kept
	ActionRooms   Action = "rooms"  // ask for one's rooms, or forget one
	ActionHash    Action = "hash"   // have a room's password hashed
	ActionSignIn  Action = "sign-in"
	ActionSignOut Action = "sign-out"
	ActionLink    Action = "link"    // make a link to one's session
	ActionClaim   Action = "claim"   // try one
	ActionPush    Action = "push"    // subscribe to pushes
	ActionPushed  Action = "pushed"  // be told by them
	ActionPushing Action = "pushing" // have somebody told by them
	ActionUpload  Action = "upload"  // a file's bytes, once for each megabyte begun
	ActionPreview Action = "preview" // have a message's link looked up
)

// action is what the policy is asked about for a draft.
func (d Draft) action() Action {
	switch d.Payload.(type) {
	case Edit:
		return ActionEdit
	case Delete:
		return ActionDelete
	case Reaction:
		return ActionReact
	}
	return ActionPost
}

// Policy decides who may do what, beside the room's rules: how often, for one. Its principal's role
// is what it has in the room, as far as the node knows. Decide may be called at the same time, and is called before
// anything is read or stored.
//
// It returns nil for yes. For no it returns an error that wraps [ErrNotAllowed] or
// [ErrNotSignedIn], or a [*LimitError]; any other error says that it could not decide, and the
// action is not taken either.
type Policy interface {
	Decide(ctx context.Context, who Principal, room RoomID, what Action) error
}

// Counter is a [Policy] that bounds how often things are done.
type Counter interface {
	Policy
	// DecideTimes is Decide for what is done so many times at once: all of them count, or none does
	// when it is refused. With 0 it has been counted before.
	DecideTimes(ctx context.Context, who Principal, room RoomID, what Action, times int) error
}

func decideTimes(ctx context.Context, p Policy, who Principal, room RoomID, what Action, times int) error {
	if c, counts := p.(Counter); counts {
		return c.DecideTimes(ctx, who, room, what, times)
	}
	return p.Decide(ctx, who, room, what.Decided())
}

// Decided is the action as policies that do not count are asked about it.
func (a Action) Decided() Action {
	switch a {
	case ActionPoll:
		return ActionSubscribe
	case ActionSearch:
		return ActionHistory
	}
	return a
}

// Guesses bounds how often secrets are guessed.
type Guesses interface {
	// Guess has a guess looked at, and reports whether it is right. A wrong one counts: too many of
	// them are a [*LimitError], and are not looked at. Look's errors are returned, and count nothing.
	// Without a room the secret is too long to be guessed by many together: whoever tries is bounded,
	// and nobody else.
	Guess(ctx context.Context, who Principal, room RoomID, look func() (right bool, err error)) (right bool, err error)
	// Refused is the [*LimitError] that a guess of somebody would get, whatever the room, as far as
	// this node knows: nil when it may be looked at. It counts nothing.
	Refused(who Principal) error
}

// Unbounded are [Guesses] that nothing bounds.
type Unbounded struct{}

// Guess implements [Guesses].
func (Unbounded) Guess(_ context.Context, _ Principal, _ RoomID, look func() (bool, error)) (bool, error) {
	return look()
}

// Refused implements [Guesses].
func (Unbounded) Refused(Principal) error { return nil }

// Open is the policy that allows everybody everything.
type Open struct{}

// Decide implements [Policy].
func (Open) Decide(context.Context, Principal, RoomID, Action) error { return nil }
