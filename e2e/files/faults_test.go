package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/redisstore"
)

// front is a proxy before the S3 server that says that it is full, for as long as a test wants it to.
type front struct {
	*httputil.ReverseProxy
	full atomic.Bool
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.full.Load() && r.Method == http.MethodPut {
		w.WriteHeader(http.StatusInsufficientStorage)
		return
	}
	f.ReverseProxy.ServeHTTP(w, r)
}

func startFront(t testing.TB, target string) (*front, string) {
	t.Helper()
	f := &front{ReverseProxy: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: target})
		r.Out.Host = r.In.Host // which is signed
	}, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}}
	server := &http.Server{Handler: f, ReadHeaderTimeout: testwait.Limit}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	return f, listener.Addr().String()
}

// said is a file that somebody was told is there.
type said struct {
	f       file
	content string // its SHA-256
	message string
	deleted bool
}

// TestUnderFaults has the S3 server killed, slow, full and cut off while people send files on two
// nodes: what was acknowledged is there as it was sent, what was deleted is not, and nothing is left
// over.
func TestUnderFaults(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3 := harness.StartS3(t, s3Program)
	full, addr := startFront(t, s3.Addr)
	link := harness.StartLink(t, addr)
	one, other, redis := run.TwoNodes(t, "--files", s3.URL(link.Addr), "--history-limit", "5000")
	ann := newPerson(t, one)
	stop := make(chan struct{})
	var running sync.WaitGroup
	var mu sync.Mutex
	var all []*said
	refused := 0
	for worker := range 4 {
		random := rand.New(rand.NewPCG(17, uint64(worker)))
		who := person{node: []*harness.Node{one, other}[worker%2], token: ann.token}
		running.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				content := make([]byte, random.IntN(200_000))
				for j := range content {
					content[j] = byte(random.Uint32())
				}
				s, err := who.say(fmt.Sprintf("%d-%d.bin", worker, i), content)
				mu.Lock()
				if err == nil && s != nil {
					all = append(all, s)
				} else {
					refused++
				}
				mu.Unlock()
				if s != nil && random.IntN(3) == 0 {
					status, err := who.try(http.MethodDelete, "/rooms/lobby/messages/"+s.message, "", nil, nil)
					mu.Lock()
					s.deleted = err == nil && status < 300
					mu.Unlock()
				}
			}
		})
	}
	sent := func() int { mu.Lock(); defer mu.Unlock(); return len(all) }
	some := func() {
		before := sent()
		harness.Eventually(t, "files are sent", func() bool { return sent() >= before+5 })
	}
	rejected := func() int { mu.Lock(); defer mu.Unlock(); return refused }
	until := func() {
		before := rejected()
		harness.Eventually(t, "files are refused", func() bool { return rejected() > before })
	}
	for range 2 {
		some()
		s3.Kill()
		until()
		s3.Start(t)
		some()
		link.Slow(200 * time.Millisecond)
		some()
		link.Halve(5)
		some()
		link.Heal()
		full.full.Store(true)
		until()
		full.full.Store(false)
		some()
		link.Cut()
	}
	close(stop)
	running.Wait()
	t.Logf("%d files were sent, %d were refused", len(all), refused)

	ann.node = other
	deleted := 0
	for _, s := range all {
		if s.deleted {
			deleted++
			harness.Await(t, "what was deleted is gone", func() int { status, _ := ann.get(t, s.f.URL); return status },
				func(status int) bool { return status == http.StatusGone })
			continue
		}
		content := harness.Await(t, "what was sent is there", func() string {
			status, content := ann.get(t, s.f.URL)
			if status != http.StatusOK {
				return fmt.Sprint(status)
			}
			sum := sha256.Sum256([]byte(content))
			return hex.EncodeToString(sum[:])
		}, func(sum string) bool { return sum == s.content })
		assert.Equal(t, s.content, content)
	}
	assert.NotZero(t, deleted)

	store, err := redisstore.Open(context.Background(), redisstore.Options{URL: redis.URL(), Timeout: testwait.Limit})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	files := attachments.NewStore(bucket(t, s3.URL("")), store, attachments.Options{Idle: time.Millisecond})
	_, err = files.Check(context.Background(), true, func(p attachments.Problem) {
		assert.Empty(t, p.File, "a record without its bytes: %+v", p)
	})
	require.NoError(t, err)
	seen, err := files.Check(context.Background(), false, func(p attachments.Problem) { t.Errorf("%+v", p) })
	require.NoError(t, err)
	assert.Zero(t, seen.Problems)
}

// say sends a file and posts it; nil when it was refused.
func (p person) say(name string, content []byte) (*said, error) {
	var f file
	status, err := p.try(http.MethodPut, "/rooms/lobby/files/"+name, "application/octet-stream", bytes.NewReader(content), &f)
	if err != nil || status != http.StatusCreated {
		return nil, err
	}
	var m struct{ ID string }
	body := fmt.Sprintf(`{"text":"","files":[%q]}`, f.ID)
	status, err = p.try(http.MethodPost, "/rooms/lobby/messages", "application/json", strings.NewReader(body), &m)
	if err != nil || status != http.StatusCreated {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return &said{f: f, content: hex.EncodeToString(sum[:]), message: m.ID}, nil
}
