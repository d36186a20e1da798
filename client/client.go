package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"
)

// Transport is a way in which a room's events come.
type Transport string

// The transports. Auto takes the best that gets through.
const (
	Auto      Transport = ""
	WebSocket Transport = "ws"
	SSE       Transport = "sse"
	Polling   Transport = "poll"
)

// transports are all there are, best first.
var transports = []Transport{WebSocket, SSE, Polling}

// Options of a client. The zero value is a guest without a name of its own.
type Options struct {
	// Token says who one is: of a session, of the site that embeds Caller, of a room's program, or
	// the operator's. It is sent as a bearer's token.
	Token string
	// Name is the name of a guest, who has no token.
	Name string
	// HTTP makes the requests. Its Transport's proxy, TLS settings and dialer are those of
	// WebSockets too, if it is an *http.Transport; through another RoundTripper there are no
	// WebSockets. Its Timeout and CheckRedirect are not used. Default: the proxy of the environment
	// and the system's certificates.
	HTTP *http.Client
	// Transport is the only one to use. Default Auto.
	Transport Transport
	// Header is sent with each request, for what is in front of the server.
	Header http.Header
	// Logger gets what is decided about connections, at the level debug. Default: nothing.
	Logger *slog.Logger
}

// Client is one person's or program's access to a server.
type Client struct {
	base    *url.URL // its path ends with a slash
	options Options
	http    *http.Client
	own     *http.Transport // if it is ours, to be closed with the client
	log     *slog.Logger
	timing  timing
	random  func() float64
	readers map[Transport]transport

	renewing chan struct{} // holds one token: who has taken it asks for a session

	mu     sync.Mutex // guards what follows
	token  string
	name   string // under which a session that has ended is made anew; "" where it is not ours to make
	memory memory // what was learnt about the network
}

// New makes a client of the server at an address as "https://example.org/chat". Nothing is sent
// yet.
func New(address string, options Options) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the server's address: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("the server's address %q: it begins with http:// or https://, and a host follows", address)
	}
	if base.User != nil {
		return nil, errors.New("the server's address has a name or password in it: give a token")
	}
	switch options.Transport {
	case Auto, WebSocket, SSE, Polling:
	default:
		return nil, fmt.Errorf("transport %q is none of ws, sse and poll", options.Transport)
	}
	if strings.ContainsFunc(options.Name+options.Token, unicode.IsControl) {
		return nil, errors.New("a name and a token have no control characters")
	}
	base.RawQuery, base.Fragment = "", ""
	if !strings.HasSuffix(base.Path, "/") {
		base = base.JoinPath("/")
	}
	c := &Client{
		base: base, options: options, log: options.Logger, timing: defaultTiming, random: random,
		token: options.Token, renewing: make(chan struct{}, 1),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.http = &http.Client{}
	if options.HTTP != nil {
		*c.http = *options.HTTP
	} else if own, ok := http.DefaultTransport.(*http.Transport); ok {
		c.own = own.Clone()
		c.http.Transport = c.own
	}
	c.readers = map[Transport]transport{WebSocket: c.readWebSocket, SSE: c.readSSE, Polling: c.readPolls}
	c.http.Timeout = 0 // a stream has no end; calls have their own bound
	// Ours sends nobody elsewhere: it is a portal that does.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// Close closes connections that are kept for the next request. What is under way goes on.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// Room is a room of the server. It need not exist: whoever comes first opens it.
func (c *Client) Room(id string) *Room { return &Room{c: c, id: id} }

// Room is one room, as seen by a client.
type Room struct {
	c  *Client
	id string
}

// ID is the room's id, as it was given.
func (r *Room) ID() string { return r.id }

// address is below the server's, with the parameters that are not empty.
func (c *Client) address(path string, query url.Values) string {
	address := c.base.String() + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// path is below the room's address.
func (r *Room) path(rest string) string { return "rooms/" + url.PathEscape(r.id) + rest }

// header says who makes a request; the second value is the token in it.
func (c *Client) header() (http.Header, string) {
	header := c.options.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	switch {
	case token != "":
		header.Set("Authorization", "Bearer "+token)
	case c.options.Name != "":
		header.Set("X-Name", c.options.Name)
	}
	return header, token
}

func (c *Client) debug(ctx context.Context, message string, args ...any) {
	c.log.DebugContext(ctx, message, args...)
}
