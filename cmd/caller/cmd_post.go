package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/caller-chat/caller/client"
)

// postCommand is "caller post".
type postCommand struct {
	clientFlags
	roomFlag
	Name    string    `placeholder:"NAME" help:"The name to post under, if there is no token. Default: that of a guest."`
	Gather  bool      `short:"g" help:"Put lines that wait into one message. Without it each line is one."`
	Rate    perSecond `default:"5" placeholder:"N" help:"How many messages to post a second, after twenty at once. 0 leaves it to the server. Default: 5."`
	Wait    *trying   `placeholder:"TIME" help:"How long to try to post a message while the server does not answer, up to 9m. Default: 10s, and 5m for lines from the input."`
	Key     postKey   `placeholder:"KEY" help:"What the post is known by: the same key within ten minutes posts nothing again. Lines from the input have KEY-1, KEY-2 and so on. Default: a new one."`
	ReplyTo string    `placeholder:"ID" help:"The id of the message that this one answers."`
	JSON    bool      `name:"json" help:"Print each message as it was stored, a JSON object a line."`

	Text []string `arg:"" optional:"" sep:"none" help:"What to say. Without it, lines of the standard input are posted as they come."`
}

func (*postCommand) examples() string {
	return `
# Say something.
caller post --room lobby --name deploy "Version 7 is out"
# Post what a program writes, line by line. When the server is restarted, it goes on where it was.
make 2>&1 | caller post --room lobby --name build --gather
# To a server elsewhere, by an access token of the room.
CALLER_URL=https://chat.example.org CALLER_TOKEN_FILE=token caller post -r lobby hello`
}

// trying is how long a post may be tried: less than the ten minutes for which the server knows its
// key, so that it is never stored twice.
type trying time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *trying) UnmarshalText(text []byte) error {
	return between((*time.Duration)(v), text, time.Second, 9*time.Minute)
}

// postKey is a key with room for a number.
type postKey string

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *postKey) UnmarshalText(text []byte) error {
	const most = 48
	if strings.ContainsFunc(string(text), func(r rune) bool { return r <= ' ' || r > '~' }) || len(text) > most {
		return fmt.Errorf("%q is not 1 to %d printable ASCII characters without spaces", text, most)
	}
	*v = postKey(text)
	return nil
}

// poster posts one message after the other.
type poster struct {
	i       *invocation
	room    *client.Room
	wait    time.Duration
	limiter *rate.Limiter
	json    bool
	known   bool // a token says who posts
	posted  int
}

// burst is how many messages may be posted at once before the rate counts: a fifth of what the
// server's own limit allows, which all guests of an address share.
const burst = 20

// Run implements the command.
func (p *postCommand) Run(i *invocation) error {
	room, err := p.named(i, "")
	if err != nil {
		return err
	}
	c, err := p.client(i, p.Name, client.Auto)
	if err != nil {
		return err
	}
	defer c.Close()
	to := &poster{i: i, room: c.Room(room), wait: 10 * time.Second, limiter: rate.NewLimiter(rate.Limit(p.Rate), burst), json: p.JSON}
	to.known = p.known()
	if p.Rate == 0 {
		to.limiter.SetLimit(rate.Inf)
	}
	if len(p.Text) == 0 {
		to.wait = 5 * time.Minute
	}
	if p.Wait != nil {
		to.wait = time.Duration(*p.Wait)
	}
	if len(p.Text) > 0 {
		return to.post(client.Draft{Text: strings.Join(p.Text, " "), Key: string(p.Key), ReplyTo: p.ReplyTo})
	}
	switch {
	case p.Key == "":
		p.Key = postKey(rand.Text())
	case p.Gather:
		return i.misuse(errors.New("--key can't be used with --gather: which lines go together is another thing each time"))
	}
	return to.postLines(client.Draft{Key: string(p.Key), ReplyTo: p.ReplyTo}, p.Gather)
}

// postLines posts what comes in, each line or as many as wait, until its end.
func (p *poster) postLines(like client.Draft, gathers bool) error {
	ctx, cancel := context.WithCancel(p.i.ctx)
	defer cancel()
	ahead := 1
	if gathers {
		ahead = 1000
	}
	lines := readLines(ctx, p.i.stdin, ahead)
	key := like.Key
	for numbered := 1; ; {
		var next line
		select {
		case next = <-lines:
		case <-ctx.Done():
			return p.i.ended(ctx.Err())
		}
		for rest := &next; rest != nil; {
			next, rest = *rest, nil
			switch {
			case errors.Is(next.err, io.EOF):
				return nil
			case next.err != nil:
				return next.err
			}
			text := next.text
			if showsNothing(text) {
				continue // it costs nothing of the rate
			}
			if err := p.limiter.Wait(ctx); err != nil {
				return p.i.ended(err)
			}
			if gathers {
				text, rest = gather(text, lines)
			}
			like.Text, like.Key = text, fmt.Sprintf("%s-%d", key, numbered)
			numbered++
			if err := p.post(like); err != nil {
				return err
			}
		}
	}
}

// post posts one message. It says how many came before it when it can't.
func (p *poster) post(draft client.Draft) error {
	ctx, cancel := context.WithTimeout(p.i.ctx, p.wait)
	defer cancel()
	entry, err := p.room.Say(ctx, draft)
	if err != nil {
		err = p.i.ended(err)
		if p.posted > 0 {
			fmt.Fprintf(p.i.stderr, "caller: %d messages had been posted before\n", p.posted)
		}
		return err
	}
	p.posted++
	if p.json {
		err = p.i.printJSON(entry.Raw)
	}
	if p.known && entry.From.Guest {
		return unknownToken("the message was posted as a guest's")
	}
	return err
}
