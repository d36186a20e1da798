package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Session is who one is to the server: an id and a name, signed.
type Session struct {
	// ID is the member's id in every room, and that of the author of what one posts.
	ID   string `json:"clientId"`
	Name string `json:"name"`
	// Token is all it takes to speak as that person: keep it like a password.
	Token     string    `json:"token,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// SignIn takes a name, for this client from now on: a new session, or the same one under a new
// name. A session that was made so is made anew, under the same name, when it has ended.
func (c *Client) SignIn(ctx context.Context, name string) (Session, error) {
	var session Session
	err := c.again(ctx, call{
		method: http.MethodPost, path: "session", body: map[string]string{"name": name}, into: &session,
	})
	if err != nil {
		return Session{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if session.Token != "" {
		c.token, c.name = session.Token, session.Name
	}
	return session, nil
}

// Session asks the server who one is. Errors: a [*Problem] with the code session_invalid for a
// guest.
func (c *Client) Session(ctx context.Context) (Session, error) {
	var session Session
	err := c.again(ctx, call{method: http.MethodGet, path: "session", into: &session})
	return session, err
}

// SignOut ends the session, on all devices. The client is a guest's from then on.
func (c *Client) SignOut(ctx context.Context) error {
	if err := c.again(ctx, call{method: http.MethodDelete, path: "session"}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.name = "", ""
	return nil
}

// sessionEnded reports whether an error says that the token is good no more. A sign-in that is over
// (session_over) can't be made anew by a name.
func sessionEnded(err error) bool { return errors.Is(err, &Problem{Code: "session_invalid"}) }

func (c *Client) renewable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name != ""
}

// renew makes a session anew, under the same name, unless somebody has already done so since the
// token ended.
func (c *Client) renew(ctx context.Context, token string) error {
	select {
	case c.renewing <- struct{}{}:
		defer func() { <-c.renewing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	name, now := c.name, c.token
	c.mu.Unlock()
	if now != token || name == "" {
		return nil
	}
	header, _ := c.header()
	var session Session
	err := c.try(ctx, call{
		method: http.MethodPost, path: "session", body: map[string]string{"name": name}, into: &session,
	}, header)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = session.Token
	return nil
}
