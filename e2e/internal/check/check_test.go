package check_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

// story is n acknowledged posts and what a reader saw of them, all in order.
func story(n int) (posts []check.Post, seen []client.Event) {
	for i := 1; i <= n; i++ {
		message := client.Event{
			Type: "message", ID: fmt.Sprintf("%d-%08x", i, i*7919), Key: fmt.Sprintf("k-%d", i),
			Text: fmt.Sprintf("message %d", i), From: client.Author{ID: "ann"},
		}
		posts = append(posts, check.Posted(message))
		seen = append(seen, message)
	}
	return posts, seen
}

func kinds(faults []check.Fault) []string {
	all := []string{}
	for _, fault := range faults {
		all = append(all, fault.Kind)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestReader(t *testing.T) {
	reset := client.Event{Type: "reset", Reason: "expired"}
	tests := []struct {
		name  string
		after string
		plant func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event)
		want  []string
	}{
		{"nothing wrong", "", nil, []string{}},
		{"other events between", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, slices.Insert(seen, 4, client.Event{Type: "live", Cursor: seen[3].ID}, client.Event{Type: "ping"})
		}, []string{}},
		{"resumed from a cursor", fmt.Sprintf("4-%08x", 4*7919), func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, seen[4:]
		}, []string{}},
		{"somebody else's post in between", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return slices.Delete(posts, 3, 4), seen
		}, []string{}},
		{"a loss in the middle", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, slices.Delete(seen, 4, 5)
		}, []string{"gap", "loss"}},
		{"a loss at the end", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, seen[:9]
		}, []string{"loss"}},
		{"a loss at the beginning", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, seen[1:]
		}, []string{"gap", "loss"}},
		{"nothing at all", "", func(posts []check.Post, _ []client.Event) ([]check.Post, []client.Event) {
			return posts, nil
		}, []string{"loss"}},
		{"a repeat", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, slices.Insert(seen, 5, seen[4])
		}, []string{"repeat"}},
		{"a repeat much later", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, append(seen, seen[1])
		}, []string{"repeat"}},
		{"a repeat of what was before the cursor", fmt.Sprintf("4-%08x", 4*7919), func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, seen[3:]
		}, []string{"order"}},
		{"a swap", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			seen[4], seen[5] = seen[5], seen[4]
			return posts, seen
		}, []string{"gap", "order"}},
		{"a silent gap of unacknowledged entries", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return slices.Delete(posts, 4, 6), slices.Delete(seen, 4, 6)
		}, []string{"gap"}},
		{"a gap that was told", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, append(append(slices.Clone(seen[:2]), reset), seen[6:]...)
		}, []string{}},
		{"a reset and all that is kept again", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, append(append(slices.Clone(seen[:8]), reset), seen[3:]...)
		}, []string{}},
		{"a loss after a reset", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			return posts, append(append(slices.Clone(seen[:2]), reset), seen[4], seen[5], seen[7], seen[8], seen[9])
		}, []string{"gap", "loss"}},
		{"a log that began again", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			again := client.Event{Type: "message", ID: "1-00000abc", Text: "again"}
			return append(posts, check.Posted(again)), append(seen, client.Event{Type: "reset", Reason: "rewritten"}, again)
		}, []string{}},
		{"a log that lost its tail", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			other := client.Event{Type: "message", ID: "8-00000abc", Text: "other"}
			kept := slices.Clone(seen[:7])
			seen = append(append(seen, client.Event{Type: "reset", Reason: "rewritten"}), kept...)
			return append(posts, check.Posted(other)), append(seen, other)
		}, []string{}},
		{"a log that lost its tail and nobody was told", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			other := client.Event{Type: "message", ID: "8-00000abc", Text: "other"}
			return append(posts, check.Posted(other)), append(seen, other)
		}, []string{"order"}},
		{"a loss in a log that lost its tail", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			other := client.Event{Type: "message", ID: "8-00000abc", Text: "other"}
			kept := slices.Delete(slices.Clone(seen[:7]), 3, 4)
			seen = append(append(seen, client.Event{Type: "reset", Reason: "rewritten"}), kept...)
			return append(posts, check.Posted(other)), append(seen, other)
		}, []string{"gap", "loss"}},
		{"a changed text", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			seen[4].Text = "something else"
			return posts, seen
		}, []string{"altered"}},
		{"a changed key", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			seen[4].Key = "k-other"
			return posts, seen
		}, []string{"altered"}},
		{"an id that is none", "", func(posts []check.Post, seen []client.Event) ([]check.Post, []client.Event) {
			seen[9].ID = "10"
			return posts, seen
		}, []string{"loss", "malformed"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			posts, seen := story(10)
			if test.plant != nil {
				posts, seen = test.plant(posts, seen)
			}
			faults := check.Reader(posts, test.after, seen)
			assert.Equal(t, test.want, kinds(faults), "%v", faults)
		})
	}
}

func TestPosts(t *testing.T) {
	posts, _ := story(5)
	assert.Empty(t, check.Posts(posts))
	assert.Empty(t, check.Posts(append(posts, posts[2])), "an acknowledgement that came twice")

	twice := posts[2]
	twice.ID = "6-0000abcd"
	assert.Equal(t, []string{"doubled"}, kinds(check.Posts(append(posts, twice))), "a key stored twice")

	shared := posts[2]
	shared.Key = "k-other"
	assert.Equal(t, []string{"doubled"}, kinds(check.Posts(append(posts, shared))), "an id given twice")
}

func TestAgree(t *testing.T) {
	_, one := story(10)
	_, other := story(10)
	assert.Empty(t, check.Agree(map[string][]client.Event{"one": one, "other": other[3:]}))

	other[5].ID = "6-0000abcd"
	assert.Equal(t, []string{"doubled", "split"}, kinds(check.Agree(map[string][]client.Event{"one": one, "other": other})))

	_, other = story(10)
	other[5].Text = "something else"
	assert.Equal(t, []string{"split"}, kinds(check.Agree(map[string][]client.Event{"one": one, "other": other})))
}
