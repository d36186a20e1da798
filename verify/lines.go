package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/verify/judge"
)

// lines reads a stream line by line until enough has come.
func (t *trial) lines(ctx context.Context, p *person, path string, enough func(line string) (done bool, err error), headers ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, eventually, fmt.Errorf("not within %v", eventually))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	setAll(req.Header, headers)
	resp, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it is read as far as it is good for anything
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s was answered %s", shortened(path), resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if done, err := enough(lines.Text()); done || err != nil {
			return err
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return held(fmt.Errorf("what was to come did not: %w", cause))
	}
	return fmt.Errorf("the stream ended: %w", errors.Join(lines.Err(), errors.New("too early")))
}

func (t *trial) ndjson(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	other, err := t.newRoom(ctx)
	if err != nil {
		return "", err
	}
	posts, err := t.sayMany(ctx, people[0], 3, "kept")
	if err != nil {
		return "", err
	}
	var seen []judge.Event
	welcomed, live := map[string]bool{}, map[string]bool{}
	path := "stream/ndjson?room=" + t.room + "@" + posts[0].ID + "&room=" + other
	err = t.lines(ctx, people[0], path, func(line string) (bool, error) {
		var e entryJSON
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return true, fmt.Errorf("a line is not JSON: %s", line)
		}
		switch e.Type {
		case "welcome":
			welcomed[e.RoomID] = true
		case "live":
			live[e.RoomID] = true
		case "message":
			if !welcomed[e.RoomID] || e.RoomID != t.room {
				return true, fmt.Errorf("the message %s is of %q", e.ID, e.RoomID)
			}
			seen = append(seen, judge.Event{Type: e.Type, ID: e.ID, Key: e.Key, From: e.From.ID, Text: e.Text})
		case "reset":
			return true, errors.New("there came a reset")
		}
		return live[t.room] && live[other], nil
	})
	if err != nil {
		return "", err
	}
	return "two rooms, one after a cursor", faulty("the reader", judge.Reader(posts, posts[0].ID, seen))
}

func (t *trial) asText(ctx context.Context) (string, error) {
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	mark := fmt.Sprintf("%08x", t.rand.Uint32())
	if _, err := t.say(ctx, people[0], client.Draft{Text: "bell \a escape \x1b[31m " + mark}); err != nil {
		return "", err
	}
	var line string
	err = t.lines(ctx, people[0], "rooms/"+t.room+"/text", func(read string) (bool, error) {
		line = read
		return strings.Contains(read, mark), nil
	})
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(line, "\a\x1b") || !strings.Contains(line, people[0].name+": bell") {
		return "", fmt.Errorf("the line is %q", line)
	}
	return fmt.Sprintf("%q", line), nil
}

// lastEventID resumes as a browser's EventSource does.
func (t *trial) lastEventID(ctx context.Context) (string, error) {
	if err := t.needs(client.SSE); err != nil {
		return "", err
	}
	people, err := t.begin(ctx, "Ann")
	if err != nil {
		return "", err
	}
	posts, err := t.sayMany(ctx, people[0], 4, "kept")
	if err != nil {
		return "", err
	}
	var ids []string
	read := func(line string) (bool, error) {
		if id, ok := strings.CutPrefix(line, "id:"); ok {
			ids = append(ids, strings.TrimSpace(id))
		}
		return strings.TrimSpace(strings.TrimPrefix(line, "event:")) == "live" && len(ids) > 0, nil
	}
	path := "rooms/" + t.room + "/sse?after=" + posts[0].ID
	if err := t.lines(ctx, people[0], path, read, "Last-Event-ID", posts[1].ID); err != nil {
		return "", err
	}
	if want := []string{posts[2].ID, posts[3].ID}; !slices.Equal(ids[:min(2, len(ids))], want) {
		return "", fmt.Errorf("after %s the first ids are %v; want %v", posts[1].ID, ids[:min(2, len(ids))], want)
	}
	left, err := t.ask(ctx, people[0], http.MethodGet, "rooms/"+t.room+"/sse", "", "Last-Event-ID", "left")
	if err != nil {
		return "", err
	}
	return "2 messages after the header's id", left.is(http.StatusNoContent)
}
