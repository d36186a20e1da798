package redisstore

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Options are a store's settings. The zero value is good for a Redis on this machine.
type Options struct {
	// URL says where Redis is; redis://127.0.0.1:6379/0 by default. [OpenEmbedded] does not use it.
	// The forms are
	//
	//	redis://user:password@host:6379/0         or rediss:// for TLS
	//	unix://user:password@/path/to/socket?db=0
	//	redis+sentinel://user:password@h1,h2:26379,h3/master-name?db=0   or rediss+sentinel://
	//	redis+cluster://user:password@h1,h2:6379,h3                      or rediss+cluster://
	//
	// In the Sentinel form user and password are those of Redis; sentinel_username and
	// sentinel_password in the query are those of the Sentinels. Other settings of the client can
	// be given in the query, as go-redis names them (pool_size=50); timeouts and retries can't:
	// Timeout below is what counts.
	URL string
	// HistoryLimit is how many messages and notices of a room are kept; 100 by default.
	HistoryLimit int
	// AmendmentLimit is how many amendments (edits, deletions, reactions) are kept for those who
	// come back; [chat.AmendmentLimit] by default.
	AmendmentLimit int
	// HistoryTTL is how long a room's entries are kept after the last one; 24 hours by default.
	HistoryTTL time.Duration
	// KeepAfterClose is how long at most a room's entries are kept after its last member has left.
	// Nil, the default, and negative values leave it at HistoryTTL; 0 deletes them at once.
	KeepAfterClose *time.Duration
	// WaitReplicas is how many replicas must have an entry before it is acknowledged; 0, the
	// default, for none. What is acknowledged then survives the loss of the master as long as one
	// of those replicas is promoted. When they do not answer within half of Timeout, the post
	// fails, though it may be stored: sent again under its key it is waited for once more. It costs
	// each post the round trip between master and replica. Use it with min-replicas-to-write unset.
	WaitReplicas int
	// KeyPrefix begins every key and channel; "caller:" by default. It can't have braces, which are
	// the hash tag's.
	KeyPrefix string
	// Lease is how long a member stays present after a node last held it; chat.Lease by default,
	// which is what package chat renews by. It is here for tests.
	Lease time.Duration
	// Timeout bounds each call, and with that how long Redis can be away before a call says so; 2
	// seconds by default.
	Timeout time.Duration
	// FeedTimeout is after what silence a subscription connection is given up for broken; 5 seconds
	// by default.
	FeedTimeout time.Duration
	// WrapConn is given each connection that was dialed, before TLS, and returns what is used in
	// its place. The default uses the connection as it is.
	WrapConn func(net.Conn) net.Conn
	// Observer is told of what goes wrong, for counting: nobody by default.
	Observer Observer
	// Logger is told of broken and healed connections; slog.Default() by default.
	Logger *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.URL == "" {
		o.URL = "redis://127.0.0.1:6379/0"
	}
	if o.HistoryLimit == 0 {
		o.HistoryLimit = 100
	}
	if o.AmendmentLimit == 0 {
		o.AmendmentLimit = chat.AmendmentLimit
	}
	if o.HistoryTTL == 0 {
		o.HistoryTTL = 24 * time.Hour
	}
	if o.KeyPrefix == "" {
		o.KeyPrefix = "caller:"
	}
	if o.Lease == 0 {
		o.Lease = chat.Lease
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.FeedTimeout == 0 {
		o.FeedTimeout = 5 * time.Second
	}
	if o.Observer == nil {
		o.Observer = ignored{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	switch {
	case o.HistoryLimit < 0:
		// None kept would be a log without its last element, which is what numbers the next.
		return o, fmt.Errorf("option HistoryLimit is %d: at least 1 entry has to be kept", o.HistoryLimit)
	case o.AmendmentLimit < 0:
		return o, fmt.Errorf("option AmendmentLimit is %d: at least 1 has to be kept", o.AmendmentLimit)
	case o.WaitReplicas < 0:
		return o, fmt.Errorf("option WaitReplicas is %d: want 0 or more", o.WaitReplicas)
	case o.HistoryTTL < time.Millisecond:
		return o, fmt.Errorf("option HistoryTTL is %v: want at least a millisecond", o.HistoryTTL)
	case o.Lease < time.Millisecond:
		return o, fmt.Errorf("option Lease is %v: want at least a millisecond", o.Lease)
	case o.Timeout < 0, o.FeedTimeout < 0:
		return o, errors.New("a timeout is negative")
	case strings.ContainsAny(o.KeyPrefix, "{}"):
		return o, fmt.Errorf("option KeyPrefix %q has a brace", o.KeyPrefix)
	}
	return o, nil
}

// keepAfterClose is what the scripts take: milliseconds, -1 for no change.
func (o Options) keepAfterClose() int64 {
	if o.KeepAfterClose == nil || *o.KeepAfterClose < 0 {
		return -1
	}
	return o.KeepAfterClose.Milliseconds()
}
