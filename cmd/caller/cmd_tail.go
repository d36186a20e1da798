package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/transport/wire"
)

// tailCommand is "caller tail".
type tailCommand struct {
	clientFlags
	roomFlag
	Follow    bool      `short:"f" help:"Go on with what is said from now on, until a signal comes. It gets over a server that is restarted, and misses nothing."`
	Lines     tailLines `name:"lines" short:"n" default:"10" placeholder:"N" help:"How many of the last entries to begin with, up to 1000. Default: 10."`
	After     string    `placeholder:"ID" help:"Begin after the entry of this id instead."`
	All       bool      `help:"Also who comes and goes, reactions, and what is done to the room."`
	JSON      bool      `name:"json" help:"Print entries as the server tells them, a JSON object a line."`
	Name      string    `placeholder:"NAME" help:"The name to listen under, if there is no token: who follows is seen in the room."`
	Transport transport `default:"auto" placeholder:"auto|ws|sse|poll" help:"How to follow: by the best way that gets through, or by this one. Default: auto."`

	Of roomName `arg:"" optional:"" name:"room" help:"The room, if --room does not name it."`
}

func (*tailCommand) examples() string {
	return `
# The last ten messages of a room.
caller tail lobby
# Follow it, from now on.
caller tail lobby -f -n 0
# What a program reads: ids, authors, texts.
caller tail -r lobby -f --json | jq -r 'select(.type == "message") | .text'`
}

// tailLines is how many entries to begin with.
type tailLines int

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *tailLines) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > 1000 {
		return fmt.Errorf("%q is not a number from 0 to 1000", text)
	}
	*v = tailLines(n)
	return nil
}

// transport is a way to follow a room.
type transport client.Transport

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *transport) UnmarshalText(text []byte) error {
	switch s := client.Transport(text); s {
	case "auto":
		*v = transport(client.Auto)
	case client.WebSocket, client.SSE, client.Polling:
		*v = transport(s)
	default:
		return fmt.Errorf("%q is none of auto, ws, sse and poll", text)
	}
	return nil
}

// callWithin bounds a command that asks once.
const callWithin = 30 * time.Second

// Run implements the command.
func (t *tailCommand) Run(i *invocation) error {
	name, err := t.named(i, t.Of)
	if err != nil {
		return err
	}
	c, err := t.client(i, t.Name, client.Transport(t.Transport))
	if err != nil {
		return err
	}
	defer c.Close()
	show := &shower{i: i, all: t.All, json: t.JSON, colours: i.colours(), now: time.Now}
	if t.Follow {
		return t.follow(i, c.Room(name), show)
	}
	return t.read(i, c.Room(name), show)
}

// read prints what is kept.
func (t *tailCommand) read(i *invocation, room *client.Room, show *shower) error {
	if t.Lines == 0 && t.After == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(i.ctx, callWithin)
	defer cancel()
	span := client.Span{After: t.After}
	if t.After == "" {
		span.Limit = int(t.Lines)
	}
	page, err := room.History(ctx, span)
	if err != nil {
		return i.ended(err)
	}
	if page.Reset {
		if err := show.entry(resetOf(room.ID(), page.Reason)); err != nil {
			return quietly(err)
		}
	}
	for _, entry := range page.Entries {
		if err := show.entry(entry); err != nil {
			return quietly(err)
		}
	}
	return nil
}

// resetOf is the entry by which a stream says what a page says of itself.
func resetOf(room, reason string) client.Entry {
	raw, _ := json.Marshal(struct {
		Type   client.Kind `json:"type"`
		RoomID string      `json:"roomId"`
		Reason string      `json:"reason"`
	}{client.Reset, room, reason}) // of strings
	return client.Entry{Kind: client.Reset, Room: room, Reason: reason, Raw: raw}
}

// follow prints what is kept and what comes. Its usual end is a signal, or that of its reader.
func (t *tailCommand) follow(i *invocation, room *client.Room, show *shower) error {
	ctx, stop := i.whileRead()
	defer stop()
	from := client.From{After: t.After, Last: int(t.Lines), New: t.Lines == 0}
	for event, err := range room.Events(ctx, from) {
		switch {
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return i.ended(err)
		case event.Type == client.EventWelcome && event.You.Guest && t.known():
			return unknownToken("who follows would be a guest")
		}
		if err := show.event(event); err != nil {
			return quietly(err)
		}
	}
	return nil
}

// shower prints entries: as lines for people, in which nothing can move a terminal's cursor, or as
// JSON.
type shower struct {
	i                  *invocation
	all, json, colours bool
	now                func() time.Time
	shown              recent // for people: what is kept follows a reset, and some of it they have seen
}

// recent are the ids of the last entries. Their numbers alone say nothing: those of a log that begins
// anew begin anew too.
type recent struct {
	known map[string]bool
	ids   []string // a ring, once it is full
	next  int
}

// mostRecent is more than a room keeps as it comes, and no burden.
const mostRecent = 10_000

// add reports whether an id is new.
func (r *recent) add(id string) bool {
	switch {
	case r.known[id]:
		return false
	case r.known == nil:
		r.known = map[string]bool{}
	}
	r.known[id] = true
	if len(r.ids) < mostRecent {
		r.ids = append(r.ids, id)
		return true
	}
	delete(r.known, r.ids[r.next])
	r.ids[r.next] = id
	r.next = (r.next + 1) % mostRecent
	return true
}

func (s *shower) event(e client.Event) error {
	switch {
	case e.Entry != nil:
		return s.entry(*e.Entry)
	case !s.all:
		return nil
	case s.json:
		if e.Raw == nil || e.Type == client.EventTransport {
			return nil
		}
		return s.i.printJSON(e.Raw)
	case e.Member == nil:
		return nil
	case e.Type == client.EventJoined:
		return s.news(s.now(), e.Member.Name, " joined")
	case e.Type == client.EventLeft:
		return s.news(s.now(), e.Member.Name, " left")
	}
	return nil
}

// reset says that there is a gap.
func (s *shower) reset(reason string) {
	what := "the room's log has begun anew"
	if reason == "expired" {
		what = "some of what was said is no longer kept"
	}
	fmt.Fprintf(s.i.stderr, "caller: %s\n", what)
}

func (s *shower) entry(e client.Entry) error {
	if e.Kind == client.Reset {
		s.reset(e.Reason)
		if s.json {
			return s.i.printJSON(e.Raw)
		}
		return nil
	}
	if s.json {
		return s.i.printJSON(e.Raw)
	}
	if !s.shown.add(e.ID) {
		return nil
	}
	switch e.Kind {
	case client.Message:
		if e.Deleted {
			return nil
		}
		return s.message(e)
	case client.Edit:
		return s.news(e.Time, e.From.Name, " edited "+e.Target+": "+e.Text)
	case client.Delete:
		return s.news(e.Time, e.From.Name, " deleted "+e.Target)
	case client.Notice:
		if e.What == "announcement" {
			return s.news(e.Time, e.From.Name, " announced: "+e.Text)
		}
	}
	if !s.all {
		return nil
	}
	switch {
	case e.Kind == client.Reaction && e.On:
		return s.news(e.Time, e.From.Name, " reacted to "+e.Target+" with "+e.Emoji)
	case e.Kind == client.Reaction:
		return s.news(e.Time, e.From.Name, " took "+e.Emoji+" back from "+e.Target)
	case e.Kind == client.Notice:
		return s.news(e.Time, e.From.Name, ": "+e.What)
	}
	return nil
}

// clock is a time as it stands before a line: with its day, if that is another one.
func (s *shower) clock(at time.Time) string {
	at, now := at.Local(), s.now().Local()
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

func (s *shower) message(e client.Entry) error {
	var line strings.Builder
	line.WriteString(s.coloured("2", s.clock(e.Time)) + " " + s.coloured("1", wire.PlainName(e.From.Name)) + ": " + wire.Plain(e.Text))
	for n, file := range e.Files {
		if n > 0 || e.Text != "" {
			line.WriteByte(' ')
		}
		fmt.Fprintf(&line, "[%s %d bytes %s]", wire.Plain(file.Name), file.Size, wire.Plain(file.URL))
	}
	_, err := fmt.Fprintln(s.i.stdout, line.String())
	return err
}

func (s *shower) news(at time.Time, name, what string) error {
	_, err := fmt.Fprintln(s.i.stdout, s.coloured("2", s.clock(at)+" * "+wire.PlainNamed(name)+wire.Plain(what)))
	return err
}

// coloured is a text in an SGR style, where there are colours.
func (s *shower) coloured(style, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
