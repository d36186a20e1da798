package faults

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// belongings is what people have that no replaced node may take from them.
type belongings struct {
	ann, ben, carl client.Person // the owner, a moderator, and one who is banned
	ci             client.Person // a program with an access token
	room           string
	invite         string // its secret
	fileURL, sum   string
	upload         string       // the path of one that has begun
	first          client.Event // a message, sent under the key "first"
	settings       string       // as JSON
	written        []string     // what is in the room
}

// must makes a request as somebody; an answer of another status fails the test.
func must(t *testing.T, who client.Person, status int, method, path, body string, headers ...string) client.Response {
	t.Helper()
	resp := who.Do(t, method, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
	require.Equal(t, status, resp.Status, "%s %s at %s: %s", method, path, who.Base, resp.Body)
	return resp
}

// decode reads an answer.
func decode[T any](t *testing.T, resp client.Response) (answer T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(resp.Body), &answer), resp.Body)
	return answer
}

const password = "open sesame"

// uploaded is what the upload brings in all, in parts of partSize.
var uploaded = strings.Repeat("0123456789abcdef", 1024)

const partSize = 2048

// belong has people make all of it at one node.
func belong(t *testing.T, base string) *belongings {
	t.Helper()
	b := &belongings{
		ann: client.SignIn(t, base, "Ann"), ben: client.SignIn(t, base, "Ben"), carl: client.SignIn(t, base, "Carl"),
		ci: client.Person{Base: base},
	}
	made := decode[struct{ RoomID string }](t, must(t, b.ann, 201, http.MethodPost, "/rooms", `{"title":"Tea"}`))
	b.room = made.RoomID
	path := "/rooms/" + b.room
	must(t, b.ben, 200, http.MethodGet, path+"/messages?wait=0", "")
	must(t, b.ben, 201, http.MethodPost, path+"/messages", `{"text":"Ben is here"}`)
	must(t, b.carl, 201, http.MethodPost, path+"/messages", `{"text":"buy now"}`)
	must(t, b.ann, 200, http.MethodPost, path+"/members/"+b.ben.ID+"/role", `{"role":"moderator"}`)
	must(t, b.ann, 200, http.MethodPatch, path+"/settings", fmt.Sprintf(`{"topic":"at four","password":%q}`, password))
	must(t, b.ben, 200, http.MethodPost, path+"/members/"+b.carl.ID+"/ban", `{"reason":"spam"}`)
	invite := decode[struct{ URL string }](t, must(t, b.ann, 201, http.MethodPost, path+"/invites", `{"uses":100}`))
	_, b.invite, _ = strings.Cut(invite.URL, "#i=")
	token := decode[struct{ Token string }](t, must(t, b.ann, 201, http.MethodPost, path+"/tokens", `{"name":"ci"}`))
	b.ci.Token = token.Token

	b.first = decode[client.Event](t, must(t, b.ann, 201, http.MethodPost, path+"/messages", `{"text":"first","key":"first"}`))
	must(t, b.ben, 200, http.MethodPut, path+"/messages/"+b.first.ID+"/reactions/"+url.PathEscape("👍"), "")
	must(t, b.ann, 200, http.MethodPatch, path+"/messages/"+b.first.ID, `{"text":"first, edited"}`)
	must(t, b.ben, 201, http.MethodPost, path+"/messages", fmt.Sprintf(`{"text":"an answer","replyTo":%q}`, b.first.ID))
	content := strings.Repeat("a file ", 5000)
	sum := sha256.Sum256([]byte(content))
	b.sum = hex.EncodeToString(sum[:])
	sent := decode[struct{ URL string }](t, must(t, b.ann, 201, http.MethodPut, path+"/files/notes.txt?text=look", content, "Content-Type", "text/plain"))
	b.fileURL = strings.TrimPrefix(sent.URL, base)
	begun := must(t, b.ann, 201, http.MethodPost, path+"/uploads", "", "Tus-Resumable", "1.0.0",
		"Upload-Length", fmt.Sprint(len(uploaded)), "Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte("long.txt")))
	b.upload = begun.Header.Get("Location")
	if i := strings.Index(b.upload, "/rooms/"); i > 0 {
		b.upload = b.upload[i:]
	}
	b.settings = b.ofRoom(t, base)
	b.written = []string{"Ben is here", "buy now", "first, edited", "an answer", "look"}
	return b
}

// ofRoom is the room's settings at a node.
func (b *belongings) ofRoom(t *testing.T, base string) string {
	t.Helper()
	resp := must(t, b.ann.At(base), 200, http.MethodGet, "/rooms/"+b.room+"/settings", "")
	return resp.Header.Get("ETag") + " " + resp.Body
}

// hold checks that all of it is still there at a node, which then does its part.
func (b *belongings) hold(t *testing.T, base, who string) {
	t.Helper()
	ann, ben, carl, ci, path := b.ann.At(base), b.ben.At(base), b.carl.At(base), b.ci.At(base), "/rooms/"+b.room
	session := decode[struct{ ClientID, Name string }](t, must(t, ann, 200, http.MethodGet, "/session", ""))
	require.Equal(t, b.ann.ID, session.ClientID)
	require.Equal(t, "Ann", session.Name)
	require.Equal(t, b.settings, b.ofRoom(t, base))

	require.Equal(t, "banned", must(t, carl, 403, http.MethodGet, path+"/messages", "").Problem(t).Code)
	newcomer := client.SignIn(t, base, "Newcomer")
	require.Equal(t, "password_required", must(t, newcomer, 403, http.MethodGet, path+"/messages", "").Problem(t).Code)
	must(t, newcomer, 403, http.MethodPost, path+"/enter", `{"password":"wrong"}`)
	must(t, newcomer, 200, http.MethodPost, path+"/enter", fmt.Sprintf(`{"password":%q}`, password))
	must(t, client.SignIn(t, base, "Invited"), 200, http.MethodPost, path+"/enter", fmt.Sprintf(`{"invite":%q}`, b.invite))

	// A key that another version has stored is known, and so is the message under it.
	again := must(t, ann, 200, http.MethodPost, path+"/messages", `{"text":"first","key":"first"}`)
	require.Equal(t, b.first.ID, decode[client.Event](t, again).ID)
	page := ann.Page(t, b.room, "limit=1000")
	require.Equal(t, b.written, page.Texts())
	for _, message := range page.Messages {
		switch message.ID {
		case b.first.ID:
			require.False(t, message.EditedAt.IsZero())
			require.Len(t, message.Reactions, 1)
			require.Equal(t, []string{b.ben.ID}, message.Reactions[0].By)
		default:
			require.True(t, message.ReplyTo == nil || message.ReplyTo.ID == b.first.ID)
		}
	}
	file := must(t, ann, 200, http.MethodGet, b.fileURL, "")
	sum := sha256.Sum256([]byte(file.Body))
	require.Equal(t, b.sum, hex.EncodeToString(sum[:]))

	// What this version adds, the next one has to show.
	for i, person := range []client.Person{ann, ben, ci} {
		text := fmt.Sprintf("%d: written at %s", i, who)
		must(t, person, 201, http.MethodPost, path+"/messages", fmt.Sprintf(`{"text":%q}`, text))
		b.written = append(b.written, text)
	}
	must(t, ben, 200, http.MethodPatch, path+"/settings", fmt.Sprintf(`{"topic":%q}`, "changed at "+who))
	b.settings = b.ofRoom(t, base)
	b.goOn(t, base)
}

// goOn brings the next part of the upload, if there is one.
func (b *belongings) goOn(t *testing.T, base string) {
	t.Helper()
	ann := b.ann.At(base)
	head := must(t, ann, 200, http.MethodHead, b.upload, "", "Tus-Resumable", "1.0.0")
	var at int
	_, err := fmt.Sscan(head.Header.Get("Upload-Offset"), &at)
	require.NoError(t, err)
	if at == len(uploaded) {
		return
	}
	must(t, ann, 204, http.MethodPatch, b.upload, uploaded[at:min(at+partSize, len(uploaded))],
		"Tus-Resumable", "1.0.0", "Upload-Offset", fmt.Sprint(at), "Content-Type", "application/offset+octet-stream")
}

// TestUpgradeKeeps has people make rooms, files, sessions and tokens at a node of the former program.
// All of it is there at a node of this one, beside the other and alone, after a way back, and after
// another way here.
func TestUpgradeKeeps(t *testing.T) {
	long(t)
	old := formerPrograms(t)
	c := newClusterOf(t, old, 2, 300, "--files", "file://"+t.TempDir())
	b := belong(t, c.nodes[0].URL)
	first, second := c.nodes[0], c.nodes[1]
	b.hold(t, second.URL, "the former, another node")
	change := func(s *station, to bool) {
		require.Zero(t, s.Stop(t))
		s.program = old
		if to {
			s.program = programs
		}
		s.restart(t)
		s.AwaitReady(t)
	}
	change(second, true)
	b.hold(t, second.URL, "this, beside the former")
	b.hold(t, first.URL, "the former, beside this")
	change(first, true)
	b.hold(t, first.URL, "this, alone")
	change(second, false)
	b.hold(t, second.URL, "the former, put back")
	change(first, false)
	b.hold(t, first.URL, "the former, alone again")
	change(first, true)
	change(second, true)
	b.hold(t, second.URL, "this, again")
	for range len(uploaded) / partSize {
		b.goOn(t, first.URL)
	}
	id := b.upload[strings.LastIndexByte(b.upload, '/')+1:]
	must(t, b.ann.At(first.URL), 201, http.MethodPost, "/rooms/"+b.room+"/messages", fmt.Sprintf(`{"text":"whole","files":[%q]}`, id))
	known := decode[struct{ URL, SHA256 string }](t, must(t, b.ann.At(second.URL), 200, http.MethodGet, "/rooms/"+b.room+"/files/"+id, ""))
	sum := sha256.Sum256([]byte(uploaded))
	require.Equal(t, hex.EncodeToString(sum[:]), known.SHA256)
}
