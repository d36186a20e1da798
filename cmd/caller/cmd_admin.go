package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/transport/wire"
)

// adminCommands are what whoever runs a Caller can do from the command line: the admin API
// (docs/admin.md), as tables for people and as JSON for programs.
type adminCommands struct {
	Health   adminHealth   `cmd:"" help:"Ask whether all that a node needs answers. The exit code is 1 if something does not."`
	Nodes    adminNodes    `cmd:"" help:"List the nodes of this Redis with their version and load."`
	Stats    adminStats    `cmd:"" help:"Count all there is: rooms, people, messages, files."`
	Rooms    adminRooms    `cmd:"" help:"List rooms, or look for some."`
	Room     adminRoom     `cmd:"" help:"Show one room with its numbers."`
	Members  adminMembers  `cmd:"" help:"List who is in a room, and how."`
	Messages adminMessages `cmd:"" help:"Read what a room keeps, without being seen there."`
	Clear    adminClear    `cmd:"" help:"Delete all messages of a room."`
	Close    adminClose    `cmd:"" help:"Close a room for good."`
	Remove   adminRemove   `cmd:"" help:"Remove somebody from a room."`
	Ban      adminBan      `cmd:"" help:"Ban somebody from a room."`
	Announce adminAnnounce `cmd:"" help:"Say something in every room where somebody is, or in some rooms."`
	Sessions adminSessions `cmd:"" help:"Show all that is known of a session."`
	Revoke   adminRevoke   `cmd:"" help:"End a session on all its devices."`
	Audit    adminAudit    `cmd:"" help:"Read who has done what: moderators, owners, the operator."`
	Webhooks adminWebhooks `cmd:"" help:"List webhooks, and what they could not deliver."`
}

// adminCall are the flags of each of them.
type adminCall struct {
	adminFlags
	JSON bool `name:"json" help:"Print the answer as JSON."`
}

// do makes a call to the admin API. What it answers is printed, in a table for people.
func (a *adminCall) do(i *invocation, method, path string, query url.Values, body any, shown *table) (json.RawMessage, error) {
	token, err := a.token(i)
	if err != nil {
		return nil, err
	}
	c, err := client.New(string(a.AdminURL), client.Options{Token: token, Header: http.Header{"User-Agent": {"caller-cli"}}})
	if err != nil {
		return nil, i.misuse(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(i.ctx, callWithin)
	defer cancel()
	var answer json.RawMessage
	into := any(&answer)
	if shown == nil && !a.JSON {
		into = nil
	}
	if err := c.Call(ctx, method, path, query, body, into); err != nil {
		return nil, i.ended(err)
	}
	switch {
	case a.JSON && len(answer) > 0:
		return answer, quietly(i.printJSON(answer))
	case a.JSON || shown == nil:
		return nil, nil
	}
	if err := shown.print(i.stdout, answer); err != nil {
		return answer, quietly(err)
	}
	shown.more(i.stderr, answer)
	return answer, nil
}

func (a *adminCall) show(i *invocation, path string, query url.Values, shown table) error {
	_, err := a.do(i, http.MethodGet, path, query, nil, &shown)
	return err
}

// act is a call whose answer is only that it was done.
func (a *adminCall) act(i *invocation, method, path string, body any, done string) error {
	was := a.JSON
	a.JSON = false
	if _, err := a.do(i, method, path, nil, body, nil); err != nil {
		return err
	}
	if was {
		return quietly(i.printJSON(json.RawMessage(`{"done":true}`)))
	}
	_, err := fmt.Fprintln(i.stdout, done)
	return quietly(err)
}

type adminHealth struct{ adminCall }

func (*adminHealth) examples() string {
	return `
# For a check that runs each minute.
caller admin health --admin-token-file /etc/caller/admin-token`
}

// Run implements the command.
func (a *adminHealth) Run(i *invocation) error {
	answer, err := a.health(i)
	if err != nil {
		return err
	}
	if a.JSON {
		err = i.printJSON(answer)
	} else {
		err = table{columns: []column{{title: "status", path: "status"}, {title: "store", path: "store"}}}.print(i.stdout, answer)
	}
	if err := quietly(err); err != nil {
		return err
	}
	var health struct {
		Checks map[string]struct {
			OK    bool
			Error string
		}
	}
	if err := json.Unmarshal(answer, &health); err != nil {
		return err
	}
	failed := false
	for _, name := range slices.Sorted(maps.Keys(health.Checks)) {
		if check := health.Checks[name]; !check.OK {
			failed = true
			fmt.Fprintf(i.stderr, "caller: %s: %s\n", name, wire.Plain(check.Error))
		}
	}
	if failed {
		return errors.New("something does not answer")
	}
	return nil
}

// health is what the node says of what it needs: with 200 when all of it answers, and with 503,
// which is no problem of the call, when something does not.
func (a *adminHealth) health(i *invocation) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(i.ctx, callWithin)
	defer cancel()
	answer, err := a.send(ctx, i, http.MethodGet, "/api/health", nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it has been read
	failing := answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Content-Type") == "application/json"
	if answer.StatusCode != http.StatusOK && !failing {
		return nil, refused(answer)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxProblem))
	if err != nil {
		return nil, i.ended(err)
	}
	return text, nil
}

type adminNodes struct{ adminCall }

// Run implements the command.
func (a *adminNodes) Run(i *invocation) error {
	return a.show(i, "api/nodes", nil, table{of: "nodes", columns: []column{
		{title: "NODE", path: "id"}, {title: "SELF", path: "self"}, {title: "VERSION", path: "version"}, {title: "ADDR", path: "addr"},
		{title: "STARTED", path: "startedAt", kind: moment}, {title: "SEEN", path: "seenAt", kind: moment}, {title: "ROOMS", path: "rooms"},
		{title: "READERS", path: "subscribers"}, {title: "POSTS/S", path: "postsPerSecond"}, {title: "CPU", path: "cpu"},
		{title: "MEMORY", path: "memory", kind: bytesOf}, {title: "STORE MS", path: "store.latencyP50"},
	}})
}

type adminStats struct{ adminCall }

// Run implements the command.
func (a *adminStats) Run(i *invocation) error {
	return a.show(i, "api/stats", nil, table{columns: []column{
		{title: "rooms", path: "rooms"}, {title: "active rooms", path: "activeRooms"}, {title: "owned rooms", path: "owned"},
		{title: "members", path: "members"}, {title: "guests", path: "guests"}, {title: "readers", path: "subscribers"},
		{title: "messages kept", path: "messagesKept"}, {title: "posts in the last minute", path: "postsPerMinute"},
		{title: "files", path: "files.count"}, {title: "bytes of files", path: "files.bytes", kind: bytesOf},
		{title: "sessions revoked", path: "sessionsRevoked"}, {title: "nodes", path: "nodes"}, {title: "as of", path: "asOf", kind: moment},
	}})
}

type adminRooms struct {
	adminCall
	Query string `short:"q" placeholder:"TEXT" help:"Only rooms with this in their name or title."`
	Sort  string `default:"name" enum:"name,members,messages,rate,last" placeholder:"name|members|messages|rate|last" help:"By what to sort them. Default: name."`
	Order string `default:"" enum:",asc,desc" placeholder:"asc|desc" help:"In which order."`
	Limit int    `default:"50" placeholder:"N" help:"How many to list, up to 200. Default: 50."`
	After string `placeholder:"NEXT" help:"Go on after a page, as it says."`
}

func (*adminRooms) examples() string {
	return `
# The busiest rooms.
caller admin rooms --sort rate --order desc --limit 10`
}

// Run implements the command.
func (a *adminRooms) Run(i *invocation) error {
	query := url.Values{"sort": {a.Sort}, "limit": {strconv.Itoa(a.Limit)}}
	for name, value := range map[string]string{"query": a.Query, "order": a.Order, "after": a.After} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return a.show(i, "api/rooms", query, table{of: "rooms", goOn: "--after", columns: []column{
		{title: "ROOM", path: "room"}, {title: "TITLE", path: "title"}, {title: "MEMBERS", path: "members"}, {title: "GUESTS", path: "guests"},
		{title: "MESSAGES", path: "messages"}, {title: "PER MIN", path: "perMinute"}, {title: "LAST", path: "lastAt", kind: moment},
		{title: "OWNED", path: "owned"}, {title: "LOCKED", path: "locked"}, {title: "PASSWORD", path: "password"},
		{title: "INVITES", path: "inviteOnly"}, {title: "FILES", path: "bytes", kind: bytesOf},
	}})
}

// adminOfRoom is a call about one room.
type adminOfRoom struct {
	adminCall
	Name roomName `arg:"" name:"room" help:"The room."`
}

func (a *adminOfRoom) path(rest string) string {
	return "api/rooms/" + pathEscape(string(a.Name)) + rest
}

type adminRoom struct{ adminOfRoom }

// Run implements the command.
func (a *adminRoom) Run(i *invocation) error {
	return a.show(i, a.path(""), nil, table{columns: []column{
		{title: "room", path: "room"}, {title: "title", path: "settings.title"}, {title: "topic", path: "settings.topic"}, {title: "members", path: "members"},
		{title: "guests", path: "guests"}, {title: "messages", path: "messages"}, {title: "first", path: "kept.first"}, {title: "last", path: "kept.last"},
		{title: "last at", path: "lastAt", kind: moment}, {title: "in the last minute", path: "perMinute"}, {title: "in the last hour", path: "perHour"},
		{title: "owned", path: "owned"}, {title: "locked", path: "locked"}, {title: "password", path: "password"}, {title: "invites only", path: "inviteOnly"},
		{title: "bans", path: "rules.bans"}, {title: "files", path: "files"}, {title: "bytes of files", path: "bytes", kind: bytesOf},
	}})
}

type adminMembers struct{ adminOfRoom }

// Run implements the command.
func (a *adminMembers) Run(i *invocation) error {
	return a.show(i, a.path("/members"), nil, table{of: "members", columns: []column{
		{title: "NAME", path: "name"}, {title: "ROLE", path: "role"}, {title: "GUEST", path: "guest"}, {title: "OVER", path: "transport"},
		{title: "SINCE", path: "joinedAt", kind: moment}, {title: "NODE", path: "node"}, {title: "ID", path: "id"},
	}})
}

type adminMessages struct {
	adminOfRoom
	Lines  tailLines `name:"lines" short:"n" default:"50" placeholder:"N" help:"How many of the last, up to 1000. Default: 50."`
	Before string    `placeholder:"ID" help:"Those before the message of this id."`
}

// Run implements the command.
func (a *adminMessages) Run(i *invocation) error {
	query := url.Values{"limit": {strconv.Itoa(int(a.Lines))}}
	if a.Before != "" {
		query.Set("before", a.Before)
	}
	return a.show(i, a.path("/messages"), query, table{of: "messages", columns: []column{
		{title: "TIME", path: "time", kind: moment}, {title: "NAME", path: "from.name"}, {title: "WHAT", path: "what"}, {title: "TEXT", path: "text"},
		{title: "ID", path: "id"},
	}})
}

type adminClear struct{ adminOfRoom }

// Run implements the command.
func (a *adminClear) Run(i *invocation) error {
	return a.act(i, http.MethodDelete, a.path("/messages"), nil, "cleared")
}

type adminClose struct{ adminOfRoom }

// Run implements the command.
func (a *adminClose) Run(i *invocation) error {
	return a.act(i, http.MethodDelete, a.path(""), nil, "closed")
}

// adminOfMember is a call about somebody in a room.
type adminOfMember struct {
	adminOfRoom
	Member string        `arg:"" help:"The id of the member, as caller admin members lists it."`
	For    time.Duration `default:"0" placeholder:"TIME" help:"For how long, as 1h. Default: as the server has it, which is for good for a ban."`
	Reason string        `placeholder:"TEXT" help:"Why; they are told."`
}

func (a *adminOfMember) moderate(i *invocation, what, done string) error {
	body := map[string]any{}
	if a.For != 0 {
		if a.For < time.Second { // 0 seconds would be for good
			return i.misuse(errors.New("--for is at least 1s"))
		}
		body["for"] = int64(a.For.Seconds())
	}
	if a.Reason != "" {
		body["reason"] = a.Reason
	}
	return a.act(i, http.MethodPost, a.path("/members/"+pathEscape(a.Member)+"/"+what), body, done)
}

type adminRemove struct{ adminOfMember }

// Run implements the command.
func (a *adminRemove) Run(i *invocation) error { return a.moderate(i, "remove", "removed") }

type adminBan struct{ adminOfMember }

// Run implements the command.
func (a *adminBan) Run(i *invocation) error { return a.moderate(i, "ban", "banned") }

type adminAnnounce struct {
	adminCall
	To   []roomName `name:"to" placeholder:"ROOM" help:"Only in this room. Can be repeated."`
	Text []string   `arg:"" sep:"none" help:"What to say."`
}

func (*adminAnnounce) examples() string {
	return `
# Say it before a restart.
caller admin announce "We are back in a minute"`
}

// Run implements the command.
func (a *adminAnnounce) Run(i *invocation) error {
	body := map[string]any{"text": strings.Join(a.Text, " ")}
	if len(a.To) > 0 {
		body["rooms"] = a.To
	}
	_, err := a.do(i, http.MethodPost, "api/announce", nil, body, &table{columns: []column{
		{title: "rooms", path: "rooms"}, {title: "failed", path: "failed"},
	}})
	return err
}

// adminOfSession is a call about a session.
type adminOfSession struct {
	adminCall
	ID string `arg:"" name:"id" help:"The id of the session, which is that of the member and of the author."`
}

type adminSessions struct{ adminOfSession }

// Run implements the command.
func (a *adminSessions) Run(i *invocation) error {
	path := "api/sessions/" + pathEscape(a.ID)
	answer, err := a.do(i, http.MethodGet, path, nil, nil, &table{columns: []column{
		{title: "id", path: "id"}, {title: "name", path: "name"}, {title: "guest", path: "guest"}, {title: "via", path: "via"}, {title: "signed out", path: "signedOut"},
	}})
	if err != nil || a.JSON {
		return err
	}
	fmt.Fprintln(i.stdout)
	return quietly(table{of: "rooms", columns: []column{
		{title: "ROOM", path: "room"}, {title: "PRESENT", path: "present"}, {title: "OVER", path: "transport"}, {title: "ROLE", path: "role"},
		{title: "READ", path: "readAt", kind: moment}, {title: "MESSAGES", path: "messages"},
	}}.print(i.stdout, answer))
}

type adminRevoke struct{ adminOfSession }

// Run implements the command.
func (a *adminRevoke) Run(i *invocation) error {
	return a.act(i, http.MethodDelete, "api/sessions/"+pathEscape(a.ID), nil, "revoked")
}

type adminAudit struct {
	adminCall
	Room   roomName `placeholder:"ROOM" help:"Only of this room."`
	Actor  string   `placeholder:"ID" help:"Only by this one."`
	Action string   `placeholder:"ACTION" help:"Only this, as ban or settings."`
	Limit  int      `default:"50" placeholder:"N" help:"How many, the newest first. Default: 50."`
	Before string   `placeholder:"ID" help:"Those before the entry of this id."`
}

// Run implements the command.
func (a *adminAudit) Run(i *invocation) error {
	query := url.Values{"limit": {strconv.Itoa(a.Limit)}}
	for name, value := range map[string]string{"room": string(a.Room), "actor": a.Actor, "action": a.Action, "before": a.Before} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return a.show(i, "api/audit", query, table{of: "entries", goOn: "--before", columns: []column{
		{title: "AT", path: "at", kind: moment}, {title: "ACTOR", path: "actor.name"}, {title: "ROLE", path: "actor.role"}, {title: "ACTION", path: "action"},
		{title: "ROOM", path: "room"}, {title: "TARGET", path: "target.name"}, {title: "TARGET ID", path: "target.id"}, {title: "DETAIL", path: "detail"},
	}})
}
