// Package judge says what is wrong with what readers of a room were told, given what was acknowledged:
// which promise (one order, no silent gap, acknowledged is stored, posted once) was not kept, and by
// which entry.
//
// It knows no server and makes no connection. Its tests are those of e2e/internal/check, which is
// built on it: records with a planted loss, repeat, swap and silent gap, since a checker that finds
// nothing must be one that could have.
package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Post is a message that the server has acknowledged.
type Post struct {
	// ID is the acknowledged id, SEQ-TAG.
	ID string
	// Key is the client's key, unique among the posts of one room; "" if there was none.
	Key string
	// Text is what was said.
	Text string
}

// Event is what a judge looks at of what a reader was told.
type Event struct {
	// Type is message or reset. Other entries count as numbers of the log alone, and what is none is
	// passed over.
	Type string
	// ID, Key, From (the author's id) and Text are a message's.
	ID, Key, From, Text string
	// Reason is a reset's.
	Reason string
}

// Fault is one promise that was not kept.
type Fault struct {
	// Kind is "loss", "repeat", "order", "gap", "doubled", "altered", "split" or "malformed".
	Kind string
	// Detail says where.
	Detail string
}

func (f Fault) String() string { return f.Kind + ": " + f.Detail }

// Reader checks what one reader of one room was told against what was acknowledged.
//
// After is the cursor that the reader began with: it is owed every acknowledged post after it,
// until a reset, and from then on every one from the first entry that followed the reset. "" and
// "0-0" are the beginning. Posts are in the order of their acknowledgement. Seen is the reader's
// record, over all of its connections; other rooms' events are the caller's to leave out. The
// record must have been taken when all had arrived: what is missing at its end is lost.
func Reader(posts []Post, after string, seen []Event) []Fault {
	var faults []Fault
	fault := func(kind, format string, args ...any) {
		faults = append(faults, Fault{kind, fmt.Sprintf(format, args...)})
	}
	last, err := Sequence(cmp.Or(after, "0-0"))
	if err != nil {
		return []Fault{{"malformed", err.Error()}}
	}
	began := last
	shown := map[string]Event{} // by id, since the last reset
	told := false               // that the log was rewritten
	anchored := true            // false between a reset and the entry after it
	for i, event := range seen {
		switch event.Type {
		case "reset":
			clear(shown)
			anchored = false
			told = told || event.Reason == "rewritten"
		case "message", "edit", "delete", "reaction", "void", "notice":
			seq, err := Sequence(event.ID)
			if err != nil {
				fault("malformed", "event %d: %v", i, err)
				continue
			}
			_, repeated := shown[event.ID]
			shown[event.ID] = event
			switch {
			case !anchored:
				began, anchored = seq-1, true
			case repeated:
				fault("repeat", "%s %q came again", event.ID, event.Text)
				continue
			case seq <= last:
				fault("order", "%s %q came after %d", event.ID, event.Text, last)
				continue
			case seq > last+1:
				fault("gap", "from %d to %s with no reset", last, event.ID)
			}
			last = seq
		}
	}
	for i, post := range posts {
		event, found := shown[post.ID]
		seq, err := Sequence(post.ID)
		switch {
		case err != nil:
			fault("malformed", "acknowledged %v", err)
		case found && event.Text != post.Text:
			fault("altered", "%s was posted as %q and seen as %q", post.ID, post.Text, event.Text)
		case found && post.Key != "" && event.Key != post.Key:
			fault("altered", "%s was posted under %q and seen under %q", post.ID, post.Key, event.Key)
		case !found && anchored && seq > began && !(told && rewritten(posts, i, shown)):
			fault("loss", "%s %q was acknowledged and not seen", post.ID, post.Text)
		}
	}
	return faults
}

// rewritten reports whether the log went back below the post at i: a reader was shown another entry
// with its number, or one with no higher number that was acknowledged later. What had been
// acknowledged before is not owed then.
func rewritten(posts []Post, i int, shown map[string]Event) bool {
	seq, _ := Sequence(posts[i].ID) // checked before
	for id := range shown {
		if other, _ := Sequence(id); other == seq {
			return true
		}
	}
	return slices.ContainsFunc(posts[i+1:], func(later Post) bool {
		other, _ := Sequence(later.ID)
		_, found := shown[later.ID]
		return found && other <= seq
	})
}

// Posts checks the acknowledgements themselves: each key stored once, each id and number given
// once.
func Posts(posts []Post) []Fault {
	var faults []Fault
	byKey, byID := map[string]Post{}, map[string]Post{}
	for _, post := range posts {
		if first, ok := byKey[post.Key]; ok && post.Key != "" && first.ID != post.ID {
			faults = append(faults, Fault{"doubled", fmt.Sprintf("key %s is %s and %s", post.Key, first.ID, post.ID)})
		}
		if first, ok := byID[post.ID]; ok && first.Key != post.Key {
			faults = append(faults, Fault{"doubled", fmt.Sprintf("%s is %q and %q", post.ID, first.Text, post.Text)})
		}
		byKey[post.Key], byID[post.ID] = post, post
	}
	return faults
}

// Agree checks that readers were told one story: the same number is the same entry for all, and no
// key is in it twice. Readers that saw a reset because the log was rewritten saw two stories;
// compare them from the reset on.
func Agree(records map[string][]Event) []Fault {
	var faults []Fault
	type sight struct{ who, id, text string }
	bySeq, byKey := map[uint64]sight{}, map[string]sight{}
	for _, who := range sortedKeys(records) {
		for _, event := range records[who] {
			if event.Type != "message" {
				continue
			}
			seq, err := Sequence(event.ID)
			if err != nil {
				faults = append(faults, Fault{"malformed", fmt.Sprintf("%s: %v", who, err)})
				continue
			}
			if first, ok := bySeq[seq]; ok && (first.id != event.ID || first.text != event.Text) {
				faults = append(faults, Fault{"split", fmt.Sprintf("%s saw %s %q, %s saw %s %q",
					first.who, first.id, first.text, who, event.ID, event.Text)})
			}
			key := event.From + " " + event.Key
			if first, ok := byKey[key]; ok && event.Key != "" && first.id != event.ID {
				faults = append(faults, Fault{"doubled", fmt.Sprintf("%s saw key %s as %s and %s", who, event.Key, first.id, event.ID)})
			}
			bySeq[seq] = sight{who, event.ID, event.Text}
			byKey[key] = sight{who, event.ID, event.Text}
		}
	}
	return faults
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Sequence is the number in an id, which must be spelled as the protocol says.
func Sequence(id string) (uint64, error) {
	if id == "0-0" {
		return 0, nil
	}
	number, tag, _ := strings.Cut(id, "-")
	seq, err := strconv.ParseUint(number, 10, 64)
	if _, tagErr := strconv.ParseUint(tag, 16, 32); err != nil || tagErr != nil || len(tag) != 8 || seq == 0 {
		return 0, fmt.Errorf("%q is not an id", id)
	}
	return seq, nil
}
