package client

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// UnmarshalJSON reads an event, an entry or a problem as package wire does, which every client in
// Go reads with.
func (e *Event) UnmarshalJSON(object []byte) error {
	var head struct {
		Type string `json:"type"`
		// A problem has the last two, and an error that is an event does not.
		Title  string `json:"title"`
		Status int    `json:"status"`
	}
	if err := json.Unmarshal(object, &head); err != nil {
		return err
	}
	if head.Status != 0 {
		object = asError(object)
	}
	read, err := wire.DecodeEvent(object)
	if err != nil {
		return err
	}
	*e = Event{
		Type: read.Type, RoomID: string(read.Room), Title: head.Title, Status: head.Status,
		At: time.Now(), Raw: string(object),
	}
	e.take(read.Body)
	return nil
}

// asError is a problem as the error event that says the same.
func asError(problem []byte) []byte {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(problem, &fields); err != nil {
		return problem
	}
	fields["type"] = json.RawMessage(`"error"`)
	object, _ := json.Marshal(fields) // what was read can be written
	return object
}

// take fills in what the event says by its type.
func (e *Event) take(body any) {
	switch body := body.(type) {
	case chat.Appended:
		e.takeEntry(body.Entry)
	case chat.Welcome:
		e.ClientID, e.Name, e.Stream = string(body.You.ID), body.You.Name, body.Stream
		e.Resumed, e.Heartbeat = body.Resumed, int(body.Heartbeat/time.Second)
		e.takeRoster(body.Roster)
	case chat.RosterEvent:
		e.takeRoster(body)
	case chat.Joined:
		e.Member, e.Version = memberOf(body.Member), body.Version
	case chat.Left:
		e.Member, e.Version = memberOf(body.Member), body.Version
	case chat.Typing:
		e.Member = memberOf(body.Member)
	case chat.Reset:
		e.Reason = string(body.Reason)
	case chat.Live:
		e.Cursor = body.Cursor.String()
	case chat.ReadMark:
		e.Cursor = body.Cursor.String()
	case chat.AttributeChanged:
		e.Time, e.State = body.Time, "ended"
		if body.Present {
			e.State = "started"
		}
	case wire.Ping:
		e.Time = body.Time
	case wire.Ack:
		e.Key, e.ID, e.Time = body.Key, body.ID.String(), body.Time
	case wire.Failed:
		e.Key, e.Code, e.Detail = body.Key, string(body.Failure.Code), body.Failure.Detail
		e.Field, e.Limit = body.Failure.Field, body.Failure.Limit
		e.RetryAfter = body.Failure.RetryAfter.Seconds()
	}
}

func (e *Event) takeEntry(entry chat.Entry) {
	e.ID, e.From, e.Key, e.Time = entry.ID.String(), authorOf(entry.From), entry.Key, entry.Time
	if !entry.Target.IsZero() {
		e.Target = entry.Target.String()
	}
	switch said := entry.Payload.(type) {
	case chat.Message:
		e.Text, e.Mentions, e.Files = said.Text, idsOf(said.Mentions), said.Files
		if q := said.ReplyTo; q != nil {
			e.ReplyTo = &Quote{ID: q.ID.String(), From: authorOf(q.From), Excerpt: q.Excerpt}
		}
		if c := said.Changes; c != nil {
			e.takeChanges(c)
		}
	case chat.Edit:
		e.Text, e.Mentions = said.Text, idsOf(said.Mentions)
	case chat.Reaction:
		e.Emoji, e.On = said.Emoji, said.On
	case chat.RoomNotice:
		e.takeNotice(said)
	}
}

func (e *Event) takeNotice(n chat.RoomNotice) {
	e.What = n.What
	var fields struct {
		Member   struct{ ID, Name string }
		Changed  []string
		Settings map[string]json.RawMessage
	}
	if json.Unmarshal(n.Fields, &fields) == nil { // it may have none
		e.Member = Member{Author: Author{ID: fields.Member.ID, Name: fields.Member.Name}}
		e.Changed, e.Settings = fields.Changed, fields.Settings
	}
}

func (e *Event) takeChanges(c *chat.Changes) {
	e.Deleted, e.EditedAt, e.Amended = c.Deleted, c.EditedAt, c.Last.String()
	for _, r := range c.Reactions {
		by := idsOf(r.By)
		e.Reactions = append(e.Reactions, Reactions{Emoji: r.Emoji, Count: len(by) + r.More, By: by})
	}
}

func (e *Event) takeRoster(r chat.RosterEvent) {
	e.Members, e.MemberCount, e.Call, e.Version = membersOf(r), countOf(r), callOf(r), r.Version
}

// UnmarshalJSON reads an answer as package wire does.
func (p *Page) UnmarshalJSON(object []byte) error {
	var read struct {
		wire.RoomPage
		// The entries as they came, so that each is an Event with its own text.
		Messages []Event `json:"messages"`
	}
	if err := json.Unmarshal(object, &read); err != nil {
		return fmt.Errorf("reading a page: %w", err)
	}
	roster := read.Roster.Event()
	*p = Page{
		RoomID: string(read.RoomID), Messages: read.Messages, Cursor: read.Cursor,
		Reset: read.Reset, Reason: string(read.Reason),
		Members: membersOf(roster), MemberCount: countOf(roster), Call: callOf(roster), Version: roster.Version,
	}
	return nil
}

func authorOf(a chat.Author) Author {
	return Author{ID: string(a.ID), Name: a.Name, Guest: a.Guest, Via: string(a.Via)}
}

func memberOf(m chat.Member) Member {
	return Member{
		Author:    Author{ID: string(m.ID), Name: m.Name, Guest: m.Guest, Via: string(m.Via)},
		Transport: m.Transport, JoinedAt: m.JoinedAt, InCall: incall.Is(m),
	}
}

func membersOf(r chat.RosterEvent) []Member {
	var members []Member
	for _, m := range r.Members {
		members = append(members, memberOf(m))
	}
	return members
}

// countOf is the count where the members are not told by name.
func countOf(r chat.RosterEvent) int {
	if r.Members != nil {
		return 0
	}
	return r.Count
}

func callOf(r chat.RosterEvent) *Call {
	call := incall.Of(r.Attributes)
	if call.Count == 0 {
		return nil
	}
	return &Call{StartedAt: call.Since, MemberCount: call.Count}
}

func idsOf(ids []chat.MemberID) []string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, string(id))
	}
	return texts
}
