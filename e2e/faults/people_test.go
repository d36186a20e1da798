package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

const (
	// heartbeat is the nodes'; a person whose stream was silent for silence takes it for dead, as
	// the protocol says.
	heartbeat = 3 * time.Second
	silence   = 2*heartbeat + time.Second
	// openTime is how long a person waits for a connection, answerTime for the answer to a post.
	openTime, answerTime = 5 * time.Second, 4 * time.Second
	// sessionKey is the nodes': a Redis that loses its data would take one that the nodes share
	// there with it.
	sessionKey = "a key that the tests' nodes sign sessions with"
)

// nodeArgs are the flags of nodes in these tests.
func nodeArgs(redisURL string, more ...string) []string {
	return append([]string{"--redis-url", redisURL, "--heartbeat", heartbeat.String(), "--session-key", sessionKey}, more...)
}

// crowd is people in rooms, who read and post until it is closed.
type crowd struct {
	rooms []*room
	bases []string // where people go: the nodes, or what is in front of them
	nodes []string // the nodes
	limit int      // entries kept of a room
	stays bool     // nobody may be shown leaving

	posting, reading sync.WaitGroup
	stopPosting      context.CancelFunc
	stopReading      context.CancelFunc
	// settled is closed when people no longer change places for their own pleasure.
	settled chan struct{}

	late atomic.Int64 // the longest that this process was let wait, in nanoseconds

	mu      sync.Mutex // guards what follows
	losses  []check.Loss
	outages []check.Outage
}

// room is one room and what its people did.
type room struct {
	name   string
	people []*person
	// moderator is the first of the people, where the room is theirs; else nil.
	moderator *moderator
	// follower is the last of the people once more, by package client: it reads and posts too.
	follower *client.Follower

	mu       sync.Mutex // guards what follows
	attempts []check.Attempt
	looks    []check.Reading
}

func (r *room) attempted(a check.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, a)
}

// person reads and posts in one room.
type person struct {
	client.Person
	crowd  *crowd
	room   *room
	record *client.Record
	marks  int

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	reader *client.Reader // nil between two connections
}

// options of a crowd.
type options struct {
	rooms, people int
	// limit is the entries kept of a room: what the nodes were told.
	limit int
	// pause is between one person's posts, on average.
	pause time.Duration
	seed  uint64
	// names gives room i another name than room-i.
	names []string
	// owned is how many of the rooms, the last ones, belong to the first of their people.
	owned int
	// nodes are the nodes, where they are not what people go to.
	nodes []string
	// stays is whether nobody may be shown leaving: nothing happens to the nodes that is not planned.
	stays bool
}

// gather lets a crowd in.
func gather(t *testing.T, bases []string, o options) *crowd {
	t.Helper()
	c := &crowd{bases: bases, nodes: o.nodes, limit: o.limit, stays: o.stays, settled: make(chan struct{})}
	if c.nodes == nil {
		c.nodes = bases
	}
	var readCtx, postCtx context.Context
	readCtx, c.stopReading = context.WithCancel(context.Background())
	postCtx, c.stopPosting = context.WithCancel(readCtx)
	t.Cleanup(c.leave)
	for i := range o.rooms {
		r := &room{name: fmt.Sprintf("room-%d", i)}
		if o.names != nil {
			r.name = o.names[i]
		}
		c.rooms = append(c.rooms, r)
		for j := range o.people {
			name := fmt.Sprintf("%s/%d", r.name, j)
			r.people = append(r.people, &person{
				Person: client.SignIn(t, bases[(i+j)%len(bases)], name), crowd: c, room: r,
				record: client.NewRecord(name), random: rand.New(rand.NewPCG(o.seed, uint64(i*1000+j))),
			})
		}
		follower, err := r.people[o.people-1].Follow(bases, "")
		require.NoError(t, err)
		t.Cleanup(follower.Close)
		r.follower = follower
		if i >= o.rooms-o.owned {
			r.moderator = own(t, r, rand.New(rand.NewPCG(o.seed, uint64(i*1000+999))))
		}
	}
	c.reading.Go(func() { c.measureLate(readCtx) })
	for _, r := range c.rooms {
		for _, p := range r.people {
			c.reading.Go(func() { p.read(readCtx) })
			c.posting.Go(func() { p.chat(postCtx, o.pause) })
		}
		if r.moderator != nil {
			c.posting.Go(func() { r.moderator.moderate(postCtx) })
		}
		c.reading.Go(func() { r.follower.Read(readCtx, r.name) })
		c.posting.Go(func() { r.follow(postCtx, o.pause) })
	}
	return c
}

// follow posts by package client, which sends again by itself what was not answered.
func (r *room) follow(ctx context.Context, pause time.Duration) {
	for n := 1; ctx.Err() == nil; n++ {
		wait(ctx, r.people[0].between(0, 4*pause))
		a := check.Attempt{
			Author: r.follower.Person.ID, Key: fmt.Sprintf("f-%d", n), Text: fmt.Sprintf("%s follows %d", r.follower.Person.Name, n),
			Sent: time.Now(),
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), testwait.Limit)
		id, status, err := r.follower.Post(within, r.name, a.Key, a.Text)
		cancel()
		a.ID, a.Status = id, status
		if status != 0 {
			a.Answered = time.Now()
		}
		if err != nil {
			a.Detail = err.Error()
		}
		r.attempted(a)
	}
}

// measureLate measures for how long the machine lets this process wait that is ready to run.
func (c *crowd) measureLate(ctx context.Context) {
	const every = 10 * time.Millisecond
	for ctx.Err() == nil {
		began := time.Now()
		time.Sleep(every) // what it takes longer is measured
		c.late.Store(max(c.late.Load(), int64(time.Since(began)-every)))
	}
}

// leave ends all that the crowd does.
func (c *crowd) leave() {
	c.stopPosting()
	c.posting.Wait()
	c.stopReading()
	c.reading.Wait()
}

func (p *person) chance(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

// between is a random time.
func (p *person) between(from, to time.Duration) time.Duration {
	return from + time.Duration(p.chance(int(to-from)))
}

// somewhere is this person at a random node.
func (p *person) somewhere() client.Person {
	return p.At(p.crowd.bases[p.chance(len(p.crowd.bases))])
}

// read reads by one connection after the other, over random transports and nodes.
func (p *person) read(ctx context.Context) {
	for ctx.Err() == nil {
		kind := client.Resuming[p.chance(len(client.Resuming))]
		reader, err := p.somewhere().Resume(ctx, openTime, kind, p.room.name, p.record)
		if err != nil {
			wait(ctx, p.between(100*time.Millisecond, 500*time.Millisecond))
			continue
		}
		p.setReader(reader)
		p.stay(ctx, reader, p.between(time.Second, 12*time.Second))
		p.setReader(nil)
		reader.Drop()
		if p.chance(4) == 0 {
			p.look(ctx)
		}
		switch p.chance(4) {
		case 0:
			wait(ctx, p.between(0, 4*time.Second))
		case 1:
		default:
			wait(ctx, p.between(0, 300*time.Millisecond))
		}
	}
}

// look reads as somebody who was never here before, for a moment: what is kept, and a little of
// what comes then.
func (p *person) look(ctx context.Context) {
	record := client.NewRecord(p.Name + " anew")
	reader, err := p.somewhere().Resume(ctx, openTime, client.Resuming[p.chance(len(client.Resuming))], p.room.name, record)
	if err != nil {
		return
	}
	defer reader.Drop()
	enough := time.NewTimer(openTime)
	defer enough.Stop()
	for n := 0; ; {
		events, changed := record.Since(n)
		n += len(events)
		if slices.ContainsFunc(events, func(e client.Event) bool { return e.Type == "live" }) {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-reader.Done(): // which leaves nothing to judge
			return
		case <-enough.C:
			return
		case <-changed:
		}
	}
	wait(ctx, p.between(0, 300*time.Millisecond))
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.room.looks = append(p.room.looks, check.Reading{Who: record.Who, ID: p.ID, Events: record.Events(), Left: true})
}

// stay reads until the connection ends, is silent for too long, or has lasted long enough.
func (p *person) stay(ctx context.Context, reader *client.Reader, length time.Duration) {
	enough := time.NewTimer(length)
	defer enough.Stop()
	bored := enough.C
	n := len(p.record.Events())
	quiet := time.NewTimer(silence)
	defer quiet.Stop()
	for {
		events, changed := p.record.Since(n)
		n += len(events)
		select {
		case <-ctx.Done():
			return
		case <-reader.Done():
			if last := p.record.Last(); last.Type == client.TypeEnd {
				p.record.Note("ended by the other side")
			}
			return
		case <-bored:
			select {
			case <-p.crowd.settled:
				bored = nil // stays now
				continue
			default:
			}
			p.record.Note(client.OnPurpose)
			return
		case <-quiet.C:
			p.record.Note(client.AfterSilence)
			return
		case <-changed:
			quiet.Reset(silence)
		}
	}
}

func (p *person) setReader(reader *client.Reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reader = reader
}

// chat posts one message after the other, each until it is acknowledged.
func (p *person) chat(ctx context.Context, pause time.Duration) {
	for n := 1; ctx.Err() == nil; n++ {
		wait(ctx, p.between(0, 2*pause))
		p.post(ctx, p.something(n))
	}
}

// something is what a person says or does next.
func (p *person) something(n int) check.Attempt {
	a := check.Attempt{Author: p.ID, Key: fmt.Sprintf("k-%d", n), Text: fmt.Sprintf("%s says %d", p.Name, n)}
	about, mine := p.about()
	what := p.chance(10)
	if about.ID == "" || what < 4 {
		return a
	}
	a.Target = about.ID
	switch {
	case what == 4 || what == 5 && mine: // now and then one that must be refused
		a.Kind = "edit"
	case what == 5 || what == 6 && mine && p.chance(2) == 0:
		a.Kind, a.Text = "delete", ""
	default:
		a.Kind, a.Text = "reaction", ""
		a.Emoji, a.On = []string{"👍", "🎉", "☕"}[p.chance(3)], p.chance(3) > 0
	}
	return a
}

// about is one of the last messages that a person has seen, more often one of its own; the zero
// event when there is none.
func (p *person) about() (message client.Event, mine bool) {
	const last = 400 // events
	var seen, own []client.Event
	for _, e := range p.record.Recent(last) {
		if e.Type == "message" {
			seen = append(seen, e)
			if e.From.ID == p.ID {
				own = append(own, e)
			}
		}
	}
	from := seen
	if len(own) > 0 && p.chance(2) == 0 {
		from = own
	}
	if len(from) == 0 {
		return client.Event{}, false
	}
	message = from[p.chance(len(from))]
	return message, message.From.ID == p.ID
}

// post sends something again and again under its key, until it is acknowledged or refused for good
// or ctx ends, and is its id.
func (p *person) post(ctx context.Context, what check.Attempt) (id string) {
	for ctx.Err() == nil {
		attempt := what
		attempt.Sent = time.Now()
		p.mu.Lock()
		reader := p.reader
		p.mu.Unlock()
		if reader != nil && reader.Kind == client.WebSocket && p.chance(2) == 0 {
			p.postByWebSocket(reader, &attempt)
		} else {
			p.postByHTTP(&attempt)
		}
		p.room.attempted(attempt)
		if attempt.Acknowledged() {
			if p.chance(20) == 0 {
				p.again(attempt)
			}
			return attempt.ID
		}
		if attempt.Nothing || slices.Contains(refusals, attempt.Status) {
			return ""
		}
		wait(ctx, p.between(50*time.Millisecond, 400*time.Millisecond))
	}
	return ""
}

// again sends what was acknowledged once more, as somebody does who has lost the acknowledgement.
func (p *person) again(a check.Attempt) {
	again := a
	again.Sent, again.Answered, again.Status, again.ID, again.Detail = time.Now(), time.Time{}, 0, "", ""
	p.postByHTTP(&again)
	p.room.attempted(again)
}

// refusals are the statuses that end an attempt to say something, or to amend it.
var refusals = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}

// refusalOf is the status that stands for a code of an error event.
func refusalOf(code string) int {
	switch code {
	case "not_allowed", "banned", "muted":
		return http.StatusForbidden
	case "not_found":
		return http.StatusNotFound
	case "conflict":
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}

// command is what an attempt sends.
func command(a *check.Attempt) client.Command {
	c := client.Command{Type: "post", Key: a.Key, Text: a.Text, Target: a.Target}
	switch a.Kind {
	case "edit", "delete":
		c.Type = a.Kind
	case "reaction":
		c.Type, c.Emoji, c.On = "react", a.Emoji, &a.On
	}
	return c
}

// acknowledge notes the entry that an answer names; none when there was nothing to do.
func acknowledge(a *check.Attempt, id string) {
	if id == "0-0" {
		a.Nothing = true
	} else {
		a.ID = id
	}
}

func (p *person) postByHTTP(a *check.Attempt) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	at := p.somewhere()
	message, status, err := at.Try(ctx, p.room.name, command(a))
	a.Status, a.Detail = status, strings.TrimPrefix(at.Base, "http://")
	switch {
	case err != nil:
		a.Detail += " " + err.Error()
	case status == http.StatusCreated || status == http.StatusOK:
		a.Answered = time.Now()
		acknowledge(a, message.ID)
	default:
		a.Answered = time.Now()
		a.Detail += " " + message.Code + ": " + message.Detail
	}
}

func (p *person) postByWebSocket(reader *client.Reader, a *check.Attempt) {
	a.Detail = "ws"
	n := len(p.record.Events())
	if err := reader.TrySend(command(a)); err != nil {
		a.Detail += " " + err.Error()
		return
	}
	timeout := time.NewTimer(answerTime)
	defer timeout.Stop()
	for {
		events, changed := p.record.Since(n)
		n += len(events)
		for _, event := range events {
			switch {
			case event.Type == "ack" && event.Key == a.Key:
				a.Status, a.Answered = http.StatusCreated, event.At
				acknowledge(a, event.ID)
				return
			case event.Type == "error" && event.Key == a.Key:
				a.Status, a.Answered = refusalOf(event.Code), event.At
				a.Detail += " " + event.Code + ": " + event.Detail
				return
			}
		}
		select {
		case <-changed:
		case <-reader.Done():
			a.Detail += " connection lost"
			return
		case <-timeout.C:
			a.Detail += " no answer"
			return
		}
	}
}

// wait is a pause that ends early with ctx.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// errNotRecovered says that a crowd was not well again in time.
var errNotRecovered = errors.New("not recovered in time")

// recovers has somebody in each room post, and waits until everybody there has read it: all is well
// again.
func (c *crowd) recovers() error {
	ctx, cancel := context.WithTimeout(context.Background(), testwait.Limit)
	defer cancel()
	errs := make([]error, len(c.rooms))
	var rooms sync.WaitGroup
	for i, r := range c.rooms {
		rooms.Go(func() { errs[i] = r.mark(ctx) })
	}
	rooms.Wait()
	return errors.Join(errs...)
}

func (r *room) mark(ctx context.Context) error {
	began := time.Now()
	if r.moderator != nil {
		r.moderator.mu.Lock()
		defer r.moderator.mu.Unlock()
		if err := r.moderator.liftAll(ctx); err != nil {
			return fmt.Errorf("%s: %w: %w", r.name, errNotRecovered, err)
		}
	}
	marker := r.people[0]
	marker.marks++
	from := map[*client.Record]int{r.follower.Record: len(r.follower.Events())}
	for _, p := range r.people {
		from[p.record] = len(p.record.Events())
	}
	id := marker.post(ctx, check.Attempt{
		Author: marker.ID, Key: fmt.Sprintf("mark-%d", marker.marks), Text: fmt.Sprintf("mark %d", marker.marks),
	})
	if id == "" {
		return fmt.Errorf("%s: %w: nobody could post for %v", r.name, errNotRecovered, time.Since(began))
	}
	for record, n := range from {
		if !sees(ctx, record, n, id) {
			return fmt.Errorf("%s: %w: %s has not seen %s after %v", r.name, errNotRecovered, record.Who, id, time.Since(began))
		}
	}
	return nil
}

func sees(ctx context.Context, record *client.Record, from int, id string) bool {
	for {
		events, changed := record.Since(from)
		from += len(events)
		if slices.ContainsFunc(events, func(e client.Event) bool { return e.Type == "message" && e.ID == id }) {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// note writes into all records what is done to their nodes and Redis.
func (c *crowd) note(format string, args ...any) {
	for _, r := range c.rooms {
		for _, p := range r.people {
			p.record.Note("---- "+format, args...)
		}
	}
}

// without tells of a time in which a node was without its Redis, or stood still.
func (c *crowd) without(outage check.Outage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outages = append(c.outages, outage)
}

func (c *crowd) lost(loss check.Loss) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.losses = append(c.losses, loss)
}

// judge lets everybody finish, and checks all promises on the record.
func (c *crowd) judge(t *testing.T) {
	t.Helper()
	close(c.settled)
	c.stopPosting()
	c.posting.Wait()
	err := c.recovers()
	if err != nil {
		t.Error(err)
	} else {
		c.judgePresence(t)
	}
	posts, acknowledged, seen, amendments, restraints := 0, 0, 0, 0, 0
	kept := map[*room]client.Page{}
	for _, r := range c.rooms {
		kept[r] = c.page(t, r)
	}
	c.stopReading()
	c.reading.Wait()
	for _, r := range c.rooms {
		record := check.Room{
			Name: r.name, Limit: c.limit, Losses: c.losses, Outages: c.outages, Late: time.Duration(c.late.Load()),
			Attempts: r.attempts, Kept: kept[r].Messages, Cursor: kept[r].Cursor,
		}
		if r.moderator != nil {
			var refused []string
			record.Owner = r.moderator.owner.ID
			record.Restraints, refused = r.moderator.done()
			restraints += len(record.Restraints)
			for _, why := range refused {
				t.Errorf("%s: %s", r.name, why)
			}
		}
		for _, p := range r.people {
			record.Readings = append(record.Readings, check.Reading{Who: p.Name, ID: p.ID, Events: p.record.Events()})
		}
		record.Readings = append(record.Readings, r.looks...)
		// When its connections were down it does not tell, so it is no witness of presence.
		record.Readings = append(record.Readings, check.Reading{Who: r.follower.Who, Events: r.follower.Events()})
		for _, a := range record.Attempts {
			posts++
			if a.Acknowledged() {
				acknowledged++
			}
		}
		for _, reading := range record.Readings {
			for _, event := range reading.Events {
				switch {
				case event.Type == "message":
					seen++
				case event.Amends():
					amendments++
				}
			}
		}
		faults := append(record.Check(), check.Departures(record)...)
		if c.stays {
			faults = append(faults, check.Stays(record)...)
		}
		if len(faults) > 0 {
			t.Errorf("%s: %d promises not kept:\n%s", r.name, len(faults), list(faults))
		}
		if len(faults) > 0 || err != nil {
			t.Logf("the record of %s:\n%s", r.name, check.Dump(record))
		}
	}
	t.Logf("%d rooms, %d sendings, %d acknowledgements, %d messages and %d amendments read, %d bans, mutes and closed doors, "+
		"%d losses by design; the machine was late by up to %v", len(c.rooms), posts, acknowledged, seen, amendments, restraints, len(c.losses), time.Duration(c.late.Load()).Round(time.Millisecond))
}

func list(faults []check.Fault) string {
	var b strings.Builder
	for i, fault := range faults {
		if i == 40 {
			fmt.Fprintf(&b, "  and %d more\n", len(faults)-i)
			break
		}
		fmt.Fprintf(&b, "  %s\n", fault)
	}
	return b.String()
}

// page reads what is kept of a room, from a node that can tell.
func (c *crowd) page(t *testing.T, r *room) client.Page {
	t.Helper()
	for _, base := range c.nodes {
		if harness.Status(base+"/readyz") == http.StatusOK {
			return client.Guest(base, "").Page(t, r.name, "limit=1000")
		}
	}
	require.FailNow(t, "no node is ready")
	return client.Page{}
}

// lease is how long a member that nobody renews stays.
const lease = time.Minute

// judgePresence waits until every node shows exactly who is here, and every stream has been told
// so.
func (c *crowd) judgePresence(t *testing.T) {
	t.Helper()
	deadline := testwait.Deadline().Add(lease)
	for _, r := range c.rooms {
		var want []string
		for _, p := range r.people {
			want = append(want, p.ID)
		}
		slices.Sort(want)
		for {
			wrong := c.absences(t, r, want)
			if len(wrong) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s: the roster is not right after a lease's time:\n  %s", r.name, strings.Join(wrong, "\n  "))
				return
			}
			time.Sleep(100 * time.Millisecond) // between two looks
		}
	}
}

// absences says who is shown wrongly where.
func (c *crowd) absences(t *testing.T, r *room, want []string) (wrong []string) {
	t.Helper()
	for _, base := range c.nodes {
		if harness.Status(base+"/readyz") != http.StatusOK {
			continue // gone for good
		}
		var got []string
		for _, member := range client.Guest(base, "").Members(t, r.name).Members {
			got = append(got, member.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			wrong = append(wrong, fmt.Sprintf("%s shows %v, want %v", base, got, want))
		}
	}
	for _, p := range r.people {
		got, told := check.Roster(p.record.Events())
		if told && !slices.Equal(got, want) {
			wrong = append(wrong, fmt.Sprintf("%s was told of %v, want %v", p.Name, got, want))
		}
	}
	return wrong
}
