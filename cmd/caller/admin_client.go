package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxProblem is how much of an answer is read to find out what went wrong.
const maxProblem = 64 << 10

// ask makes a request to the admin listener. What is no success is an error with the exit code that
// tells whether the server has refused or could not be reached.
func (f *adminFlags) ask(i *invocation, method, path string, body io.Reader) (*http.Response, error) {
	answer, err := f.send(i.ctx, i, method, path, body)
	if err != nil || answer.StatusCode/100 == 2 {
		return answer, err
	}
	defer func() { _ = answer.Body.Close() }() // the answer is of no more use
	return nil, refused(answer)
}

// send makes a request to the admin listener, whatever it answers.
func (f *adminFlags) send(ctx context.Context, i *invocation, method, path string, body io.Reader) (*http.Response, error) {
	token, err := f.token(i)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, string(f.AdminURL)+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		if i.ctx.Err() != nil {
			return nil, &codedError{exitInterrupted, errors.New("interrupted")}
		}
		return nil, &codedError{exitUnavailable, fmt.Errorf("the admin listener can't be reached: %w", err)}
	}
	return answer, nil
}

// refused is the error for an answer that is no success.
func refused(answer *http.Response) error {
	var problem struct{ Title, Detail, Code string }
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxProblem)) // half of it says as much
	err := fmt.Errorf("the admin listener answers %s", answer.Status)
	if json.Unmarshal(text, &problem) == nil && problem.Code != "" {
		err = fmt.Errorf("%s (%s)", problem.Title, problem.Code)
		if problem.Detail != "" {
			err = fmt.Errorf("%s: %s (%s)", problem.Title, problem.Detail, problem.Code)
		}
	}
	if answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests {
		return &codedError{exitUnavailable, err}
	}
	return &codedError{exitRefused, err}
}
