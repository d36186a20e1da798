package files

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	people "github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/wire"
)

// sentFile is a file as a message and an upload's answer have it.
type sentFile struct {
	ID, Name, Type, SHA256, URL string
	Size                        int64
}

// sent is what an upload is answered with, or a problem.
type sent struct {
	sentFile
	Files   []sentFile
	Message *struct {
		ID, Text string
		Files    []sentFile
	}
	Code, Detail string
	Limit        int64
	Status       int
}

// messages are those that a reader was given, so many of them.
func messages(t testing.TB, r *people.Reader, n int) []people.Event {
	t.Helper()
	said := func(events []people.Event) (all []people.Event) {
		for _, e := range events {
			if e.Type == "message" {
				all = append(all, e)
			}
		}
		return all
	}
	return said(r.Wait(t, fmt.Sprintf("%d messages", n), func(events []people.Event) bool { return len(said(events)) >= n }))
}

// urlOf is where a file of the room "lobby" is.
func urlOf(f chat.File) string { return wire.FilePath("lobby", f) }

// twoNodes are two nodes with one Redis and one folder.
func twoNodes(t *testing.T, args ...string) (one, other *harness.Node) {
	t.Helper()
	one, other, _ = run.TwoNodes(t, append([]string{"--files", "file://" + t.TempDir()}, args...)...)
	return one, other
}

// written is a file of so many random bytes.
func written(t testing.TB, name string, size int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, size)
	_, _ = rand.Read(content) // never fails
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path, content
}

// curl has the real curl send something, and is what it is answered.
func curl(t testing.TB, args ...string) sent {
	t.Helper()
	output := people.Curl(t, args...)
	var s sent
	require.NoError(t, json.Unmarshal([]byte(output), &s), output)
	return s
}

// fetched is what curl gets at an address.
func fetched(t testing.TB, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fetched")
	people.Curl(t, append([]string{"--fail-with-body", "-o", path}, args...)...)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

var address = regexp.MustCompile(`\[[^]]* (http[^\] ]+)\]`)

// TestCurlSendsFiles is curl -T, -F and --data-binary on one node, and readers of every kind on the
// other one.
func TestCurlSendsFiles(t *testing.T) {
	one, other := twoNodes(t)
	room, elsewhere := one.URL+"/rooms/lobby", other.URL+"/rooms/lobby"
	bob := people.SignIn(t, other.URL, "Bob")
	readers := map[string]*people.Reader{}
	for _, kind := range []people.Kind{people.WebSocket, people.SSE, people.NDJSON, people.Poll} {
		readers[string(kind)] = bob.Read(t, kind, "lobby", people.Options{})
	}
	text := people.StartCurl(t, elsewhere+"/text")
	byName := people.StartCurl(t, strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)+"/text?all=1")
	byName.Output.WaitFor(t, "live at")

	path, content := written(t, "photo.bin", 3<<20)
	first := curl(t, "-T", path, room+"/files/")
	require.Equal(t, "photo.bin", first.Name)
	require.NotNil(t, first.Message, "a guest's is posted")
	form := curl(t, "-F", "file=@"+path, "-F", "text=look", "-F", "file=@"+path+";filename=second.bin", room+"/files")
	require.Len(t, form.Files, 2)
	require.Equal(t, "look", form.Message.Text)
	raw := curl(t, "--data-binary", "@"+path, "-H", "Content-Type: application/x-thing", room+"/files?filename=third.bin&text=there")
	require.Equal(t, "third.bin", raw.Name)
	piped := people.Shell(t, fmt.Sprintf("curl -sS --noproxy '*' -T - '%s/files/?filename=piped.bin' < '%s'", room, path))
	require.Zero(t, piped.Wait(t), "%s", piped.Output)

	want := [][]string{{"photo.bin"}, {"photo.bin", "second.bin"}, {"third.bin"}, {"piped.bin"}}
	for kind, reader := range readers {
		var got [][]string
		for _, e := range messages(t, reader, len(want)) {
			var names []string
			for _, f := range e.Files {
				names = append(names, f.Name)
				assert.Equal(t, first.SHA256, f.SHA256)
				assert.EqualValues(t, len(content), f.Size)
			}
			got = append(got, names)
		}
		assert.Equal(t, want, got, "%s", kind)
	}
	lines := text.Output.WaitFor(t, "[piped.bin 3.1 MB "+other.URL+"/rooms/lobby/files/")
	assert.Contains(t, lines, ": look [photo.bin 3.1 MB ")
	byName.Output.WaitFor(t, "[piped.bin 3.1 MB http://localhost:")
	addresses := address.FindAllStringSubmatch(lines, -1)
	require.Len(t, addresses, 5)
	for _, found := range addresses {
		assert.True(t, bytes.Equal(content, fetched(t, found[1])), found[1])
	}
	assert.Equal(t, 5, strings.Count(string(fetched(t, elsewhere)), other.URL+"/rooms/lobby/files/"), "in the transcript too")

	// curl goes on with what it has.
	part := filepath.Join(t.TempDir(), "part")
	require.NoError(t, os.WriteFile(part, content[:1<<20], 0o600))
	people.Curl(t, "--fail", "-C", "-", "-o", part, other.URL+first.URL)
	whole, err := os.ReadFile(part)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(content, whole))

	// Twice under a key is once.
	for range 2 {
		again := curl(t, "-T", path, "-H", "Idempotency-Key: k-1", "-H", "X-Name: Carl", room+"/files/once.bin")
		require.Equal(t, "once.bin", again.Name)
	}
	again := curl(t, "-T", path, "-H", "Idempotency-Key: k-1", "-H", "X-Name: Carl", elsewhere+"/files/once.bin")
	page := bob.Page(t, "lobby", "")
	require.Len(t, page.Messages, 5)
	assert.Equal(t, page.Messages[4].Files[0].ID, again.ID)
}

// TestFilesByTheirIDs is files that are named by messages later, over HTTP and a WebSocket.
func TestFilesByTheirIDs(t *testing.T) {
	one, other := twoNodes(t)
	ann := people.SignIn(t, one.URL, "Ann")
	bob := people.SignIn(t, one.URL, "Bob")
	path, _ := written(t, "a.bin", 1000)
	bearer := func(p people.Person) []string { return []string{"-H", "Authorization: Bearer " + p.Token} }
	send := func() sent { return curl(t, append(bearer(ann), "-T", path, one.URL+"/rooms/lobby/files/")...) }
	first, second := send(), send()
	require.Nil(t, first.Message)
	assert.Empty(t, ann.Page(t, "lobby", "").Messages)

	code := func(args ...string) string {
		return people.Curl(t, append([]string{"-o", os.DevNull, "-w", "%{http_code}"}, args...)...)
	}
	assert.Equal(t, "200", code(append(bearer(ann), other.URL+first.URL)...), "its sender's")
	assert.Equal(t, "404", code(append(bearer(bob), other.URL+first.URL)...), "and nobody else's")
	refused := curl(t, append(bearer(bob), "--json", `{"files":["`+first.ID+`"]}`, one.URL+"/rooms/lobby/messages")...)
	assert.Equal(t, "invalid_field", refused.Code)

	stream := ann.At(other.URL).Read(t, people.WebSocket, "lobby", people.Options{})
	stream.WaitType(t, "live")
	stream.Send(t, map[string]any{"type": "post", "key": "k-1", "files": []string{second.ID, first.ID}})
	stream.WaitType(t, "ack")
	posted := messages(t, stream, 1)[0]
	assert.Empty(t, posted.Text)
	assert.Equal(t, second.ID, posted.Files[0].ID)
	assert.Equal(t, "200", code(append(bearer(bob), other.URL+first.URL)...))

	edit, status, err := ann.Try(t.Context(), "lobby", people.Command{Type: "edit", Target: posted.ID, Text: "a caption"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, edit.Raw)
	_, status, err = ann.Try(t.Context(), "lobby", people.Command{Type: "edit", Target: posted.ID})
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status, "and none again")
	kept := ann.Page(t, "lobby", "").Messages[0]
	assert.Empty(t, kept.Text)
	assert.Len(t, kept.Files, 2, "an edit keeps the files")

	_, status, err = ann.Try(t.Context(), "lobby", people.Command{Type: "delete", Target: posted.ID})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "410", code(append(bearer(bob), other.URL+first.URL)...))
	assert.Equal(t, "410", code(append(bearer(ann), one.URL+first.URL)...))
}

// tus makes a request of tus; the answer's body is closed.
func tus(t testing.TB, p people.Person, method, url string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+p.Token)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, resp.Body) // it has nothing in it
	_ = resp.Body.Close()
	return resp
}

// TestAnUploadGoesOnOnAnotherNode cuts an upload by killing its node.
func TestAnUploadGoesOnOnAnotherNode(t *testing.T) {
	one, other := twoNodes(t)
	ann := people.SignIn(t, one.URL, "Ann")
	_, content := written(t, "large.bin", 20<<20)
	made := tus(t, ann, http.MethodPost, one.URL+"/rooms/lobby/uploads", nil,
		"Upload-Length", fmt.Sprint(len(content)), "Upload-Metadata", "filename bGFyZ2UuYmlu")
	require.Equal(t, http.StatusCreated, made.StatusCode)
	at := made.Header.Get("Location")

	conn, err := net.Dial("tcp", one.Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }() // it is reset
	_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTus-Resumable: 1.0.0\r\n"+
		"Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: %d\r\n\r\n", at, ann.Token, len(content))
	require.NoError(t, err)
	_, err = conn.Write(content[:12<<20])
	require.NoError(t, err)
	offset := func() string {
		return tus(t, ann, http.MethodHead, other.URL+at, nil).Header.Get("Upload-Offset")
	}
	harness.Await(t, "a first part is kept", offset, func(is string) bool { return is != "0" })
	one.Kill()
	var from int
	_, err = fmt.Sscan(offset(), &from)
	require.NoError(t, err)
	require.Positive(t, from)
	require.Less(t, from, len(content))
	rest := tus(t, ann, http.MethodPatch, other.URL+at, bytes.NewReader(content[from:]),
		"Content-Type", "application/offset+octet-stream", "Upload-Offset", fmt.Sprint(from))
	require.Equal(t, http.StatusNoContent, rest.StatusCode)
	require.Equal(t, fmt.Sprint(len(content)), rest.Header.Get("Upload-Offset"))

	id := at[strings.LastIndexByte(at, '/')+1:]
	args := []string{"-H", "Authorization: Bearer " + ann.Token, "--json", `{"files":["` + id + `"],"key":"k-1"}`, other.URL + "/rooms/lobby/messages"}
	for range 2 {
		curl(t, args...)
	}
	kept := ann.At(other.URL).Page(t, "lobby", "").Messages
	require.Len(t, kept, 1)
	assert.True(t, bytes.Equal(content, fetched(t, other.URL+urlOf(kept[0].Files[0]))))
}

// TestBehindNginx is a proxy with its default of 1 MB, and one that lets more through.
func TestBehindNginx(t *testing.T) {
	node := run.Node(t)
	path, content := written(t, "photo.bin", 3<<20)
	nginx := func(body string) *harness.Proxy {
		return harness.StartProxy(t, "nginx", "body.conf", map[string]string{"body": body}, func(c harness.ProxyConfig) *exec.Cmd {
			return exec.Command(harness.Find(t, "nginx"), "-p", c.Dir, "-e", "stderr", "-c", c.Config)
		}, node)
	}
	small := nginx("")
	answer := people.Curl(t, "-w", "\n%{http_code}", "-T", path, small.URL+"/rooms/lobby/files/")
	assert.True(t, strings.HasSuffix(answer, "\n413"), answer)
	assert.Contains(t, answer, "nginx")
	ann := people.SignIn(t, node.URL, "Ann")
	assert.Empty(t, ann.Page(t, "lobby", "").Messages, "nothing is half done")

	made := tus(t, ann, http.MethodPost, small.URL+"/rooms/lobby/uploads", nil, "Upload-Length", fmt.Sprint(len(content)))
	require.Equal(t, http.StatusCreated, made.StatusCode)
	at := small.URL + made.Header.Get("Location")
	for from := 0; from < len(content); from += 900 << 10 {
		patched := tus(t, ann, http.MethodPatch, at, bytes.NewReader(content[from:min(from+900<<10, len(content))]),
			"Content-Type", "application/offset+octet-stream", "Upload-Offset", fmt.Sprint(from))
		require.Equal(t, http.StatusNoContent, patched.StatusCode, "in small parts it goes through")
	}
	for _, body := range []string{"client_max_body_size 10m;", "client_max_body_size 10m; proxy_request_buffering off;"} {
		large := nginx(body)
		s := curl(t, "-T", path, large.URL+"/rooms/lobby/files/")
		require.NotNil(t, s.Message)
		assert.True(t, bytes.Equal(content, fetched(t, large.URL+s.URL)))
		assert.Contains(t, string(fetched(t, large.URL+"/rooms/lobby")), large.URL+s.URL)
	}
}

// TestWhoMaySendAndRead is the rooms' rules, as curl meets them.
func TestWhoMaySendAndRead(t *testing.T) {
	one, other := twoNodes(t, "--trusted-proxy", "127.0.0.1/32")
	olga, bob := people.SignIn(t, one.URL, "Olga"), people.SignIn(t, one.URL, "Bob")
	path, content := written(t, "a.bin", 5000)
	api := func(p people.Person, method, url, body string) map[string]any {
		t.Helper()
		args := []string{"-X", method, "-H", "Authorization: Bearer " + p.Token, url}
		if body != "" {
			args = append(args, "--json", body)
		}
		var answer map[string]any
		if output := people.Curl(t, args...); output != "" {
			require.NoError(t, json.Unmarshal([]byte(output), &answer), output)
		}
		return answer
	}
	made := api(olga, "POST", one.URL+"/rooms", "{}")
	room := fmt.Sprint(made["path"])
	at, elsewhere := one.URL+room, other.URL+room
	as := func(p people.Person) []string { return []string{"-H", "Authorization: Bearer " + p.Token} }
	put := func(base string, args ...string) sent {
		t.Helper()
		return curl(t, append(args, "-T", path, base+"/files/?text=x")...)
	}
	api(olga, "PATCH", at+"/settings", `{"password":"open sesame"}`)
	assert.Equal(t, "password_required", put(elsewhere).Code)
	assert.Equal(t, "wrong_password", put(elsewhere, "-u", ":wrong").Code)
	by := put(elsewhere, "-u", ":open sesame")
	require.NotNil(t, by.Message, by.Detail)
	assert.Equal(t, "password_required", curl(t, one.URL+by.URL).Code)
	assert.True(t, bytes.Equal(content, fetched(t, "-u", ":open sesame", one.URL+by.URL)))
	people.Curl(t, "-u", "ann:for the proxy", "-o", os.DevNull, one.URL+by.URL)

	token := func(grants string) people.Person {
		made := api(olga, "POST", at+"/tokens", grants)
		return people.Person{Token: fmt.Sprint(made["token"])}
	}
	writer, reader := token(`{"name":"w","read":false,"post":true}`), token(`{"name":"r","read":true,"post":false}`)
	assert.NotNil(t, put(elsewhere, as(writer)...).Message)
	assert.Equal(t, "not_allowed", put(elsewhere, as(reader)...).Code)
	assert.Equal(t, "not_allowed", curl(t, append(as(writer), one.URL+by.URL)...).Code)
	assert.True(t, bytes.Equal(content, fetched(t, append(as(reader), one.URL+by.URL)...)))

	api(olga, "PATCH", at+"/settings", `{"password":null}`)
	require.NotNil(t, put(elsewhere, as(bob)...).Message)
	api(olga, "POST", at+"/members/"+bob.ID+"/ban", `{"for":3600}`)
	assert.Equal(t, "banned", put(elsewhere, as(bob)...).Code)
	assert.Equal(t, "banned", curl(t, append(as(bob), elsewhere+strings.TrimPrefix(by.URL, room))...).Code)
	upload := tus(t, bob, http.MethodPost, elsewhere+"/uploads", nil, "Upload-Length", "5")
	assert.Equal(t, http.StatusForbidden, upload.StatusCode)

	api(olga, "PATCH", at+"/settings", `{"files":false}`)
	refused := put(elsewhere)
	assert.Equal(t, "not_allowed", refused.Code)
	assert.Contains(t, refused.Detail, "no files")
	assert.True(t, bytes.Equal(content, fetched(t, one.URL+by.URL)), "what was sent can be read")
	api(olga, "PATCH", at+"/settings", `{"files":true,"posting":"moderators"}`)
	assert.Equal(t, "not_allowed", put(elsewhere).Code)
}

func TestHostileNames(t *testing.T) {
	node := run.Node(t)
	room := node.URL + "/rooms/lobby"
	stream := people.StartCurl(t, room+"/text?all=1")
	stream.Output.WaitFor(t, "live at")
	path, _ := written(t, "a.bin", 10)
	for given, want := range map[string]string{
		"../../../etc/passwd": "passwd", "photo\u202egpj.exe": "photogpj.exe", "CON": "_CON", "a\x1b[31m\a.txt": "a[31m.txt",
		".bashrc": "_.bashrc", "-rf": "_-rf", "фото 1.jpg": "фото 1.jpg", "a\r\nSet-Cookie: x=y": "a Set-Cookie_ x=y", "..": "file",
		`"><script>alert(1)</script>`: "script_", "a'b;c&d$(e).txt": "a'b;c&d$(e).txt", strings.Repeat("я", 300) + ".jpg": strings.Repeat("я", 125) + ".jpg",
	} {
		s := curl(t, "-T", path, room+"/files/?filename="+escape(given))
		require.Equal(t, want, s.Name, "%q", given)
		head := people.Curl(t, "-I", node.URL+s.URL)
		require.Contains(t, head, "200 OK")
		require.NotContains(t, head, "\nSet-Cookie")
		require.False(t, strings.ContainsFunc(head, func(r rune) bool { return r > unicode.MaxASCII || r == 0x1b || r == 7 }), "%q", head)
		people.Curl(t, "--fail", "-OJ", "--output-dir", t.TempDir(), node.URL+s.URL)
	}
	lines := stream.Output.WaitFor(t, "[_CON 10 B ", "[_-rf 10 B ", "[passwd 10 B ")
	assert.False(t, strings.ContainsFunc(lines, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || r == 0x202e }), "%q", lines)
}

// escape is a text in an address, each byte of it escaped.
func escape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// TestRefusals is what is refused before it is sent, and how.
func TestRefusals(t *testing.T) {
	node := run.Node(t, "--file-size", "1MB", "--room-files", "2MB")
	room := node.URL + "/rooms/lobby"
	large, _ := written(t, "large.bin", 2<<20)
	fits, _ := written(t, "fits.bin", 900<<10)
	for _, args := range [][]string{{"-T", large, room + "/files/"}, {"-F", "file=@" + large, room + "/files"}} {
		s := curl(t, args...)
		assert.Equal(t, "too_large", s.Code)
		assert.EqualValues(t, 1<<20, s.Limit)
		assert.Equal(t, http.StatusRequestEntityTooLarge, s.Status)
	}
	trace := people.StartCurl(t, "-v", "-T", large, room+"/files/")
	trace.Wait(t)
	assert.NotContains(t, trace.Output.String(), "100 Continue", "nothing of it was asked for")
	for range 2 {
		require.NotNil(t, curl(t, "-T", fits, room+"/files/").Message)
	}
	s := curl(t, "-T", fits, room+"/files/")
	assert.Equal(t, "files_full", s.Code)
	assert.EqualValues(t, 2<<20, s.Limit)
	assert.Equal(t, "session_required", curl(t, "-X", "POST", "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Length: 1", room+"/uploads").Code)
	tiny, _ := written(t, "tiny.bin", 10)
	assert.Equal(t, "unsupported", curl(t, "-F", "file=@"+tiny, "-F", "text=x", room+"/messages").Code, "it says where files go")

	off := run.Node(t, "--files", "off")
	assert.Equal(t, "not_found", curl(t, "-T", tiny, off.URL+"/rooms/lobby/files/").Code)
}

// TestAnUploadDoesNotHoldUpAStop stops a node that somebody sends a file to.
func TestAnUploadDoesNotHoldUpAStop(t *testing.T) {
	node := run.Node(t)
	conn, err := net.Dial("tcp", node.Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }() // nothing of it is used
	require.NoError(t, conn.SetDeadline(testwait.Deadline()))
	_, err = io.WriteString(conn, "PUT /rooms/lobby/files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue", "it is under way")
	assert.Zero(t, node.Stop(t), node.Output)
}
