package webhooks

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// got is one request that a receiver has had.
type got struct {
	ID, Type, Room, Text, Entry string
	At                          time.Time
	Body                        string
	Deleted                     bool
	Signature                   string
	Path                        string
}

// receiver is a server of the test's own, at one address, that can be stopped, started and made to
// misbehave.
type receiver struct {
	addr string

	mu      sync.Mutex // protects following
	secrets []string   // any of them is right; none for not checked
	server  *http.Server
	asked   []got // all that was asked, also what was refused
	taken   []got // what was answered with success, in order
	wrong   []string
	answer  func(w http.ResponseWriter, g got) (took bool) // nil takes all
}

func startReceiver(t *testing.T, secrets ...string) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", itoa(harness.FreePort(t))))
	require.NoError(t, err)
	r := &receiver{addr: l.Addr().String(), secrets: secrets}
	r.serve(l)
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) url() string { return "http://" + r.addr + "/hook" }

func (r *receiver) serve(l net.Listener) {
	s := &http.Server{Handler: r, ReadHeaderTimeout: testwait.Limit}
	r.mu.Lock()
	r.server = s
	r.mu.Unlock()
	go func() { _ = s.Serve(l) }() // ends with stop
}

// stop cuts all connections.
func (r *receiver) stop() {
	r.mu.Lock()
	s := r.server
	r.server = nil
	r.mu.Unlock()
	if s != nil {
		_ = s.Close()
	}
}

func (r *receiver) start(t *testing.T) {
	t.Helper()
	var l net.Listener
	testwait.Until(t, func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", r.addr)
		return err == nil
	}, "the receiver's port is free")
	r.serve(l)
}

func (r *receiver) behave(answer func(w http.ResponseWriter, g got) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) knows(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = secrets
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // it broke off
	}
	r.mu.Lock()
	secrets, answer := slices.Clone(r.secrets), r.answer
	r.mu.Unlock()
	g := got{ID: request.Header.Get("webhook-id"), At: time.Now(), Body: string(body), Signature: request.Header.Get("webhook-signature"), Path: request.URL.Path}
	var envelope struct {
		Type, Timestamp string
		Data            struct {
			Room, RoomID, ID, Text, Type string
			Deleted                      bool
		}
	}
	fault := ""
	if err := json.Unmarshal(body, &envelope); err != nil {
		fault = "no JSON: " + err.Error()
	}
	d := envelope.Data
	g.Type, g.Room, g.Text, g.Entry, g.Deleted = envelope.Type, d.Room, d.Text, d.ID, d.Deleted
	switch _, err := time.Parse(time.RFC3339, envelope.Timestamp); {
	case fault != "":
	case err != nil:
		fault = "no time: " + envelope.Timestamp
	case d.Room != d.RoomID || d.Type != envelope.Type || d.Room == "":
		fault = "an envelope that contradicts itself: " + g.Body
	case request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json":
		fault = request.Method + " " + request.Header.Get("Content-Type")
	}
	right := len(secrets) == 0
	for _, secret := range secrets {
		check, err := standard.NewWebhook(secret)
		if err == nil && check.Verify(body, request.Header) == nil {
			right = true
		}
	}
	if !right {
		fault = "the signature is wrong: " + g.Signature
	}
	r.mu.Lock()
	r.asked = append(r.asked, g)
	if fault != "" {
		r.wrong = append(r.wrong, fault)
	}
	r.mu.Unlock()
	took := true
	if answer != nil {
		took = answer(w, g)
	}
	if took {
		r.mu.Lock()
		r.taken = append(r.taken, g)
		r.mu.Unlock()
	}
}

// all are what was taken, each once, in the order in which it first came.
func (r *receiver) all() (events []got) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, g := range r.taken {
		if !seen[g.ID] {
			seen[g.ID] = true
			events = append(events, g)
		}
	}
	return events
}

func (r *receiver) requests() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *receiver) faults() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.wrong)
}

// texts are what messages of a room have said, in the order in which they first came.
func (r *receiver) texts(room string) (texts []string) {
	for _, g := range r.all() {
		if g.Room == room && g.Type == "message" {
			texts = append(texts, g.Text)
		}
	}
	return texts
}

func (r *receiver) wait(t *testing.T, what string, done func(all []got) bool) {
	t.Helper()
	testwait.Until(t, func() bool { return done(r.all()) }, what)
}

// hasText reports whether a message has come.
func hasText(text string) func([]got) bool {
	return func(all []got) bool {
		return slices.ContainsFunc(all, func(g got) bool { return g.Type == "message" && g.Text == text })
	}
}
