package redisstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestRefusalsAreInTheLog: a Redis that refuses to write is told of, once a kind, with its own words
// and without what was asked.
func TestRefusalsAreInTheLog(t *testing.T) {
	var log lines
	st, err := OpenEmbedded(ctx, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Timeout: testwait.Limit})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	for _, answer := range []string{
		"READONLY You can't write against a read only replica.",
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
		"OOM command not allowed when used memory > 'maxmemory'.",
	} {
		st.embedded.server.SetError(answer)
		for range 3 {
			_, _, err := st.Append(ctx, room(), draft("what somebody said"))
			require.Error(t, err)
		}
	}
	said := log.String()
	for _, kind := range []string{"READONLY You can't write", "MISCONF Redis is configured", "OOM command not allowed"} {
		assert.Equal(t, 1, strings.Count(said, `answer="`+kind), said)
	}
	assert.Contains(t, said, "level=WARN msg=\"Redis refuses what it is asked\"")
	assert.NotContains(t, said, "somebody")
}

func TestRefusalsAreToldAgain(t *testing.T) {
	var r refusals
	told := func(err error, now time.Time) bool {
		_, ok := r.news(err, now)
		return ok
	}
	readOnly, now := fmt.Errorf("posting: %w: %w", chat.ErrUnavailable, refusal("READONLY no")), time.Now()
	assert.True(t, told(readOnly, now))
	assert.False(t, told(readOnly, now.Add(refusedEvery-1)))
	assert.True(t, told(readOnly, now.Add(refusedEvery)))
	assert.False(t, told(errors.New("READONLY by somebody else"), now))
	assert.False(t, told(fmt.Errorf("posting: %w", chat.ErrUnavailable), now))
	answer, ok := r.news(refusal("ERR unknown command 'EVALSHA', with args beginning with: 'secret' "), now)
	assert.True(t, ok)
	assert.Equal(t, "ERR unknown command 'EVALSHA'", answer)
	for i := range 10 * refusalKinds {
		assert.True(t, told(refusal(fmt.Sprint("KIND", i)), now))
	}
	assert.LessOrEqual(t, len(r.said), refusalKinds)
}

// refusal is an answer of Redis.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}
