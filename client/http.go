package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// callWithin is how long a call has for its answer, before it is tried again.
	callWithin = 10 * time.Second
	// mostAnswer bounds an answer: a thousand entries of the longest texts, and their files.
	mostAnswer = 64 << 20
	// mostEvent bounds one event: a roster of 200 or a message with all it may have are far less.
	mostEvent = 4 << 20
)

// call is one request and how its answer is read.
type call struct {
	method, path string
	query        url.Values
	header       http.Header // beside who one is
	body         any         // JSON; nil for none
	into         any         // what the answer is read into; nil for nothing
	within       time.Duration
}

// do makes a call once. Errors: a [*Problem] for an answer that is not good, others where there was
// none. When the session has ended, and is ours to renew, it does so and asks again.
func (c *Client) do(ctx context.Context, what call) error {
	for renewed := false; ; renewed = true {
		header, token := c.header()
		err := c.try(ctx, what, header)
		if err == nil || renewed || !sessionEnded(err) || !c.renewable() {
			return err
		}
		if renewal := c.renew(ctx, token); renewal != nil {
			return errors.Join(err, renewal)
		}
	}
}

func (c *Client) try(ctx context.Context, what call, header http.Header) error {
	within := what.within
	if within == 0 {
		within = callWithin
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no answer within %v", within))
	defer cancel()
	var body io.Reader
	if what.body != nil {
		object, err := json.Marshal(what.body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(object)
		header.Set("Content-Type", "application/json")
	}
	for name := range what.header {
		header.Set(name, what.header.Get(name))
	}
	header.Set("Accept", "application/json")
	resp, err := c.send(ctx, what.method, c.address(what.path, what.query), header, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read as far as it is good for anything
	if what.into == nil && resp.StatusCode/100 == 2 {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, mostProblem)) // so that the connection is kept
		return nil
	}
	return caused(ctx, readJSON(resp, what.into))
}

// readJSON reads an answer. Errors: a [*Problem] for one that is not good, or not the server's.
func readJSON(resp *http.Response, into any) error {
	if resp.StatusCode/100 != 2 {
		return problemOf(resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		// A page of something in between, with a status that says all is well.
		problem := problemOf(resp)
		problem.Detail += ": " + err.Error()
		return problem
	}
	return nil
}

// send makes a request.
func (c *Client) send(ctx context.Context, method, address string, header http.Header, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := c.http.Do(req)
	return resp, caused(ctx, err)
}

// caused has the error say why its context ended, if that is what happened.
func caused(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// again makes a call until it is answered with something other than "later", or ctx ends.
func (c *Client) again(ctx context.Context, what call) error {
	pause := pauses{random: c.random, most: mostCallPause}
	var last error
	for {
		err := c.do(ctx, what)
		if err == nil {
			if last != nil {
				c.debug(ctx, "a call has got through", "method", what.method, "path", what.path)
			}
			return nil
		}
		if ctx.Err() != nil {
			if last == nil || !errors.Is(err, ctx.Err()) {
				last = err
			}
			return ended(ctx, last) // what the one before failed with says more than that there was no time
		}
		last = err
		if !mayPass(err) {
			return err
		}
		delay := pause.next(endOf(err).retryAfter, 0)
		c.debug(ctx, "a call is tried again", "method", what.method, "path", what.path, "in", delay, "error", err)
		if !sleep(ctx, delay) {
			return ended(ctx, err)
		}
	}
}

// sleep reports whether the time has passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
