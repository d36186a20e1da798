package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/caller-chat/caller/internal/testwait"
)

// output can be written and read at the same time.
type output struct {
	mu  sync.Mutex // guards the following
	all bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// program is the program, running.
type program struct {
	url            string
	stdout, stderr output
	stop           context.CancelFunc
	ended          chan error
	client         *http.Client
}

var listensAt = regexp.MustCompile(`https?://[^\s]+`)

// begin runs the program on a free port until it says where it is. Goroutines that are left in the
// end fail the test.
func begin(t *testing.T, args ...string) *program {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{stop: cancel, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}, Timeout: testwait.Limit}}
	t.Cleanup(func() {
		cancel()
		p.client.CloseIdleConnections()
		testwait.NoLeaks(t, before)
		if t.Failed() {
			t.Log(p.stderr.String())
		}
	})
	go func() {
		p.ended <- run(ctx, append([]string{"--addr", "127.0.0.1:0", "--log-format", "json"}, args...), nil, &p.stdout, &p.stderr)
	}()
	testwait.Until(t, func() bool {
		p.url = listensAt.FindString(p.stdout.String())
		return p.url != ""
	}, "the program does not say where it listens")
	return p
}

// end stops the program and checks that it stops well: it reports an error when something took the
// whole of drainTime.
func (p *program) end(t *testing.T) {
	t.Helper()
	p.stop()
	require.NoError(t, testwait.Receive(t, p.ended, "still running"))
	_, err := net.Dial("tcp", p.url[strings.Index(p.url, "//")+2:])
	assert.Error(t, err, "nobody listens any more")
}

func (p *program) status(t *testing.T, path string) int {
	t.Helper()
	r, err := p.client.Get(p.url + path)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	return r.StatusCode
}

func TestRunAndDrain(t *testing.T) {
	p := begin(t)
	assert.Equal(t, http.StatusOK, p.status(t, "/readyz"))
	testwait.Until(t, func() bool { return strings.Contains(p.stderr.String(), "--redis-url") }, "nothing is said of --redis-url")

	r, err := p.client.Post(p.url+"/rooms/lobby", "", strings.NewReader("hello"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, r.StatusCode)
	require.NoError(t, r.Body.Close())

	events, err := p.client.Get(p.url + "/rooms/lobby/ndjson")
	require.NoError(t, err)
	defer events.Body.Close()
	assert.NotEmpty(t, events.Header.Get("X-Request-Id"))
	lines := bufio.NewScanner(events.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), `"live"`) {
	}
	dialer := &websocket.Dialer{HandshakeTimeout: testwait.Limit}
	socket, _, err := dialer.Dial("ws"+strings.TrimPrefix(p.url, "http")+"/rooms/lobby/ws", nil)
	require.NoError(t, err)
	defer socket.Close()
	polled := make(chan int, 1)
	go func() { polled <- p.status(t, "/rooms/quiet/messages?after=0-0&wait=60") }()

	ended := make(chan string, 1)
	go func() {
		last := ""
		for lines.Scan() {
			last = lines.Text()
		}
		ended <- last
	}()
	closed := make(chan error, 1)
	go func() {
		for {
			if _, _, err := socket.ReadMessage(); err != nil { // the library answers the close frame
				closed <- err
				return
			}
		}
	}()
	p.end(t)

	var last struct{ Type, Code string }
	require.NoError(t, json.Unmarshal([]byte(testwait.Receive(t, ended, "the stream's end")), &last))
	assert.Equal(t, "error", last.Type)
	assert.Equal(t, "going_away", last.Code)
	err = testwait.Receive(t, closed, "the WebSocket's end")
	assert.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
	assert.Contains(t, []int{0, http.StatusOK, http.StatusServiceUnavailable}, testwait.Receive(t, polled, "the poll's answer"))
	assert.Contains(t, p.stderr.String(), `"msg":"gone"`)
}

// A poll that waits is answered when the program is told to end, and its connection ends with it.
func TestAPollAtTheEnd(t *testing.T) {
	p := begin(t, "--log-level", "debug")
	polled := make(chan *http.Response, 1)
	request, err := http.NewRequest(http.MethodPost, p.url+"/session", strings.NewReader(`{"name":"Ann"}`))
	require.NoError(t, err)
	signedIn, err := p.client.Do(request)
	require.NoError(t, err)
	var session struct{ Token string }
	require.NoError(t, json.NewDecoder(signedIn.Body).Decode(&session))
	require.NoError(t, signedIn.Body.Close())
	go func() {
		request, err := http.NewRequest(http.MethodGet, p.url+"/rooms/quiet/messages?after=0-0&wait=60", nil)
		if !assert.NoError(t, err) {
			return
		}
		request.Header.Set("Authorization", "Bearer "+session.Token)
		r, err := p.client.Do(request)
		assert.NoError(t, err)
		polled <- r
	}()
	testwait.Until(t, func() bool {
		r, err := p.client.Get(p.url + "/rooms/quiet/messages?wait=0") // which asks the room itself, not the store
		require.NoError(t, err)
		defer r.Body.Close()
		all, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return strings.Contains(string(all), "Ann")
	}, "her poll waits")
	p.end(t)
	r := testwait.Receive(t, polled, "the poll's answer")
	require.NotNil(t, r)
	defer r.Body.Close()
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.True(t, r.Close)
	var page struct{ Cursor string }
	require.NoError(t, json.NewDecoder(r.Body).Decode(&page))
	assert.Equal(t, "0-0", page.Cursor)
	assert.Regexp(t, `"path":"/rooms/quiet/messages","status":200,"bytes":[1-9]`, p.stderr.String())
}

func TestCurlLines(t *testing.T) {
	p := begin(t, "--history-limit", "2")
	for _, text := range []string{"one", "two", "three"} {
		r, err := p.client.Post(p.url+"/rooms/%D0%BA%D1%83%D1%85%D0%BD%D1%8F", "application/x-www-form-urlencoded", strings.NewReader(text))
		require.NoError(t, err)
		assert.Equal(t, http.StatusCreated, r.StatusCode)
		require.NoError(t, r.Body.Close())
	}
	r, err := p.client.Get(p.url + "/rooms/%D0%9A%D1%83%D1%85%D0%BD%D1%8F")
	require.NoError(t, err)
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	assert.NotContains(t, string(text), "one")
	assert.Contains(t, string(text), "two\n")
	assert.Contains(t, string(text), "three\n")
	p.end(t)
}

// By which names the program is asked. It listens on a loopback address.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		args            []string
		served, refused string
	}{
		{nil, "localhost 127.0.0.1:9 [::1] nas.local chatbox chat.example", "evil.com 127.0.0.1.evil.com"},
		{[]string{"--host", "Chat.Corp.com", "--host", "bücher.de"}, "localhost 127.0.0.1 chat.corp.com xn--bcher-kva.de:8080", "evil.com nas.local corp.com"},
		{[]string{"--host", "*"}, "localhost evil.com", ""},
		{[]string{"--trusted-proxy", "127.0.0.1"}, "localhost evil.com", ""},
	} {
		p := begin(t, c.args...)
		status := func(host string) int {
			r, err := http.NewRequest(http.MethodGet, p.url+"/rooms/lobby", nil)
			require.NoError(t, err)
			r.Host = host
			w, err := p.client.Do(r)
			require.NoError(t, err)
			require.NoError(t, w.Body.Close())
			return w.StatusCode
		}
		for _, host := range strings.Fields(c.served) {
			assert.Equal(t, http.StatusOK, status(host), "%v: %s", c.args, host)
		}
		for _, host := range strings.Fields(c.refused) {
			assert.Equal(t, http.StatusMisdirectedRequest, status(host), "%v: %s", c.args, host)
		}
		p.end(t)
	}
	for _, wrong := range []string{"https://chat.example.org", "chat.example.org:443", "chat.example.org/chat", "a b"} {
		_, err := read(t, "", nil, "--host="+wrong)
		assert.ErrorContains(t, err, "--host (CALLER_HOST)", wrong)
	}
	for addr, private := range map[string]bool{
		":8080": false, "0.0.0.0:80": false, "[::]:80": false, "203.0.113.5:80": false,
		"127.0.0.1:80": true, "[::1]:80": true, "192.168.1.5:80": true, "10.0.0.1:80": true, "[fd00::1]:80": true, "localhost:80": true,
	} {
		assert.Equal(t, private, address(addr).isPrivate(), addr)
	}
}

func TestRedisThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis.sock") // nobody else can take it meanwhile, as they could a port
	p := begin(t, "--redis-url", "unix://user:sekret@"+path)
	assert.Equal(t, http.StatusOK, p.status(t, "/healthz"))
	assert.Equal(t, http.StatusServiceUnavailable, p.status(t, "/readyz"))

	redis := miniredis.NewMiniRedis()
	redis.RequireUserAuth("user", "sekret")
	require.NoError(t, redis.Start())
	defer redis.Close()
	comes, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer comes.Close()
	go func() {
		for conn, err := comes.Accept(); err == nil; conn, err = comes.Accept() {
			redis.Server().ServeConn(conn)
		}
	}()
	testwait.Until(t, func() bool { return p.status(t, "/readyz") == http.StatusOK }, "Redis has come, and the program is not ready")
	r, err := p.client.Post(p.url+"/session", "application/json", strings.NewReader(`{"name":"Ann"}`))
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, r.StatusCode)
	require.NoError(t, r.Body.Close())
	p.end(t)
	assert.NotContains(t, p.stderr.String()+p.stdout.String(), "sekret")
}

func TestStopWhileRedisIsAway(t *testing.T) {
	p := begin(t, "--redis-url", "redis://127.0.0.1:1", "--log-level", "debug")
	testwait.Until(t, func() bool { return strings.Contains(p.stderr.String(), `"msg":"redis client"`) }, "what the client says is in the program's own log")
	p.end(t)
}

func TestAddressInUse(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = run(t.Context(), []string{"--addr", taken.Addr().String()}, nil, io.Discard, io.Discard)
	require.ErrorContains(t, err, "--addr (CALLER_ADDR)")
	assert.Equal(t, 1, exitCode(err, io.Discard))
}
