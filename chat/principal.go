package chat

import (
	"cmp"
	"strings"
	"time"
)

// Principal is who somebody is, as the server has found out. It is never what a client says of
// itself.
type Principal struct {
	// ID and Name are the session's; a guest's are made up for one request or one stream.
	ID   MemberID
	Name string
	// Guest is somebody without a session.
	Guest bool
	// Look is as an [Author]'s.
	Look string
	// Client is whose idempotency keys the principal's are: the session's id, or for a guest, whose
	// id is new each time, what guests are told apart by.
	Client string
	// LimitKey is what limits count by: the session's id, or the network that a guest comes from.
	LimitKey string
	// NetworkKey is the network that anybody comes from, for limits by address: a guest's LimitKey.
	NetworkKey string
	// Network is as an [Author]'s.
	Network string
	// Via says who vouches for it.
	Via Via
	// Role counts in every room that the principal may enter, at least: what a site's token claims,
	// or the operator's.
	Role Role
	// Rooms are the only ones that it may have to do with; nil for all.
	Rooms []RoomID
	// NoRead and NoPost are what an access token does not allow.
	NoRead, NoPost bool
	// Born is when the session was first made, to the second; zero for guests.
	Born time.Time
	// Password is a room's, which came with the request; empty for none.
	Password string
	// Session is the id of the session itself where that is not the person's: somebody whom others
	// vouch for has another one with each sign-in. [Node.End] takes either.
	Session MemberID
	// Until is when what the principal came with is over, by this node's clock; zero for never.
	Until time.Time

	guesser string // what [Principal.Guesser] was before limits had counted
}

// Over is why a principal is one no more: [ErrSignInOver] or [ErrSessionOver]; nil while it is.
func (p Principal) Over(now time.Time) error {
	switch {
	case p.Until.IsZero() || now.Before(p.Until):
		return nil
	case p.Session != "":
		return ErrSignInOver
	}
	return ErrSessionOver
}

// Author is the principal as the sender of an entry.
func (p Principal) Author() Author {
	return Author{ID: p.ID, Name: p.Name, Guest: p.Guest, Look: p.Look, Via: p.Via, Network: p.Network, Claims: p.Role}
}

// Member is the principal as somebody present by a transport.
func (p Principal) Member(transport string) Member {
	if p.Guest {
		p.Name = strings.Clone(p.Name) // it may be part of a whole request, which would stay in memory with it
	}
	return Member{
		ID: p.ID, Name: p.Name, Guest: p.Guest, Look: p.Look, Via: p.Via, Network: p.Network, Claims: p.Role,
		Transport: transport,
	}
}

// Uncounted is the principal doing something that is part of what limits have counted.
func (p Principal) Uncounted() Principal {
	p.guesser = p.Guesser()
	p.LimitKey, p.NetworkKey = "", ""
	return p
}

// Guesser is by what the principal's wrong guesses are counted: where it comes from, as far as that
// is known, also for what is [Principal.Uncounted].
func (p Principal) Guesser() string {
	if key := cmp.Or(p.guesser, p.NetworkKey); key != "" || p.Guest {
		return cmp.Or(key, p.LimitKey)
	}
	return string(p.ID)
}
