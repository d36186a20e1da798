package redisstore

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/caller-chat/caller/chat"
)

// ErrCorrupt says that a key in Redis holds what this package has not written. Nothing is skipped,
// since a silent gap would be worse. It comes together with chat.ErrUnavailable.
var ErrCorrupt = errors.New("not written by caller")

// Store is chat's storage. Its methods may be called at the same time. Their errors wrap
// chat.ErrUnavailable, unless the caller's own context was done: then they wrap the context's error
// and not that one.
type Store struct {
	client      redis.UniversalClient
	sharded     bool // the client is a Cluster's: channels belong to slots
	opt         Options
	log         *slog.Logger
	node        string // 16 hexadecimal digits: lua/roster.lua counts on their number
	scripts     scripts
	feed        *feed
	pipeliner   *pipeliner
	recentPosts recentPosts
	hooks       *hooks
	refusals    refusals

	// embedded is the server this store brought along, or nil.
	embedded *embedded
}

var (
	_ chat.Log       = (*Store)(nil)
	_ chat.SlowModes = (*Store)(nil)
	_ chat.Feed      = (*Store)(nil)
	_ chat.Roster    = (*Store)(nil)
	_ chat.Marks     = (*Store)(nil)

	_ chat.RuleKeeper = (*Store)(nil)
)

// Open connects to the Redis that the options name and checks that it answers. Close the store in
// the end.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("options of the store: %w", err)
	}
	scripts, err := loadScripts()
	if err != nil {
		return nil, err
	}
	client, sharded, err := newClient(o)
	if err != nil {
		return nil, fmt.Errorf("the URL of Redis: %w", err)
	}
	s := &Store{client: client, sharded: sharded, opt: o, log: o.Logger, node: randomHex(8), scripts: scripts}
	s.feed, s.hooks = newFeed(s), newHooks()
	s.pipeliner = newPipeliner(s)
	if err := s.exchange(ctx, pinging, "", s.ping); err != nil { // to be told by whoever opens it
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops the feed, closes all connections, and stops the embedded server if there is one.
func (s *Store) Close() error {
	s.feed.close()
	err := s.client.Close()
	s.pipeliner.close()
	if s.embedded != nil {
		s.embedded.close()
	}
	return err
}

// Ping asks Redis for a sign of life. It takes no longer than [Options.Timeout].
func (s *Store) Ping(ctx context.Context) error { return s.call(ctx, pinging, "", s.ping) }

const pinging = "asking Redis for a sign of life"

func (s *Store) ping(ctx context.Context) error { return s.client.Ping(ctx).Err() }

// call runs one exchange with Redis under the store's timeout and says what was being done when it
// fails, and to which room if there is one. The log is told what Redis refuses.
func (s *Store) call(ctx context.Context, what string, room chat.RoomID, f func(context.Context) error) error {
	err := s.exchange(ctx, what, room, f)
	if err == nil {
		return nil
	}
	if answer, ok := s.refusals.news(err, time.Now()); ok {
		s.log.WarnContext(ctx, "Redis refuses what it is asked", "doing", what, "answer", answer)
	}
	return err
}

// exchange is call without the log.
func (s *Store) exchange(ctx context.Context, what string, room chat.RoomID, f func(context.Context) error) error {
	deadline, ok := ctx.Deadline()
	bounded := ctx
	if !ok || time.Until(deadline) > s.opt.Timeout { // else the caller's own time is up before
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, s.opt.Timeout)
		defer cancel()
	}
	err := f(bounded)
	if err == nil {
		return nil
	}
	err = s.meaningOf(ctx, what, room, err)
	if !errors.Is(err, context.Canceled) {
		s.opt.Observer.Failed(err)
	}
	return err
}

// meaningOf is what the error of an exchange under ctx means, with what was being done.
func (s *Store) meaningOf(ctx context.Context, what string, room chat.RoomID, err error) error {
	deadline, ok := ctx.Deadline()
	doing := what
	if room != "" {
		doing += " " + string(room)
	}
	// Connections have the context's deadline too and may notice it a moment before the context
	// itself.
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	case ok && !time.Now().Before(deadline):
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		// Network timeouts too say that they are context.DeadlineExceeded, but it was not the
		// caller's deadline.
		return fmt.Errorf("%s: %w: %v", doing, chat.ErrUnavailable, err)
	case redis.HasErrorPrefix(err, "OOM"): // its maxmemory
		return fmt.Errorf("%s: %w: %w", doing, chat.ErrFull, err)
	case redis.HasErrorPrefix(err, "CORRUPT"):
		return fmt.Errorf("%s: %w: %w: %w", doing, chat.ErrUnavailable, ErrCorrupt, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, chat.ErrUnavailable, err)
}

// corrupt is the error for a key that holds something else than it should.
func corrupt(key string, cause error) error {
	return fmt.Errorf("%s: %w: %w: %w", key, chat.ErrUnavailable, ErrCorrupt, cause)
}

// partitions is how many hash tags there are: enough to spread rooms over a Cluster's nodes, few
// enough that a node following rooms of all of them does not need thousands of subscription
// connections.
const partitions = 256

func partition(room chat.RoomID) int { return int(fnv1a(string(room)) % partitions) }

// fnv1a is the FNV-1a hash, as hash/fnv has it, of which nothing is left to the garbage collector.
func fnv1a(of string) uint32 {
	hash := uint32(2166136261)
	for i := range len(of) {
		hash = (hash ^ uint32(of[i])) * 16777619
	}
	return hash
}

// hashTag names a partition, as in {p000}: a Cluster hashes only what is in the braces.
func hashTag(p int) string {
	return string([]byte{'{', 'p', '0' + byte(p/100), '0' + byte(p/10%10), '0' + byte(p%10), '}'})
}

// key names one of a room's keys, or its channel: PREFIX{p000}:ROOM:NAME.
func (s *Store) key(room chat.RoomID, name string) string {
	return s.opt.KeyPrefix + hashTag(partition(room)) + ":" + string(room) + ":" + name
}

func (s *Store) channel(room chat.RoomID) string { return s.key(room, "feed") }

// publishCommand is the command that reaches a channel's subscribers: in a Cluster only those of
// its slot.
func (s *Store) publishCommand() string {
	if s.sharded {
		return "SPUBLISH"
	}
	return "PUBLISH"
}

//go:embed lua/*.lua
var luaFiles embed.FS

type script struct{ source, sha string }

type scripts struct {
	append, amend, read, since         script
	hold, release, members, attributes script
	rules, grant, owned, seen          script
	mark, revoke, take, subscribe      script
	keep, use, records                 script
	tokens                             script
	file, due, look                    script
	overview                           script
	dump, restore                      script
	hookKeep, hookNext, hookDone       script
	hookLater, hookUndead              script
}

func loadScripts() (scripts, error) {
	var err error
	load := func(names ...string) script {
		var source string
		for _, name := range names {
			b, e := luaFiles.ReadFile("lua/" + name + ".lua")
			err = errors.Join(err, e)
			source += string(b)
		}
		return script{source: source, sha: redis.NewScript(source).Hash()}
	}
	s := scripts{
		append:     load("log", "outbox", "append"),
		amend:      load("log", "outbox", "amend"),
		read:       load("read"),
		since:      load("since"),
		hold:       load("roster", "outbox", "roster_changes", "hold"),
		release:    load("roster", "outbox", "roster_changes", "release"),
		members:    load("roster", "outbox", "roster_changes", "members"),
		attributes: load("roster", "outbox", "roster_changes", "attributes"),
		rules:      load("log", "outbox", "rules", "append"),
		grant:      load("grant"),
		owned:      load("owned"),
		seen:       load("seen"),
		mark:       load("mark"),
		revoke:     load("revoke"),
		take:       load("take"),
		subscribe:  load("subscribe"),
		keep:       load("keep"),
		use:        load("use", "grant"),
		records:    load("records"),
		tokens:     load("tokens"),
		file:       load("file"),
		due:        load("due"),
		look:       load("look"),
		overview:   load("overview"),
		dump:       load("dump"),
		restore:    load("restore"),
		hookKeep:   load("hook_keep"),
		hookNext:   load("hook_next"),
		hookDone:   load("hook_done"),
		hookLater:  load("hook_later"),
		hookUndead: load("hook_undead"),
	}
	return s, err
}

// run runs a script, by its hash if the server has it already, and returns its reply, which is a
// list.
func (s *Store) run(ctx context.Context, sc script, keys []string, args ...any) ([]any, error) {
	send := func(command, script string) ([]any, error) {
		cmd := scriptCmd(ctx, command, script, keys, args)
		_ = s.client.Process(ctx, cmd) // the same error as below
		return cmd.Slice()
	}
	reply, err := send("evalsha", sc.sha)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return send("eval", sc.source)
	}
	return reply, err
}

// runTogether is run for one of very many, which go to a node with others' when Redis is busy.
func (s *Store) runTogether(ctx context.Context, node *redis.Client, sc script, keys []string, args ...any) ([]any, error) {
	cmd := scriptCmd(ctx, "evalsha", sc.sha, keys, args)
	err := s.pipeliner.process(ctx, node, cmd)
	if notDone(err) {
		return s.run(ctx, sc, keys, args...)
	}
	if err != nil {
		return nil, err
	}
	return cmd.Slice()
}

// scriptCmd is a command that has Redis run a script.
func scriptCmd(ctx context.Context, command, script string, keys []string, args []any) onceCmd {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, command, script, len(keys))
	for _, k := range keys {
		words = append(words, k)
	}
	cmd := onceCmd{redis.NewCmd(ctx, append(words, args...)...)}
	cmd.SetFirstKeyPos(3)
	return cmd
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}
