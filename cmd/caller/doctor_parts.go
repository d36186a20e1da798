package main

import (
	"context"
	"crypto/ecdh"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twitchtv/twirp"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/redisstore"
)

const (
	// clockOff is how far the clocks may be apart: more than that shows in the times of messages, and
	// in what tokens of others are still good for.
	clockOff = 5 * time.Second
	// slowRedis is a round trip that shows: a post is one.
	slowRedis = 20 * time.Millisecond
)

// doctor looks at what a server with these settings depends on.
type doctor struct {
	diagnosis
	c   config
	now func() time.Time
	log *slog.Logger
}

func (d *doctor) redis(ctx context.Context) {
	const area = "redis"
	if d.c.redis == "" {
		d.risky(area, "none is set: rooms are gone when the program ends, and no second node can share them", "set --redis-url (REDIS_URL)")
		return
	}
	store, err := redisstore.Open(ctx, d.c.store(d.log))
	if err != nil {
		d.wrong(area, withoutSecrets(d.c.redis)+" does not answer: "+err.Error(), "start it, or correct --redis-url (REDIS_URL); look at bind, requirepass and the firewall")
		return
	}
	defer func() { _ = store.Close() }() // nothing was written
	servers, err := store.Diagnose(ctx)
	if err != nil {
		d.wrong(area, err.Error(), "let the user of --redis-url run INFO, TIME and CLUSTER INFO, or look at its log")
		return
	}
	for _, s := range servers {
		d.redisServer(area, s)
	}
}

func (d *doctor) redisServer(area string, s redisstore.Server) {
	info, at := s.Info, s.Addr+": "
	d.well(area, "%s answers, version %s, in %v", s.Addr, info["redis_version"], s.Took.Round(10*time.Microsecond))
	if major, _, _ := strings.Cut(info["redis_version"], "."); major != "" && number64(major) < 7 {
		d.risky(area, at+"version "+info["redis_version"]+" is not what Caller is tested with", "use Redis 7 or newer, or Valkey")
	}
	if s.Took > slowRedis {
		d.risky(area, fmt.Sprintf("%sa round trip takes %v, and each post is one", at, s.Took.Round(time.Millisecond)), "put it near the nodes")
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		d.wrong(area, at+"maxmemory-policy is "+policy+": when it is full, it deletes parts of rooms, and nobody is told", "set maxmemory-policy noeviction in redis.conf, and CONFIG SET maxmemory-policy noeviction now")
	}
	used, most := number64(info["used_memory"]), number64(info["maxmemory"])
	switch {
	case most == 0:
		d.risky(area, at+"maxmemory is not set: when the machine has no memory left, its kernel ends some program", "set maxmemory to what the machine has to spare")
	case used > most/10*9:
		d.wrong(area, fmt.Sprintf("%s%d %% of maxmemory are used: when it is full, posts are refused", at, used*100/most), "raise maxmemory, or keep less: --history-limit, --history-ttl")
	}
	if info["role"] != "master" {
		d.wrong(area, at+"is a replica, which nothing can be written to", "name the master, or the Sentinels: redis+sentinel://")
	}
	d.persistence(area, s)
	switch {
	case s.Cluster != nil && !strings.Contains(d.c.redis, "+cluster://"):
		d.wrong(area, at+"is a node of a Cluster, and --redis-url is that of a single Redis", "write redis+cluster:// in --redis-url (REDIS_URL)")
	case s.Cluster != nil && s.Cluster["cluster_state"] != "ok":
		d.wrong(area, at+"the Cluster's state is "+s.Cluster["cluster_state"], "look at CLUSTER NODES: some slots are served by nobody")
	}
	if off := s.Clock.Abs(); off > clockOff {
		d.wrong("clock", fmt.Sprintf("the clock of this machine and that of Redis at %s differ by %v", s.Addr, off.Round(time.Second)), "have both set by NTP (systemd-timesyncd, chrony)")
	} else {
		d.well("clock", "as that of Redis at %s, within %v", s.Addr, max(off, time.Millisecond).Round(time.Millisecond))
	}
}

func (d *doctor) persistence(area string, s redisstore.Server) {
	info, at := s.Info, s.Addr+": "
	switch {
	case info["aof_enabled"] == "1" && info["aof_last_write_status"] == "err", info["rdb_last_bgsave_status"] == "err" && info["aof_enabled"] != "1":
		d.wrong(area, at+"can't write what it keeps to its disk", "look at its log: the disk is full, or it may not write there")
	case info["aof_enabled"] == "1":
		d.well(area, "%swrites each change to its disk (appendonly)", at)
	case s.Known && s.Saves == "":
		d.risky(area, at+"keeps nothing on its disk: all rooms are gone when it is restarted", "set appendonly yes")
	default:
		d.risky(area, at+"writes to its disk now and then: what was said since is gone after a crash", "set appendonly yes")
	}
}

// number64 is a number of INFO, 0 for what is none.
func number64(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

func (d *doctor) files(ctx context.Context) {
	const area = "files"
	switch d.c.Files {
	case noFiles:
		d.well(area, "off")
		return
	case "":
		d.risky(area, "are in a temporary folder: they are gone when the program ends", "set --files (CALLER_FILES)")
		return
	}
	bucket, err := attachments.OpenBucket(ctx, string(d.c.Files), d.log)
	if err != nil {
		d.wrong(area, err.Error(), "let this user write, list, read and delete there; --files (CALLER_FILES) names the place")
		return
	}
	defer func() { _ = bucket.Close() }() // what it wrote is deleted
	d.well(area, "%s can be written, listed, read and deleted from", bucket.Name)
}

func (d *doctor) liveKit(ctx context.Context) {
	const area = "livekit"
	if d.c.LiveKitURL == "" {
		d.well(area, "none: rooms have no calls")
		return
	}
	livekit := calls.New(nil, d.c.liveKit(d.log))
	defer livekit.Close()
	err := livekit.Ping(ctx)
	var answer twirp.Error
	switch {
	case err == nil:
		d.well(area, "%s answers, and knows the key", string(d.c.LiveKitURL))
	case errors.As(err, &answer) && (answer.Code() == twirp.Unauthenticated || answer.Code() == twirp.PermissionDenied):
		d.wrong(area, "does not take --livekit-api-key and --livekit-api-secret: "+answer.Msg(), "give both as in keys of LiveKit's configuration; its clock has to be right too")
	default:
		d.wrong(area, string(d.c.LiveKitURL)+" does not answer: "+err.Error(), "start it, or correct --livekit-url (LIVEKIT_URL)")
	}
}

func (d *doctor) machine() {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil {
		want := uint64(d.c.MaxConnections) + 200
		if d.c.MaxConnections == 0 {
			want = 65536
		}
		if files.Max < want {
			d.risky("machine", fmt.Sprintf("a process may have %d files and connections open, and --max-connections wants %d", files.Max, want),
				"LimitNOFILE=1048576 in the unit of systemd, ulimit -n elsewhere")
		} else {
			d.well("machine", "a process may have %d files and connections open", files.Max)
		}
	}
	switch {
	case d.c.AdminAddr == "":
	case d.c.AdminAddr.isLoopback():
		d.well("admin", "the admin listener is for this machine alone")
	case d.c.TLSCert == "" && len(d.c.ACMEDomains) == 0:
		d.wrong("admin", "the admin listener at "+string(d.c.AdminAddr)+" is not encrypted, and others can reach it", "listen at 127.0.0.1 and use ssh -L, or encrypt: --tls-cert")
	default:
		d.risky("admin", "the admin listener at "+string(d.c.AdminAddr)+" is reachable from elsewhere", "let only the operator's network to it")
	}
	switch {
	case d.c.PushSubject == "":
	case d.c.PushKey == "" && d.c.redis == "":
		d.risky("push", "the key is made anew at each start, and browsers have to subscribe anew", "set --push-key (CALLER_PUSH_KEY), or --redis-url (REDIS_URL)")
	default:
		if _, err := ecdh.P256().NewPrivateKey([]byte(d.c.PushKey)); d.c.PushKey != "" && err != nil {
			d.wrong("push", "--push-key (CALLER_PUSH_KEY) is no key of the curve P-256", "make one, or leave it out: one is kept in Redis then")
		} else {
			d.well("push", "there is a key")
		}
	}
}

// plainClient asks without following anybody elsewhere.
func plainClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ExpectContinueTimeout: 5 * time.Second, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
