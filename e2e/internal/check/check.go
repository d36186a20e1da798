// Package check judges records: given what was acknowledged and what a reader was told, it says
// which promise of DESIGN (one order, no silent gap, acknowledged is stored, posted once) was not
// kept, and by which entry. What caller verify asks of a server too is in package judge.
//
// It knows no server and makes no connection. It is itself tested on records with a planted loss,
// repeat, swap and silent gap: a checker that finds nothing must be one that could have.
package check

import (
	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/verify/judge"
)

// Post is a message that the server has acknowledged.
type Post = judge.Post

// Fault is one promise that was not kept.
type Fault = judge.Fault

// Posted is the post that an answer acknowledges.
func Posted(message client.Event) Post {
	return Post{ID: message.ID, Key: message.Key, Text: message.Text}
}

// Reader checks what one reader of one room was told against what was acknowledged, as
// [judge.Reader] does.
func Reader(posts []Post, after string, seen []client.Event) []Fault {
	return judge.Reader(posts, after, judged(seen))
}

// Posts checks the acknowledgements themselves: each key stored once, each id and number given
// once.
func Posts(posts []Post) []Fault { return judge.Posts(posts) }

// Agree checks that readers were told one story, as [judge.Agree] does.
func Agree(records map[string][]client.Event) []Fault {
	all := map[string][]judge.Event{}
	for who, seen := range records {
		all[who] = judged(seen)
	}
	return judge.Agree(all)
}

func judged(seen []client.Event) []judge.Event {
	events := make([]judge.Event, len(seen))
	for i, e := range seen {
		events[i] = judge.Event{Type: e.Type, ID: e.ID, Key: e.Key, From: e.From.ID, Text: e.Text, Reason: e.Reason}
	}
	return events
}

func sequence(id string) (uint64, error) { return judge.Sequence(id) }
