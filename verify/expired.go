package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// mostKept is how many messages the room of the check keeps: so few that a cursor is soon pushed out.
const mostKept = 4

// expired pushes a cursor out of what a room keeps, by a history of a few messages, and comes back
// with it over each transport.
func (t *trial) expired(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	working := t.working()
	if len(working) == 0 {
		return "", skipped{"no transport works"}
	}
	ann := t.in(people[0])
	rules, err := ann.Rules(ctx)
	if err != nil || !rules.Owned {
		return "", skipped{"rooms can't be owned here"}
	}
	if _, err := ann.ChangeRules(ctx, rules.Version, map[string]any{"historyLimit": mostKept}); err != nil {
		return "", fmt.Errorf("setting how many messages are kept: %w", err)
	}
	posts, err := t.sayMany(ctx, people[1], mostKept+3+t.rand.IntN(3), "line")
	if err != nil {
		return "", err
	}
	page, err := ann.History(ctx, client.Span{})
	if err != nil {
		return "", err
	}
	kept := idsOf(page.Entries)
	if len(kept) == 0 || len(kept) > mostKept || kept[len(kept)-1] != posts[len(posts)-1].ID {
		return "", fmt.Errorf("of %d messages %v are kept; want the last %d", len(posts), kept, mostKept)
	}
	cursor := posts[t.rand.IntN(2)] // what came after it is no longer all kept
	var errs []error
	for _, transport := range working {
		errs = append(errs, t.expiredOver(ctx, people[0], transport, cursor.ID, kept, posts))
	}
	return fmt.Sprintf("reset expired, and the %d that are kept, over %v", len(kept), working), errors.Join(errs...)
}

func (t *trial) expiredOver(ctx context.Context, p *person, transport client.Transport, cursor string, kept []string, posts []judge.Post) error {
	l := t.listen(ctx, p, transport, client.From{After: cursor})
	defer l.close()
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return err
	}
	events, err := l.wait(ctx, "the last message", func(events []client.Event) bool {
		return slices.ContainsFunc(events, saying(posts[len(posts)-1].Text))
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(events, ofType(string(client.Reset)))
	switch {
	case i < 0:
		return fmt.Errorf("%s: after %s, which is no longer kept, there came no reset", transport, cursor)
	case events[i].Entry.Reason != "expired":
		return fmt.Errorf("%s: the reset's reason is %q; want expired", transport, events[i].Entry.Reason)
	case events[0].Resumed:
		return fmt.Errorf("%s: welcome says resumed true, and a reset followed", transport)
	}
	var told []client.Entry
	for _, e := range events {
		if e.Entry != nil && e.Type != string(client.Reset) {
			told = append(told, *e.Entry)
		}
	}
	if !slices.Equal(idsOf(told), kept) {
		return fmt.Errorf("%s: with the reset there came %v; want what is kept: %v", transport, idsOf(told), kept)
	}
	return faulty(string(transport)+", after the reset", judge.Reader(posts[len(posts)-len(kept):], "", judged(events[i:])))
}

func idsOf(entries []client.Entry) []string {
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}
