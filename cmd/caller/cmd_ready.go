package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// readyCommand is "caller ready": what checks in containers call, where there is no curl.
type readyCommand struct {
	URL     callerURL     `name:"url" default:"http://localhost:8080" from:"CALLER_URL" placeholder:"URL" help:"Where the node is, with its base path if it has one. Default: http://localhost:8080."`
	Timeout time.Duration `name:"timeout" default:"3s" placeholder:"TIME" help:"How long to wait for the answer, as 3s."`
}

// Run implements the command.
func (r *readyCommand) Run(i *invocation) error {
	ctx, cancel := context.WithTimeout(i.ctx, r.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(r.URL)+"/readyz", nil)
	if err != nil {
		return i.misuse(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &codedError{exitUnavailable, fmt.Errorf("the node does not answer: %w", err)}
	}
	_ = resp.Body.Close() // the status says it all
	if resp.StatusCode != http.StatusOK {
		return &codedError{exitUnavailable, fmt.Errorf("the node can't serve: %s", resp.Status)}
	}
	_, err = fmt.Fprintln(i.stdout, "ready")
	return quietly(err)
}
