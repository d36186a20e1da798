package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

// Firefox is one running Firefox, driven over WebDriver BiDi
// (https://w3c.github.io/webdriver-bidi/): JSON commands on a WebSocket that it opens itself, so
// that no other program is needed.
type Firefox struct {
	conn   *websocket.Conn
	cmd    *exec.Cmd
	dir    string
	ended  chan struct{} // closed when nothing more is read
	output *firefoxOutput

	mu      sync.Mutex // guards what follows, and writing to conn
	nextID  int
	answers map[int]chan firefoxAnswer
	logs    map[string][]string // errors in the console, by tab
}

type firefoxAnswer struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Params  json.RawMessage `json:"params"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
}

// preferences keep Firefox from calling its makers, and from showing anything but the page.
const preferences = `user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("intl.accept_languages", "en");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.proxy.type", 0);
user_pref("services.settings.server", "data:,");
user_pref("toolkit.telemetry.enabled", false);
`

var bidiAt = regexp.MustCompile(`WebDriver BiDi listening on (ws://[0-9.:]+)`)

// StartFirefox starts Firefox with a profile of its own; more are lines of its preferences. The
// caller closes it.
func StartFirefox(t testing.TB, more ...string) *Firefox {
	t.Helper()
	dir, err := os.MkdirTemp("", "caller-firefox-")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "user.js"), []byte(preferences+strings.Join(more, "")), 0o600))
	f := &Firefox{
		dir: dir, ended: make(chan struct{}), output: &firefoxOutput{},
		answers: map[int]chan firefoxAnswer{}, logs: map[string][]string{},
	}
	f.cmd = exec.Command(harness.Find(t, "firefox-esr"), "--headless", "--no-remote", "--profile", dir, "--remote-debugging-port", "0", "about:blank")
	f.cmd.Env = append(os.Environ(), "HOME="+dir, "MOZ_HEADLESS_WIDTH=1200", "MOZ_HEADLESS_HEIGHT=800")
	f.cmd.Stdout, f.cmd.Stderr = f.output, f.output
	require.NoError(t, harness.StartShared(f.cmd))
	if err := f.connect(); err != nil {
		f.Close()
		require.NoError(t, err, "start Firefox; it says:\n%s", f.output)
	}
	return f
}

func (f *Firefox) connect() error {
	deadline := testwait.Deadline()
	var found []string
	for found == nil {
		if time.Now().After(deadline) {
			return errors.New("Firefox does not say where it listens")
		}
		time.Sleep(20 * time.Millisecond) // between two looks
		found = bidiAt.FindStringSubmatch(f.output.String())
	}
	conn, resp, err := websocket.DefaultDialer.Dial(found[1]+"/session", nil)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // a handshake has none
	f.conn = conn
	go f.read()
	if err := f.call("session.new", map[string]any{"capabilities": map[string]any{}}, nil); err != nil {
		return err
	}
	return f.call("session.subscribe", map[string]any{"events": []string{"log.entryAdded"}}, nil)
}

// Close ends Firefox.
func (f *Firefox) Close() {
	if f.conn != nil {
		_ = f.call("browser.close", map[string]any{}, nil) // it is killed below if it does not close
		_ = f.conn.Close()
		<-f.ended
	}
	_ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL) // its group: content processes too; it may have ended
	_ = f.cmd.Wait()                                      // killed, most likely
	_ = os.RemoveAll(f.dir)                               // what is left is in the system's own place for such things
}

// read sorts what Firefox says into answers and log entries.
func (f *Firefox) read() {
	defer close(f.ended)
	for {
		var answer firefoxAnswer
		if err := f.conn.ReadJSON(&answer); err != nil {
			return
		}
		f.mu.Lock()
		switch {
		case answer.Method == "log.entryAdded":
			f.logLocked(answer.Params)
		case f.answers[answer.ID] != nil:
			f.answers[answer.ID] <- answer
			delete(f.answers, answer.ID)
		}
		f.mu.Unlock()
	}
}

func (f *Firefox) logLocked(params json.RawMessage) {
	var entry struct {
		Level  string `json:"level"`
		Text   string `json:"text"`
		Source struct {
			Context string `json:"context"`
		} `json:"source"`
	}
	if json.Unmarshal(params, &entry) == nil && entry.Level == "error" {
		f.logs[entry.Source.Context] = append(f.logs[entry.Source.Context], entry.Text)
	}
}

// call gives a command and reads its result, unless that is nil.
func (f *Firefox) call(method string, params, result any) error {
	answered := make(chan firefoxAnswer, 1)
	f.mu.Lock()
	f.nextID++
	f.answers[f.nextID] = answered
	err := f.conn.WriteJSON(map[string]any{"id": f.nextID, "method": method, "params": params})
	f.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testwait.Limit)
	defer cancel()
	select {
	case answer := <-answered:
		if answer.Type == "error" {
			return fmt.Errorf("%s: %s: %s", method, answer.Error, answer.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(answer.Result, result)
	case <-f.ended:
		return fmt.Errorf("%s: Firefox has ended", method)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer", method)
	}
}

// firefoxOutput is what Firefox has written so far.
type firefoxOutput struct {
	mu   sync.Mutex // guards text
	text []byte
}

func (o *firefoxOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	return len(p), nil
}

func (o *firefoxOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}
