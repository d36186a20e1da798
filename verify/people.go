package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
		if err := t.in(bob).Leave(ctx); err != nil {
			return "", fmt.Errorf("leaving: %w", err)
		}
		l.close()
		if working[0] == client.Polling {
			continue // it is told rosters, not who comes and goes
		}
		if _, err := watching.wait(ctx, "that Bob came and left", func(events []client.Event) bool {
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

// lines reads a stream line by line until enough has come.
func (t *trial) lines(ctx context.Context, p *person, path string, enough func(line string) (done bool, err error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, eventually, fmt.Errorf("not within %v", eventually))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	resp, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it is read as far as it is good for anything
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s was answered %s", shortened(path), resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if done, err := enough(lines.Text()); done || err != nil {
			return err
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return held(fmt.Errorf("what was to come did not: %w", cause))
	}
	return fmt.Errorf("the stream ended: %w", errors.Join(lines.Err(), errors.New("too early")))
}

func (t *trial) ndjson(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	other, err := t.newRoom(ctx)
	if err != nil {
		return "", err
	}
	posts, err := t.sayMany(ctx, people[0], 3, "kept")
	if err != nil {
		return "", err
	}
	var seen []judge.Event
	welcomed, live := map[string]bool{}, map[string]bool{}
	path := "stream/ndjson?room=" + t.room + "@" + posts[0].ID + "&room=" + other
	err = t.lines(ctx, people[0], path, func(line string) (bool, error) {
		var e entryJSON
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return true, fmt.Errorf("a line is not JSON: %s", line)
		}
		switch e.Type {
		case "welcome":
			welcomed[e.RoomID] = true
		case "live":
			live[e.RoomID] = true
		case "message":
			if !welcomed[e.RoomID] || e.RoomID != t.room {
				return true, fmt.Errorf("the message %s is of %q", e.ID, e.RoomID)
			}
			seen = append(seen, judge.Event{Type: e.Type, ID: e.ID, Key: e.Key, From: e.From.ID, Text: e.Text})
		case "reset":
			return true, errors.New("there came a reset")
		}
		return live[t.room] && live[other], nil
	})
	if err != nil {
		return "", err
	}
	return "two rooms, one after a cursor", faulty("the reader", judge.Reader(posts, posts[0].ID, seen))
}

func (t *trial) asText(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	mark := fmt.Sprintf("%08x", t.rand.Uint32())
	if _, err := t.say(ctx, people[0], client.Draft{Text: "bell \a escape \x1b[31m " + mark}); err != nil {
		return "", err
	}
	var line string
	err = t.lines(ctx, people[0], "rooms/"+t.room+"/text", func(read string) (bool, error) {
		line = read
		return strings.Contains(read, mark), nil
	})
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(line, "\a\x1b") || !strings.Contains(line, people[0].name+": bell") {
		return "", fmt.Errorf("the line is %q", line)
	}
	return fmt.Sprintf("%q", line), nil
}
