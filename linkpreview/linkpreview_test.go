package linkpreview

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments/picture/picturetest"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// web is a web server that may be asked, one that may not, and the previews of a node.
type web struct {
	*httptest.Server
	private  *httptest.Server
	asked    atomic.Int32 // of the private one
	previews *Previews
	rooms    rooms
}

func newWeb(t *testing.T, limits chat.Policy) *web {
	t.Helper()
	w := &web{}
	mux := http.NewServeMux()
	w.Server = httptest.NewServer(mux)
	w.private = httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
		w.asked.Add(1)
		_, _ = fmt.Fprint(a, "<title>secret</title>")
	}))
	t.Cleanup(w.private.Close)
	t.Cleanup(w.Close)
	public := netip.MustParseAddrPort(w.Listener.Addr().String())
	w.previews = New(Options{
		Limits: limits, BasePath: "/chat", Allow: func(at netip.AddrPort) bool { return at == public },
	})
	t.Cleanup(w.previews.Close)
	serve := func(path, kind string, body []byte) {
		mux.HandleFunc(path, func(a http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie")+r.Header.Get("Referer")+r.Header.Get("Authorization") != "" {
				t.Error("it says more than it should")
			}
			a.Header().Set("Content-Type", kind)
			_, _ = a.Write(body)
		})
	}
	page := func(path, head string) {
		serve(path, "text/html; charset=utf-8", []byte("<!doctype html><html><head>"+head))
	}
	to := func(path, where string) {
		mux.HandleFunc(path, func(a http.ResponseWriter, r *http.Request) { http.Redirect(a, r, where, http.StatusFound) })
	}
	page("/page", `<title>A title</title><meta name=description content="Said in&#10;a few   words"><meta property="og:site_name" content="The Site">`+
		`<meta property="og:image" content="/picture.png"></head><body><title>another</title>`)
	page("/plain", "<title>\u202eA &amp; B</title>")
	page("/private-picture", `<title>A</title><meta property="og:image" content="`+w.private.URL+`/p.png">`)
	page("/script-picture", `<title>A</title><meta property="og:image" content="javascript:alert(1)">`)
	page("/bomb-picture", `<title>A</title><meta property="og:image" content="/bomb.webp">`)
	page("/untitled", "<p>nothing")
	page("/large", "<title>Large</title>"+strings.Repeat("<meta a=b>", 1<<17))
	page("/late", strings.Repeat("<meta a=b>", 1<<17)+"<title>Late</title>")
	serve("/latin1", "text/html; charset=iso-8859-1", []byte("<title>caf\xe9</title>"))
	serve("/text", "text/plain", []byte("<title>no</title>"))
	serve("/picture.png", "image/png", picturetest.PNG(picturetest.Corners(960, 480), picturetest.Chunk("tEXt", []byte("a\x00"+picturetest.Secret))))
	serve("/bomb.webp", "image/webp", picturetest.RIFF(picturetest.VP8L(16384, 16384)))
	serve("/picture.svg", "image/svg+xml", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))
	serve("/huge.png", "image/png", make([]byte, maxRead+1))
	to("/moved", "/page")
	to("/in", w.private.URL+"/secret")
	to("/loop", "/loop")
	to("/file", "file:///etc/passwd")
	return w
}

// rooms is a core with one room.
type rooms struct {
	entries []chat.Entry
	err     error
}

func (r *rooms) History(context.Context, chat.Principal, chat.RoomID) (chat.Kept, error) {
	return chat.Kept{Entries: r.entries}, r.err
}

func cursor(t *testing.T, text string) chat.Cursor {
	t.Helper()
	c, err := chat.ParseCursor(text)
	require.NoError(t, err)
	return c
}

const messageID = "42-7f3a9c12"

type caller chat.Principal

func (c caller) Principal() (chat.Principal, error) { return chat.Principal(c), nil }

// ask asks for the preview of a message with a text.
func (w *web) ask(t *testing.T, text, more string) *httptest.ResponseRecorder {
	t.Helper()
	w.rooms.entries = []chat.Entry{{ID: cursor(t, messageID), Payload: chat.Message{Text: text}}}
	return w.askFor(messageID, more)
}

func (w *web) askFor(id, more string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetPathValue("room", "lobby")
	r.SetPathValue("id", id)
	r = httpapi.WithIdentity(r, caller{ID: "m-1", Name: "Ann"})
	answer := httptest.NewRecorder()
	w.previews.Routes(&w.rooms)["GET /rooms/:room/messages/:id/link"+more].ServeHTTP(answer, r)
	return answer
}

func reply(t *testing.T, answer *httptest.ResponseRecorder) linkReply {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	var r linkReply
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &r))
	return r
}

func TestAPage(t *testing.T) {
	w := newWeb(t, nil)
	text := "look: " + w.URL + "/moved#there, and " + w.URL + "/plain"
	assert.Equal(t, linkReply{
		URL: w.URL + "/moved", Title: "A title", Text: "Said in a few words", Site: "The Site",
		Image: "/chat/rooms/lobby/messages/" + messageID + "/link/image", Width: 480, Height: 240,
	}, reply(t, w.ask(t, text, "")))
	image := w.ask(t, text, "/image")
	require.Equal(t, http.StatusOK, image.Code)
	assert.Equal(t, "image/jpeg", image.Header().Get("Content-Type"))
	assert.Equal(t, "nosniff", image.Header().Get("X-Content-Type-Options"))
	assert.True(t, bytes.HasPrefix(image.Body.Bytes(), []byte("\xff\xd8\xff")))
	assert.NotContains(t, image.Body.String(), picturetest.Secret)
}

func TestWhatPagesSay(t *testing.T) {
	w := newWeb(t, nil)
	host, _, _ := strings.Cut(w.Listener.Addr().String(), ":")
	for path, title := range map[string]string{
		"/plain": "A & B", "/private-picture": "A", "/script-picture": "A", "/bomb-picture": "A", "/large": "Large", "/latin1": "café",
	} {
		assert.Equal(t, linkReply{URL: w.URL + path, Title: title, Site: host}, reply(t, w.ask(t, w.URL+path, "")), path)
		assert.Equal(t, http.StatusNotFound, w.ask(t, w.URL+path, "/image").Code)
	}
	r := reply(t, w.ask(t, "("+w.URL+"/picture.png)", ""))
	assert.Equal(t, []int{480, 240}, []int{r.Width, r.Height})
	assert.Zero(t, w.asked.Load(), "what is not public was asked")
}

func TestNothingIsShown(t *testing.T) {
	w := newWeb(t, nil)
	for _, text := range []string{
		"no link", w.URL + "/untitled", w.URL + "/text", w.URL + "/none", w.URL + "/loop", w.URL + "/file", w.URL + "/in", w.URL + "/late",
		w.URL + "/picture.svg", w.URL + "/huge.png", w.private.URL, strings.Replace(w.private.URL, "127.0.0.1", "localhost", 1),
		"http://0x7f000001/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/",
		"http://user:password@" + w.Listener.Addr().String() + "/page", "ftp://" + w.Listener.Addr().String() + "/page", "javascript:alert(1)",
		"http://192.0.2.1:22/", "http://no-such-host.invalid/",
	} {
		answer := w.ask(t, text, "")
		assert.Equal(t, http.StatusNotFound, answer.Code, text)
		assert.Contains(t, answer.Body.String(), wire.CodeNotFound)
	}
	assert.Zero(t, w.asked.Load(), "what is not public was asked")
}

func TestOnlyTheFirstLinkOfWhatOneMayRead(t *testing.T) {
	w := newWeb(t, nil)
	require.Equal(t, http.StatusOK, w.ask(t, w.URL+"/page", "").Code)
	assert.Equal(t, http.StatusNotFound, w.askFor("43-7f3a9c12", "").Code)
	assert.Equal(t, http.StatusNotFound, w.askFor("nonsense", "").Code)
	w.rooms.err = chat.ErrNotAllowed
	assert.Equal(t, http.StatusForbidden, w.askFor(messageID, "").Code)
	assert.Equal(t, http.StatusForbidden, w.askFor(messageID, "/image").Code)
	w.rooms.err = nil
	w.rooms.entries[0].Payload = chat.Message{Changes: &chat.Changes{Deleted: true}}
	assert.Equal(t, http.StatusNotFound, w.askFor(messageID, "").Code)
}

// counting is a limit of one link.
type counting struct{ asked atomic.Int32 }

func (c *counting) Decide(_ context.Context, _ chat.Principal, _ chat.RoomID, what chat.Action) error {
	if what == chat.ActionPreview && c.asked.Add(1) > 1 {
		return &chat.LimitError{Name: "previews"}
	}
	return nil
}

func TestALinkIsLookedUpOnceAndCounts(t *testing.T) {
	limits := &counting{}
	w := newWeb(t, limits)
	for range 3 {
		reply(t, w.ask(t, w.URL+"/page", ""))
	}
	assert.EqualValues(t, 1, limits.asked.Load(), "what is known is not counted")
	assert.Equal(t, http.StatusTooManyRequests, w.ask(t, w.URL+"/plain", "").Code)
}

func TestManyAskAtOnce(t *testing.T) {
	asked, answer := atomic.Int32{}, make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-answer
		_, _ = fmt.Fprint(a, "<title>One</title>")
	}))
	defer site.Close()
	p := New(Options{Allow: func(netip.AddrPort) bool { return true }})
	defer p.Close()
	at, err := url.Parse(site.URL)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			f, err := p.of(context.Background(), chat.Principal{}, "lobby", at)
			assert.NoError(t, err)
			assert.Equal(t, "One", f.title)
		})
	}
	testwait.Until(t, func() bool { return asked.Load() == 1 }, "nobody was asked")
	close(answer)
	all.Wait()
	assert.EqualValues(t, 1, asked.Load())
}

// TestNobodyComesToIt has a link wait behind others for too long: that says nothing of the link.
func TestNobodyComesToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{})
		defer p.Close()
		require.True(t, p.turns.TryAcquire(atOnce))
		at, err := url.Parse("https://example.org/")
		require.NoError(t, err)
		_, err = p.of(t.Context(), chat.Principal{}, "lobby", at)
		require.ErrorIs(t, err, errBusy)
		_, known := p.known(at.String())
		require.False(t, known)
		require.Empty(t, p.looks)
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	p := New(Options{})
	defer p.Close()
	for i := range 100 {
		p.keep(fmt.Sprint("http://example.org/", i), found{title: "a", picture: make([]byte, maxKept/20)})
	}
	assert.LessOrEqual(t, p.bytes, maxKept)
	assert.Len(t, p.all, p.recent.Len())
	assert.Less(t, p.recent.Len(), 20)
	_, ok := p.known("http://example.org/99")
	assert.True(t, ok)
	for range 2 {
		p.keep("http://example.org/99", found{})
	}
	assert.LessOrEqual(t, p.bytes, maxKept)
	for p.recent.Len() > 0 {
		p.forgetLocked(p.recent.Back())
	}
	assert.Zero(t, p.bytes)
}

func FuzzPage(f *testing.F) {
	at, err := url.Parse("https://example.org/a")
	require.NoError(f, err)
	f.Add([]byte(`<title>A</title><meta property="og:image" content="/p.png"><meta name=description content=b>`), "text/html")
	f.Add([]byte("<svg><title>\xff</title></svg><title>b<body>"), "text/html; charset=utf-16")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		p := readPage(body, kind, at)
		for text, most := range map[string]int{p.title: maxTitle, p.text: maxText, p.site: maxSite} {
			if len([]rune(text)) > most || strings.ContainsAny(text, "\r\n\t\x00\u202e") {
				t.Fatalf("%q", text)
			}
		}
		if p.picture != nil && checkURL(p.picture) != nil {
			t.Fatal(p.picture)
		}
	})
}

func FuzzFirstLink(f *testing.F) {
	f.Add("see https://example.org/a?b#c.")
	f.Add("http://[::1%25eth0]/")
	f.Fuzz(func(t *testing.T, text string) {
		if u := firstLink(text); u != nil && (checkURL(u) != nil || len(u.String()) > 4*maxLink) {
			t.Fatal(u)
		}
	})
}
