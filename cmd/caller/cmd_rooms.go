package main

import (
	"context"

	"github.com/caller-chat/caller/client"
)

// roomsCommand is "caller rooms".
type roomsCommand struct {
	clientFlags
	JSON bool `name:"json" help:"As a JSON object."`
}

func (*roomsCommand) examples() string {
	return `
# Where you have been, and what you have not read there. All rooms there are: caller admin rooms.
caller rooms --token-file session`
}

// Run implements the command.
func (r *roomsCommand) Run(i *invocation) error {
	c, err := r.client(i, "", client.Auto)
	if err != nil {
		return err
	}
	defer c.Close()
	return i.list(c, "session/rooms", r.JSON, table{of: "rooms", columns: []column{
		{title: "ROOM", path: "roomId"}, {title: "UNREAD", path: "unread", kind: number}, {title: "MENTIONS", path: "mentions", kind: number},
		{title: "READ", path: "readAt", kind: moment}, {title: "LAST", path: "last.time", kind: moment}, {title: "BY", path: "last.from.name"},
		{title: "TEXT", path: "last.text"},
	}})
}

// membersCommand is "caller members".
type membersCommand struct {
	clientFlags
	roomFlag
	JSON bool     `name:"json" help:"As a JSON object."`
	Of   roomName `arg:"" optional:"" name:"room" help:"The room, if --room does not name it."`
}

func (*membersCommand) examples() string {
	return `
# Who is in a room.
caller members lobby`
}

// Run implements the command.
func (m *membersCommand) Run(i *invocation) error {
	name, err := m.named(i, m.Of)
	if err != nil {
		return err
	}
	c, err := m.client(i, "", client.Auto)
	if err != nil {
		return err
	}
	defer c.Close()
	return i.list(c, "rooms/"+pathEscape(name)+"/members", m.JSON, membersTable)
}

var membersTable = table{of: "members", count: "memberCount", columns: []column{
	{title: "NAME", path: "name"}, {title: "ROLE", path: "role"}, {title: "OVER", path: "transport"}, {title: "SINCE", path: "joinedAt", kind: moment},
	{title: "ID", path: "id"},
}}

// list asks for something once and prints it.
func (i *invocation) list(c *client.Client, path string, asJSON bool, t table) error {
	ctx, cancel := context.WithTimeout(i.ctx, callWithin)
	defer cancel()
	answer, err := ask(ctx, c, path, nil)
	if err != nil {
		return i.ended(err)
	}
	if asJSON {
		return quietly(i.printJSON(answer))
	}
	return quietly(t.print(i.stdout, answer))
}
