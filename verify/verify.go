// Package verify asks a running Caller, or whatever claims to speak its protocol, to keep what
// docs/protocol.md promises: the black-box half of the end-to-end tests, over the network that is
// between here and there. It knows the protocol and package client, and nothing of the server.
//
// Each check has a room of its own, made for it and closed after it. All of them together are
// bounded in time, messages and connections ([Options]). What is said and chosen follows from the
// seed, so that a second run does the same; ids and times are the server's.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caller-chat/caller/client"
)

// Options say what to check.
type Options struct {
	// URL is where the server is, with its base path.
	URL string
	// Token is whom the first of the people is; "" for a session that is made for it. The others are
	// always made.
	Token string
	// Seed is what the run's texts and choices follow from.
	Seed uint64
	// Match is a pattern of names of checks ([path.Match]), as "stream/*"; "" for all.
	Match string
	// Within bounds the whole run; 2 minutes by default. Checks that it leaves no time for fail.
	Within time.Duration
	// Messages bounds what is said; 400 by default. Checks that it leaves none for fail.
	Messages int
	// HTTP makes the requests, and its proxy and TLS settings are those of WebSockets too; the proxy
	// of the environment by default.
	HTTP *http.Client
	// Each is told of each check when it is done; nil for nobody.
	Each func(Check)
}

// Outcome is what became of a check.
type Outcome string

// The outcomes. A check is skipped when what it needs has failed or is not there.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Skip Outcome = "skip"
)

// Check is one thing that was looked at.
type Check struct {
	Name     string  `json:"name"`
	Outcome  Outcome `json:"outcome"`
	Expected string  `json:"expected"`
	// Seen is what there was instead, or of what passed a word on it.
	Seen string `json:"seen"`
	// Took is in seconds.
	Took float64 `json:"took"`
}

// Report is what a run has found.
type Report struct {
	URL       string    `json:"url"`
	Seed      uint64    `json:"seed"`
	StartedAt time.Time `json:"startedAt"`
	// Took is in seconds.
	Took     float64 `json:"took"`
	Messages int     `json:"messages"`
	Passed   int     `json:"passed"`
	Failed   int     `json:"failed"`
	Skipped  int     `json:"skipped"`
	Checks   []Check `json:"checks"`
}

// checkWithin bounds one check: several waits of [eventually].
const checkWithin = 40 * time.Second

// eventually is how long the server, and what is between, has to bring something.
const eventually = 10 * time.Second

// reconnectGrace is for how long the server waits for who has not said that they leave.
const reconnectGrace = 10 * time.Second

// skipped is the error of a check that can't be made here.
type skipped struct{ why string }

func (s skipped) Error() string { return s.why }

var errNothing = errors.New("no check has such a name")

// ErrNoCaller is the error of a run that was not begun: nothing answers at the address, or something
// that is no Caller. Each check of it would fail, for reasons that say nothing.
var ErrNoCaller = errors.New("there is no Caller to verify")

// Names are those of all checks, in the order in which they are made, with what each expects.
func Names() []Check {
	var all []Check
	for _, one := range checks() {
		all = append(all, Check{Name: one.name, Expected: one.expected})
	}
	return all
}

// Run makes the checks. Its error is of options that can't be used, [ErrNoCaller], or a
// [*client.Problem] for a token that the server does not take; what the server does is in the
// report. When ctx ends, the report has the checks that were made before.
func Run(ctx context.Context, o Options) (Report, error) {
	o.Within, o.Messages = cmp.Or(o.Within, 2*time.Minute), cmp.Or(o.Messages, 400)
	stopped := ctx.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, o.Within, fmt.Errorf("the run's time of %v is over", o.Within))
	defer cancel()
	r, err := newRun(o)
	if err != nil {
		return Report{}, err
	}
	defer r.close(ctx)
	chosen, err := o.chosen()
	if err != nil {
		return Report{}, err
	}
	if err := r.greet(ctx); err != nil {
		return Report{}, err
	}
	report := Report{URL: strings.TrimSuffix(o.URL, "/"), Seed: o.Seed, StartedAt: time.Now().UTC().Truncate(time.Millisecond)}
	for _, one := range chosen {
		done := r.check(ctx, one)
		select {
		case <-stopped:
			report.finish(r)
			return report, nil
		default:
		}
		report.Checks = append(report.Checks, done)
		switch done.Outcome {
		case Pass:
			report.Passed++
		case Fail:
			report.Failed++
		case Skip:
			report.Skipped++
		}
		if o.Each != nil {
			o.Each(done)
		}
	}
	report.finish(r)
	return report, nil
}

func (r *Report) finish(of *run) {
	r.Messages = int(of.said.Load())
	r.Took = time.Since(r.StartedAt).Seconds()
}

// chosen are the checks that the pattern names.
func (o Options) chosen() ([]check, error) {
	var all []check
	for _, one := range checks() {
		ok, err := path.Match(cmp.Or(o.Match, one.name), one.name)
		if err != nil {
			return nil, fmt.Errorf("the pattern %q: %w", o.Match, err)
		}
		if ok {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, errNothing
	}
	return all, nil
}

// check is something to look at. Its run says what it has seen, or what was wrong.
type check struct {
	name, expected string
	run            func(t *trial, ctx context.Context) (seen string, err error)
}

// run is all checks of one server.
type run struct {
	o      Options
	base   string // with a slash at the end
	http   *http.Client
	own    *http.Transport // nil where the connections are somebody else's
	said   atomic.Int64
	people map[string]*person
	dead   map[client.Transport]string // transports that were found not to work, and why
	shared map[string]string           // rooms that several checks use, by a name
}

// person is somebody with a session.
type person struct {
	*client.Client
	id, name, token string
}

func newRun(o Options) (*run, error) {
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, err
	}
	if _, err := client.New(o.URL, client.Options{Token: o.Token}); err != nil {
		return nil, err
	}
	base.RawQuery, base.Fragment = "", ""
	r := &run{o: o, base: strings.TrimSuffix(base.String(), "/") + "/", people: map[string]*person{}, dead: map[client.Transport]string{}, shared: map[string]string{}}
	r.http = &http.Client{}
	if o.HTTP != nil {
		*r.http = *o.HTTP
	} else if own, ok := http.DefaultTransport.(*http.Transport); ok {
		r.own = own.Clone()
		r.http.Transport = r.own
	}
	r.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r, nil
}

// greet asks who one is, which any Caller knows: a session's name, or that there is none.
func (r *run) greet(ctx context.Context) error {
	c, err := client.New(r.base, client.Options{HTTP: r.http, Token: r.o.Token})
	if err != nil {
		return err
	}
	var session client.Session
	err = c.Call(ctx, http.MethodGet, "session", nil, nil, &session)
	var problem *client.Problem
	told := errors.As(err, &problem) && problem.Code != client.NoAnswer && problem.Status != http.StatusNotFound
	switch {
	case err == nil && session.ID != "", told && r.o.Token == "":
		return nil
	case told:
		return fmt.Errorf("the token: %w", err)
	case err == nil:
		err = errors.New("GET session was answered with something else than a session")
	}
	return fmt.Errorf("%w at %s: %w", ErrNoCaller, strings.TrimSuffix(r.base, "/"), err)
}

// close leaves nothing behind.
func (r *run) close(ctx context.Context) {
	t := &trial{run: r}
	for _, room := range r.shared {
		t.made = append(t.made, room)
	}
	t.end(ctx)
	if r.own != nil {
		r.own.CloseIdleConnections()
	}
}

// check makes one, in a room of its own.
func (r *run) check(ctx context.Context, one check) Check {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, checkWithin, fmt.Errorf("not done within %v", checkWithin))
	defer cancel()
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(one.name))                                                      // can't fail
	t := &trial{run: r, name: one.name, rand: rand.New(rand.NewPCG(r.o.Seed, hash.Sum64()))} //nolint:gosec // it is to be foreseen
	seen, err := one.run(t, ctx)
	t.end(ctx)
	if err == nil {
		err = t.judge()
	}
	done := Check{Name: one.name, Outcome: Pass, Expected: one.expected, Seen: seen}
	var skip skipped
	switch {
	case errors.As(err, &skip):
		done.Outcome, done.Seen = Skip, skip.why
	case err != nil:
		done.Outcome, done.Seen = Fail, err.Error()
		if cause := context.Cause(ctx); cause != nil && !strings.Contains(done.Seen, cause.Error()) {
			done.Seen += " (" + cause.Error() + ")"
		}
	}
	done.Took = float64(time.Since(began).Milliseconds()) / 1000
	return done
}

// person is one of the people, who has signed in.
func (r *run) person(ctx context.Context, name string) (*person, error) {
	if p := r.people[name]; p != nil {
		return p, nil
	}
	o := client.Options{HTTP: r.http}
	if name == "Ann" {
		o.Token = r.o.Token
	}
	c, err := client.New(r.base, o)
	if err != nil {
		return nil, err
	}
	var session client.Session
	if o.Token == "" {
		session, err = c.SignIn(ctx, "Verify "+name)
	} else {
		session, err = c.Session(ctx)
		session.Token = o.Token
	}
	if err != nil {
		return nil, fmt.Errorf("a session: %w", err)
	}
	p := &person{Client: c, id: session.ID, name: session.Name, token: session.Token}
	r.people[name] = p
	return p, nil
}
