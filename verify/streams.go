package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// each are the transports, one by one.
var each = []client.Transport{client.WebSocket, client.SSE, client.Polling}

// streamChecks are of what readers are told.
func streamChecks() []check {
	var all []check
	for _, t := range each {
		all = append(all, check{
			"stream/" + string(t), "welcome at once, live, a ping a second later, and a message as soon as it is stored: nothing in between holds what is sent",
			func(tr *trial, ctx context.Context) (string, error) { return tr.stream(ctx, t) },
		})
	}
	for _, t := range each {
		all = append(all, check{
			"resume/" + string(t), "who comes back with a cursor gets exactly what was missed, in order, and is told that nothing is missing",
			func(tr *trial, ctx context.Context) (string, error) { return tr.resume(ctx, t) },
		}, check{
			"reset/" + string(t), "a cursor of another log is answered by reset, and then all that is kept",
			func(tr *trial, ctx context.Context) (string, error) { return tr.reset(ctx, t) },
		})
	}
	return append(all,
		check{"reset/expired", "a cursor after which something is no longer kept is answered by reset with the reason expired, and then all that is kept: never by a gap", (*trial).expired},
		check{"resume/last-event-id", "the header Last-Event-ID, which browsers send by themselves, resumes and wins over the query; after a stream was left it is answered 204", (*trial).lastEventID},
		check{"order", "every reader, over every transport, sees every acknowledged message once, in one order", (*trial).order},
		check{"resume/across", "a cursor is good on every transport: one reader changes between them and misses nothing", (*trial).across},
		check{"long-poll", "a poll that waits is answered when something is said, and empty, under the same cursor, when its time is over", (*trial).longPoll},
		check{"fallback", "a client behind a proxy that refuses WebSockets and swallows streams reads and posts all the same, and nothing is lost or doubled", (*trial).fallback},
	)
}

// needs skips a check of a transport that was found not to work.
func (t *trial) needs(transport client.Transport) error {
	if why, dead := t.dead[transport]; dead {
		return skipped{why: "see stream/" + string(transport) + ": " + why}
	}
	return nil
}

func (t *trial) working() []client.Transport {
	return slices.DeleteFunc(slices.Clone(each), func(one client.Transport) bool { return t.needs(one) != nil })
}

func (t *trial) stream(ctx context.Context, transport client.Transport) (seen string, err error) {
	defer func() {
		if err != nil {
			t.dead[transport] = "it does not work"
		}
	}()
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	l := t.listen(ctx, people[0], transport, client.From{})
	welcome, welcomed, err := l.waitFor(ctx, "welcome", ofType(client.EventWelcome))
	if err != nil {
		return "", held(err)
	}
	if l.first() != client.EventWelcome {
		return "", fmt.Errorf("%s: the first event is %s", transport, l.first())
	}
	if transport != client.Polling && (welcome.You.ID != people[0].id || welcome.Room != t.room || welcome.Stream == "") {
		return "", fmt.Errorf("welcome says clientId %q, roomId %q and stream %q; want %q, %q and a name",
			welcome.You.ID, welcome.Room, welcome.Stream, people[0].id, t.room)
	}
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", held(err)
	}
	_, pinged, err := l.waitFor(ctx, "the first ping", ofType(client.EventPing))
	if err != nil {
		return "", held(err)
	}
	if transport == client.WebSocket {
		if _, _, err := l.waitFor(ctx, "the answer to a ping", ofType(client.EventPong)); err != nil {
			return "", fmt.Errorf("what is sent up does not get through: %w", err)
		}
	}
	stored, err := t.say(ctx, people[1], client.Draft{Text: t.text("now")})
	if err != nil {
		return "", err
	}
	since := time.Since(l.began)
	_, came, err := l.waitFor(ctx, "the message "+stored.ID+", which is stored,", saying(stored.Text))
	if err != nil {
		return "", held(err)
	}
	if stored, err = t.say(ctx, people[1], client.Draft{Text: t.text("then")}); err != nil { // before it, whatever came twice has come
		return "", err
	}
	if _, _, err := l.waitFor(ctx, "the message "+stored.ID, saying(stored.Text)); err != nil {
		return "", held(err)
	}
	return fmt.Sprintf("welcome after %v, ping after %v, a message %v after it was stored",
		welcomed.Round(time.Millisecond), pinged.Round(time.Millisecond), max(0, came-since).Round(time.Millisecond)), nil
}

// held says what most often is the reason when something does not come.
func held(err error) error {
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Code != client.NoAnswer && problem.Code != "upgrade_required" {
		return err
	}
	return fmt.Errorf("%w. If it is not the server, something in between refuses or buffers it: docs/deploy.md says what to set", err)
}

func (l *listener) first() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == 0 {
		return ""
	}
	return l.events[0].Type
}

func (t *trial) resume(ctx context.Context, transport client.Transport) (string, error) {
	if err := t.needs(transport); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	before, err := t.sayMany(ctx, people[1], 3+t.rand.IntN(3), "before")
	if err != nil {
		return "", err
	}
	l := t.listen(ctx, people[0], transport, client.From{})
	if _, _, err := l.waitFor(ctx, "what is kept", saying(before[len(before)-1].Text)); err != nil {
		return "", err
	}
	l.close()
	cut := before[t.rand.IntN(len(before)-1)]
	meanwhile, err := t.sayMany(ctx, people[1], 2+t.rand.IntN(3), "meanwhile")
	if err != nil {
		return "", err
	}
	again := t.listen(ctx, people[0], transport, client.From{After: cut.ID})
	if _, _, err := again.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	last, err := t.say(ctx, people[1], client.Draft{Text: t.text("after"), Key: "after"})
	if err != nil {
		return "", err
	}
	events, err := again.wait(ctx, "the last message", func(events []client.Event) bool { return slices.ContainsFunc(events, saying(last.Text)) })
	if err != nil {
		return "", err
	}
	posts := append(slices.Concat(before, meanwhile), last)
	if slices.ContainsFunc(events, ofType(string(client.Reset))) {
		return "", fmt.Errorf("after %s, which is kept, there came a reset", cut.ID)
	}
	if err := faulty("after "+cut.ID, judge.Reader(posts, cut.ID, judged(events))); err != nil {
		return "", err
	}
	if welcome := events[0]; !welcome.Resumed {
		return "", errors.New("welcome says resumed false, and nothing was missing")
	}
	return fmt.Sprintf("%d messages after %s", len(judged(events)), cut.ID), nil
}

func (t *trial) reset(ctx context.Context, transport client.Transport) (string, error) {
	if err := t.needs(transport); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	posts, err := t.sayMany(ctx, people[1], 4, "kept")
	if err != nil {
		return "", err
	}
	number, _, _ := strings.Cut(posts[2].ID, "-")
	other := fmt.Sprintf("%s-%08x", number, t.rand.Uint32()|1)
	l := t.listen(ctx, people[0], transport, client.From{After: other})
	if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
		return "", err
	}
	events, err := l.wait(ctx, "all that is kept", func(events []client.Event) bool {
		return slices.ContainsFunc(events, saying(posts[3].Text))
	})
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(events, ofType(string(client.Reset)))
	switch {
	case i < 0:
		return "", fmt.Errorf("after %s, which is none of this log, there came no reset", other)
	case events[i].Entry.Reason != "rewritten" && events[i].Entry.Reason != "expired":
		return "", fmt.Errorf("the reset's reason is %q", events[i].Entry.Reason)
	case events[0].Resumed:
		return "", errors.New("welcome says resumed true, and a reset followed")
	}
	if err := faulty("after the reset", judge.Reader(posts, "", judged(events[i+1:]))); err != nil {
		return "", err
	}
	return "reset " + events[i].Entry.Reason + ", and all that is kept", nil
}

// order has people talk at once, and readers over every transport that works.
func (t *trial) order(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob", "Eve")
	if err != nil {
		return "", err
	}
	working := t.working()
	if len(working) == 0 {
		return "", skipped{"no transport works"}
	}
	var readers []*listener
	for i, transport := range working {
		l := t.listen(ctx, people[i%len(people)], transport, client.From{})
		if _, _, err := l.waitFor(ctx, "live", ofType(client.EventLive)); err != nil {
			return "", err
		}
		readers = append(readers, l)
	}
	const each = 10
	drafts := make([][]client.Draft, len(people))
	for i, p := range people {
		for n := range each {
			drafts[i] = append(drafts[i], client.Draft{Text: t.text(fmt.Sprintf("%s %d", p.name, n+1)), Key: fmt.Sprintf("%s-%d", []string{"a", "b", "e"}[i], n+1)})
		}
	}
	var mu sync.Mutex // guards what follows
	var posts []judge.Post
	var errs []error
	var all sync.WaitGroup
	for i, p := range people {
		all.Go(func() {
			for _, draft := range drafts[i] {
				post, err := t.say(ctx, p, draft)
				mu.Lock()
				if err != nil {
					errs = append(errs, err)
				} else {
					posts = append(posts, post)
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	last, err := t.say(ctx, people[0], client.Draft{Text: t.text("last"), Key: "last"})
	if err != nil {
		return "", err
	}
	posts = append(posts, last)
	records := map[string][]judge.Event{}
	for _, l := range readers {
		events, err := l.wait(ctx, "the last message", func(events []client.Event) bool { return slices.ContainsFunc(events, saying(last.Text)) })
		errs = append(errs, err, faulty(l.who, judge.Reader(posts, "", judged(events))))
		records[l.who] = judged(events)
	}
	page, err := t.in(people[0]).History(ctx, client.Span{})
	if err != nil {
		return "", err
	}
	var kept []client.Event
	for _, entry := range page.Entries {
		kept = append(kept, client.Event{Type: string(entry.Kind), Entry: &entry})
	}
	errs = append(errs, faulty("what is kept", judge.Reader(posts, "", judged(kept))))
	records["what is kept"] = judged(kept)
	errs = append(errs, faulty("the acknowledgements", judge.Posts(posts)), faulty("the readers together", judge.Agree(records)))
	return fmt.Sprintf("%d messages by %d people over %v", len(posts), len(people), working), errors.Join(errs...)
}

func (t *trial) across(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	working := t.working()
	if len(working) < 2 {
		return "", skipped{"there are no two transports that work"}
	}
	var posts []judge.Post
	var seen []client.Event
	cursor := ""
	var way []string
	for round := range 2 * len(working) {
		transport := working[(round+t.rand.IntN(2))%len(working)]
		way = append(way, string(transport))
		said, err := t.sayMany(ctx, people[1], 1+t.rand.IntN(3), fmt.Sprint("round", round))
		if err != nil {
			return "", err
		}
		posts = append(posts, said...)
		l := t.listen(ctx, people[0], transport, client.From{After: cursor})
		events, err := l.wait(ctx, "what was missed", func(events []client.Event) bool {
			return slices.ContainsFunc(events, saying(said[len(said)-1].Text))
		})
		if err != nil {
			return "", err
		}
		l.close()
		// What came after it, before the connection was closed, is read again by the next.
		i := slices.IndexFunc(events, saying(said[len(said)-1].Text))
		seen, cursor = append(seen, events[:i+1]...), events[i].Entry.ID
	}
	return fmt.Sprintf("%d messages over %s", len(posts), strings.Join(way, ", ")), faulty("the reader", judge.Reader(posts, "", judged(seen)))
}

func (t *trial) longPoll(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann", "Bob")
	if err != nil {
		return "", err
	}
	first, err := t.say(ctx, people[1], client.Draft{Text: t.text("first")})
	if err != nil {
		return "", err
	}
	began := time.Now()
	path := "rooms/" + t.room + "/messages?after=" + first.ID
	empty, err := t.ask(ctx, people[0], http.MethodGet, path+"&wait=1", "")
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	var page pageJSON
	if err := page.read(empty); err != nil {
		return "", err
	}
	if len(page.Messages) != 0 || page.Cursor != first.ID || page.Reset || took < 900*time.Millisecond {
		return "", fmt.Errorf("with nothing new wait=1 was answered after %v with %d messages and the cursor %s; want none, after a second, and %s",
			took.Round(time.Millisecond), len(page.Messages), page.Cursor, first.ID)
	}
	type result struct {
		reply
		error
	}
	polled := make(chan result, 1)
	go func() {
		answer, err := t.ask(ctx, people[0], http.MethodGet, path+"&wait=9", "")
		polled <- result{answer, err}
	}()
	second, err := t.say(ctx, people[1], client.Draft{Text: t.text("second")})
	answer := <-polled
	if err := errors.Join(err, answer.error); err != nil {
		return "", err
	}
	if err := page.read(answer.reply); err != nil {
		return "", err
	}
	if len(page.Messages) != 1 || page.Messages[0].ID != second.ID || page.Cursor != second.ID {
		return "", fmt.Errorf("%v; want the message %s and the cursor after it", answer.reply, second.ID)
	}
	return "as it should be", nil
}
