package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// site is a server of files: who asks is what X-Name says, and a guest without it.
type site struct {
	*httptest.Server
	node   *chat.Node
	files  *attachments.Store
	bucket *attachments.Bucket
	store  *chattest.Store
}

type someone chat.Principal

func (s someone) Principal() (chat.Principal, error) { return chat.Principal(s), nil }

func session(name string) chat.Principal {
	return chat.Principal{ID: chat.MemberID("id-" + name), Name: name, Client: "id-" + name, LimitKey: "id-" + name}
}

func newSite(t *testing.T, o attachments.Options) *site {
	t.Helper()
	return newSiteOf(t, o, chat.Options{})
}

func newSiteOf(t *testing.T, o attachments.Options, node chat.Options) *site {
	t.Helper()
	s := &site{store: chattest.New(chattest.Options{})}
	bucket, err := attachments.OpenBucket(t.Context(), "mem://", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	s.bucket, s.files = bucket, attachments.NewStore(bucket, s.store.Node("a"), o)
	node.Files = s.files
	s.node = s.store.NewNode("a", node)
	h, err := New(s.files, s.node, Options{BasePath: "/chat"})
	require.NoError(t, err)
	mux := http.NewServeMux()
	for route, serve := range h.Transfers() {
		route = strings.NewReplacer(":room", "{room}", ":id", "{id}", ":name", "{name}", ":filename", "{filename}").Replace(route)
		if strings.HasPrefix(route, "HEAD ") { // GET has it too
			if _, get := h.Transfers()["GET"+strings.TrimPrefix(route, "HEAD")]; get {
				continue
			}
		}
		mux.Handle(strings.Replace(route, "{filename}", "{filename...}", 1), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			who := chat.Principal{ID: chat.NewMemberID(), Name: "guest", Guest: true, Client: "guest"}
			if name := r.Header.Get("X-Name"); name != "" {
				who = session(name)
			}
			serve.ServeHTTP(w, httpapi.WithIdentity(r, someone(who)))
		}))
	}
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.Server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), testwait.Limit)
		defer cancel()
		require.NoError(t, s.node.Close(ctx))
		require.NoError(t, s.files.Close())
	})
	return s
}

// ask makes a request; headers stand in pairs.
func (s *site) ask(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp, text
}

// answered is what an upload is answered with.
type answered struct {
	wire.File
	Files   []wire.File
	Message *wire.Entry
}

func (s *site) send(t *testing.T, status int, method, path, body string, headers ...string) answered {
	t.Helper()
	resp, text := s.ask(t, method, path, strings.NewReader(body), headers...)
	require.Equal(t, status, resp.StatusCode, "%s", text)
	var a answered
	require.NoError(t, json.Unmarshal(text, &a))
	if len(a.Files) > 0 {
		assert.Equal(t, "/chat"+a.URL, resp.Header.Get("Location"))
		assert.Equal(t, a.File, a.Files[0])
	}
	return a
}

// refused asks for what is refused with a code.
func (s *site) refused(t *testing.T, code wire.Code, method, path, body string, headers ...string) map[string]any {
	t.Helper()
	resp, text := s.ask(t, method, path, strings.NewReader(body), headers...)
	return problemIn(t, code, resp, text)
}

func problemIn(t *testing.T, code wire.Code, resp *http.Response, text []byte) map[string]any {
	t.Helper()
	assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"), "%s", text)
	var problem map[string]any
	require.NoError(t, json.Unmarshal(text, &problem), "%s", text)
	assert.Equal(t, string(code), problem["code"], "%s", text)
	assert.EqualValues(t, resp.StatusCode, problem["status"])
	assert.Equal(t, wire.Fail(code, "").Status(), resp.StatusCode)
	return problem
}

// said is what is kept in the room "lobby".
func (s *site) said(t *testing.T) []chat.Message {
	t.Helper()
	kept, err := s.node.History(t.Context(), session("Reader"), "lobby")
	require.NoError(t, err)
	var all []chat.Message
	for _, e := range kept.Entries {
		all = append(all, e.Payload.(chat.Message))
	}
	return all
}

func (s *site) records(t *testing.T) []chat.FileRecord {
	t.Helper()
	all, err := s.store.Node("a").RoomFiles(t.Context(), "lobby")
	require.NoError(t, err)
	var there []chat.FileRecord
	for _, r := range all {
		if r.State != chat.FileGone {
			there = append(there, r)
		}
	}
	return there
}

func TestSendingTheFileItself(t *testing.T) {
	s := newSite(t, attachments.Options{})
	a := s.send(t, 201, "PUT", "/rooms/lobby/files/%D1%84%D0%BE%D1%82%D0%BE%2F..%2Fa%20b.txt", "hello", "X-Name", "Ann", "Content-Type", "text/plain")
	assert.Equal(t, "a b.txt", a.Name)
	assert.EqualValues(t, 5, a.Size)
	sum := sha256.Sum256([]byte("hello"))
	assert.Equal(t, hex.EncodeToString(sum[:]), a.SHA256)
	assert.Nil(t, a.Message, "whoever has a session names it later")
	assert.Empty(t, s.said(t))

	for path, headers := range map[string][]string{
		"/rooms/lobby/files?filename=n.txt": nil,
		"/rooms/lobby/files":                {"X-Filename", "n.txt"},
		"/rooms/lobby/files?x=1":            {"Content-Disposition", "attachment; filename=x; filename*=UTF-8''n.txt"},
	} {
		for _, method := range []string{"POST", "PUT"} {
			a := s.send(t, 201, method, path, "x", append(headers, "X-Name", "Ann")...)
			assert.Equal(t, "n.txt", a.Name)
		}
	}
	assert.Equal(t, "file", s.send(t, 201, "POST", "/rooms/lobby/files", "x", "X-Name", "Ann").Name)
	assert.EqualValues(t, 0, s.send(t, 201, "PUT", "/rooms/lobby/files/empty.txt", "", "X-Name", "Ann").Size)

	a = s.send(t, 201, "PUT", "/rooms/lobby/files/a.txt?text=look", "hello", "X-Name", "Ann")
	require.NotNil(t, a.Message)
	assert.Equal(t, "look", a.Message.Text())
	a = s.send(t, 201, "PUT", "/rooms/lobby/files/g.txt", "hello")
	require.NotNil(t, a.Message, "a guest could not name it later")
	assert.Equal(t, []string{a.ID}, a.Message.FileIDs())
	said := s.said(t)
	require.Len(t, said, 2)
	assert.Equal(t, "g.txt", said[1].Files[0].Name)
}

func form(t *testing.T, parts ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		field, name, isFile := strings.Cut(parts[i], "@")
		var part io.Writer
		var err error
		if isFile {
			part, err = w.CreateFormFile(field, name)
		} else {
			part, err = w.CreateFormField(field)
		}
		require.NoError(t, err)
		_, err = io.WriteString(part, parts[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

func TestSendingAForm(t *testing.T) {
	s := newSite(t, attachments.Options{})
	body, kind := form(t, "file@a.txt", "one", "text", "look", "key", "k-1", "file@b.txt", "two", "unknown", "x")
	a := s.send(t, 201, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	require.Len(t, a.Files, 2)
	assert.Equal(t, "a.txt", a.Files[0].Name)
	assert.Equal(t, "b.txt", a.Files[1].Name)
	assert.Equal(t, "look", a.Message.Text())
	assert.Equal(t, "k-1", a.Message.Key)

	again := s.send(t, 200, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	assert.Equal(t, a.Files, again.Files, "the first ones")
	assert.Equal(t, a.Message.ID, again.Message.ID)
	assert.Len(t, s.said(t), 1)

	body, kind = form(t, "name", "other.txt", "duration", "1.5", "wave", "[0,31]", "file@a.txt", "one", "file@b.txt", "two")
	a = s.send(t, 201, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	assert.Equal(t, "other.txt", a.Files[0].Name)
	assert.InDelta(t, 1.5, a.Files[0].Duration, 0)
	assert.Equal(t, chat.Wave{0, 31}, a.Files[0].Wave)
	assert.Equal(t, "b.txt", a.Files[1].Name)
	assert.Zero(t, a.Files[1].Duration)
	assert.Nil(t, a.Message)

	before := len(s.records(t))
	for name, parts := range map[string][]string{
		"too many files": {
			"file@1", "1", "file@2", "2", "file@3", "3", "file@4", "4", "file@5", "5", "file@6", "6", "file@7", "7", "file@8", "8",
			"file@9", "9", "file@10", "10", "file@11", "11",
		},
		"no file":    {"text", "x"},
		"bad text":   {"file@a", "1", "text", "a\xff"},
		"long text":  {"file@a", "1", "text", strings.Repeat("a", 4001)},
		"bad key":    {"file@a", "1", "text", "a", "key", "a b"},
		"bad answer": {"file@a", "1", "text", "a", "replyTo", "x"},
		"bad wave":   {"wave", "[32]", "file@a", "1"},
		"bad length": {"duration", "NaN", "file@a", "1"},
	} {
		body, kind := form(t, parts...)
		s.refused(t, wire.CodeInvalidField, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
		assert.Len(t, s.records(t), before, "%s: nothing is left of it", name)
	}
	body, kind = form(t, "file@a", "1", "text", "a", "text", "b")
	s.refused(t, wire.CodeMalformed, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	s.refused(t, wire.CodeMalformed, "POST", "/rooms/lobby/files", body[:len(body)-10], "Content-Type", kind, "X-Name", "Ann")
	for _, kind := range []string{"multipart/form-data", `multipart/form-data; boundary="x`, "Multipart/Form-Data; boundary=x; boundary=y"} {
		s.refused(t, wire.CodeMalformed, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	}
	body, kind = form(t, "file@a", "1", "text", strings.Repeat("a", wire.MaxBody+1))
	problem := s.refused(t, wire.CodeTooLarge, "POST", "/rooms/lobby/files", body, "Content-Type", kind, "X-Name", "Ann")
	assert.EqualValues(t, wire.MaxBody, problem["limit"])
	assert.Len(t, s.records(t), before)
	assert.Len(t, s.said(t), 1)
}

// curl -F file=@a.txt,b.txt puts the files of one field into a form of their own.
func TestSeveralFilesInOneField(t *testing.T) {
	s := newSite(t, attachments.Options{})
	mixed := func(head string, files ...string) string {
		parts := ""
		for _, name := range files {
			parts += "--in\r\nContent-Disposition: attachment; filename=\"" + name + "\"\r\n\r\n" + name + "\r\n"
		}
		return "--out\r\nContent-Disposition: form-data; name=\"file\"" + head + "\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n" + parts +
			"--in--\r\n--out\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nlook\r\n--out--\r\n"
	}
	as := []string{"Content-Type", "multipart/form-data; boundary=out", "X-Name", "Ann"}
	a := s.send(t, 201, "POST", "/rooms/lobby/files", mixed("", "b.txt", "a.txt"), as...)
	require.Len(t, a.Files, 2)
	assert.Equal(t, []string{"b.txt", "a.txt"}, []string{a.Files[0].Name, a.Files[1].Name})
	_, text := s.ask(t, "GET", a.Files[1].URL, nil)
	assert.Equal(t, "a.txt", string(text))
	assert.Equal(t, "look", a.Message.Text())
	a = s.send(t, 201, "POST", "/rooms/lobby/files", mixed(`; filename="mail"`, "b.txt", "a.txt"), as...)
	require.Len(t, a.Files, 1, "a file that is one itself")
	assert.Equal(t, "mail", a.Files[0].Name)

	before := len(s.records(t))
	eleven := strings.Split("1 2 3 4 5 6 7 8 9 10 11", " ")
	s.refused(t, wire.CodeInvalidField, "POST", "/rooms/lobby/files", mixed("", eleven...), as...)
	s.refused(t, wire.CodeTooLarge, "POST", "/rooms/lobby/files", mixed("", strings.Repeat("a", 1+wire.MaxBody)), as...)
	s.refused(t, wire.CodeMalformed, "POST", "/rooms/lobby/files", strings.Replace(mixed("", "b.txt", "a.txt"), "--in--", "", 1), as...)
	assert.Len(t, s.records(t), before)
}

// curl -C 3 -T a.txt sends what comes after the first 3 bytes: kept as a file it would be another one.
func TestAPartIsNoFile(t *testing.T) {
	s := newSite(t, attachments.Options{})
	for _, part := range []string{"bytes 3-7/8", "bytes 0-4/8", "bytes 0-4/*", "x"} {
		s.refused(t, wire.CodeMalformed, "PUT", "/rooms/lobby/files/a.txt", "hello", "X-Name", "Ann", "Content-Range", part)
		s.refused(t, wire.CodeMalformed, "POST", "/rooms/lobby/files", "hello", "X-Name", "Ann", "Content-Range", part)
	}
	assert.Empty(t, s.records(t))
	s.send(t, 201, "PUT", "/rooms/lobby/files/a.txt", "hello", "X-Name", "Ann", "Content-Range", "bytes 0-4/5") // as curl -C -
}

// unread is a body that fails the test when somebody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was sent")
	return 0, io.EOF
}

func TestRefusalsComeBeforeTheBytes(t *testing.T) {
	s := newSite(t, attachments.Options{FileSize: 1000, RoomFiles: 5 * chat.FileLeast})
	_, _, err := s.node.Own(t.Context(), session("Olga"), "owned", chat.OwnRequest{New: true})
	require.NoError(t, err)
	_, _, err = s.node.Own(t.Context(), session("Olga"), "secret", chat.OwnRequest{New: true})
	require.NoError(t, err)
	s.set(t, "owned", `{"files":false}`)
	s.set(t, "secret", `{"inviteOnly":true}`)
	s.Client().Transport.(*http.Transport).ExpectContinueTimeout = testwait.Limit
	put := func(path string, length int64, headers ...string) map[string]any {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+path, unread{t})
		require.NoError(t, err)
		r.ContentLength = length
		r.Header.Set("Expect", "100-continue")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := s.Client().Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		var problem map[string]any
		require.NoError(t, json.Unmarshal(text, &problem), "%s", text)
		return problem
	}
	problem := put("/rooms/lobby/files/a", 1001)
	assert.Equal(t, "too_large", problem["code"])
	assert.EqualValues(t, 1000, problem["limit"])
	assert.Contains(t, problem["detail"], "1001")
	assert.Equal(t, "not_allowed", put("/rooms/owned/files/a", 10, "X-Name", "Ann")["code"])
	assert.Equal(t, "invite_required", put("/rooms/secret/files/a", 10, "X-Name", "Ann")["code"])
	assert.Equal(t, "invalid_field", put("/rooms/a%20b/files/a", 10)["code"])
	assert.Equal(t, "invalid_field", put("/rooms/lobby/files/a?text="+strings.Repeat("a", 4001), 10)["code"])
	assert.Equal(t, "invalid_field", put("/rooms/lobby/files/a?key=a%20b", 10)["code"])
	assert.Equal(t, "invalid_field", put("/rooms/lobby/files/a?files=f", 10)["code"])
	assert.Equal(t, "unsupported", put("/rooms/lobby/files/a", 10, "Content-Encoding", "gzip")["code"])
	for range 5 {
		s.send(t, 201, "PUT", "/rooms/lobby/files/a", "x", "X-Name", "Ann")
	}
	problem = put("/rooms/lobby/files/a", 10)
	assert.Equal(t, "files_full", problem["code"])
	assert.EqualValues(t, 5*chat.FileLeast, problem["limit"])
}

func (s *site) set(t *testing.T, room chat.RoomID, patch string) {
	t.Helper()
	var p chat.SettingsPatch
	require.NoError(t, json.Unmarshal([]byte(patch), &p))
	_, err := s.node.ChangeSettings(t.Context(), session("Olga"), room, p, nil)
	require.NoError(t, err)
}

func TestWhatIsTooLargeWithoutSayingSo(t *testing.T) {
	s := newSite(t, attachments.Options{FileSize: 1000})
	resp, text := s.ask(t, "PUT", "/rooms/lobby/files/a", io.MultiReader(strings.NewReader(strings.Repeat("a", 1001))), "X-Name", "Ann")
	problem := problemIn(t, wire.CodeTooLarge, resp, text)
	assert.EqualValues(t, 1000, problem["limit"])
	body, kind := form(t, "file@a", "1", "file@b", strings.Repeat("a", 1001))
	s.refused(t, wire.CodeTooLarge, "POST", "/rooms/lobby/files", body, "Content-Type", kind)
	assert.Empty(t, s.records(t))
	assert.Empty(t, s.said(t))
}

// TestAFormWithoutEnd does not say its length, and goes on for ever with what is no file.
func TestAFormWithoutEnd(t *testing.T) {
	s := newSite(t, attachments.Options{FileSize: 1000})
	whole, kind := form(t, "unknown", "")
	head, _, _ := strings.Cut(whole, "\r\n\r\n")
	for name, c := range map[string]struct {
		begins string
		goesOn endless
		limit  int
	}{
		"before its first part": {"", "a\n", wire.MaxBody},
		"in a part's head":      {head + "\r\nX-More: ", "a", wire.MaxBody},
		"in what is not known":  {head + "\r\n\r\n", "a", 10*1000 + wire.MaxBody},
	} {
		r := httptest.NewRequest(http.MethodPost, "/rooms/lobby/files", io.MultiReader(strings.NewReader(c.begins), c.goesOn))
		r.Header.Set("Content-Type", kind)
		answer := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(answer, r)
		problem := problemIn(t, wire.CodeTooLarge, answer.Result(), answer.Body.Bytes())
		assert.EqualValues(t, c.limit, problem["limit"], name)
	}
}

// endless is a text again and again.
type endless string

// Read implements io.Reader.
func (e endless) Read(p []byte) (n int, err error) {
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestReading(t *testing.T) {
	s := newSite(t, attachments.Options{})
	a := s.send(t, 201, "PUT", "/rooms/lobby/files/%D1%87.txt", "0123456789", "X-Name", "Ann", "Content-Type", "text/plain")
	about := "/rooms/lobby/files/" + a.ID
	for _, path := range []string{about, a.URL} { // not posted: its sender's alone
		s.refused(t, wire.CodeNotFound, "GET", path, "", "X-Name", "Bob")
		s.refused(t, wire.CodeNotFound, "GET", path, "")
		resp, _ := s.ask(t, "GET", path, nil, "X-Name", "Ann")
		assert.Equal(t, 200, resp.StatusCode)
	}
	s.refused(t, wire.CodeNotFound, "GET", "/rooms/other/files/"+a.ID, "", "X-Name", "Ann")
	e, _, err := s.node.Post(t.Context(), session("Ann"), "lobby", chat.Draft{Payload: chat.Message{Files: []chat.File{{ID: a.ID}}}})
	require.NoError(t, err)
	s.refused(t, wire.CodeConflict, "DELETE", about, "", "X-Name", "Ann")

	resp, text := s.ask(t, "GET", a.URL, nil)
	assert.Equal(t, "0123456789", string(text))
	for name, want := range map[string]string{
		"Content-Disposition": "attachment; filename=_.txt; filename*=UTF-8''%D1%87.txt", "Accept-Ranges": "bytes",
		"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Etag": `"` + a.SHA256 + `"`,
		"Content-Length": "10",
	} {
		if name == "Content-Disposition" && strings.HasPrefix(resp.Header.Get(name), "inline") {
			want = strings.Replace(want, "attachment", "inline", 1) // by the type that was found
		}
		assert.Equal(t, want, resp.Header.Get(name))
	}
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")
	assert.Contains(t, resp.Header.Get("Cache-Control"), "private")
	resp, text = s.ask(t, "GET", a.URL, nil, "Range", "bytes=3-5")
	assert.Equal(t, 206, resp.StatusCode)
	assert.Equal(t, "345", string(text))
	for ranges, has := range map[string]string{"bytes=20-": "bytes */10", "bytes=5-3": ""} {
		resp, text = s.ask(t, "GET", a.URL, nil, "Range", ranges)
		assert.Equal(t, 416, resp.StatusCode)
		assert.Equal(t, has, resp.Header.Get("Content-Range"))
		assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
		assert.Empty(t, resp.Header.Get("Content-Disposition"))
		assert.Contains(t, string(text), `"code":"no_such_range"`)
	}
	resp, text = s.ask(t, "HEAD", a.URL, nil, "Range", "bytes=20-")
	assert.Equal(t, 416, resp.StatusCode)
	assert.Empty(t, text)
	for ranges, status := range map[string]int{
		"bytes=0-0,9-9": 206, "lines=1-2": 200, "Bytes": 200, "bytes=-0": 200, "bytes=0-0" + strings.Repeat(",9-9", 16): 200, // more than anybody needs
	} {
		resp, text = s.ask(t, "GET", a.URL, nil, "Range", ranges)
		assert.Equal(t, status, resp.StatusCode, ranges)
		assert.Equal(t, status == 200, string(text) == "0123456789", ranges)
	}
	resp, text = s.ask(t, "GET", a.URL, nil, "Range", "bytes=8-", "If-Range", `"another"`)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Len(t, text, 10)
	resp, text = s.ask(t, "GET", a.URL, nil, "If-None-Match", `"`+a.SHA256+`"`)
	assert.Equal(t, 304, resp.StatusCode)
	assert.Empty(t, text)
	resp, text = s.ask(t, "HEAD", a.URL, nil)
	assert.Equal(t, "10", resp.Header.Get("Content-Length"))
	assert.Empty(t, text)
	resp, text = s.ask(t, "GET", a.URL+"?preview=1", nil)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "0123456789", string(text), "it has no smaller picture")
	_, text = s.ask(t, "GET", about, nil)
	var told wire.File
	require.NoError(t, json.Unmarshal(text, &told))
	assert.Equal(t, a.File, told)

	_, _, err = s.node.Post(t.Context(), session("Ann"), "lobby", chat.Draft{Target: e.ID, Payload: chat.Delete{}})
	require.NoError(t, err)
	s.refused(t, wire.CodeGone, "GET", a.URL, "")
	s.refused(t, wire.CodeGone, "GET", a.URL, "", "X-Name", "Ann")
	s.refused(t, wire.CodeGone, "GET", about, "")
}

func TestReadingIsForWhoMayReadTheRoom(t *testing.T) {
	s := newSite(t, attachments.Options{})
	_, _, err := s.node.Own(t.Context(), session("Olga"), "secret", chat.OwnRequest{New: true})
	require.NoError(t, err)
	s.set(t, "secret", `{"inviteOnly":true}`)
	a := s.send(t, 201, "PUT", "/rooms/secret/files/a?text=x", "hello", "X-Name", "Olga")
	resp, _ := s.ask(t, "GET", a.URL, nil, "X-Name", "Olga")
	assert.Equal(t, 200, resp.StatusCode)
	for _, path := range []string{a.URL, "/rooms/secret/files/" + a.ID, "/rooms/secret/files/none/x"} {
		s.refused(t, wire.CodeInviteRequired, "GET", path, "", "X-Name", "Bob")
		s.refused(t, wire.CodeInviteRequired, "GET", path, "")
	}
	s.set(t, "secret", `{"files":false}`)
	resp, _ = s.ask(t, "GET", a.URL, nil, "X-Name", "Olga")
	assert.Equal(t, 200, resp.StatusCode, "what was sent can be read")

	s.set(t, "secret", `{"files":true,"inviteOnly":false}`)
	b := s.send(t, 201, "PUT", "/rooms/secret/files/b", "mine", "X-Name", "Bob")
	_, _, err = s.node.Post(t.Context(), session("Bob"), "secret", chat.Draft{Payload: chat.Message{Text: "hello"}})
	require.NoError(t, err)
	_, err = s.node.Moderate(t.Context(), session("Olga"), "secret", chat.BanMember{Member: session("Bob").ID})
	require.NoError(t, err)
	for _, path := range []string{b.URL, "/rooms/secret/files/" + b.ID} {
		s.refused(t, wire.CodeBanned, "GET", path, "", "X-Name", "Bob") // also what is in no message, and its own
	}
}

func TestTakingBack(t *testing.T) {
	s := newSite(t, attachments.Options{})
	a := s.send(t, 201, "PUT", "/rooms/lobby/files/a", "hello", "X-Name", "Ann")
	about := "/rooms/lobby/files/" + a.ID
	s.refused(t, wire.CodeNotFound, "DELETE", about, "", "X-Name", "Bob")
	s.refused(t, wire.CodeSessionRequired, "DELETE", about, "")
	resp, _ := s.ask(t, "DELETE", about, nil, "X-Name", "Ann")
	assert.Equal(t, 204, resp.StatusCode)
	s.refused(t, wire.CodeGone, "GET", a.URL, "", "X-Name", "Bob")
	assert.Empty(t, s.records(t))
	_, _, err := s.node.Post(t.Context(), session("Ann"), "lobby", chat.Draft{Payload: chat.Message{Files: []chat.File{{ID: a.ID}}}})
	var invalid *chat.InvalidError
	require.ErrorAs(t, err, &invalid)
}

func meta(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(all, ",")
}

// cutOff is a body that breaks after its text.
func cutOff(text string) io.Reader {
	return io.MultiReader(strings.NewReader(text), &failing{})
}

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errors.New("cut") }

func TestResumable(t *testing.T) {
	s := newSite(t, attachments.Options{FileSize: 1000})
	tus := []string{"Tus-Resumable", "1.0.0", "X-Name", "Ann"}
	with := func(more ...string) []string { return append(tus[:len(tus):len(tus)], more...) }
	resp, _ := s.ask(t, "OPTIONS", "/rooms/lobby/uploads", nil)
	assert.Equal(t, "1000", resp.Header.Get("Tus-Max-Size"))
	assert.Equal(t, "creation,creation-with-upload,termination", resp.Header.Get("Tus-Extension"))

	resp, text := s.ask(t, "POST", "/rooms/lobby/uploads", nil, with("Upload-Length", "10",
		"Upload-Metadata", meta("filename", "../ф.txt", "filetype", "text/plain", "duration", "2", "wave", "1,2"))...)
	require.Equal(t, 201, resp.StatusCode, "%s", text)
	at := resp.Header.Get("Location")
	require.True(t, strings.HasPrefix(at, "/chat/rooms/lobby/uploads/"), at)
	at = strings.TrimPrefix(at, "/chat")
	id := at[strings.LastIndex(at, "/")+1:]
	about := "/rooms/lobby/files/" + id
	s.refused(t, wire.CodeConflict, "GET", about, "", "X-Name", "Ann")
	chunk := with("Content-Type", "application/offset+octet-stream", "Upload-Offset", "0")
	s.refused(t, wire.CodeNotFound, "PATCH", at, "01", append(chunk, "X-Name", "Bob")...)
	s.refused(t, wire.CodeSessionRequired, "PATCH", at, "01", append(chunk, "X-Name", "")...)

	r, err := http.NewRequestWithContext(t.Context(), "PATCH", s.URL+at, cutOff("01234"))
	require.NoError(t, err)
	r.ContentLength = 10
	for i := 0; i < len(chunk); i += 2 {
		r.Header.Set(chunk[i], chunk[i+1])
	}
	_, err = s.Client().Do(r)
	require.Error(t, err, "it broke off")
	offset := func() string {
		resp, _ := s.ask(t, "HEAD", at, nil, tus...)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, "10", resp.Header.Get("Upload-Length"))
		assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		return resp.Header.Get("Upload-Offset")
	}
	testwait.Until(t, func() bool { return offset() == "5" }, "what came before the cut was not kept")
	s.refused(t, wire.CodeConflict, "PATCH", at, "01234", chunk...)
	s.refused(t, wire.CodeTooLarge, "PATCH", at, "5678901", append(chunk, "Upload-Offset", "5")...)
	s.refused(t, wire.CodeUnsupported, "PATCH", at, "56789", append(chunk, "Upload-Offset", "5", "Content-Type", "text/plain")...)
	s.refused(t, wire.CodeMalformed, "PATCH", at, "56789", append(chunk, "Upload-Offset", "x")...)
	s.refused(t, wire.CodeWrongProtocol, "PATCH", at, "56789", append(chunk, "Upload-Offset", "5", "Tus-Resumable", "0.2.2")...)
	resp, text = s.ask(t, "PATCH", at, strings.NewReader("56789"), append(chunk, "Upload-Offset", "5")...)
	require.Equal(t, 204, resp.StatusCode, "%s", text)
	assert.Equal(t, "10", resp.Header.Get("Upload-Offset"))
	assert.Equal(t, "10", offset())

	resp, text = s.ask(t, "GET", about, nil, "X-Name", "Ann")
	require.Equal(t, 200, resp.StatusCode)
	var f wire.File
	require.NoError(t, json.Unmarshal(text, &f))
	assert.Equal(t, "ф.txt", f.Name)
	assert.Equal(t, chat.Wave{1, 2}, f.Wave)
	_, text = s.ask(t, "GET", f.URL, nil, "X-Name", "Ann")
	assert.Equal(t, "0123456789", string(text))
	_, _, err = s.node.Post(t.Context(), session("Ann"), "lobby", chat.Draft{Payload: chat.Message{Files: []chat.File{{ID: id}}}})
	require.NoError(t, err)
	s.refused(t, wire.CodeConflict, "DELETE", at, "", tus...)
}

func TestResumableRefusals(t *testing.T) {
	s := newSite(t, attachments.Options{FileSize: 1000})
	tus := []string{"Tus-Resumable", "1.0.0", "X-Name", "Ann"}
	with := func(more ...string) []string { return append(tus[:len(tus):len(tus)], more...) }
	const uploads = "/rooms/lobby/uploads"
	problem := s.refused(t, wire.CodeTooLarge, "POST", uploads, "", with("Upload-Length", "1001")...)
	assert.EqualValues(t, 1000, problem["limit"])
	assert.Contains(t, problem["detail"], "1001 bytes")
	problem = s.refused(t, wire.CodeTooLarge, "POST", uploads, "", with("Upload-Length", "123456789")...)
	assert.Contains(t, problem["detail"], "123456789 bytes")
	s.refused(t, wire.CodeSessionRequired, "POST", uploads, "", "Tus-Resumable", "1.0.0", "Upload-Length", "1")
	s.refused(t, wire.CodeMalformed, "POST", uploads, "", tus...)
	s.refused(t, wire.CodeMalformed, "POST", uploads, "", with("Upload-Length", "-1")...)
	s.refused(t, wire.CodeMalformed, "POST", uploads, "", with("Upload-Defer-Length", "1")...)
	s.refused(t, wire.CodeWrongProtocol, "POST", uploads, "", "X-Name", "Ann", "Upload-Length", "1")
	s.refused(t, wire.CodeInvalidField, "POST", uploads, "", with("Upload-Length", "1", "Upload-Metadata", meta("wave", "[99]"))...)
	s.refused(t, wire.CodeNotFound, "DELETE", uploads+"/none", "", tus...)
	resp, _ := s.ask(t, "HEAD", uploads+"/none", nil, tus...)
	assert.Equal(t, 404, resp.StatusCode)
	// A header changes nothing of what is asked.
	resp, _ = s.ask(t, "POST", uploads, nil, with("Upload-Length", "1", "X-HTTP-Method-Override", "DELETE", "Origin", "https://evil.example")...)
	require.Equal(t, 201, resp.StatusCode)
	assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
	at := strings.TrimPrefix(resp.Header.Get("Location"), "/chat")
	resp, _ = s.ask(t, "DELETE", at, nil, tus...)
	assert.Equal(t, 204, resp.StatusCode)
	resp, _ = s.ask(t, "HEAD", at, nil, tus...)
	assert.Contains(t, []int{404, 410}, resp.StatusCode)

	// More than it has said at the beginning.
	part := with("Content-Type", "application/offset+octet-stream")
	problem = s.refused(t, wire.CodeTooLarge, "POST", uploads, "abcd", append(part, "Upload-Length", "3")...)
	assert.EqualValues(t, 3, problem["limit"])
	assert.Empty(t, s.records(t), "nobody was told where it is")
	resp, _ = s.ask(t, "POST", uploads, nil, with("Upload-Length", "5")...)
	require.Equal(t, 201, resp.StatusCode)
	at = strings.TrimPrefix(resp.Header.Get("Location"), "/chat")
	problem = s.refused(t, wire.CodeTooLarge, "PATCH", at, "123456", append(part, "Upload-Offset", "0")...)
	assert.EqualValues(t, 5, problem["limit"])
	resp, _ = s.ask(t, "PATCH", at, strings.NewReader("12345"), append(part, "Upload-Offset", "0")...)
	assert.Equal(t, 204, resp.StatusCode)

	resp, _ = s.ask(t, "POST", uploads, strings.NewReader("abc"), with("Upload-Length", "3", "Content-Type", "application/offset+octet-stream")...)
	assert.Equal(t, 201, resp.StatusCode, "made and sent at once")
	assert.Equal(t, "3", resp.Header.Get("Upload-Offset"))
	resp, _ = s.ask(t, "POST", uploads, nil, with("Upload-Length", "0")...)
	assert.Equal(t, 201, resp.StatusCode)
	for _, r := range s.records(t) {
		assert.Equal(t, chat.FileReady, r.State)
	}
}

func TestFinishingIsTriedAgain(t *testing.T) {
	fails := true
	s := newSite(t, attachments.Options{Scan: func(context.Context, string, io.Reader) error {
		if fails {
			return fmt.Errorf("scanning: %w", attachments.ErrUnavailable)
		}
		return nil
	}})
	tus := []string{"Tus-Resumable", "1.0.0", "X-Name", "Ann", "Content-Type", "application/offset+octet-stream", "Upload-Offset", "0"}
	resp, _ := s.ask(t, "POST", "/rooms/lobby/uploads", nil, append(tus[:4:4], "Upload-Length", "3")...)
	at := strings.TrimPrefix(resp.Header.Get("Location"), "/chat")
	s.refused(t, wire.CodeFilesUnavailable, "PATCH", at, "abc", tus...)
	resp, _ = s.ask(t, "HEAD", at, nil, tus...)
	assert.Equal(t, 503, resp.StatusCode)
	s.refused(t, wire.CodeFilesUnavailable, "PUT", "/rooms/lobby/files/a", "abc", "X-Name", "Ann")
	fails = false
	resp, _ = s.ask(t, "HEAD", at, nil, tus...)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "3", resp.Header.Get("Upload-Offset"))
	require.Len(t, s.records(t), 1)
	assert.Equal(t, chat.FileReady, s.records(t)[0].State)
}

// TestAPictureThatGotSmaller is an upload whose last answer got lost: whoever asks is told of what was
// sent, not of what is kept of it.
func TestAPictureThatGotSmaller(t *testing.T) {
	var plain bytes.Buffer
	require.NoError(t, jpeg.Encode(&plain, image.NewGray(image.Rect(0, 0, 40, 30)), nil))
	comment := append([]byte{0xff, 0xfe, 0x10, 0x00}, bytes.Repeat([]byte("secret"), 1000)[:0x0ffe]...)
	sent := string(plain.Bytes()[:2]) + string(comment) + string(plain.Bytes()[2:])
	s := newSite(t, attachments.Options{})
	tus := []string{"Tus-Resumable", "1.0.0", "X-Name", "Ann"}
	resp, _ := s.ask(t, "POST", "/rooms/lobby/uploads", strings.NewReader(sent), append(tus, "Upload-Length", fmt.Sprint(len(sent)),
		"Upload-Metadata", meta("filename", "a.jpg"), "Content-Type", "application/offset+octet-stream")...)
	require.Equal(t, 201, resp.StatusCode)
	at := strings.TrimPrefix(resp.Header.Get("Location"), "/chat")
	resp, _ = s.ask(t, "HEAD", at, nil, tus...)
	assert.Equal(t, fmt.Sprint(len(sent)), resp.Header.Get("Upload-Offset"))
	assert.Equal(t, fmt.Sprint(len(sent)), resp.Header.Get("Upload-Length"))
	record := s.records(t)[0]
	assert.Less(t, record.Size, int64(len(sent)))
	assert.Equal(t, 40, record.Width)
	resp, text := s.ask(t, "GET", "/rooms/lobby/files/"+record.ID+"/a.jpg", nil, "X-Name", "Ann")
	assert.Equal(t, "image/jpeg", resp.Header.Get("Content-Type"))
	assert.Equal(t, "inline; filename=a.jpg", resp.Header.Get("Content-Disposition"))
	assert.NotContains(t, string(text), "secret")
}

// TestSmallerPictures is ?preview=1 of a picture that is large enough for one.
func TestSmallerPictures(t *testing.T) {
	var large bytes.Buffer
	require.NoError(t, jpeg.Encode(&large, image.NewGray(image.Rect(0, 0, 3000, 2000)), nil))
	s := newSite(t, attachments.Options{})
	a := s.send(t, 201, "PUT", "/rooms/lobby/files/a.jpg", large.String(), "X-Name", "Ann")
	assert.Equal(t, 3000, a.Width)
	assert.NotEmpty(t, a.Preview)
	resp, text := s.ask(t, "GET", a.URL+"?preview=1", nil, "X-Name", "Ann")
	require.Equal(t, 200, resp.StatusCode)
	small, _, err := image.DecodeConfig(bytes.NewReader(text))
	require.NoError(t, err)
	assert.Less(t, small.Width, 3000)
	assert.NotEqual(t, `"`+a.SHA256+`"`, resp.Header.Get("ETag"), "it is another representation")

	require.NoError(t, s.bucket.Delete(t.Context(), s.records(t)[0].Thumb.Key))
	resp, text = s.ask(t, "GET", a.URL+"?preview=1", nil, "X-Name", "Ann")
	require.Equal(t, 200, resp.StatusCode)
	assert.EqualValues(t, a.Size, len(text), "the smaller one is lost, and there is the large one")
	assert.Equal(t, `"`+a.SHA256+`"`, resp.Header.Get("ETag"))
}

func TestTooManyPixels(t *testing.T) {
	s := newSite(t, attachments.Options{})
	// A PNG's header of 40,000 by 40,000 pixels.
	head := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x9c\x40\x00\x00\x9c\x40\x08\x02\x00\x00\x00"
	sum := crc32.ChecksumIEEE([]byte(head[12:]))
	head += string([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	problem := s.refused(t, wire.CodeTooLarge, "PUT", "/rooms/lobby/files/a.png", head, "X-Name", "Ann")
	assert.Equal(t, "pixels", problem["field"], "the limit is not in bytes")
	assert.Empty(t, s.records(t))
}

func TestInfected(t *testing.T) {
	s := newSite(t, attachments.Options{Scan: func(context.Context, string, io.Reader) error { return attachments.ErrInfected }})
	s.refused(t, wire.CodeInfected, "PUT", "/rooms/lobby/files/a", "abc", "X-Name", "Ann")
	assert.Empty(t, s.records(t))
}

func TestShownAs(t *testing.T) {
	for kind, want := range map[string]string{
		"image/png": "image/png inline", "image/svg+xml": "application/octet-stream attachment",
		"text/plain; charset=koi8-r": "text/plain; charset=utf-8 inline", "text/html": "application/octet-stream attachment",
		"text/xml": "application/octet-stream attachment", "application/xhtml+xml": "application/octet-stream attachment",
		"text/javascript": "application/octet-stream attachment", "application/pdf": "application/pdf attachment",
		"audio/ogg": "audio/ogg inline", "video/quicktime": "video/quicktime attachment", "": "application/octet-stream attachment",
		"image/png\r\nX: y": "application/octet-stream attachment", "multipart/mixed": "application/octet-stream attachment",
	} {
		contentType, disposition := shownAs(kind, "a.txt")
		assert.Equal(t, want, contentType+" "+disposition, "%q", kind)
	}
	for _, name := range []string{"a.js", "A.HTML", "b.svg", "c.xhtml", "d.mjs"} { // of which nothing shows it at the beginning
		contentType, disposition := shownAs("text/plain", name)
		assert.Equal(t, "application/octet-stream attachment", contentType+" "+disposition, name)
	}
}

func FuzzVoice(f *testing.F) {
	f.Add("1.5", "[0,31]")
	f.Add("Inf", "1,2,")
	f.Fuzz(func(t *testing.T, duration, wave string) {
		seconds, loud, err := voiceOf(duration, wave)
		if err == nil {
			require.True(t, seconds >= 0 && seconds <= maxDuration)
			require.LessOrEqual(t, len(loud), chat.MaxWave)
		}
	})
}

// uploadLimit allows so many megabytes.
type uploadLimit struct {
	chat.Open
	mu   sync.Mutex
	left int
}

// DecideTimes implements chat.Counter.
func (l *uploadLimit) DecideTimes(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action, times int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if what != chat.ActionUpload {
		return fmt.Errorf("asked for %s", what)
	}
	if l.left < times {
		return &chat.LimitError{Name: "uploads"}
	}
	l.left -= times
	return nil
}

// TestAllBytesAreCounted is that nobody sends more by not saying how much it is.
func TestAllBytesAreCounted(t *testing.T) {
	limit := &uploadLimit{}
	s := newSite(t, attachments.Options{Limits: limit})
	five := strings.Repeat("x", 5*attachments.Megabyte-1000)
	const boundary = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
	form := boundary + five + "\r\n--b--"
	asForm := []string{"X-Name", "Ann", "Content-Type", "multipart/form-data; boundary=b"}
	for _, test := range []struct {
		name, method, path, body string
		chunked                  bool
		headers                  []string
	}{
		{"a form", "POST", "/rooms/lobby/files", form, false, asForm},
		{"a form of unknown length", "POST", "/rooms/lobby/files", form, true, asForm},
		{"a body", "PUT", "/rooms/lobby/files/a", five, false, []string{"X-Name", "Ann"}},
		{"a body of unknown length", "PUT", "/rooms/lobby/files/a", five, true, []string{"X-Name", "Ann"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			send := func(left int) (*http.Response, []byte) {
				limit.left = left
				var body io.Reader = strings.NewReader(test.body)
				if test.chunked {
					body = io.MultiReader(body)
				}
				return s.ask(t, test.method, test.path, body, test.headers...)
			}
			before := len(s.records(t))
			resp, text := send(4)
			problemIn(t, wire.CodeTooMuch, resp, text)
			assert.Len(t, s.records(t), before)
			resp, text = send(7)
			assert.Equal(t, 201, resp.StatusCode, "%s", text)
			assert.Equal(t, 2, limit.left)
		})
	}
}

// TestWhatIsInNoMessageGoesAtOnce is files that were about to be in a message, which then was not
// posted, or was posted before.
func TestWhatIsInNoMessageGoesAtOnce(t *testing.T) {
	s := newSite(t, attachments.Options{})
	first := s.send(t, 201, "PUT", "/rooms/lobby/files/a?text=x&key=k", "hello", "X-Name", "Ann")
	again := s.send(t, 200, "PUT", "/rooms/lobby/files/a?text=x&key=k", "hello", "X-Name", "Ann")
	assert.Equal(t, first.ID, again.ID)
	require.Len(t, s.records(t), 1)
	assert.Equal(t, chat.FilePosted, s.records(t)[0].State)

	s.refused(t, wire.CodeKeyReused, "PUT", "/rooms/lobby/files/b?text=another&key=k", "hello", "X-Name", "Ann")
	assert.Len(t, s.records(t), 1)
	resp, _ := s.ask(t, "GET", first.URL, nil)
	assert.Equal(t, 200, resp.StatusCode)
}

// TestPostsAreRefusedBeforeTheirFilesCome is a message that could not be posted: it is said before
// anything is sent.
func TestPostsAreRefusedBeforeTheirFilesCome(t *testing.T) {
	s := newSite(t, attachments.Options{})
	_, _, err := s.node.Own(t.Context(), session("Olga"), "lobby", chat.OwnRequest{New: true})
	require.NoError(t, err)
	s.set(t, "lobby", `{"slowMode":3600}`)
	const form = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nlook\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--"
	isForm := []string{"X-Name", "Ann", "Content-Type", "multipart/form-data; boundary=b"}
	s.send(t, 201, "POST", "/rooms/lobby/files?key=k", form, isForm...)
	before := len(s.records(t))

	refused := func(method, path string, headers ...string) {
		t.Helper()
		r := httptest.NewRequest(method, path, unread{t})
		r.ContentLength = 5
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(w, r)
		problemIn(t, wire.CodeSlowMode, w.Result(), w.Body.Bytes())
		assert.Len(t, s.records(t), before)
	}
	refused("PUT", "/rooms/lobby/files/a?text=x", "X-Name", "Ann")
	s.refused(t, wire.CodeSlowMode, "POST", "/rooms/lobby/files", form, isForm...)
	s.send(t, 200, "POST", "/rooms/lobby/files?key=k", form, isForm...)
	s.send(t, 201, "PUT", "/rooms/lobby/files/a", "hello", "X-Name", "Ann")
	assert.Len(t, s.records(t), before+1, "no message, nothing to wait for")
}

// busy allows so many posts.
type busy struct {
	chat.Open
	left int
}

// DecideTimes implements chat.Counter.
func (b *busy) DecideTimes(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action, times int) error {
	if what == chat.ActionPost {
		if b.left < times {
			return &chat.LimitError{Name: "messages"}
		}
		b.left -= times
	}
	return nil
}

func TestPostsAreCountedBeforeTheirFilesCome(t *testing.T) {
	limit := &busy{left: 1}
	s := newSiteOf(t, attachments.Options{}, chat.Options{Policy: limit})
	s.send(t, 201, "PUT", "/rooms/lobby/files/a", "hello") // a guest's: it is posted
	assert.Zero(t, limit.left, "it counts once")
	r := httptest.NewRequest("PUT", "/rooms/lobby/files/a", unread{t})
	r.ContentLength = 5
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, r)
	problemIn(t, wire.CodeTooMuch, w.Result(), w.Body.Bytes())
}

// TestAKeyOfAMessageThatIsNoMore is a file that is sent again under a key whose message was cleared: no
// message names it, and the log stays as it is.
func TestAKeyOfAMessageThatIsNoMore(t *testing.T) {
	s := newSite(t, attachments.Options{Look: time.Millisecond})
	_, _, err := s.node.Own(t.Context(), session("Olga"), "lobby", chat.OwnRequest{New: true})
	require.NoError(t, err)
	s.send(t, 201, "PUT", "/rooms/lobby/files/a?text=x&key=k", "hello", "X-Name", "Ann")
	_, err = s.node.Clear(t.Context(), session("Olga"), "lobby")
	require.NoError(t, err)
	s.send(t, 201, "PUT", "/rooms/lobby/files/b?text=y", "hello", "X-Name", "Ann")
	require.NoError(t, s.files.Sweep(t.Context()))
	s.send(t, 200, "PUT", "/rooms/lobby/files/a?text=x&key=k", "hello", "X-Name", "Ann")
	testwait.Until(t, func() bool {
		require.NoError(t, s.files.Sweep(t.Context()))
		return len(s.records(t)) == 1
	}, "what no message names is kept")
	assert.Equal(t, "b", s.records(t)[0].Name)
}
