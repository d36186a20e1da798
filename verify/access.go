package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caller-chat/caller/client"
)

func (t *trial) marks(ctx context.Context) (string, error) {
	if err := t.needs(client.SSE); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	ann := t.in(people[0])
	l := t.listen(ctx, people[0], client.SSE, client.From{})
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	posts, err := t.sayMany(ctx, people[1], 3, "unread")
	if err != nil {
		return "", err
	}
	if _, _, err := l.waitFor(ctx, "the messages", saying(posts[2].Text)); err != nil {
		return "", err
	}
	mark, err := ann.MarkRead(ctx, posts[1].ID)
	if err != nil {
		return "", err
	}
	if mark.Cursor != posts[1].ID || mark.Unread != 1 {
		return "", fmt.Errorf("the mark is at %s with %d unread; want %s and 1", mark.Cursor, mark.Unread, posts[1].ID)
	}
	if _, _, err := l.waitFor(ctx, "the mark", func(e client.Event) bool { return e.Type == client.EventRead && e.Cursor == posts[1].ID }); err != nil {
		return "", err
	}
	if mark, err = ann.MarkRead(ctx, posts[0].ID); err == nil && mark.Cursor != posts[1].ID {
		err = fmt.Errorf("the mark has gone back, from %s to %s", posts[1].ID, mark.Cursor)
	}
	return "moved, and told", err
}

func (t *trial) session(ctx context.Context) (string, error) {
	if _, err := t.begin(ctx); err != nil {
		return "", err
	}
	c, err := client.New(t.base, client.Options{HTTP: t.http})
	if err != nil {
		return "", err
	}
	session, err := c.SignIn(ctx, "Verify Eve")
	if err != nil {
		return "", err
	}
	eve := &person{Client: c, id: session.ID, name: session.Name, token: session.Token}
	if known, err := c.Session(ctx); err != nil || known.ID != session.ID || known.Name != session.Name {
		return "", fmt.Errorf("GET /session says %q %q, %v; want %q %q", known.ID, known.Name, err, session.ID, session.Name)
	}
	forged := *eve
	forged.token = forgery(eve.token)
	answer, err := t.ask(ctx, &forged, http.MethodGet, "session", "")
	if err != nil {
		return "", err
	}
	if err := answer.refused(http.StatusUnauthorized, "session_invalid", "", 0); err != nil {
		return "", fmt.Errorf("a forged token: %w", err)
	}
	fixed, err := client.New(t.base, client.Options{HTTP: t.http, Token: eve.token})
	if err != nil {
		return "", err
	}
	eve.Client = fixed // the stream's, which does not make its session anew
	var streams []*listener
	for _, transport := range t.working() {
		l := t.listen(ctx, eve, transport, client.From{})
		if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
			return "", err
		}
		streams = append(streams, l)
	}
	if err := c.SignOut(ctx); err != nil {
		return "", fmt.Errorf("signing out: %w", err)
	}
	var errs []error
	for _, l := range streams {
		if err := l.ended(ctx); !errors.Is(err, &client.Problem{Code: "session_invalid"}) {
			errs = append(errs, fmt.Errorf("after signing out the stream by %s: %v; want its end by session_invalid", l.who, err))
		}
	}
	answer, err = t.ask(ctx, eve, http.MethodGet, "session", "")
	if err == nil {
		err = answer.refused(http.StatusUnauthorized, "session_invalid", "", 0)
	}
	return fmt.Sprintf("%d streams ended", len(streams)), errors.Join(append(errs, err)...)
}

// forgery is a token with another signature.
func forgery(token string) string {
	i := strings.LastIndexByte(token, '.') + 1
	if i+1 >= len(token) {
		return token + "x"
	}
	other := "A"
	if token[i] == 'A' {
		other = "B"
	}
	return token[:i] + other + token[i+1:]
}

func (t *trial) password(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	rules, err := t.in(people[0]).Rules(ctx)
	if err != nil || !rules.Owned {
		return "", skipped{"rooms can't be owned here"}
	}
	said, err := t.say(ctx, people[0], client.Draft{Text: t.text("within")})
	if err != nil {
		return "", err
	}
	secret := fmt.Sprintf("%016x", t.rand.Uint64())
	if _, err := t.in(people[0]).ChangeRules(ctx, rules.Version, map[string]any{"password": secret}); err != nil {
		return "", fmt.Errorf("setting a password: %w", err)
	}
	var errs []error
	for _, path := range []string{"/messages", "/members", "/settings", "/messages/" + said.ID, "/sse"} {
		answer, err := t.ask(ctx, people[1], http.MethodGet, "rooms/"+t.room+path, "")
		if err == nil {
			err = answer.refused(http.StatusForbidden, "password_required", "", 0)
		}
		errs = append(errs, err)
	}
	if _, err := t.in(people[1]).Enter(ctx, client.Key{Password: secret}); err != nil {
		return "", fmt.Errorf("entering by the password: %w", err)
	}
	page, err := t.in(people[1]).History(ctx, client.Span{})
	if err == nil && (len(page.Entries) == 0 || !slices.ContainsFunc(page.Entries, func(e client.Entry) bool { return e.ID == said.ID })) {
		err = errors.New("who has entered does not read what was said")
	}
	return "refused without it, and let in by it", errors.Join(append(errs, err)...)
}
