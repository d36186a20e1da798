package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// clientFlags say which Caller a command talks to, and as whom.
type clientFlags struct {
	URL       callerURL `name:"url" default:"http://localhost:8080" from:"CALLER_URL" placeholder:"URL" help:"Where Caller is, with its base path if it has one. Default: http://localhost:8080."`
	Token     string    `from:"CALLER_TOKEN" placeholder:"TOKEN" help:"Who you are: a session's token, an access token of a room, one of the site, or the operator's. Other users of the machine can see flags: use the variable or the file. Default: a guest."`
	TokenFile file      `from:"CALLER_TOKEN_FILE" placeholder:"FILE" help:"A file with that token."`
}

// token is whom the command speaks as; empty for a guest.
func (f *clientFlags) token(i *invocation) (string, error) {
	return i.token(f.Token, "token", string(f.TokenFile), "CALLER_TOKEN_FILE")
}

// known reports whether a token says who the command speaks as.
func (f *clientFlags) known() bool { return f.Token != "" || f.TokenFile != "" }

// unknownToken is the error for a token that the server takes for somebody else's, and so for
// nobody's.
func unknownToken(so string) error {
	return &codedError{code: exitRefused, err: errors.New("the server does not know this token: " + so)}
}

// adminFlags say which node's admin listener a command talks to.
type adminFlags struct {
	AdminURL       callerURL `name:"admin-url" default:"http://127.0.0.1:9090" from:"CALLER_ADMIN_URL" placeholder:"URL" help:"Where the admin listener of a node is. Default: http://127.0.0.1:9090."`
	AdminToken     string    `from:"CALLER_ADMIN_TOKEN" placeholder:"TOKEN" help:"The token that the node was given for it. Other users of the machine can see flags: use the variable or the file."`
	AdminTokenFile file      `from:"CALLER_ADMIN_TOKEN_FILE" placeholder:"FILE" help:"A file with that token."`
}

// token is the admin token. There is none without one.
func (f *adminFlags) token(i *invocation) (string, error) {
	token, err := i.token(f.AdminToken, "admin-token", string(f.AdminTokenFile), "CALLER_ADMIN_TOKEN_FILE")
	if err == nil && token == "" {
		return "", i.misuse(errors.New("--admin-token (CALLER_ADMIN_TOKEN) or --admin-token-file (CALLER_ADMIN_TOKEN_FILE) is needed"))
	}
	return token, err
}

// token is what a flag for a token says, or the file that another flag names. The stronger source of
// the two is used: a flag beats a variable, whichever of them names a file.
func (i *invocation) token(token, flag, file, variable string) (string, error) {
	if file == "" || token != "" && i.from.rank(i.parsed, flag) > i.from.rank(i.parsed, flag+"-file") {
		return strings.TrimSpace(token), nil
	}
	token, err := oneSecret(file, 1)
	if err != nil {
		return "", i.misuse(fmt.Errorf("--%s-file (%s): %w", flag, variable, err))
	}
	return token, nil
}

// misuse says that the command can't be run as it was asked for.
func (i *invocation) misuse(err error) error {
	return &usageError{command: i.parsed.Selected().FullPath(), err: err}
}

// callerURL is where a Caller is.
type callerURL string

// UnmarshalText implements encoding.TextUnmarshaler. What a browser shows can be pasted: a path is
// the base path. Errors don't repeat it, since people put passwords into addresses.
func (v *callerURL) UnmarshalText(text []byte) error {
	u, err := url.Parse(strings.TrimSpace(string(text)))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("want a URL, as http://localhost:8080 or https://chat.example.org")
	case u.User != nil:
		return errors.New("has a user in it: who you are is said by a token")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("has a query or a fragment: want a URL, as https://chat.example.org")
	}
	if before, room, ok := strings.Cut(u.Path, "/rooms/"); ok && room != "" {
		return fmt.Errorf("is the address of a room: want that of Caller, as http://localhost:8080%s, and the room by --room", before)
	}
	*v = callerURL(strings.TrimSuffix(u.String(), "/"))
	return nil
}
