package main

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read reads settings as the program would in a directory with that .env.
func read(t *testing.T, dotenv string, env []string, args ...string) (config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if dotenv != "" {
		require.NoError(t, os.WriteFile(".env", []byte(dotenv), 0o600))
	}
	var all commands
	i := &invocation{args: args, env: env, stdout: &bytes.Buffer{}}
	answered, err := i.parse(&all)
	assert.False(t, answered)
	if err != nil {
		return config{}, err
	}
	assert.Equal(t, "serve", i.parsed.Command())
	return i.config(&all.Serve.settings)
}

func TestDefaults(t *testing.T) {
	c, err := read(t, "", nil)
	require.NoError(t, err)
	assert.Equal(t, address(":8080"), c.Addr)
	assert.Empty(t, c.redis)
	assert.Equal(t, entries(100), c.HistoryLimit)
	assert.Equal(t, keeping(24*time.Hour), c.HistoryTTL)
	assert.Nil(t, c.store(nil).KeepAfterClose)
	assert.Equal(t, 15*time.Second, c.node(nil, nil).Heartbeat)
	assert.Nil(t, c.server(nil).SessionKey)
	assert.Zero(t, c.PostRate)
	assert.Equal(t, level(slog.LevelInfo), c.LogLevel)
}

func TestPrecedence(t *testing.T) {
	dotenv := "CALLER_ADDR=:3\nCALLER_HEARTBEAT=3s\n# a comment\nexport CALLER_HISTORY_LIMIT='3'\n"
	env := []string{"CALLER_ADDR=:2", "CALLER_HEARTBEAT=2s", "PATH=/bin"}
	c, err := read(t, dotenv, env, "--addr", ":1")
	require.NoError(t, err)
	assert.Equal(t, address(":1"), c.Addr)
	assert.Equal(t, pulse(2*time.Second), c.Heartbeat)
	assert.Equal(t, entries(3), c.HistoryLimit)

	c, err = read(t, "CALLER_ADDR=:3", []string{"CALLER_ADDR="})
	require.NoError(t, err)
	assert.Equal(t, address(":3"), c.Addr, "an empty variable is as good as none")
}

func TestWhichRedis(t *testing.T) {
	for _, c := range []struct {
		dotenv string
		env    []string
		args   []string
		want   string
	}{
		{want: ""},
		{env: []string{"REDIS_URL=redis://a"}, want: "redis://a"},
		{env: []string{"REDIS_ADDR=b:6379"}, want: "redis://b:6379"},
		{env: []string{"REDIS_URL=redis://a", "REDIS_ADDR=b:6379"}, want: "redis://a"},
		{env: []string{"REDIS_URL=redis://a"}, args: []string{"--redis-addr", "b:6379"}, want: "redis://b:6379"},
		{dotenv: "REDIS_URL=redis://a", env: []string{"REDIS_ADDR=b:6379"}, want: "redis://b:6379"},
		{dotenv: "REDIS_ADDR=b:6379", env: []string{"REDIS_URL=redis://a"}, want: "redis://a"},
		{env: []string{"REDIS_URL=redis://a"}, args: []string{"--redis-url="}, want: ""},
		{env: []string{"REDIS_ADDR=b:6379"}, args: []string{"--redis-url="}, want: ""},
		{args: []string{"--redis-url", "redis+sentinel://u:p@h1,h2:26379/main?db=1"}, want: "redis+sentinel://u:p@h1,h2:26379/main?db=1"},
		{args: []string{"--redis-url", "rediss://u:p@[::1]:6379/0"}, want: "rediss://u:p@[::1]:6379/0"},
	} {
		got, err := read(t, c.dotenv, c.env, c.args...)
		require.NoError(t, err)
		assert.Equal(t, c.want, got.redis, "%+v", c)
	}
}

func TestEverySetting(t *testing.T) {
	key := strings.Repeat("k", 32)
	c, err := read(t, "", []string{
		"CALLER_KEEP_AFTER_CLOSE=0s", "CALLER_SESSION_KEY=" + key, "CALLER_TRUSTED_ORIGIN=https://a.example,https://b.example:8443/",
		"CALLER_TRUSTED_PROXY=10.0.0.7/8,::1", "CALLER_POST_RATE=0.5", "CALLER_BASE_PATH=/chat/", "CALLER_LOG_FORMAT=json", "CALLER_LOG_LEVEL=debug",
		"CALLER_HISTORY_TTL=90m",
	})
	require.NoError(t, err)
	require.NotNil(t, c.store(nil).KeepAfterClose)
	assert.Zero(t, *c.store(nil).KeepAfterClose)
	o := c.server(nil)
	assert.Equal(t, []byte(key), o.SessionKey)
	assert.Equal(t, []string{"https://a.example", "https://b.example:8443"}, o.TrustedOrigins)
	require.Len(t, o.TrustedProxies, 2)
	assert.Equal(t, "10.0.0.0/8", o.TrustedProxies[0].String())
	assert.Equal(t, "::1/128", o.TrustedProxies[1].String())
	assert.Equal(t, "/chat", o.BasePath)
	assert.Equal(t, level(slog.LevelDebug), c.LogLevel)
	assert.Equal(t, 90*time.Minute, c.store(nil).HistoryTTL)

	c, err = read(t, "", nil, "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "192.0.2.1", "--keep-after-close", "5m")
	require.NoError(t, err)
	assert.Len(t, c.TrustedProxies, 2)
	assert.Equal(t, 5*time.Minute, *c.store(nil).KeepAfterClose)
}

// Without a Redis nothing has replicas: each post would be answered as if it had been lost.
func TestReplicasNeedARedis(t *testing.T) {
	_, err := read(t, "", nil, "--wait-replicas", "1")
	require.ErrorContains(t, err, "--wait-replicas (CALLER_WAIT_REPLICAS) needs --redis-url (REDIS_URL)")
	for _, flag := range []string{"--redis-url=redis://127.0.0.1:1", "--redis-addr=127.0.0.1:1"} {
		c, err := read(t, "", nil, "--wait-replicas", "1", flag)
		require.NoError(t, err)
		assert.Equal(t, 1, c.store(nil).WaitReplicas)
	}
}

// TestWrongValues gives each setting a wrong value, by flag, by variable and by a line of .env.
func TestWrongValues(t *testing.T) {
	for _, c := range []struct{ flag, variable, value string }{
		{"--addr", "CALLER_ADDR", "8080"},
		{"--addr", "CALLER_ADDR", "localhost:http"},
		{"--addr", "CALLER_ADDR", ":65536"},
		{"--redis-url", "REDIS_URL", "localhost:6379"},
		{"--redis-url", "REDIS_URL", "http://user:sekret@localhost"},
		{"--redis-url", "REDIS_URL", "redis://"},
		{"--redis-url", "REDIS_URL", "redis://user:sekret@host:99999/0"},
		{"--redis-addr", "REDIS_ADDR", "localhost"},
		{"--redis-addr", "REDIS_ADDR", ":6379"},
		{"--history-limit", "CALLER_HISTORY_LIMIT", "0"},
		{"--history-limit", "CALLER_HISTORY_LIMIT", "many"},
		{"--history-ttl", "CALLER_HISTORY_TTL", "24"},
		{"--wait-replicas", "CALLER_WAIT_REPLICAS", "-1"},
		{"--history-ttl", "CALLER_HISTORY_TTL", "1ms"},
		{"--keep-after-close", "CALLER_KEEP_AFTER_CLOSE", "-1s"},
		{"--heartbeat", "CALLER_HEARTBEAT", "0s"},
		{"--heartbeat", "CALLER_HEARTBEAT", "1h"},
		{"--session-key", "CALLER_SESSION_KEY", "sekret"},
		{"--trusted-origin", "CALLER_TRUSTED_ORIGIN", "*"},
		{"--trusted-origin", "CALLER_TRUSTED_ORIGIN", "https://a.example/path"},
		{"--trusted-proxy", "CALLER_TRUSTED_PROXY", "10.0.0.0/33"},
		{"--trusted-proxy", "CALLER_TRUSTED_PROXY", "proxy.example"},
		{"--limits", "CALLER_LIMITS", "none"},
		{"--limits", "CALLER_LIMITS", "messages=fast"},
		{"--post-rate", "CALLER_POST_RATE", "NaN"},
		{"--post-rate", "CALLER_POST_RATE", "-1"},
		{"--base-path", "CALLER_BASE_PATH", "chat"},
		{"--base-path", "CALLER_BASE_PATH", `/"><script>`},
		{"--base-path", "CALLER_BASE_PATH", "/a/../b"},
		{"--livekit-url", "LIVEKIT_URL", "livekit.example:7880"},
		{"--livekit-url", "LIVEKIT_URL", "ftp://livekit.example"},
		{"--livekit-url", "LIVEKIT_URL", "wss://:7880"},
		{"--livekit-url", "LIVEKIT_URL", "wss://user:sekret@livekit.example"},
		{"--livekit-url", "LIVEKIT_URL", "wss://livekit.example?access_token=sekret"},
		{"--livekit-public-url", "LIVEKIT_PUBLIC_URL", "wss//livekit.example"},
		{"--livekit-room-prefix", "LIVEKIT_ROOM_PREFIX", "a b"},
		{"--livekit-room-prefix", "LIVEKIT_ROOM_PREFIX", "chat-"},
		{"--files", "CALLER_FILES", "/var/files"},
		{"--files", "CALLER_FILES", "gs://files"},
		{"--files", "CALLER_FILES", "file://host/files"},
		{"--files", "CALLER_FILES", "s3://key:sekret@files"},
		{"--files", "CALLER_FILES", "s3://files?endpoint=http://key:sekret@host"},
		{"--files", "CALLER_FILES", "s3://files?prefix=../x"},
		{"--file-size", "CALLER_FILE_SIZE", "100"},
		{"--link-previews", "CALLER_LINK_PREVIEWS", "maybe"},
		{"--files-scan", "CALLER_FILES_SCAN", "no-such-program-here -"},
		{"--file-size", "CALLER_FILE_SIZE", "-1MB"},
		{"--room-files", "CALLER_ROOM_FILES", "99999999999TB"},
		{"--log-format", "CALLER_LOG_FORMAT", "xml"},
		{"--log-level", "CALLER_LOG_LEVEL", "loud"},
	} {
		check := func(err error, where string) {
			require.Error(t, err, c.value)
			line, _, _ := strings.Cut(err.Error(), "\n")
			assert.Contains(t, line, c.flag)
			assert.Contains(t, line, c.variable)
			assert.Contains(t, line, where)
			assert.NotContains(t, line, "sekret")
			var out bytes.Buffer
			assert.Equal(t, 2, exitCode(err, &out))
			assert.Contains(t, out.String(), "caller: "+c.flag)
		}
		_, err := read(t, "", nil, c.flag+"="+c.value)
		check(err, "")
		_, err = read(t, "", []string{c.variable + "=" + c.value})
		check(err, "the environment")
		_, err = read(t, c.variable+"='"+c.value+"'", nil)
		check(err, ".env")
	}
}

// TestWrongNumbersAreToldTheirLimits: also those that begin with a dash, which could be a flag.
func TestWrongNumbersAreToldTheirLimits(t *testing.T) {
	for _, c := range []struct{ flag, value, limits string }{
		{"--history-limit", "-1", "from 1 to 10000"},
		{"--wait-replicas", "-1", "from 0 to 100"},
		{"--max-connections", "-5", "from 0 to 1000000000"},
		{"--max-rooms", "10000000000", "from 0 to 1000000000"},
		{"--post-rate", "1e7", "from 0 to 1000000"},
		{"--post-rate", "-.5", "from 0 to 1000000"},
		{"--heartbeat", "-1s", "from 1s to 5m"},
		{"--heartbeat", "15", "from 1s to 5m"},
		{"--history-ttl", "90000h", "from 1s to 87600h"},
		{"--keep-after-close", "99999999h", "from 0s to 87600h"},
	} {
		_, err := read(t, "", nil, c.flag, c.value)
		require.Error(t, err, c.flag)
		line, _, _ := strings.Cut(err.Error(), "\n")
		assert.Contains(t, line, c.flag+" (")
		assert.Contains(t, line, `"`+c.value+`" is not a `)
		assert.Contains(t, line, c.limits)
	}
	_, err := read(t, "", nil, "--heartbeat", "--log-level", "debug")
	require.ErrorContains(t, err, "--heartbeat (CALLER_HEARTBEAT) needs a value: TIME")
}

func TestWrongCommandLines(t *testing.T) {
	for _, args := range [][]string{{"server"}, {"serve", "now"}, {"--adr", ":1"}, {"--addr"}, {"--addr", ":1", "version"}} {
		_, err := read(t, "", nil, args...)
		assert.Equal(t, 2, exitCode(err, &bytes.Buffer{}), args)
	}
	_, err := read(t, "CALLER_SESSION_KEY sekret\n", nil)
	require.ErrorContains(t, err, ".env can't be read")
	assert.NotContains(t, err.Error(), "sekret")
	assert.Equal(t, 2, exitCode(err, &bytes.Buffer{}))
}

func TestHelpAndVersion(t *testing.T) {
	t.Chdir(t.TempDir())
	for arg, want := range map[string]string{"--help": "$CALLER_HISTORY_TTL", "-h": "--redis-url=URL", "--version": "caller "} {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), []string{arg}, []string{"CALLER_ADDR=wrong"}, &out, &out))
		assert.Contains(t, out.String(), want)
	}
}

func TestWithoutSecrets(t *testing.T) {
	for url, want := range map[string]string{
		"redis://host:6379/0":                                "redis://host:6379/0",
		"redis://user:pa:s/s@host:6379/0?pool_size=3":        "redis://host:6379/0",
		"redis://:pa@ss@host":                                "redis://host",
		"redis://:pa?ss@host":                                "redis://…",
		"redis+sentinel://u:p@h1,h2:1/m?sentinel_password=x": "redis+sentinel://h1,h2:1/m",
		"unix://u:p@/run/redis.sock?db=1":                    "unix:///run/redis.sock",
	} {
		assert.Equal(t, want, withoutSecrets(url))
	}
}
