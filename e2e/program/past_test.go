package program

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/internal/testwait"
)

// TestNoWayShowsThePast: in a room that shows nobody what was said before they came, an id of that,
// which a reply or a link names, leads to nothing, by whatever way it is given and on both nodes.
// Whoever was cut off gets what it missed by the same ways.
func TestNoWayShowsThePast(t *testing.T) {
	one, other, _ := twoNodes(t)
	for _, mode := range []string{"since-joined", "none"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			owner, member, newcomer := person(t, one.URL, "Olga"), person(t, one.URL, "Ann"), person(t, other.URL, "Neo")
			room := "/rooms/" + want(t, owner, "POST", "/rooms", "")["roomId"].(string)
			require.Equal(t, "ok", member.open(t, room+"/sse", "*/*"))
			link := want(t, member, "POST", room, "what Ann began with")["id"].(string)
			for i := range 3 {
				want(t, member, "POST", room, fmt.Sprint("secret ", i))
			}
			want(t, owner, "PATCH", room+"/settings", `{"history":"`+mode+`"}`)
			require.Equal(t, "ok", newcomer.open(t, room+"/sse", "*/*"), "it comes")

			p := past{owner: owner, room: room}
			for _, who := range []visitor{newcomer, guestOf(one.URL, "Gus"), person(t, one.URL, "late")} {
				for _, base := range []string{one.URL, other.URL} {
					for way, said := range p.read(t, who.at(base), link) {
						assert.NotContains(t, said, "secret", "%s on %s", way, base)
					}
					answer := who.at(base).do(t, "POST", room+"/messages", `{"text":"and?","replyTo":"`+link+`"}`, "Content-Type", "application/json")
					assert.GreaterOrEqual(t, answer.Status, 400, answer.Body)
					assert.NotContains(t, answer.Body, "what Ann began with")
				}
			}
			for way, said := range p.read(t, member.at(other.URL), link) {
				switch way {
				case "curl", "page", room + "/messages?q=secret", room + "/messages?limit=100":
					if mode == "none" { // these are a new reader's
						continue
					}
				}
				if !strings.Contains(way, "before=") {
					assert.Contains(t, said, "secret 2", "who was here, by %s", way)
				}
			}
		})
	}
}

// past reads a room by all ways.
type past struct {
	owner visitor
	room  string
	says  int
}

// read is what somebody gets to read by each way, from an id on.
func (p *past) read(t *testing.T, who visitor, after string) map[string]string {
	t.Helper()
	name := strings.TrimPrefix(p.room, "/rooms/")
	said := map[string]string{}
	for _, address := range []string{
		p.room + "/messages?after=" + after, p.room + "/messages?wait=0.1&after=" + after, p.room + "/messages?before=9-" + after[2:],
		p.room + "/messages?q=secret", p.room + "/messages?limit=100", "/stream/messages?wait=0.1&room=" + name + "@" + after,
	} {
		answer := who.do(t, "GET", address, "")
		require.Equal(t, http.StatusOK, answer.Status, answer.Body)
		said[address] = answer.Body
	}
	said["curl"] = who.do(t, "GET", p.room, "", "Accept", "*/*").Body
	said["page"] = who.do(t, "GET", p.room, "", "Accept", "text/html").Body
	for _, address := range []string{
		p.room + "/sse?after=" + after, p.room + "/ndjson?after=" + after, p.room + "/text?after=" + after,
		"/stream/sse?room=" + name + "@" + after, "/stream/ndjson?room=" + name + "@" + after,
	} {
		said[address] = p.stream(t, who, address)
	}
	said["last event id"] = p.stream(t, who, p.room+"/sse", "Last-Event-ID", after)
	said["ws"] = p.socket(t, who, p.room+"/ws?after="+after, nil)
	said["several by ws"] = p.socket(t, who, "/stream/ws?room="+name+"@"+after, nil)
	said["join"] = p.socket(t, who, "/stream/ws", map[string]any{"type": "join", "roomId": name, "after": after})
	return said
}

// say says something new, by which one knows that a stream has brought all that was before it.
func (p *past) say(t *testing.T) (marker string) {
	t.Helper()
	p.says++
	marker = fmt.Sprintf("marker %d.", p.says)
	want(t, p.owner, "POST", p.room, marker)
	return marker
}

// stream is what a stream brings, up to what is said once it is open.
func (p *past) stream(t *testing.T, who visitor, address string, headers ...string) (said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testwait.Limit)
	defer cancel()
	answer := who.stream(ctx, t, address, headers...)
	defer func() { _ = answer.Body.Close() }() // it is dropped
	require.Equal(t, http.StatusOK, answer.StatusCode)
	marker := p.say(t)
	for lines := bufio.NewReader(answer.Body); !strings.Contains(said, marker); {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, said)
		said += line
	}
	return said
}

// socket is what a WebSocket brings, after a command if there is one.
func (p *past) socket(t *testing.T, who visitor, address string, command map[string]any) (said string) {
	t.Helper()
	conn, answer := dial(t, who, address)
	require.Equal(t, "ok", answer)
	defer func() { _ = conn.Close() }()
	if command != nil {
		require.NoError(t, conn.WriteJSON(command))
	}
	marker := ""
	require.NoError(t, conn.SetReadDeadline(testwait.Deadline()))
	for marker == "" || !strings.Contains(said, marker) {
		_, event, err := conn.ReadMessage()
		require.NoError(t, err, said)
		if said += string(event); marker == "" && strings.Contains(said, `"type":"live"`) {
			marker = p.say(t)
		}
	}
	return said
}
