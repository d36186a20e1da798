package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify"
)

// verifyCommand is "caller verify".
type verifyCommand struct {
	Address callerURL `arg:"" optional:"" name:"address" help:"Where the Caller is. Default: --url."`

	clientFlags

	Seed     *uint64       `placeholder:"N" help:"What is said and chosen follows from it, so that a run can be made again. Default: a new one, which the report names."`
	JSON     bool          `name:"json" help:"The report as a JSON object."`
	Match    string        `placeholder:"PATTERN" help:"Only the checks of these names, as stream/*."`
	List     bool          `help:"Print the checks and what each expects, and make none."`
	Within   time.Duration `default:"2m" placeholder:"TIME" help:"How long all of it may take. Default: 2m."`
	Messages int           `default:"400" placeholder:"N" help:"How many messages it may send. Default: 400."`
}

func (*verifyCommand) examples() string {
	return `
# Whether a server, and what is in front of it, does what docs/protocol.md says. The exit code is 1 if not.
caller verify https://chat.example.org
# The streams only: are they let through, and are they held?
caller verify https://chat.example.org --match 'stream/*'
# The same run once more, as JSON.
caller verify https://chat.example.org --seed 7 --json`
}

// Run implements the command. The exit code is 1 when a check has failed.
func (v *verifyCommand) Run(i *invocation) error {
	if v.List {
		return v.list(i.stdout)
	}
	if v.Address == "" {
		v.Address = v.URL
	}
	token, err := v.token(i)
	if err != nil {
		return err
	}
	if v.Within <= 0 || v.Messages <= 0 {
		return i.misuse(errors.New("--within and --messages are more than nothing"))
	}
	o := verify.Options{URL: string(v.Address), Token: token, Match: v.Match, Within: v.Within, Messages: v.Messages}
	if v.Seed == nil {
		o.Seed = uint64(rand.Uint32()) //nolint:gosec // it is no secret
	} else {
		o.Seed = *v.Seed
	}
	if !v.JSON {
		begin := sync.OnceFunc(func() { fmt.Fprintf(i.stdout, "%s, seed %d\n", o.URL, o.Seed) })
		o.Each = func(c verify.Check) {
			begin()
			printCheck(i.stdout, c)
		}
	}
	ctx, stop := i.whileRead()
	defer stop()
	report, err := verify.Run(ctx, o)
	if err != nil {
		return v.unbegun(i, err)
	}
	if v.JSON {
		encoder := json.NewEncoder(i.stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		_, err = fmt.Fprintf(i.stdout, "%d passed, %d failed, %d skipped, in %.1f s with %d messages\n",
			report.Passed, report.Failed, report.Skipped, report.Took, report.Messages)
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return &codedError{exitInterrupted, errors.New("interrupted")}
	case report.Failed > 0:
		return fmt.Errorf("%d of %d checks failed", report.Failed, len(report.Checks))
	}
	return nil
}

// unbegun is why no check was made.
func (*verifyCommand) unbegun(i *invocation, err error) error {
	var problem *client.Problem
	switch {
	case errors.Is(err, verify.ErrNoCaller) && i.ctx.Err() == nil:
		return &codedError{exitUnavailable, err}
	case errors.As(err, &problem), i.ctx.Err() != nil:
		return i.ended(err)
	}
	return i.misuse(err)
}

func (v *verifyCommand) list(w io.Writer) error {
	if v.JSON {
		return quietly(json.NewEncoder(w).Encode(verify.Names()))
	}
	for _, c := range verify.Names() {
		if _, err := fmt.Fprintf(w, "%-34s %s\n", c.Name, c.Expected); err != nil {
			return quietly(err)
		}
	}
	return nil
}

// printCheck prints one check: of those that failed also what was expected.
func printCheck(w io.Writer, c verify.Check) {
	fmt.Fprintf(w, "%s  %-34s %s\n", c.Outcome, c.Name, c.Seen)
	if c.Outcome == verify.Fail {
		fmt.Fprintf(w, "      expected: %s\n", c.Expected)
	}
}
