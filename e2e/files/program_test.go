package files

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/e2e/internal/times"
	"github.com/caller-chat/caller/internal/testwait"
)

// person is somebody with a session.
type person struct {
	node  *harness.Node
	token string
}

func newPerson(t testing.TB, node *harness.Node) person {
	t.Helper()
	p := person{node: node}
	var session struct{ Token string }
	status := p.ask(t, http.MethodPost, "/session", "application/json", strings.NewReader(`{"name":"Ann"}`), &session)
	require.Less(t, status, 300)
	p.token = session.Token
	return p
}

var client = &http.Client{Timeout: 5 * testwait.Limit, Transport: described.Transport(&http.Transport{MaxConnsPerHost: 0})}

// ask is the status of a request; its JSON goes into answer, if there is one.
func (p person) ask(t testing.TB, method, path, kind string, body io.Reader, answer any) int {
	t.Helper()
	status, err := p.try(method, path, kind, body, answer)
	require.NoError(t, err)
	return status
}

func (p person) try(method, path, kind string, body io.Reader, answer any) (int, error) {
	r, err := http.NewRequest(method, p.node.URL+path, body)
	if err != nil {
		return 0, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	w, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	if err == nil && answer != nil {
		if err = json.Unmarshal(text, answer); err != nil {
			err = fmt.Errorf("%w: %s %s", err, w.Status, text)
		}
	}
	return w.StatusCode, err
}

// file is what the program says of one.
type file struct {
	ID, Name, Type, URL, SHA256, Code string
	Size                              int64
}

// send uploads a file and posts a message with it.
func (p person) send(t testing.TB, room, name string, content []byte) (f file, message string) {
	t.Helper()
	require.Equal(t, http.StatusCreated, p.ask(t, http.MethodPut, "/rooms/"+room+"/files/"+name, "application/octet-stream", bytes.NewReader(content), &f), "%+v", f)
	var m struct{ ID string }
	body := fmt.Sprintf(`{"text":"look","files":[%q]}`, f.ID)
	require.Equal(t, http.StatusCreated, p.ask(t, http.MethodPost, "/rooms/"+room+"/messages", "application/json", strings.NewReader(body), &m))
	return f, m.ID
}

func (p person) get(t testing.TB, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.node.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	w, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = w.Body.Close() }()
	content, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return w.StatusCode, string(content)
}

// filesIn is how many files there are in a folder, whatever is below it.
func filesIn(t testing.TB, folder string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return nil // what goes meanwhile is nothing to fail for
	}))
	return n
}

// TestEnds has files go from the bucket with what they were sent with, within a minute.
func TestEnds(t *testing.T) {
	run.Needed(t)
	folder := t.TempDir()
	node := run.Node(t, "--files", "file://"+folder, "--history-limit", "2")
	ann := newPerson(t, node)
	f, message := ann.send(t, "deleted", "a.txt", []byte("to be deleted"))
	ann.send(t, "pushed", "b.txt", []byte("to be pushed out"))
	status, content := ann.get(t, f.URL)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "to be deleted", content)
	require.Equal(t, 2, filesIn(t, folder))

	require.Less(t, ann.ask(t, http.MethodDelete, "/rooms/deleted/messages/"+message, "", nil, nil), 300)
	status, _ = ann.get(t, f.URL)
	require.Equal(t, http.StatusGone, status)
	for range 2 {
		require.Equal(t, http.StatusCreated, ann.ask(t, http.MethodPost, "/rooms/pushed/messages", "text/plain", strings.NewReader("x"), nil))
	}
	began := time.Now()
	harness.Eventually(t, "the bucket is empty", func() bool { return filesIn(t, folder) == 0 })
	run.Times.Add(times.Row{What: "files gone after their message was pushed out", Took: time.Since(began), Promised: time.Minute})
}

// TestAway has the file store killed and started again: files are refused meanwhile, and the chat
// goes on.
func TestAway(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3 := harness.StartS3(t, s3Program)
	node := run.Node(t, "--files", s3.URL(""))
	ann := newPerson(t, node)
	f, _ := ann.send(t, "lobby", "a.txt", []byte("before"))
	s3.Kill()
	harness.Eventually(t, "files are refused", func() bool {
		var problem file
		status, err := ann.try(http.MethodPut, "/rooms/lobby/files/b.txt", "text/plain", strings.NewReader("during"), &problem)
		return err == nil && status == http.StatusServiceUnavailable && problem.Code == "files_unavailable"
	})
	status, _ := ann.get(t, f.URL)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, http.StatusCreated, ann.ask(t, http.MethodPost, "/rooms/lobby/messages", "text/plain", strings.NewReader("the chat goes on"), nil))
	assert.Equal(t, http.StatusOK, harness.Status(node.URL+"/readyz"))
	s3.Start(t)
	harness.Eventually(t, "files are there again", func() bool {
		status, content := ann.get(t, f.URL)
		return status == http.StatusOK && content == "before"
	})
	ann.send(t, "lobby", "c.txt", []byte("after"))
	output := node.Output.WaitFor(t, "the file store does not answer", "the file store answers")
	assert.NotContains(t, output, harness.S3Secret)
}

// TestCheckCommand compares bucket and Redis from the command line.
func TestCheckCommand(t *testing.T) {
	run.Needed(t)
	folder := t.TempDir()
	redis := harness.StartRedis(t)
	node := run.Node(t, "--files", "file://"+folder, "--redis-url", redis.URL())
	ann := newPerson(t, node)
	f, _ := ann.send(t, "lobby", "a.txt", []byte("kept"))
	check := func(args ...string) (output string, code int) {
		cmd := exec.Command(run.Programs.Caller, append([]string{"files", "check", "--files", "file://" + folder, "--redis-url", redis.URL()}, args...)...)
		cmd.Dir = t.TempDir()
		all, _ := cmd.CombinedOutput() // the exit code is looked at
		return string(all), cmd.ProcessState.ExitCode()
	}
	output, code := check()
	require.Zero(t, code, output)
	require.Contains(t, output, "1 rooms with 1 files, 1 objects with 4 bytes: 0 disagree")
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			return exec.Command("rm", path).Run()
		}
		return err
	}))
	output, code = check()
	require.Equal(t, 1, code, output)
	require.Contains(t, output, f.ID)
	output, code = check("--fix")
	require.Zero(t, code, output)
	require.Contains(t, output, "(mended)")
	output, code = check()
	require.Zero(t, code, output)
	status, _ := ann.get(t, f.URL)
	require.Equal(t, http.StatusGone, status)

	nowhere := filepath.Join(folder, "nowhere") // an empty folder would have lost all files
	for _, wrong := range [][]string{
		{"files"}, {"files", "mend"}, {"files", "check"}, {"files", "check", "--files", "file://" + folder},
		{"files", "check", "--files", "mem://", "--redis-url", redis.URL()},
		{"files", "check", "--fix", "--files", "file://" + nowhere, "--redis-url", redis.URL()},
	} {
		cmd := exec.Command(run.Programs.Caller, wrong...)
		cmd.Dir = t.TempDir()
		all, _ := cmd.CombinedOutput() // as above
		require.Equal(t, 2, cmd.ProcessState.ExitCode(), "%s", all)
	}
	require.NoDirExists(t, nowhere)
}

// once is a body of random bytes that are made once for all uploads.
func once(t testing.TB, size int) []byte {
	block := make([]byte, 1<<20)
	_, err := rand.Read(block)
	require.NoError(t, err)
	return bytes.Repeat(block, size>>20)
}

// TestManyLargeUploads has 50 files of 100 MB sent at once, by the program as people run it: it
// streams them, and so has as much memory as ever.
func TestManyLargeUploads(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	plain, err := harness.BuildPlain(run.Dir)
	require.NoError(t, err)
	const uploads, size, most = 50, 100 << 20, 200 << 20
	content := once(t, size)
	for name, place := range map[string]func(*testing.T) string{
		"in a folder": func(t *testing.T) string { return "file://" + t.TempDir() },
		"on S3":       func(t *testing.T) string { return harness.StartS3(t, s3Program).URL("") },
	} {
		t.Run(name, func(t *testing.T) {
			url := place(t)
			node := harness.Programs{Caller: plain}.Node(t, "--files", url, "--room-files", "6GB")
			ann := newPerson(t, node)
			began := time.Now()
			var running sync.WaitGroup
			errs := make(chan error, uploads)
			for i := range uploads {
				running.Go(func() {
					var f file
					status, err := ann.try(http.MethodPut, fmt.Sprintf("/rooms/large/files/%d.bin", i), "application/octet-stream", bytes.NewReader(content), &f)
					if err == nil && (status != http.StatusCreated || f.Size != size) {
						err = fmt.Errorf("%d %+v", status, f)
					}
					errs <- err
				})
			}
			running.Wait()
			run.Times.Add(times.Row{What: "50 uploads of 100 MB at once, " + name, Took: time.Since(began)})
			for range uploads {
				require.NoError(t, <-errs)
			}
			peak := node.Peak(t)
			t.Logf("the node had %d MB at most", peak>>20)
			assert.Less(t, peak, most)
		})
	}
}
