package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Settings are what a room that somebody owns is set to. docs/protocol.md says what each is.
type Settings struct {
	Title        string `json:"title"`
	Topic        string `json:"topic"`
	Password     bool   `json:"password"` // whether there is one
	InviteOnly   bool   `json:"inviteOnly"`
	Locked       bool   `json:"locked"`
	Posting      string `json:"posting"`
	SlowMode     int    `json:"slowMode"` // seconds
	History      string `json:"history"`
	HistoryLimit int    `json:"historyLimit"`
	HistoryTTL   int    `json:"historyTtl"` // seconds
	MaxMembers   int    `json:"maxMembers"`
	Files        bool   `json:"files"`
	Calls        bool   `json:"calls"`
	Listed       bool   `json:"listed"`
	Newcomers    string `json:"newcomers"`
}

// Rules are a room's settings, and what they mean for oneself.
type Rules struct {
	// Version is one more with each change; 0 for a room that nobody owns.
	Version int64 `json:"version"`
	Owned   bool  `json:"owned"`
	// Role is one's own: owner, moderator, member or guest.
	Role     string   `json:"role"`
	Settings Settings `json:"settings"`
	// Muted is there while one may say nothing.
	Muted *Muted `json:"muted"`
	// OwnerURL makes whoever opens it an owner, and is told by [Room.Own] alone, once. It is below
	// the server's address.
	OwnerURL string `json:"ownerUrl"`
}

// Muted says until when one may say nothing, zero for without an end, and why, where a moderator
// has said it.
type Muted struct {
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// Rules reads the room's settings.
func (r *Room) Rules(ctx context.Context) (Rules, error) {
	var rules Rules
	err := r.c.again(ctx, call{method: http.MethodGet, path: r.path("/settings"), into: &rules})
	return rules, err
}

// ChangeRules changes those settings that are named, as {"topic": "at five"}; nil puts one back to
// its default. With a version other than 0 it is refused with version_mismatch when the room has
// another one by now. It is tried once.
func (r *Room) ChangeRules(ctx context.Context, version int64, changes map[string]any) (Rules, error) {
	header := http.Header{}
	if version != 0 {
		header.Set("If-Match", strconv.Quote(strconv.FormatInt(version, 10)))
	}
	var rules Rules
	err := r.c.do(ctx, call{method: http.MethodPatch, path: r.path("/settings"), header: header, body: changes, into: &rules})
	return rules, err
}

// Own makes a room that nobody owns one's own, when one is its only member. It needs a session, and
// is tried once.
func (r *Room) Own(ctx context.Context) (Rules, error) {
	var rules Rules
	err := r.c.do(ctx, call{method: http.MethodPost, path: r.path("/own"), into: &rules})
	return rules, err
}

// Key is what lets a session into a room: one of these.
type Key struct {
	Password string `json:"password,omitempty"`
	// Invite is the secret of an invite, and Owner that of an owner's link: what their addresses
	// have behind #i= and #o=.
	Invite string `json:"invite,omitempty"`
	Owner  string `json:"owner,omitempty"`
}

// Enter lets one's session into a room, for as long as it lasts. Wrong keys are counted by the
// server, so it is tried once.
func (r *Room) Enter(ctx context.Context, key Key) (Rules, error) {
	var rules Rules
	err := r.c.do(ctx, call{method: http.MethodPost, path: r.path("/enter"), body: key, into: &rules})
	return rules, err
}

// NewRoom makes a room that nobody has been in. With a session one is its owner; ownerURL then makes
// another session one, and is told once. It is tried once.
func (c *Client) NewRoom(ctx context.Context, title string) (room *Room, ownerURL string, err error) {
	var body any
	if title != "" {
		body = map[string]string{"title": title}
	}
	var made struct {
		RoomID   string `json:"roomId"`
		OwnerURL string `json:"ownerUrl"`
	}
	if err := c.do(ctx, call{method: http.MethodPost, path: "rooms", body: body, into: &made}); err != nil {
		return nil, "", err
	}
	return c.Room(made.RoomID), made.OwnerURL, nil
}

// Visited is a room that one's session was in.
type Visited struct {
	Mark
	Room   string    `json:"roomId"`
	ReadAt time.Time `json:"readAt,omitzero"`
	// Last is the room's last message; nil when none is kept.
	Last *Entry `json:"last"`
}

// Rooms are those that one's session was in, the last read first. It needs a session.
func (c *Client) Rooms(ctx context.Context) ([]Visited, error) {
	var visited struct {
		Rooms []Visited `json:"rooms"`
	}
	err := c.again(ctx, call{method: http.MethodGet, path: "session/rooms", into: &visited})
	return visited.Rooms, err
}

// Call makes any other call of docs/protocol.md, once: path is below the server's address, as
// "rooms/tea/bans", and its query may be nil. body is sent as JSON, and the answer is read into
// into, unless they are nil. Errors are as everywhere.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	return c.do(ctx, call{method: method, path: path, query: query, body: body, into: into})
}
