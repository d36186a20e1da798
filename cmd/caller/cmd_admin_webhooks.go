package main

import (
	"net/url"
	"strconv"
)

type adminWebhooks struct {
	adminCall
	Room   roomName `placeholder:"ROOM" help:"This room's too; with --dead of this room alone."`
	Dead   bool     `help:"List what could not be delivered instead, the latest first."`
	Limit  int      `default:"50" placeholder:"N" help:"How many of --dead, up to 200. Default: 50."`
	Before string   `placeholder:"TIME" help:"Go on after a page of --dead, as it says."`
}

func (*adminWebhooks) examples() string {
	return `
# What a receiver has missed, and why.
caller admin webhooks --dead`
}

// Run implements the command.
func (a *adminWebhooks) Run(i *invocation) error {
	query := url.Values{}
	if a.Room != "" {
		query.Set("room", string(a.Room))
	}
	if !a.Dead {
		return a.show(i, "api/webhooks", query, table{of: "webhooks", columns: []column{
			{title: "ID", path: "id"}, {title: "URL", path: "url"}, {title: "EVENTS", path: "events"}, {title: "BY", path: "by.name"},
			{title: "OFF SINCE", path: "disabledAt", kind: moment}, {title: "WHY", path: "disabledReason"},
			{title: "FAILING SINCE", path: "failing.since", kind: moment}, {title: "TRIES", path: "failing.attempts"},
			{title: "NEXT TRY", path: "failing.nextAt", kind: moment}, {title: "ERROR", path: "failing.error"}, {title: "LOST", path: "lost"},
		}})
	}
	query.Set("limit", strconv.Itoa(a.Limit))
	if a.Before != "" {
		query.Set("before", a.Before)
	}
	return a.show(i, "api/webhooks/dead", query, table{of: "dead", goOn: "--before", columns: []column{
		{title: "GIVEN UP", path: "diedAt", kind: moment}, {title: "ROOM", path: "room"}, {title: "EVENT", path: "type"}, {title: "URL", path: "url"},
		{title: "TRIES", path: "attempts"}, {title: "STATUS", path: "status"}, {title: "ERROR", path: "error"}, {title: "ID", path: "id", kind: whole},
	}})
}
