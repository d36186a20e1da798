package chat

import "strings"

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
}

// Author is the principal as the sender of an entry.
func (p Principal) Author() Author {
	return Author{ID: p.ID, Name: p.Name, Guest: p.Guest, Look: p.Look}
}

// Member is the principal as somebody present by a transport.
func (p Principal) Member(transport string) Member {
	if p.Guest {
		p.Name = strings.Clone(p.Name) // it may be part of a whole request, which would stay in memory with it
	}
	return Member{ID: p.ID, Name: p.Name, Guest: p.Guest, Look: p.Look, Transport: transport}
}
