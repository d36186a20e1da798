package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/redis/go-redis/v9"
)

// LogTo has the Redis client write what it says of its own into a log, at debug level: it says so
// for each connection that fails, and this package tells of those that matter. The client has one
// log for the whole process, so this is for the program to call, once, before it opens a store.
// Without it the client writes lines to stderr.
func LogTo(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

// Printf implements the client's interface for a log.
func (l clientLog) Printf(ctx context.Context, format string, v ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis client", "says", strings.TrimPrefix(fmt.Sprintf(format, v...), "redis: "))
	}
}
