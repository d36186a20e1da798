package program

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/internal/testwait"
)

// lastWords sends a request and says at once that nothing more comes (shutdown(2) with SHUT_WR, as
// "nc -N" does), and is what is read from then on.
func lastWords(t *testing.T, base, request string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(testwait.Deadline()))
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	return c.(*net.TCPConn)
}

// ask is a request's text; headers are whole lines.
func ask(method, path, body string, headers ...string) string {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: caller.test\r\n", method, path)
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	for _, h := range headers {
		head += h + "\r\n"
	}
	return head + "\r\n" + body
}

// tries is how often each request is made: what happens by chance happens.
const tries = 25

func TestAClientThatOnlyReadsOnIsAnswered(t *testing.T) {
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	ann.Post(t, "kitchen", "kept")
	here := ann.Read(t, client.SSE, "kitchen", client.Options{}) // who is typing has to be there
	here.WaitType(t, "live")
	bearer := "Authorization: Bearer " + ann.Token
	for _, c := range []struct {
		name, request string
		status        int
		contains      string
	}{
		{"history", ask("GET", "/rooms/kitchen/messages", ""), 200, `"text":"kept"`},
		{"as text", ask("GET", "/rooms/kitchen", ""), 200, "Ann: kept"},
		{"members", ask("GET", "/rooms/kitchen/members", ""), 200, `"name":"Ann"`},
		{"a poll", ask("GET", "/rooms/kitchen/messages?wait=30", ""), 200, `"text":"kept"`},
		{"a poll of several", ask("GET", "/stream/messages?room=kitchen&room=den&wait=30", ""), 200, `"text":"kept"`},
		{"a session", ask("POST", "/session", `{"name":"Bob"}`), 201, `"name":"Bob"`},
		{"one's session", ask("GET", "/session", "", bearer), 200, `"name":"Ann"`},
		{"typing", ask("POST", "/rooms/kitchen/typing", "", bearer), 204, ""},
		{"leaving", ask("POST", "/rooms/den/leave", "", bearer), 204, ""},
		{"a new room", ask("POST", "/rooms", ""), 201, "roomId"},
		{"ready", ask("GET", "/readyz", ""), 200, "ready"},
		{"a post", ask("POST", "/rooms/posts", "said"), 201, `"text":"said"`},
		{"a post with a session", ask("POST", "/rooms/posts/messages", `{"text":"said"}`, "Content-Type: application/json", bearer), 201, `"text":"said"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range tries {
				answer, err := http.ReadResponse(bufio.NewReader(lastWords(t, node.URL, c.request)), nil)
				require.NoError(t, err)
				body, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.Equal(t, c.status, answer.StatusCode, string(body))
				require.Contains(t, string(body), c.contains)
			}
		})
	}
	assert.Len(t, client.Guest(node.URL, "").Page(t, "posts", "").Messages, 2*tries)
	assert.NotContains(t, node.Output.String(), "canceled", "nothing of it is logged as a failure")
}

func TestAPollIsAnsweredToAClientThatOnlyReadsOn(t *testing.T) {
	node := startNode(t)
	for i := range 3 {
		room := fmt.Sprintf("room-%d", i)
		c := lastWords(t, node.URL, ask("GET", "/rooms/"+room+"/messages?wait=60&after=0-0", ""))
		client.Guest(node.URL, "Bob").Post(t, room, "news")
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, string(body), `"text":"news"`)
	}
}

func TestAStreamLivesUntilAWriteFails(t *testing.T) {
	node := startNode(t)
	webSocket := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for name, request := range map[string]string{
		"sse":        ask("GET", "/rooms/kitchen/sse", ""),
		"ndjson":     ask("GET", "/rooms/kitchen/ndjson", ""),
		"text":       ask("GET", "/rooms/kitchen/text", ""),
		"several":    ask("GET", "/stream/sse?room=kitchen&room=den", ""),
		"old text":   strings.Replace(ask("GET", "/rooms/kitchen/text", ""), "HTTP/1.1", "HTTP/1.0", 1),
		"web socket": ask("GET", "/rooms/kitchen/ws", "", webSocket...),
	} {
		t.Run(name, func(t *testing.T) {
			var readers []*bufio.Reader
			var peers []*net.TCPConn
			for range tries {
				c := lastWords(t, node.URL, request)
				peers, readers = append(peers, c), append(readers, bufio.NewReader(c))
			}
			for _, r := range readers {
				status, err := r.ReadString('\n')
				require.NoError(t, err)
				require.NotContains(t, status, "503")
			}
			members := func() int { return len(client.Guest(node.URL, "").Members(t, "kitchen").Members) }
			testwait.Until(t, func() bool { return members() == tries }, "they are not all there")
			client.Guest(node.URL, "Bob").Post(t, "kitchen", "news of "+name)
			for _, r := range readers {
				var heard strings.Builder
				for !strings.Contains(heard.String(), "news of "+name) { // to the connection's deadline
					b, err := r.ReadByte()
					require.NoError(t, err, heard.String())
					heard.WriteByte(b)
				}
			}
			for _, c := range peers {
				require.NoError(t, c.Close())
			}
			client.Guest(node.URL, "Bob").Post(t, "kitchen", "who is there?") // for what has nothing else to find out by
			client.Guest(node.URL, "Bob").Post(t, "kitchen", "nobody")
			testwait.Until(t, func() bool { return members() == 0 }, "those who have gone are still there")
		})
	}
}

// A client that is gone has closed its sending side too.
func TestAReaderThatIsGoneHasLeft(t *testing.T) {
	node := startNode(t)
	for _, stream := range []string{"sse", "ndjson", "text", "text?all=1"} {
		curl := client.StartCurl(t, node.URL+"/rooms/quiet/"+stream)
		members := func() int { return len(client.Guest(node.URL, "").Members(t, "quiet").Members) }
		testwait.Until(t, func() bool { return members() == 1 }, "curl is not there")
		curl.Kill()
		testwait.Until(t, func() bool { return members() == 0 }, "curl is still there, in a room where nothing is said: %s", stream)
	}
}
