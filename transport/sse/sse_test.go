package sse_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/transport/internal/transporttest"
	"github.com/caller-chat/caller/transport/sse"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testwait.Main(m) }

func handler(t testing.TB) (*transporttest.Fixture, *sse.Handler) {
	t.Helper()
	r := transporttest.New(t)
	return r, sse.New(r.Node, transporttest.Who, r.Keepalive)
}

// line reads on to a line that begins so.
func line(t *testing.T, lines *bufio.Scanner, prefix string) string {
	t.Helper()
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			return lines.Text()
		}
	}
	t.Fatalf("the stream ended before a line %q: %v", prefix, lines.Err())
	return ""
}

func open(t testing.TB, client *http.Client, url string) (*http.Response, *bufio.Scanner) {
	t.Helper()
	resp, err := client.Get(url)
	require.NoError(t, err)
	t.Cleanup(func() { resp.Body.Close(); client.CloseIdleConnections() })
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return resp, bufio.NewScanner(resp.Body)
}

func TestEventsOverEveryVersionOfHTTP(t *testing.T) {
	r, h := handler(t)
	for _, two := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2 %v", two), func(t *testing.T) {
			server := httptest.NewUnstartedServer(transporttest.InLobby(h.Events))
			server.EnableHTTP2 = two
			server.StartTLS()
			t.Cleanup(server.Close)
			resp, lines := open(t, server.Client(), server.URL+"?history=0")
			require.Equal(t, two, resp.ProtoMajor == 2)
			for name, value := range map[string]string{
				"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform",
				"X-Accel-Buffering": "no", "Content-Encoding": "identity",
			} {
				require.Equal(t, value, resp.Header.Get(name), name)
			}
			require.GreaterOrEqual(t, len(line(t, lines, ":")), 2048, "padding comes first")
			line(t, lines, "event: welcome")
			line(t, lines, "event: live")
			line(t, lines, "id: ")
			e := r.Say(t, "hello")
			require.Equal(t, "id: "+e.ID.String(), line(t, lines, "id: "))
			require.Contains(t, line(t, lines, "data: "), `"text":"hello"`)
			resp.Body.Close()
			testwait.Until(t, func() bool {
				snapshot, err := r.Node.Members(t.Context(), chat.Principal{}, "lobby")
				return err == nil && len(snapshot.Members) == 0
			}, "a guest leaves with its stream")
		})
	}
}

// nginx speaks HTTP/1.0 to servers by default: no chunks then, and the end of the connection is the
// end of the body.
func TestEventsOverHTTP10(t *testing.T) {
	r, h := handler(t)
	server := httptest.NewServer(transporttest.InLobby(h.NDJSON))
	t.Cleanup(server.Close)
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	lines := bufio.NewScanner(c)
	line(t, lines, "HTTP/1.0 200 OK")
	for lines.Scan() && lines.Text() != "" {
		require.NotContains(t, lines.Text(), "Transfer-Encoding")
	}
	require.True(t, lines.Scan())
	require.True(t, strings.HasPrefix(lines.Text(), `{"type":"welcome"`), lines.Text())
	line(t, lines, `{"type":"live"`)
	r.Say(t, "hello")
	require.Contains(t, line(t, lines, `{"type":"message"`), "hello")
}

// A reader that stops reading costs its own stream: it is told that it was too slow, and the others
// miss nothing.
func TestASlowReaderHurtsItselfOnly(t *testing.T) {
	r, h := handler(t)
	server := httptest.NewServer(transporttest.InLobby(h.NDJSON))
	t.Cleanup(server.Close)
	slow, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer slow.Close()
	require.NoError(t, slow.(*net.TCPConn).SetReadBuffer(64<<10))
	_, err = io.WriteString(slow, "GET /?name=Slow HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	slowLines := bufio.NewScanner(slow)
	slowLines.Buffer(nil, 1<<20)
	line(t, slowLines, `{"type":"live"`)
	_, quick := open(t, server.Client(), server.URL+"?name=Quick")
	quick.Buffer(nil, 1<<20)
	line(t, quick, `{"type":"live"`)
	flood(t, r, quick)
	line(t, slowLines, `{"type":"error","code":"too_slow"`)
	for slowLines.Scan() { // nothing but the last chunk
		require.Contains(t, []string{"", "0"}, slowLines.Text())
	}
	require.NoError(t, slowLines.Err())
}

// Over HTTP/2 the two are streams of one connection: one that takes nothing fills its own window
// only.
func TestASlowReaderOverHTTP2HurtsItselfOnly(t *testing.T) {
	r, h := handler(t)
	server := httptest.NewUnstartedServer(transporttest.InLobby(h.NDJSON))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	client := server.Client()
	client.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
	_, slow := open(t, client, server.URL+"?name=Slow")
	slow.Buffer(nil, 1<<20)
	line(t, slow, `{"type":"live"`)
	resp, quick := open(t, client, server.URL+"?name=Quick")
	require.Equal(t, 2, resp.ProtoMajor)
	quick.Buffer(nil, 1<<20)
	line(t, quick, `{"type":"live"`)
	flood(t, r, quick)
	line(t, slow, `{"type":"error","code":"too_slow"`)
	require.False(t, slow.Scan(), "nothing comes after it")
	require.NoError(t, slow.Err())
}

// flood says more than the kernel or a window holds for a connection, and the backlog, about 2 MB;
// quick has to read it all. It is never far behind: whoever reads must not be called slow because
// the store is quicker than any network.
func flood(t *testing.T, r *transporttest.Fixture, quick *bufio.Scanner) {
	t.Helper()
	big := strings.Repeat("x", chat.MaxText)
	const count, ahead = 500, 16
	unread := make(chan struct{}, ahead)
	read := make(chan int, 1)
	go func() {
		n := 0
		for n < count && quick.Scan() {
			if strings.Contains(quick.Text(), `"type":"message"`) {
				<-unread
				n++
			}
		}
		read <- n
	}()
	for range count {
		select {
		case unread <- struct{}{}:
			r.Say(t, big)
		case n := <-read:
			require.Equal(t, count, n, "the quick reader's stream has ended")
		}
	}
	require.Equal(t, count, testwait.Receive(t, read, "the quick reader does not read all"))
}

func TestAStreamSaysWhyItEnds(t *testing.T) {
	r, h := handler(t)
	server := httptest.NewServer(transporttest.InLobby(h.Events))
	t.Cleanup(server.Close)
	_, lines := open(t, server.Client(), server.URL+"?name=Ann")
	line(t, lines, "event: live")
	require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", ""))
	line(t, lines, "event: error")
	require.Contains(t, line(t, lines, "data: "), `"code":"left"`)
	for lines.Scan() {
	}
	require.NoError(t, lines.Err(), "the body ends as HTTP says")
}

func TestARoomThatSendsSomebodyOutEndsAlone(t *testing.T) {
	r, h := handler(t)
	olga := transporttest.Session("Olga")
	for _, room := range []chat.RoomID{"club", "attic"} {
		_, _, err := r.Node.Own(t.Context(), olga, room, chat.OwnRequest{New: true})
		require.NoError(t, err)
	}
	server := httptest.NewServer(http.HandlerFunc(h.ManyNDJSON))
	t.Cleanup(server.Close)
	_, lines := open(t, server.Client(), server.URL+"?name=Ann&room=club&room=attic")
	line(t, lines, `{"type":"live"`)
	line(t, lines, `{"type":"live"`)
	remove := func(room chat.RoomID) {
		_, err := r.Node.Moderate(t.Context(), olga, room, chat.RemoveMember{Member: "id-Ann"})
		require.NoError(t, err)
	}
	remove("club")
	require.Contains(t, line(t, lines, `{"type":"error"`), `"roomId":"club","code":"removed"`)
	_, err := r.Node.ChangeSettings(t.Context(), olga, "attic", chat.SettingsPatch{"topic": []byte(`"tea"`)}, nil)
	require.NoError(t, err)
	require.Contains(t, line(t, lines, `{"type":"settings"`), `"roomId":"attic"`)
	remove("attic")
	require.Contains(t, line(t, lines, `{"type":"error"`), `{"type":"error","code":"removed"`)
	require.False(t, lines.Scan(), lines.Text())
	require.NoError(t, lines.Err(), "the body ends as HTTP says")
}

// A stream that can't be joined to more rooms is at its end when its last one has been left: pings
// alone would keep a connection open that tells nobody anything.
func TestAStreamEndsWithItsLastRoom(t *testing.T) {
	r, h := handler(t)
	for _, two := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/2 %v", two), func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(h.ManyNDJSON))
			server.EnableHTTP2 = two
			server.StartTLS()
			t.Cleanup(server.Close)
			_, lines := open(t, server.Client(), server.URL+"?name=Ann&room=lobby&room=kitchen")
			line(t, lines, `{"type":"live"`)
			line(t, lines, `{"type":"live"`)
			require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "kitchen", ""))
			require.Contains(t, line(t, lines, `{"type":"error"`), `"roomId":"kitchen","code":"left"`)
			e := r.Say(t, "still here")
			require.Contains(t, line(t, lines, `{"type":"message"`), e.ID.String())
			require.NoError(t, r.Node.Leave(t.Context(), transporttest.Session("Ann"), "lobby", ""))
			require.Contains(t, line(t, lines, `{"type":"error"`), `{"type":"error","code":"left"`)
			require.False(t, lines.Scan(), lines.Text())
			require.NoError(t, lines.Err(), "the body ends as HTTP says")
		})
	}
}
