package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// newClient makes a client for a URL of any of the forms in [Options.URL]. It does not connect yet.
func newClient(o Options) (client redis.UniversalClient, sharded bool, err error) {
	mode, hosts, base, err := splitURL(o.URL)
	if err != nil {
		return nil, false, err
	}
	var master, sentinelUser, sentinelPassword string
	if mode == "sentinel" {
		master = strings.Trim(base.Path, "/")
		switch {
		case master == "":
			return nil, false, errors.New("the URL's path does not name the Sentinels' master")
		case strings.Contains(master, "/"):
			return nil, false, errors.New("the URL's path is more than the name of the Sentinels' master: a database is chosen by ?db=1")
		}
		base.Path = ""
		q := base.Query()
		sentinelUser, sentinelPassword = q.Get("sentinel_username"), q.Get("sentinel_password")
		q.Del("sentinel_username")
		q.Del("sentinel_password")
		base.RawQuery = q.Encode()
	}
	opt, err := redis.ParseURL(base.String())
	_, query, _ := strings.Cut(o.URL, "?")
	switch {
	case err != nil && strings.Contains(query, "@"): // it may be the end of a password with a ? in it
		return nil, false, errUnreadable
	case err != nil:
		return nil, false, err
	case opt.DB < 0:
		return nil, false, errors.New("the URL's database is below 0")
	case mode == "cluster" && opt.DB != 0:
		return nil, false, errors.New("the URL names a database: a Cluster has none but 0")
	}

	// Dialing and one answer must fit into the call's timeout. RESP2, since it has no pushes that
	// come between answers.
	opt.Protocol = 2
	opt.ContextTimeoutEnabled = true
	opt.DialTimeout = o.Timeout / 2
	opt.DialerRetries = 1
	opt.ReadTimeout, opt.WriteTimeout = o.Timeout, o.Timeout
	opt.PoolTimeout = o.Timeout
	opt.ReadBufferSize, opt.WriteBufferSize = bufferSize, bufferSize
	opt.PipelineReadBufferSize, opt.PipelineWriteBufferSize = pipelineBufferSize, pipelineBufferSize
	opt.MaxRetries = -1 // see "Asking once" in doc.go
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

	switch mode {
	case "cluster":
		if opt.TLSConfig != nil {
			opt.TLSConfig.ServerName = "" // each node has its own
		}
		cluster := redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: hosts, Username: opt.Username, Password: opt.Password, ClientName: opt.ClientName,
			TLSConfig: opt.TLSConfig, Protocol: opt.Protocol, ContextTimeoutEnabled: true,
			DialTimeout: opt.DialTimeout, DialerRetries: opt.DialerRetries,
			ReadTimeout: opt.ReadTimeout, WriteTimeout: opt.WriteTimeout,
			MaxRetries: -1, PoolSize: opt.PoolSize, PoolTimeout: opt.PoolTimeout, MinIdleConns: opt.MinIdleConns,
			MaxIdleConns: opt.MaxIdleConns, MaxActiveConns: opt.MaxActiveConns,
			ConnMaxIdleTime: opt.ConnMaxIdleTime, ConnMaxLifetime: opt.ConnMaxLifetime,
			ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
			PipelineReadBufferSize: pipelineBufferSize, PipelineWriteBufferSize: pipelineBufferSize,
			DisableIdentity: true, MaintNotificationsConfig: opt.MaintNotificationsConfig,
		})
		cluster.OnNewNode(func(node *redis.Client) { node.AddHook(dialOnce{o.WrapConn}) })
		return cluster, true, nil
	case "sentinel":
		if opt.TLSConfig != nil {
			opt.TLSConfig.ServerName = ""
		}
		client = redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: master, SentinelAddrs: hosts, SentinelUsername: sentinelUser, SentinelPassword: sentinelPassword,
			Username: opt.Username, Password: opt.Password, DB: opt.DB, ClientName: opt.ClientName,
			TLSConfig: opt.TLSConfig, Protocol: opt.Protocol, ContextTimeoutEnabled: true,
			DialTimeout: opt.DialTimeout, DialerRetries: opt.DialerRetries,
			ReadTimeout: opt.ReadTimeout, WriteTimeout: opt.WriteTimeout,
			MaxRetries: -1, PoolSize: opt.PoolSize, PoolTimeout: opt.PoolTimeout, MinIdleConns: opt.MinIdleConns,
			MaxIdleConns: opt.MaxIdleConns, MaxActiveConns: opt.MaxActiveConns,
			ConnMaxIdleTime: opt.ConnMaxIdleTime, ConnMaxLifetime: opt.ConnMaxLifetime,
			ReadBufferSize: bufferSize, WriteBufferSize: bufferSize,
			PipelineReadBufferSize: pipelineBufferSize, PipelineWriteBufferSize: pipelineBufferSize,
			DisableIdentity: true,
		})
	default:
		client = redis.NewClient(opt)
	}
	client.AddHook(dialOnce{o.WrapConn})
	return client, false, nil
}

// The sizes of a connection's buffers in each direction, in bytes, where go-redis has 32 and 128
// KiB. Pipelines have up to ten connections of their own. In 16 KiB a room's log of 100 ordinary
// entries comes with one read, 64 appends go with two writes, and Redis reads and answers in pieces
// of that size too.
const (
	bufferSize         = 8 << 10
	pipelineBufferSize = 16 << 10
)

// errUnreadable is all that is said of a URL that can't be taken apart: what the parser would quote
// may be a part of the password, which is mostly what is wrong.
var errUnreadable = errors.New("the URL can't be read. In a user or a password some characters have to be escaped: " +
	"/ is %2F, @ is %40, # is %23, ? is %3F, % is %25")

// splitURL takes the list of hosts out of a URL, since net/url wants one, and leaves the first of
// them in base, whose scheme is one that go-redis knows.
func splitURL(s string) (mode string, hosts []string, base *url.URL, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "", nil, nil, errors.New("the URL has no scheme, as in redis://127.0.0.1:6379")
	}
	scheme, mode, _ = strings.Cut(scheme, "+")
	switch {
	case mode == "" && (scheme == "redis" || scheme == "rediss" || scheme == "unix"):
		base, err = parseURL(s)
		return "", nil, base, err
	case (mode == "sentinel" || mode == "cluster") && (scheme == "redis" || scheme == "rediss"):
	default:
		return "", nil, nil, errors.New("the URL's scheme must be redis, rediss, unix, redis+sentinel or redis+cluster")
	}
	port := "6379"
	if mode == "sentinel" {
		port = "26379"
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	user := ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	for host := range strings.SplitSeq(authority, ",") {
		u, err := url.Parse("redis://" + host)
		if err != nil || u.Hostname() == "" || u.Host != host {
			if strings.Contains(tail, "@") {
				return "", nil, nil, errUnreadable
			}
			return "", nil, nil, fmt.Errorf("the URL has the bad host %q", host)
		}
		hosts = append(hosts, net.JoinHostPort(u.Hostname(), firstOf(u.Port(), port)))
	}
	base, err = parseURL(scheme + "://" + user + hosts[0] + tail)
	return mode, hosts, base, err
}

// parseURL is url.Parse for a URL whose password must be in no error. An @ behind the host says that
// the host has ended in the midst of a password.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "unix" && strings.Contains(u.Path+u.Fragment, "@") {
		return nil, errUnreadable
	}
	return u, nil
}

func firstOf(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

// dialOnce is a hook that lets a PubSub dial only once. By itself a PubSub reconnects and
// subscribes again before it says that its connection broke, so notices could come that look as if
// none had been missed; and it would keep us waiting for the dial before rooms learn of the cut.
// The permit travels in the context, so it concerns nobody else.
//
// It gives each connection to [Options.WrapConn], too.
type dialOnce struct{ wrap func(net.Conn) net.Conn }

type dialPermitKey struct{}

var errNoRedial = errors.New("a subscription connection is not dialed twice")

func withDialPermit(ctx context.Context) context.Context {
	return context.WithValue(ctx, dialPermitKey{}, new(atomic.Bool))
}

// withoutDialPermit is for calls beside the PubSub, whose pool may dial as it likes.
func withoutDialPermit(ctx context.Context) context.Context {
	return context.WithValue(ctx, dialPermitKey{}, nil)
}

func (d dialOnce) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if used, ok := ctx.Value(dialPermitKey{}).(*atomic.Bool); ok && used.Swap(true) {
			return nil, errNoRedial
		}
		c, err := next(ctx, network, addr)
		if err != nil || d.wrap == nil {
			return c, err
		}
		return d.wrap(c), nil
	}
}

func (dialOnce) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (dialOnce) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// onceCmd is a command that a cluster client, too, sends at most once: without it MaxRedirects
// bounds how often it is sent again after an answer was lost. Redirections still work, for a node
// that redirects has done nothing.
type onceCmd struct{ *redis.Cmd }

// NoRetry is asked by go-redis.
func (onceCmd) NoRetry() bool { return true }

// millis is a duration as the scripts take it. What is more than nothing stays more than nothing.
func millis(d time.Duration) int64 {
	if d > 0 && d < time.Millisecond {
		return 1
	}
	return d.Milliseconds()
}
