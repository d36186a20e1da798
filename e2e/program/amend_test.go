package program

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// conversation is one room on two nodes, with Ann and Bob, who have a WebSocket on each.
type conversation struct {
	t        *testing.T
	nodes    []*harness.Node
	room     string
	ann, bob client.Person
	sockets  map[string][]*client.Reader // by the person's name
	entries  []client.Event              // all that was stored, in order
	commands int
}

func converse(t *testing.T) *conversation {
	t.Helper()
	one, other, _ := twoNodes(t)
	c := &conversation{t: t, nodes: []*harness.Node{one, other}, room: "kitchen", sockets: map[string][]*client.Reader{}}
	c.ann, c.bob = client.SignIn(t, one.URL, "Ann"), client.SignIn(t, other.URL, "Bob")
	for _, p := range []client.Person{c.ann, c.bob} {
		for _, node := range c.nodes {
			c.sockets[p.Name] = append(c.sockets[p.Name], p.At(node.URL).Read(t, client.WebSocket, c.room, client.Options{}))
		}
	}
	return c
}

// do carries a command out: over HTTP and WebSocket and on one node and the other, by turns. It is
// the entry.
func (c *conversation) do(who client.Person, command client.Command) client.Event {
	c.t.Helper()
	c.commands++
	command.Key = fmt.Sprint("k-", c.commands)
	node := c.commands / 2 % 2
	id := ""
	if c.commands%2 == 0 {
		socket := c.sockets[who.Name][node]
		socket.Send(c.t, command)
		id = socket.WaitFor(c.t, "the ack of "+command.Key, func(e client.Event) bool {
			require.NotEqual(c.t, "error", e.Type, e.Raw)
			return e.Type == "ack" && e.Key == command.Key
		}).ID
		// The same again, by HTTP on the other node, is the same entry.
		again, status, err := who.At(c.nodes[1-node].URL).Try(c.t.Context(), c.room, command)
		require.NoError(c.t, err)
		require.Equal(c.t, http.StatusOK, status, again.Raw)
		require.Equal(c.t, id, again.ID)
	} else {
		entry, status, err := who.At(c.nodes[node].URL).Try(c.t.Context(), c.room, command)
		require.NoError(c.t, err)
		require.Contains(c.t, []int{http.StatusOK, http.StatusCreated}, status, entry.Raw)
		id = entry.ID
	}
	entry := c.sockets["Ann"][0].WaitFor(c.t, id, func(e client.Event) bool { return e.IsEntry() && e.ID == id })
	c.entries = append(c.entries, entry)
	return entry
}

// each reads the room by every transport and on both nodes.
func (c *conversation) each(options client.Options, f func(r *client.Reader)) {
	c.t.Helper()
	for _, node := range c.nodes {
		for _, kind := range client.Resuming {
			r := client.SignIn(c.t, node.URL, fmt.Sprintf("%s on %s", kind, node.Addr)).Read(c.t, kind, c.room, options)
			f(r)
		}
	}
}

// shape is what an entry is about, without what a later one may have taken out of it.
func shape(e client.Event) string {
	return strings.Join([]string{e.ID, e.Type, e.Target, e.Text, e.Emoji, fmt.Sprint(e.On)}, " ")
}

// log waits for the last entry and is all of them that the reader was told.
func (c *conversation) log(r *client.Reader) (all []client.Event) {
	c.t.Helper()
	last := c.entries[len(c.entries)-1].ID
	events := r.Wait(c.t, last, func(events []client.Event) bool {
		return len(events) > 0 && (events[len(events)-1].ID == last || events[len(events)-1].Cursor == last ||
			len(of("live", events)) > 0 && r.Cursor() == last)
	})
	for _, e := range events {
		if e.IsEntry() {
			all = append(all, e)
		}
	}
	return all
}

// TestAmendments has everything that can be done to a message done over every way to do it, on two
// nodes: who is there hears of each, in one order; who comes later sees messages as they are; who
// comes back gets what it missed; and what was deleted is nowhere.
func TestAmendments(t *testing.T) {
	c := converse(t)
	var here []*client.Reader
	c.each(client.Options{}, func(r *client.Reader) {
		r.WaitType(t, "live")
		here = append(here, r)
	})
	text := client.Guest(c.nodes[1].URL, "Tex").Read(t, client.Text, c.room, client.Options{})
	off := false
	secret := c.do(c.ann, client.Command{Type: "post", Text: "the secret"})
	tea := c.do(c.ann, client.Command{Type: "post", Text: "tea?"})
	reply := c.do(c.bob, client.Command{Type: "post", Text: "@Ann yes", ReplyTo: tea.ID, Mentions: []string{c.ann.ID}})
	assert.Equal(t, &client.Quote{ID: tea.ID, From: client.Author{ID: c.ann.ID, Name: "Ann"}, Excerpt: "tea?"}, reply.ReplyTo)
	assert.Equal(t, []string{c.ann.ID}, reply.Mentions)
	toSecret := c.do(c.bob, client.Command{Type: "post", Text: "really?", ReplyTo: secret.ID})
	c.do(c.ann, client.Command{Type: "edit", Target: secret.ID, Text: "another secret"})
	for range 2 { // once over HTTP, once over WebSocket
		edit := c.do(c.ann, client.Command{Type: "edit", Target: tea.ID, Text: fmt.Sprint("coffee? ", c.commands)})
		assert.Equal(t, "edit", edit.Type)
		on := c.do(c.bob, client.Command{Type: "react", Target: tea.ID, Emoji: "👍"})
		assert.True(t, on.On)
		c.do(c.ann, client.Command{Type: "react", Target: tea.ID, Emoji: "☕"})
		c.do(c.bob, client.Command{Type: "react", Target: tea.ID, Emoji: "👍", On: &off})
		c.do(c.ann, client.Command{Type: "react", Target: tea.ID, Emoji: "☕", On: &off})
	}
	c.do(c.bob, client.Command{Type: "react", Target: secret.ID, Emoji: "😮"})
	c.do(c.bob, client.Command{Type: "react", Target: tea.ID, Emoji: "🎉"})
	last := c.do(c.ann, client.Command{Type: "edit", Target: tea.ID, Text: "cake?"})
	middle := len(c.entries)
	gone := c.do(c.ann, client.Command{Type: "delete", Target: secret.ID})
	c.do(c.bob, client.Command{Type: "delete", Target: toSecret.ID})
	end := c.do(c.bob, client.Command{Type: "post", Text: "the end"})

	for _, r := range here {
		told := c.log(r)
		require.Len(t, told, len(c.entries), r.Who)
		for i, want := range c.entries {
			// Who polls may ask after the next amendment already: then this one is in the message,
			// or void.
			if want.ID == told[i].ID && (told[i].Amended != "" || told[i].Type == "void") {
				continue
			}
			assert.Equal(t, shape(want), shape(told[i]), r.Who)
		}
	}
	text.WaitFor(t, "the end", func(e client.Event) bool { return strings.HasSuffix(e.Text, "Bob: the end") })
	var lines []string
	for _, e := range text.Events() {
		_, line, _ := strings.Cut(e.Text, " ")
		lines = append(lines, line)
	}
	for _, line := range []string{"Ann: tea?", "* Ann edited " + tea.ID + ": cake?", "* Ann deleted " + secret.ID} {
		assert.Contains(t, lines, line)
	}

	// Who comes now.
	c.each(client.Options{}, func(r *client.Reader) {
		now := c.log(r)
		require.Len(t, now, 5, r.Who)
		for i, id := range []string{secret.ID, tea.ID, reply.ID, toSecret.ID, end.ID} {
			assert.Equal(t, id, now[i].ID, r.Who)
		}
		assert.True(t, now[0].Deleted, r.Who)
		assert.Equal(t, gone.ID, now[0].Amended, r.Who)
		assert.Empty(t, now[0].Reactions, r.Who)
		assert.Equal(t, "cake?", now[1].Text, r.Who)
		assert.Equal(t, last.Time, now[1].EditedAt, r.Who)
		assert.Equal(t, []client.Reactions{{Emoji: "🎉", Count: 1, By: []string{c.bob.ID}}}, now[1].Reactions, r.Who)
		assert.Equal(t, "cake?", now[2].ReplyTo.Excerpt, r.Who)
		assert.True(t, now[3].Deleted, r.Who)
		c.nothingOf("secret", r)
	})
	// Who comes back, from each of several places.
	for _, from := range []int{0, 2, 5, middle - 1, middle, len(c.entries) - 2} {
		c.each(client.Options{After: c.entries[from].ID}, func(r *client.Reader) {
			missed := c.log(r)
			var ids, wantIDs []string
			for _, e := range missed {
				ids = append(ids, e.ID)
			}
			for _, e := range c.entries[from+1:] {
				wantIDs = append(wantIDs, e.ID)
			}
			assert.Equal(t, wantIDs, ids, "%s after %d", r.Who, from)
			assert.Empty(t, of("reset", r.Events()), r.Who)
			c.nothingOf("secret", r)
		})
	}
	kept := client.Curl(t, c.nodes[0].URL+"/rooms/"+c.room)
	assert.Equal(t, 3, strings.Count(kept, "\n"), kept)
	assert.NotContains(t, kept, "secret")
	assert.Contains(t, kept, " Ann: cake?\n")
}

// nothingOf asserts that a reader was told nothing with these words.
func (c *conversation) nothingOf(words string, r *client.Reader) {
	c.t.Helper()
	for _, e := range r.Events() {
		assert.NotContains(c.t, e.Raw, words, r.Who)
	}
}

// TestRefusedAmendments is what one may not do to a message, over every way to try.
func TestRefusedAmendments(t *testing.T) {
	c := converse(t)
	hers := c.do(c.ann, client.Command{Type: "post", Text: "hers"})
	deleted := c.do(c.ann, client.Command{Type: "post", Text: "deleted"})
	c.do(c.ann, client.Command{Type: "delete", Target: deleted.ID})
	for _, refused := range []struct {
		command client.Command
		status  int
		code    string
	}{
		{client.Command{Type: "edit", Target: hers.ID, Text: "his"}, http.StatusForbidden, "not_allowed"},
		{client.Command{Type: "delete", Target: hers.ID}, http.StatusForbidden, "not_allowed"},
		{client.Command{Type: "edit", Target: "99-7f3a9c12", Text: "nothing"}, http.StatusNotFound, "not_found"},
		{client.Command{Type: "react", Target: "99-7f3a9c12", Emoji: "👍"}, http.StatusNotFound, "not_found"},
		{client.Command{Type: "react", Target: deleted.ID, Emoji: "👍"}, http.StatusConflict, "conflict"},
		{client.Command{Type: "edit", Target: deleted.ID, Text: "x"}, http.StatusConflict, "conflict"},
		{client.Command{Type: "react", Target: hers.ID, Emoji: "ok"}, http.StatusUnprocessableEntity, "invalid_field"},
		{client.Command{Type: "post", Text: "x", ReplyTo: deleted.ID}, http.StatusConflict, "conflict"},
		{client.Command{Type: "post", Text: "x", ReplyTo: "99-7f3a9c12"}, http.StatusNotFound, "not_found"},
		{client.Command{Type: "post", Text: "x", Mentions: []string{""}}, http.StatusUnprocessableEntity, "invalid_field"},
	} {
		about := fmt.Sprintf("%+v", refused.command)
		for i, node := range c.nodes {
			problem, status, err := c.bob.At(node.URL).Try(t.Context(), c.room, refused.command)
			require.NoError(t, err)
			assert.Equal(t, refused.status, status, about)
			assert.Equal(t, refused.code, problem.Code, about)
			c.commands++
			refused.command.Key = fmt.Sprint("k-", c.commands)
			socket := c.sockets["Bob"][i]
			socket.Send(t, refused.command)
			failed := socket.WaitFor(t, "the error of "+about, func(e client.Event) bool { return e.Key == refused.command.Key })
			assert.Equal(t, "error", failed.Type, about)
			assert.Equal(t, refused.code, failed.Code, about)
			refused.command.Key = ""
		}
	}
	guest := client.Guest(c.nodes[0].URL, "Ann")
	for _, command := range []client.Command{
		{Type: "edit", Target: hers.ID, Text: "hers"}, {Type: "delete", Target: hers.ID}, {Type: "react", Target: hers.ID, Emoji: "👍"},
	} {
		problem, status, err := guest.Try(t.Context(), c.room, command)
		require.NoError(t, err)
		assert.Equal(t, http.StatusForbidden, status)
		assert.Contains(t, problem.Detail, "session")
	}
	now := c.ann.Page(t, c.room, "")
	assert.Equal(t, "hers", now.Messages[0].Text)
	assert.Empty(t, now.Messages[0].Reactions)
	assert.Len(t, now.Messages, 2)
}

// TestAmendmentsInOneOfSeveralRooms amends on a connection for several rooms.
func TestAmendmentsInOneOfSeveralRooms(t *testing.T) {
	node := startNode(t)
	ann := client.SignIn(t, node.URL, "Ann")
	there := ann.Post(t, "hall", "hello")
	for _, kind := range []client.Kind{client.WebSocket, client.SSE, client.NDJSON} {
		ann.Read(t, kind, "", client.Options{Rooms: []string{"kitchen", "hall"}}).WaitFor(t, "both rooms", func(e client.Event) bool {
			return e.Type == "live" && e.RoomID == "hall"
		})
	}
	socket := ann.Read(t, client.WebSocket, "", client.Options{Rooms: []string{"kitchen", "hall"}})
	stream := ann.Read(t, client.SSE, "", client.Options{Rooms: []string{"kitchen", "hall@" + there.ID}})
	for i, command := range []client.Command{
		{Type: "edit", Target: there.ID, Text: "hello all"}, {Type: "react", Target: there.ID, Emoji: "👍"}, {Type: "delete", Target: there.ID},
	} {
		command.Key = fmt.Sprint("k-", i)
		command.RoomID = "kitchen"
		socket.Send(t, command)
		refused := socket.WaitFor(t, "the refusal", func(e client.Event) bool { return e.Key == command.Key })
		assert.Equal(t, "not_found", refused.Code, "the other room has no such message")
		assert.Equal(t, "kitchen", refused.RoomID)
		command.Key = fmt.Sprint("k-there-", i)
		command.RoomID = "hall"
		socket.Send(t, command)
		ack := socket.WaitFor(t, "the ack", func(e client.Event) bool { return e.Type == "ack" && e.Key == command.Key })
		told := stream.WaitFor(t, ack.ID, func(e client.Event) bool { return e.ID == ack.ID && e.IsEntry() })
		assert.Equal(t, "hall", told.RoomID)
		assert.Equal(t, there.ID, told.Target)
	}
}

// TestAmendFromTheShell runs the README's lines on amending as they stand, but for the address, the
// id and where the session is kept.
func TestAmendFromTheShell(t *testing.T) {
	node := startNode(t)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	jar := filepath.Join(t.TempDir(), "jar")
	var lines []string
	for line := range strings.Lines(string(readme)) {
		if strings.HasPrefix(line, "curl -c jar") || strings.HasPrefix(line, "curl -b jar") && strings.Contains(line, "/rooms/lobby") {
			command, _, _ := strings.Cut(line, "#")
			lines = append(lines, strings.NewReplacer("localhost:8080", node.Addr, " jar ", " "+jar+" ").Replace(strings.TrimSpace(command)))
		}
	}
	require.Len(t, lines, 6)
	id := ""
	shell := func(line string) (e client.Event) {
		p := client.Shell(t, strings.ReplaceAll(line, "ID", id)+" --silent --noproxy '*'")
		require.Zero(t, p.Wait(t), p.Output)
		if line == lines[0] {
			require.Contains(t, p.Output.String(), `"token"`)
			return e
		}
		require.NoError(t, json.Unmarshal([]byte(p.Output.String()), &e), p.Output)
		require.Empty(t, e.Code, e.Detail)
		return e
	}
	shell(lines[0])
	id = shell(lines[1]).ID
	all := client.StartCurl(t, node.URL+"/rooms/lobby/text?all=1")
	all.Output.WaitFor(t, "live at")
	text := client.StartCurl(t, node.URL+"/rooms/lobby/text")
	text.Output.WaitFor(t, "Ann: hello")
	assert.Equal(t, "hello again", shell(lines[2]).Text)
	kept := client.Curl(t, node.URL+"/rooms/lobby")
	assert.Regexp(t, `^\d\d:\d\d:\d\d Ann: hello again\n$`, kept)
	assert.True(t, shell(lines[3]).On)
	assert.Equal(t, "👍", shell(lines[4]).Emoji)
	assert.Equal(t, "delete", shell(lines[5]).Type)
	news := func(output string) (all []string) {
		for line := range strings.Lines(output) {
			if strings.Contains(line, id) {
				all = append(all, strings.TrimSpace(line[len("12:04:31 "):]))
			}
		}
		return all
	}
	gone := "* Ann deleted " + id
	text.Output.WaitFor(t, gone)
	all.Output.WaitFor(t, gone)
	assert.Equal(t, []string{"* Ann edited " + id + ": hello again", gone}, news(text.Output.String()))
	assert.Equal(t, []string{
		"* live at " + id, "* Ann edited " + id + ": hello again", "* Ann reacted to " + id + " with 👍",
		"* Ann took 👍 back from " + id, gone,
	}, news(all.Output.String()))
	assert.Empty(t, client.Curl(t, node.URL+"/rooms/lobby"), "what was deleted is not in what was said")
}
