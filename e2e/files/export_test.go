package files

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
)

const adminToken = "the-token-of-this-test-0123456789abcdef"

// caller runs the program as a command.
func caller(t testing.TB, admin string, args ...string) *harness.Process {
	t.Helper()
	cmd := exec.Command(run.Programs.Caller, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = harness.Environment("CALLER_ADMIN_URL=http://"+admin, "CALLER_ADMIN_TOKEN="+adminToken)
	return harness.StartProcess(t, "caller "+args[0], cmd)
}

// messagesOf are the texts that a room has, and the files by their addresses.
func (p person) messagesOf(t testing.TB, room string) (texts []string, files []file) {
	t.Helper()
	var answer struct {
		Messages []struct {
			Text  string
			Files []file
		}
	}
	require.Equal(t, http.StatusOK, p.ask(t, http.MethodGet, "/rooms/"+room+"/messages?limit=1000", "", nil, &answer))
	for _, e := range answer.Messages {
		texts = append(texts, e.Text)
		files = append(files, e.Files...)
	}
	return texts, files
}

// TestExport writes all rooms of a busy node on S3 into a file while that node is killed and comes back,
// and puts them into another store with its files in a folder, under the eyes of somebody who is in a room there.
func TestExport(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3, redis := harness.StartS3(t, s3Program), harness.StartRedis(t)
	admin := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	flags := []string{
		"--redis-url", redis.URL(), "--files", s3.URL(""), "--history-limit", "10000", "--admin-addr", admin, "--admin-token", adminToken,
	}
	busy := run.Node(t, flags...)
	talks := run.Node(t, "--redis-url", redis.URL(), "--files", s3.URL(""), "--history-limit", "10000")
	ann := newPerson(t, talks)
	const rooms = 24
	sent := map[string]string{}
	for i := range rooms {
		content := make([]byte, 1<<20)
		_, _ = rand.Read(content) // never fails
		room := fmt.Sprintf("room-%02d", i)
		f, _ := ann.send(t, room, "a.bin", content)
		sent[f.ID] = string(content)
		require.Equal(t, http.StatusCreated, ann.ask(t, http.MethodPost, "/rooms/"+room+"/messages", "text/plain", strings.NewReader("0"), nil))
	}

	stop := make(chan struct{})
	var talking sync.WaitGroup
	talking.Go(func() { // to two rooms that are written early and late
		for n := 1; n < 900; n++ {
			for _, room := range []string{"room-00", "room-23"} {
				select {
				case <-stop:
					return
				default:
				}
				status, err := ann.try(http.MethodPost, "/rooms/"+room+"/messages", "text/plain", strings.NewReader(fmt.Sprint(n)), nil)
				assert.NoError(t, err)
				assert.Equal(t, http.StatusCreated, status)
			}
		}
	})
	backup := filepath.Join(t.TempDir(), "backup.tar")
	exporting := caller(t, admin, "export", backup)
	harness.Eventually(t, "a part of it is written", func() bool {
		part, err := os.Stat(backup + ".part")
		if err != nil {
			_, err = os.Stat(backup) // it was faster than this looks
			return err == nil
		}
		return part.Size() > 2<<20
	})
	busy.Kill()
	busy.Wait(t)
	run.Node(t, flags...)
	require.Zero(t, exporting.Wait(t), exporting.Output.String())
	close(stop)
	talking.Wait()
	info, err := os.Stat(backup)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it has what people have said")

	// Another store, where somebody is in one of the rooms already.
	folder, otherAdmin := t.TempDir(), fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	other := run.Node(t, "--redis-url", harness.StartRedis(t).URL(), "--files", "file://"+folder, "--history-limit", "10000",
		"--admin-addr", otherAdmin, "--admin-token", adminToken)
	w, err := http.Get(other.URL + "/rooms/room-05/ndjson")
	require.NoError(t, err)
	defer func() { _ = w.Body.Close() }()
	events := make(chan map[string]any, 100)
	go func() {
		for lines := bufio.NewScanner(w.Body); lines.Scan(); {
			var e map[string]any
			if json.Unmarshal(lines.Bytes(), &e) == nil && (e["type"] == "live" || e["type"] == "message") {
				events <- e
			}
		}
	}()
	require.Equal(t, "live", testwait.Receive(t, events, "nothing comes")["type"])

	for _, want := range []string{"24 rooms put back", "0 rooms put back"} {
		importing := caller(t, otherAdmin, "import", backup)
		require.Zero(t, importing.Wait(t), importing.Output.String())
		require.Contains(t, importing.Output.String(), want)
	}
	for _, want := range []string{"look", "0"} {
		require.Equal(t, want, testwait.Receive(t, events, "who is there is not shown what was put back")["text"])
	}
	ben := newPerson(t, other)
	for i := range rooms {
		room := fmt.Sprintf("room-%02d", i)
		texts, files := ben.messagesOf(t, room)
		require.Equal(t, "look", texts[0], room)
		for n, text := range texts[1:] { // as far as had been said then, and nothing left out
			require.Equal(t, fmt.Sprint(n), text, room)
		}
		require.Len(t, files, 1)
		status, content := ben.get(t, files[0].URL)
		require.Equal(t, http.StatusOK, status)
		require.True(t, content == sent[files[0].ID], room)
	}
	require.Equal(t, rooms, filesIn(t, folder))
	before, _ := ben.messagesOf(t, "room-00")
	require.Equal(t, http.StatusCreated, ben.ask(t, http.MethodPost, "/rooms/room-00/messages", "text/plain", strings.NewReader("on"), nil))
	after, _ := ben.messagesOf(t, "room-00")
	require.Equal(t, append(before, "on"), after)

	// What is there stays, unless it is asked for.
	importing := caller(t, otherAdmin, "import", backup)
	require.Equal(t, 1, importing.Wait(t), importing.Output.String())
	require.Contains(t, importing.Output.String(), `room "room-00": there is another one`)
	importing = caller(t, otherAdmin, "import", backup, "--replace", "--room", "room-00")
	require.Zero(t, importing.Wait(t), importing.Output.String())
	after, _ = ben.messagesOf(t, "room-00")
	require.Equal(t, before, after)

	// By hand, as curl does it.
	lines := caller(t, admin, "export", "--room", "room-05", "--ndjson")
	require.Zero(t, lines.Wait(t))
	require.Contains(t, lines.Output.String(), `"text":"look"`)
	typo := caller(t, admin, "export", "--room", "nobody-was-here")
	require.Equal(t, 3, typo.Wait(t), typo.Output.String())
	r, err := http.NewRequest(http.MethodPost, "http://"+otherAdmin+"/api/import", bytes.NewReader(make([]byte, 5<<20)))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+adminToken)
	refused, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, refused.Body.Close())
	require.Equal(t, http.StatusBadRequest, refused.StatusCode)
	require.Equal(t, http.StatusNotFound, harness.Status(other.URL+"/api/export"), "the public address has nothing of it")
}
