package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// longestWait is how long a poll waits at the server: under the 30 s after which some proxies
	// cut.
	longestWait = 25 * time.Second
	// proofWait is the second poll's: its answer is what a stream's first ping is.
	proofWait = time.Second
	// pollSlack is how much longer than its wait an answer may take before it counts as swallowed.
	pollSlack = 8 * time.Second
	// shortestCut is the least after which a poll was cut for its length.
	shortestCut = 1500 * time.Millisecond
	// cutRemembered is how long polls stay under the time at which one was cut.
	cutRemembered = 5 * time.Minute
	// apart is between the beginnings of polls: what comes in a burst comes in few answers; apartIdle
	// when there was no news: what answers at once must not be asked in circles.
	apart     = 50 * time.Millisecond
	apartIdle = time.Second
	// mostCuts is cut polls in a row before the transport is given up.
	mostCuts = 3
)

// pollReply is an answer of the messages call.
type pollReply struct {
	rosterJSON
	Messages []json.RawMessage `json:"messages"`
	Cursor   string            `json:"cursor"`
	Reset    bool              `json:"reset"`
	Reason   string            `json:"reason"`
	Read     json.RawMessage   `json:"read"`
	More     bool              `json:"more"`
}

// poller is one connection's polls, made to look like a stream: the first answer becomes welcome,
// perhaps reset, the entries and live; each later one its entries, the roster when it has changed,
// and a ping.
type poller struct {
	c      *Client
	to     target
	sink   sink
	stream string // names these polls, so that leaving ends their presence alone
	begun  bool
	after  string
	read   string
	roster int64
}

// readPolls reads GET /rooms/{room}/messages?wait=.
func (c *Client) readPolls(ctx context.Context, to target, s sink) end {
	p := &poller{c: c, to: to, sink: s, after: to.from.After, stream: "p-" + rand.Text()}
	var wait time.Duration
	longest := longestWait
	var cutAt time.Time
	for cuts := 0; ; {
		asked := time.Now()
		reply, err := p.poll(ctx, wait)
		if ctx.Err() != nil {
			return lost(context.Cause(ctx))
		}
		took := time.Since(asked)
		if err == nil {
			cuts = 0
			if time.Since(cutAt) > cutRemembered {
				longest = longestWait
			}
			news, ok := p.tell(reply)
			if !ok {
				return lost(errStopped)
			}
			// Longer step by step: what cuts or swallows long requests is found out by one that is
			// not so long.
			if wait <= proofWait || took > wait*9/10 {
				wait = max(proofWait, (wait*5/2 + time.Second - 1).Truncate(time.Second))
			}
			wait = min(longest, wait)
			pause := apartIdle
			if news {
				pause = apart
			}
			if !sleep(ctx, pause-took) {
				return lost(context.Cause(ctx))
			}
			continue
		}
		how := endOf(err)
		cuts++
		if wait == 0 || how.kind != endLost || took < shortestCut || cuts >= mostCuts {
			return how
		}
		// Something in between cuts long requests: stay under the time it let this one live.
		cutAt = time.Now()
		longest = max(time.Second, min(took*4/5, wait/2).Truncate(time.Second))
		wait = longest
	}
}

func (p *poller) poll(ctx context.Context, wait time.Duration) (pollReply, error) {
	query := url.Values{}
	switch from := p.to.from; {
	case p.after != "":
		query.Set("after", p.after)
	case from.New:
		query.Set("limit", "1") // for the cursor
	case from.Last > 0:
		query.Set("limit", strconv.Itoa(from.Last))
	}
	if p.begun {
		query.Set("roster", strconv.FormatInt(p.roster, 10))
	}
	if wait > 0 {
		query.Set("wait", strconv.Itoa(int(wait/time.Second)))
	}
	if p.to.member {
		query.Set("stream", p.stream)
	}
	if p.read != "" {
		query.Set("read", p.read)
	}
	var reply pollReply
	err := p.c.try(ctx, call{
		method: http.MethodGet, path: p.to.room.path("/messages"), query: query, into: &reply, within: wait + pollSlack,
	}, p.to.header.Clone())
	if err == nil && !isCursor(reply.Cursor) {
		err = &Problem{Status: http.StatusOK, Code: NoAnswer, Title: "This is not an answer of Caller", Detail: "it has no cursor"}
	}
	return reply, err
}

// tell passes an answer on as events. It reports whether it had news, and whether anybody wants
// more.
func (p *poller) tell(reply pollReply) (news, ok bool) {
	roster := reply.roster()
	first := !p.begun
	changed := roster.Version != p.roster
	news = changed || len(reply.Messages) > 0
	var events []Event
	say := func(event Event) {
		event.Room = p.to.room.id
		events = append(events, event)
	}
	switch {
	case first:
		say(Event{
			Type: EventWelcome, Resumed: p.after != "" && !reply.Reset, Heartbeat: longestWait, Stream: p.stream,
			Roster: &roster, Version: roster.Version,
		})
	case changed:
		say(Event{Type: EventMembers, Roster: &roster, Version: roster.Version})
	}
	if reply.Reset {
		events = append(events, resetOf(p.to.room.id, reply.Reason))
	}
	for _, object := range reply.Messages {
		if first && p.after == "" && p.to.from.New {
			break
		}
		if event, ok := decodeEvent(object); ok {
			events = append(events, event)
		}
	}
	if first || reply.Reset {
		say(Event{Type: EventLive, Cursor: reply.Cursor})
	} else {
		say(Event{Type: eventCursor, Cursor: reply.Cursor})
	}
	if read, ok := decodeEvent(reply.Read); ok && read.Type == EventRead {
		if read.Cursor != p.read {
			say(read)
		}
		p.read = read.Cursor
	}
	if !first {
		say(Event{Type: EventPing})
	}
	p.begun, p.after, p.roster = true, reply.Cursor, roster.Version
	for _, event := range events {
		if !p.sink.event(event) {
			return news, false
		}
	}
	return news, true
}
