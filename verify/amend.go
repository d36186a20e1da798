package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caller-chat/caller/client"
)

// amended has a message amended while somebody reads, and is the amendment that was told.
func (t *trial) amended(ctx context.Context, kind client.Kind, message string, amend func() error) (client.Entry, error) {
	working := t.working()
	if len(working) == 0 {
		return client.Entry{}, skipped{"no transport works"}
	}
	bob, err := t.person(ctx, "Bob")
	if err != nil {
		return client.Entry{}, err
	}
	l := t.listen(ctx, bob, working[0], client.From{})
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return client.Entry{}, err
	}
	if err := amend(); err != nil {
		return client.Entry{}, fmt.Errorf("%s: %w", kind, err)
	}
	event, _, err := l.waitFor(ctx, "the "+string(kind), ofType(string(kind)))
	if err != nil {
		return client.Entry{}, err
	}
	l.close()
	if event.Entry.Target != message {
		return client.Entry{}, fmt.Errorf("the %s is about %q; want %s", kind, event.Entry.Target, message)
	}
	return *event.Entry, nil
}

func (t *trial) edit(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	first, err := t.say(ctx, people[0], client.Draft{Text: t.text("first")})
	if err != nil {
		return "", err
	}
	if err := t.in(people[1]).Edit(ctx, first.ID, client.Change{Text: "not mine"}); !errors.Is(err, &client.Problem{Code: "not_allowed"}) {
		return "", fmt.Errorf("somebody else's edit: %v; want 403 not_allowed", err)
	}
	if err := t.in(people[0]).Edit(ctx, "999999-0badcafe", client.Change{Text: "x"}); !errors.Is(err, &client.Problem{Code: "not_found"}) {
		return "", fmt.Errorf("an edit of no message: %v; want 404 not_found", err)
	}
	now := t.text("second")
	told, err := t.amended(ctx, client.Edit, first.ID, func() error { return t.in(people[0]).Edit(ctx, first.ID, client.Change{Text: now}) })
	if err != nil {
		return "", err
	}
	kept, err := t.in(people[1]).Message(ctx, first.ID)
	if err != nil {
		return "", err
	}
	if told.Text != now || kept.Text != now || kept.EditedAt.IsZero() || kept.Amended != told.ID {
		return "", fmt.Errorf("told %q; kept %q, edited at %v, amended by %s; want %q and %s", told.Text, kept.Text, kept.EditedAt, kept.Amended, now, told.ID)
	}
	return "told and kept", nil
}

func (t *trial) remove(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	word := fmt.Sprintf("secret%08x", t.rand.Uint32())
	first, err := t.say(ctx, people[0], client.Draft{Text: "a " + word, Key: "gone"})
	if err != nil {
		return "", err
	}
	if err := t.in(people[1]).Delete(ctx, first.ID); !errors.Is(err, &client.Problem{Code: "not_allowed"}) {
		return "", fmt.Errorf("somebody else takes it back: %v; want 403 not_allowed", err)
	}
	if _, err := t.amended(ctx, client.Delete, first.ID, func() error { return t.in(people[0]).Delete(ctx, first.ID) }); err != nil {
		return "", err
	}
	var errs []error
	for _, path := range []string{"/messages", "/messages/" + first.ID, "/messages?q=" + word, ""} {
		answer, err := t.ask(ctx, people[1], http.MethodGet, "rooms/"+t.room+path, "")
		if err == nil && strings.Contains(answer.body, word) {
			err = fmt.Errorf("what was taken back is still told by GET rooms/{room}%s", strings.ReplaceAll(path, word, "…"))
		}
		errs = append(errs, err)
	}
	for _, transport := range t.working() {
		l := t.listen(ctx, people[1], transport, client.From{})
		events, err := l.wait(ctx, "live", func(events []client.Event) bool { return slices.ContainsFunc(events, ofType(client.EventLive)) })
		l.close()
		for _, e := range events {
			if bytes.Contains(e.Raw, []byte(word)) {
				err = fmt.Errorf("what was taken back is still told to who comes by %s", transport)
			}
		}
		errs = append(errs, err)
	}
	if err := t.in(people[0]).Edit(ctx, first.ID, client.Change{Text: "again"}); !errors.Is(err, &client.Problem{Code: "conflict"}) {
		errs = append(errs, fmt.Errorf("an edit of what was taken back: %v; want 409 conflict", err))
	}
	return "gone from history, search, text and streams", errors.Join(errs...)
}

func (t *trial) react(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	first, err := t.say(ctx, people[0], client.Draft{Text: t.text("first")})
	if err != nil {
		return "", err
	}
	bobs := t.in(people[1])
	told, err := t.amended(ctx, client.Reaction, first.ID, func() error { return bobs.React(ctx, first.ID, "👍", true) })
	if err != nil {
		return "", err
	}
	if told.Emoji != "👍" || !told.On || told.From.ID != people[1].id {
		return "", fmt.Errorf("told %q, on %v, by %s; want 👍, true, %s", told.Emoji, told.On, told.From.ID, people[1].id)
	}
	if err := errors.Join(bobs.React(ctx, first.ID, "👍", true), t.in(people[0]).React(ctx, first.ID, "👍", true)); err != nil {
		return "", err
	}
	count := func(want int) error {
		kept, err := bobs.Message(ctx, first.ID)
		if err != nil {
			return err
		}
		have := 0
		for _, r := range kept.Reactions {
			if r.Emoji == "👍" {
				have = r.Count
			}
		}
		if have != want {
			return fmt.Errorf("%d have put 👍 there; want %d", have, want)
		}
		return nil
	}
	if err := count(2); err != nil {
		return "", err
	}
	if err := bobs.React(ctx, first.ID, "👍", false); err != nil {
		return "", err
	}
	if err := count(1); err != nil {
		return "", err
	}
	if err := bobs.React(ctx, first.ID, "no emoji", true); !errors.Is(err, &client.Problem{Code: "invalid_field"}) {
		return "", fmt.Errorf("text for an emoji: %v; want 422 invalid_field", err)
	}
	return "told and counted", nil
}
