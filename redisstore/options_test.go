package redisstore

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitURL(t *testing.T) {
	for _, c := range []struct {
		url, mode, base string
		hosts           []string
	}{
		{"redis://:secret@h:1/2", "", "redis://:secret@h:1/2", nil},
		{"unix:///run/redis.sock?db=1", "", "unix:///run/redis.sock?db=1", nil},
		{"redis+cluster://u:p%40@a,b:7001,[::1]:7", "cluster", "redis://u:p%40@a:6379", []string{"a:6379", "b:7001", "[::1]:7"}},
		{"rediss+sentinel://a,b:1/m?db=3", "sentinel", "rediss://a:26379/m?db=3", []string{"a:26379", "b:1"}},
	} {
		mode, hosts, base, err := splitURL(c.url)
		require.NoError(t, err, c.url)
		assert.Equal(t, c.mode, mode)
		assert.Equal(t, c.hosts, hosts)
		assert.Equal(t, c.base, base.String())
	}
	for _, bad := range []string{
		"", "localhost:6379", "http://h", "redis+x://h", "unix+cluster://h", "redis+cluster://", "redis+cluster://a,,b",
		"redis+cluster://a/b@c,d", "redis://h:pw@:port", "redis+cluster://u@a,b c",
	} {
		_, _, _, err := splitURL(bad)
		if err == nil {
			_, _, err = newClient(Options{URL: bad})
		}
		assert.Error(t, err, bad)
	}
}

func TestNewClient(t *testing.T) {
	for url, want := range map[string]any{
		"redis://h":                            &redis.Client{},
		"rediss://u:p@h:1/2":                   &redis.Client{},
		"rediss+cluster://u:p@a,b?pool_size=7": &redis.ClusterClient{},
	} {
		c, _, err := newClient(Options{URL: url, Timeout: time.Second})
		require.NoError(t, err, url)
		assert.IsType(t, want, c)
		require.NoError(t, c.Close())
	}
	for _, bad := range []string{
		"redis+sentinel://a,b", "redis+sentinel://a/m/2", "redis+sentinel://a/m?nonsense=1", "redis://h/-1", "redis+cluster://a/1", "redis+cluster://a?db=1", "redis://h/notanumber", "redis+cluster://a?sentinel_username=x",
	} {
		_, _, err := newClient(Options{URL: bad, Timeout: time.Second})
		assert.Error(t, err, bad)
	}
	_, _, err := newClient(Options{URL: "redis://u:secret@h:port", Timeout: time.Second})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}

// TestPasswordsThatAreNotEscaped: no part of the password is in the error, which says what to do.
func TestPasswordsThatAreNotEscaped(t *testing.T) {
	for _, authority := range []string{
		"u:sec/ret@h:1", ":sec#ret@h", "u:sec?ret@h:1", "u:sec%zzret@h", "u:sec%@h", "u:12/sec@h", "u:12#sec@h", "u:12?sec@h", "u/sec:ret@h", "u#sec@h", "u?sec@h",
		"u:sec ret@h", "u:s^ecret@h", "u:sec[ret@h",
	} {
		for _, url := range []string{"redis://" + authority, "rediss+cluster://" + authority + ",i:7001", "redis+sentinel://" + authority + ",i/m"} {
			_, _, err := newClient(Options{URL: url, Timeout: time.Second})
			require.Error(t, err, url)
			assert.NotContains(t, err.Error(), "sec", url)
			if !strings.Contains(url, "sentinel") { // of which the name of the master may be what is missed
				assert.Contains(t, err.Error(), "/ is %2F", url)
			}
		}
	}
	c, _, err := newClient(Options{URL: "redis://u:p%40%2F%23%3F%25:x@h?client_name=a@b", Timeout: time.Second})
	require.NoError(t, err)
	assert.Equal(t, "p@/#?%:x", c.(*redis.Client).Options().Password)
	require.NoError(t, c.Close())
}

// TestBuffers: by each form of URL a connection's buffers are ours, which are smaller than
// go-redis's.
func TestBuffers(t *testing.T) {
	for _, url := range []string{"redis://h", "redis+sentinel://a/m", "redis+cluster://a"} {
		c, _, err := newClient(Options{URL: url, Timeout: time.Second})
		require.NoError(t, err, url)
		var o redis.Options
		switch c := c.(type) {
		case *redis.Client:
			o = *c.Options()
		case *redis.ClusterClient:
			of := c.Options()
			o.ReadBufferSize, o.WriteBufferSize = of.ReadBufferSize, of.WriteBufferSize
			o.PipelineReadBufferSize, o.PipelineWriteBufferSize = of.PipelineReadBufferSize, of.PipelineWriteBufferSize
		}
		assert.Equal(t, [4]int{bufferSize, bufferSize, pipelineBufferSize, pipelineBufferSize},
			[4]int{o.ReadBufferSize, o.WriteBufferSize, o.PipelineReadBufferSize, o.PipelineWriteBufferSize}, url)
		require.NoError(t, c.Close())
	}
}

func TestOptions(t *testing.T) {
	for _, bad := range []Options{
		{HistoryLimit: -1}, {HistoryTTL: -1}, {HistoryTTL: time.Microsecond}, {Lease: -1}, {Timeout: -1}, {FeedTimeout: -1},
		{KeyPrefix: "a{b}"},
	} {
		_, err := Open(t.Context(), bad)
		assert.ErrorContains(t, err, "options of the store")
	}
	assert.EqualValues(t, -1, Options{}.keepAfterClose())
	assert.EqualValues(t, -1, Options{KeepAfterClose: new(time.Duration(-5))}.keepAfterClose())
	assert.EqualValues(t, 0, Options{KeepAfterClose: new(time.Duration(0))}.keepAfterClose())
	assert.EqualValues(t, 1500, Options{KeepAfterClose: new(1500 * time.Millisecond)}.keepAfterClose())
}
