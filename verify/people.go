package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// checks are all there are. Those of streams are first: others are skipped where a transport was
// found not to work.
func checks() []check {
	return slices.Concat([]check{
		{"health", "/healthz says that it lives and /readyz that it can serve: 200", (*trial).health},
	}, streamChecks(), postChecks(), refusalChecks(), peopleChecks())
}

func peopleChecks() []check {
	return []check{
		{"members", "who listens is in the roster, by each transport; who comes and goes is told to the others, at once where one leaves", (*trial).members},
		{"typing", "who is writing is told to the others, and to nobody under another name", (*trial).typing},
		{"history", "what is kept is read in pages, forwards and backwards, each message once", (*trial).history},
		{"search", "words are found in what is kept, in whatever case, and what is not there is not", (*trial).search},
		{"edit", "the author gives a message another text: readers are told, and who comes later reads the new one; nobody else may", (*trial).edit},
		{"delete", "what was taken back is gone from everywhere, and readers are told", (*trial).remove},
		{"reactions", "an emoji is put under a message once for each person, and taken away again", (*trial).react},
		{"read-marks", "how far somebody has read is one mark, which never goes back and is told to their streams", (*trial).marks},
		{"session", "a session is who one is; one that is forged is refused, and signing out ends it and its streams", (*trial).session},
		{"password", "a room with a password tells nothing to who has not given it", (*trial).password},
		{"ndjson", "the same events, one a line, of several rooms on one connection", (*trial).ndjson},
		{"text", "as text, for a terminal, and control characters do nothing there", (*trial).asText},
	}
}

// share uses one room for several checks, which leave nothing in it.
func (t *trial) share(ctx context.Context, name string) error {
	if t.shared[name] == "" {
		room, err := t.newRoom(ctx)
		if err != nil {
			return err
		}
		t.shared[name] = room
		t.made = nil // it goes with the run
	}
	t.room = t.shared[name]
	return nil
}

func (t *trial) health(ctx context.Context) (string, error) {
	var errs []error
	for _, path := range []string{"healthz", "readyz"} {
		answer, err := t.ask(ctx, nil, http.MethodGet, path, "")
		if err == nil {
			err = answer.is(http.StatusOK)
		}
		errs = append(errs, err)
	}
	return "200", errors.Join(errs...)
}

func (t *trial) members(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	ann, bob := people[0], people[1]
	working := t.working()
	if len(working) == 0 {
		return "", skipped{"no transport works"}
	}
	watching := t.listen(ctx, ann, working[0], client.From{})
	if _, _, err := watching.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	for round, transport := range working {
		l := t.listen(ctx, bob, transport, client.From{})
		if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
			return "", err
		}
		if err := t.listed(ctx, bob, transport); err != nil {
			return "", err
		}
		within := eventually
		if transport == client.Polling {
			// A poll that is on its way while one leaves brings one back. None begins from here on; one
			// that the server reads late is waited for as a lost connection is.
			l.close()
			within += reconnectGrace
		}
		if err := t.in(bob).Leave(ctx); err != nil {
			return "", fmt.Errorf("leaving: %w", err)
		}
		l.close()
		if working[0] == client.Polling {
			continue // it is told rosters, not who comes and goes
		}
		if _, err := watching.waitWithin(ctx, within, "that Bob came and left", func(events []client.Event) bool {
			came, left := 0, 0
			for _, e := range events {
				if e.Member != nil && e.Member.ID == bob.id {
					if e.Type == client.EventJoined {
						came++
					} else if e.Type == client.EventLeft {
						left++
					}
				}
			}
			return came > round && left > round
		}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("over %v", working), nil
}

// listed waits until somebody is in the roster, as whom it should be.
func (t *trial) listed(ctx context.Context, who *person, transport client.Transport) error {
	late := time.Now().Add(eventually)
	for {
		roster, err := t.in(who).Members(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(roster.Members, func(m client.Member) bool { return m.ID == who.id })
		switch {
		case i >= 0 && roster.Members[i].Transport == string(transport) && roster.Members[i].Name == who.name:
			return nil
		case time.Now().Before(late):
			time.Sleep(100 * time.Millisecond) // a poll makes one a member when it waits, not before
		case i < 0:
			return fmt.Errorf("who listens by %s is not among the %d members", transport, len(roster.Members))
		default:
			return fmt.Errorf("who listens by %s as %q is told as %q by %s", transport, who.name, roster.Members[i].Name, roster.Members[i].Transport)
		}
	}
}

func (t *trial) typing(ctx context.Context) (string, error) {
	if err := t.needs(client.SSE); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	l := t.listen(ctx, people[0], client.SSE, client.From{})
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	bobs := t.listen(ctx, people[1], client.SSE, client.From{})
	if _, _, err := bobs.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	if err := t.in(people[1]).Typing(ctx); err != nil {
		return "", err
	}
	event, _, err := l.waitFor(ctx, "typing", ofType(client.EventTyping))
	if err != nil {
		return "", err
	}
	if event.Member.ID != people[1].id {
		return "", fmt.Errorf("typing names %s %q; want %s", event.Member.ID, event.Member.Name, people[1].id)
	}
	answer, err := t.ask(ctx, nil, http.MethodPost, "rooms/"+t.room+"/typing", "")
	if err != nil {
		return "", err
	}
	return "told", answer.refused(http.StatusUnauthorized, "session_required", "", 0)
}

func (t *trial) history(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	ann := people[0]
	const many, limit = 11, 3
	posts, err := t.sayMany(ctx, ann, many, "line")
	if err != nil {
		return "", err
	}
	var forwards, backwards []client.Event
	cursor := "0-0"
	for range many {
		page, err := t.in(ann).History(ctx, client.Span{After: cursor, Limit: limit})
		if err != nil {
			return "", err
		}
		if page.Reset || len(page.Entries) > limit {
			return "", fmt.Errorf("after %s there came %d entries, reset %v; want at most %d", cursor, len(page.Entries), page.Reset, limit)
		}
		for _, e := range page.Entries {
			forwards = append(forwards, client.Event{Type: string(e.Kind), Entry: &e})
		}
		if len(page.Entries) == 0 {
			break
		}
		cursor = page.Cursor
	}
	before := ""
	for range many {
		page, err := t.in(ann).History(ctx, client.Span{Before: before, Limit: limit})
		if err != nil {
			return "", err
		}
		if len(page.Entries) == 0 {
			break
		}
		var events []client.Event
		for _, e := range page.Entries {
			events = append(events, client.Event{Type: string(e.Kind), Entry: &e})
		}
		backwards = append(events, backwards...)
		before = page.Entries[0].ID
	}
	return fmt.Sprintf("%d messages in pages of %d", many, limit), errors.Join(
		faulty("forwards", judge.Reader(posts, "", judged(forwards))),
		faulty("backwards", judge.Reader(posts, "", judged(backwards))),
	)
}

func (t *trial) search(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	word := fmt.Sprintf("ЧАЙ%06x", t.rand.Uint32()&0xffffff)
	stored, err := t.say(ctx, people[0], client.Draft{Text: "a cup of " + word})
	if err != nil {
		return "", err
	}
	if _, err := t.say(ctx, people[1], client.Draft{Text: t.text("else")}); err != nil {
		return "", err
	}
	for _, look := range []struct {
		span client.Span
		want int
	}{{client.Span{Text: strings.ToLower(word) + " CUP"}, 1}, {client.Span{Text: word + " nothing"}, 0}, {client.Span{By: people[0].id}, 1}} {
		page, err := t.in(people[1]).History(ctx, look.span)
		if err != nil {
			return "", err
		}
		if len(page.Entries) != look.want || look.want == 1 && page.Entries[0].ID != stored.ID {
			return "", fmt.Errorf("for %q, by %q, %d were found; want %d", look.span.Text, look.span.By, len(page.Entries), look.want)
		}
	}
	return "found", nil
}
