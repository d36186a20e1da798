package check

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Check judges the record by all promises.
//
// Its means is the order that readers saw: an entry that came right after another has that one for
// its predecessor, and for each entry that must be one and the same for all readers. So the entries
// are a single chain, which only a loss can fork. Each reader must have seen a stretch of it
// without a hole, from its cursor, or from what was kept at its reset, to the end; and each
// acknowledged post must be on it. A replay of what is kept leaves amendments out: they are in the
// messages (amend.go).
func (r Room) Check() []Fault {
	c := &roomCheck{Room: r, entries: map[string]client.Event{}, before: map[string]string{}, firstSeen: map[string]time.Time{}}
	c.attempts, c.byID = map[string][]Attempt{}, map[string]Attempt{}
	for _, a := range r.Attempts {
		c.attempts[a.Author+" "+a.Key] = append(c.attempts[a.Author+" "+a.Key], a)
		if a.Acknowledged() {
			c.sight(a.ID, a.Answered)
			c.byID[a.ID] = a
		}
	}
	for _, reading := range r.Readings {
		for _, event := range reading.Events {
			if event.IsEntry() {
				c.sight(event.ID, event.At)
				c.know(event)
			}
		}
	}
	for _, event := range r.Kept {
		c.know(event)
	}
	for _, reading := range r.Readings {
		c.reading(reading)
	}
	c.reading(Reading{Who: "the log at the end", Events: append(slices.Clone(r.Kept), client.Event{Type: "live", Cursor: c.tip()})})
	c.chain()
	for _, reading := range r.Readings {
		if !reading.Left {
			c.complete(reading)
		}
	}
	c.numbers()
	c.acknowledged()
	c.keys()
	c.byTime()
	c.replays()
	c.states()
	c.answers()
	c.moderation()
	return c.faults
}

type roomCheck struct {
	Room
	faults []Fault

	attempts  map[string][]Attempt    // by author and key
	entries   map[string]client.Event // all that were seen, by id; of an amendment what it said before it was overtaken
	before    map[string]string       // each entry's predecessor
	firstSeen map[string]time.Time    // when anybody first saw or was told of an id
	// line is the chain that ends with what is kept, as far back as anybody saw it, by number; from
	// is its lowest.
	line map[uint64]string
	from uint64

	byID      map[string]Attempt // those that were acknowledged
	holes     []hole
	snapshots []snapshot
	views     []view
	voids     []view
}

func (c *roomCheck) fault(kind, format string, args ...any) {
	c.faults = append(c.faults, Fault{Kind: kind, Detail: fmt.Sprintf(format, args...)})
}

func (c *roomCheck) sight(id string, at time.Time) {
	if first, ok := c.firstSeen[id]; !ok || at.Before(first) {
		c.firstSeen[id] = at
	}
}

func (c *roomCheck) tip() string {
	switch {
	case c.Cursor != "":
		return c.Cursor
	case len(c.Kept) == 0:
		return "0-0"
	}
	return c.Kept[len(c.Kept)-1].ID
}

// place is where a reader stands.
type place struct {
	id  string // the last entry, or the cursor; "" when the next entry may be any
	seq uint64
	at  time.Time // since when
	// first is the first entry's number after a reset or a beginning without a cursor, until live;
	// 0 for none.
	first uint64
	count int  // how many entries were shown since
	fresh bool // between a reset or such a beginning, and live
}

// reading follows one reader through all of its connections: each entry follows the one before it.
func (c *roomCheck) reading(reading Reading) {
	var here place
	here.fresh = true
	shown, keys := map[string]bool{}, map[string]string{}
	told := newMessages()
	resumed := false
	for i, event := range reading.Events {
		switch {
		case event.Type == client.TypeOpen:
			told.replayed = map[string]string{}
			if event.Cursor != "" && here.id != "" { // it goes on in the middle of what is kept
				here.fresh, here.first = false, 0
			}
		case event.Type == "welcome":
			resumed = event.Resumed
			told.replayed = map[string]string{}
		case event.Type == "reset":
			c.reset(reading.Who, here, event, reading.Events[i+1:])
			if resumed && c.beforeLive(reading.Events[:i]) {
				c.fault("reset", "%s was welcomed as resumed and then reset", reading.Who)
			}
			here = place{fresh: true, at: here.at, seq: here.seq} // its cursor is still the old one
			clear(shown)
			clear(keys)
			told.reset(event.Reason)
		case event.IsEntry():
			seq, err := sequence(event.ID)
			if err != nil {
				c.fault("malformed", "%s: %v", reading.Who, err)
				continue
			}
			c.content(reading.Who, event)
			if here.fresh && event.Amends() {
				c.fault("replay", "%s was shown the %s %s among what is kept", reading.Who, event.Type, event.ID)
			}
			key := event.From.ID + " " + event.Key
			first, again := keys[key]
			switch {
			case shown[event.ID]:
				c.fault("repeat", "%s: %s %q came again", reading.Who, event.ID, event.Text)
				continue
			case again && event.Key != "":
				c.fault("doubled", "%s saw key %s as %s and as %s", reading.Who, event.Key, first, event.ID)
			}
			shown[event.ID], keys[key] = true, event.ID
			switch {
			case here.id == "":
				here.first, here.count = seq, 0
			case seq <= here.seq:
				c.fault("order", "%s: %s %q came after %s", reading.Who, event.ID, event.Text, here.id)
				continue
			case seq > here.seq+1 && here.fresh:
				c.holes = append(c.holes, hole{reading.Who, here.id, event.ID, false})
			case seq > here.seq+1:
				c.fault("gap", "%s: from %s to %s with no reset", reading.Who, here.id, event.ID)
			default:
				c.follows(reading.Who, event.ID, here.id)
			}
			here.id, here.seq, here.at = event.ID, seq, event.At
			here.count++
			c.told(reading.Who, told, event, seq)
		case event.Type == "live":
			if here.fresh {
				c.snapshots = append(c.snapshots, snapshot{reading.Who, event.Cursor, slices.Collect(maps.Values(told.shown))})
			}
			c.live(reading.Who, &here, event)
			told.replayed = nil
		}
	}
}

// beforeLive reports whether a connection has not come to live yet.
func (c *roomCheck) beforeLive(events []client.Event) bool {
	for _, event := range slices.Backward(events) {
		switch event.Type {
		case "live":
			return false
		case "welcome":
			return true
		}
	}
	return true
}

// live checks that a reader was shown all that live says it was.
func (c *roomCheck) live(who string, here *place, event client.Event) {
	seq, err := sequence(event.Cursor)
	switch {
	case err != nil:
		c.fault("malformed", "%s: live: %v", who, err)
		return
	case here.id == "" && seq > 0:
		c.fault("gap", "%s: nothing of what is kept was shown, and live is at %s", who, event.Cursor)
	case here.id != "" && here.fresh && seq > here.seq: // amendments came after the last message
		c.holes = append(c.holes, hole{who, here.id, event.Cursor, true})
	case here.id != "" && here.id != event.Cursor:
		c.fault("gap", "%s: live is at %s, and the last shown is %s", who, event.Cursor, here.id)
	}
	if err == nil && here.fresh && here.first > 1 && here.count < c.Limit {
		c.fault("loss", "%s: of what is kept only %d entries from %d to %d were shown", who, here.count, here.first, seq)
	}
	here.fresh, here.first = false, 0
	here.id, here.seq = event.Cursor, seq
	if here.at.IsZero() || event.At.After(here.at) {
		here.at = event.At
	}
}

// reset checks that there was a reason for one. What follows it on the connection is what is kept.
func (c *roomCheck) reset(who string, here place, event client.Event, following []client.Event) {
	if event.Reason != "expired" && event.Reason != "rewritten" {
		c.fault("malformed", "%s: reset because of %q", who, event.Reason)
	}
	for _, loss := range c.Losses {
		if !here.at.After(loss.Recovered) && !event.At.Before(loss.At) {
			return
		}
	}
	// Its cursor can have expired when as many messages as are kept have come since, and one entry
	// more.
	if event.Reason == "expired" {
		since, further := map[string]bool{}, false
		count := func(id string) {
			seq, _ := sequence(id) // what is none is a fault elsewhere
			further = further || seq > here.seq+uint64(c.Limit)
			if seq > here.seq && c.isMessage(id) {
				since[id] = true
			}
		}
		for id, at := range c.firstSeen {
			if !at.After(event.At.Add(c.late())) {
				count(id)
			}
		}
		for _, kept := range following {
			if !kept.IsEntry() {
				break
			}
			count(kept.ID)
		}
		if further && len(since) >= c.Limit {
			return
		}
	}
	c.fault("reset", "%s at %s was reset (%s) at %s, and nothing it had not seen was gone", who, here.id, event.Reason, clock(event.At))
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }

// follows notes an entry's predecessor, which is the same for all.
func (c *roomCheck) follows(who, id, before string) {
	if known, ok := c.before[id]; ok && known != before {
		c.fault("split", "%s saw %s right after %s, others after %s", who, id, before, known)
		return
	}
	c.before[id] = before
}

// chain walks back from the end.
func (c *roomCheck) chain() {
	c.line = map[uint64]string{}
	id := c.tip()
	for {
		seq, err := sequence(id)
		if err != nil || seq == 0 {
			c.from = 0
			return
		}
		c.line[seq], c.from = id, seq
		before, ok := c.before[id]
		if !ok {
			if seq == 1 {
				c.from = 0
			}
			return
		}
		id = before
	}
}

// complete checks that a reader has seen everything up to the end, and every acknowledged post of
// its stretch.
func (c *roomCheck) complete(reading Reading) {
	shown, began, last := map[string]bool{}, uint64(0), ""
	anchored := false
	fresh, within := true, uint64(0) // amendments up to this number are in the messages
	for _, event := range reading.Events {
		switch {
		case event.Type == "reset":
			clear(shown)
			anchored, last, fresh = false, "", true
		case event.IsEntry():
			if seq, err := sequence(event.ID); err == nil {
				if !anchored {
					anchored, began = true, seq-1
				}
				shown[event.ID] = true
				last = event.ID
			}
		case event.Type == "live":
			seq, _ := sequence(event.Cursor) // checked before
			if !anchored {
				anchored, began = true, seq
			}
			if fresh {
				last, fresh, within = event.Cursor, false, seq
			}
		}
	}
	if last != c.tip() {
		c.fault("loss", "%s has read to %q, and the log ends with %s", reading.Who, last, c.tip())
	}
	lost := 0
	for _, a := range c.Attempts {
		seq, err := sequence(a.ID)
		if !a.Acknowledged() || err != nil || seq <= began || c.line[seq] != a.ID || shown[a.ID] || a.amends() && seq <= within {
			continue
		}
		if lost++; lost <= 5 {
			c.fault("loss", "%s has not seen %s %q, which was acknowledged", reading.Who, a.ID, a.Text)
		}
	}
}

// numbers checks that no two entries have one number, unless one of them was lost before the other
// came.
func (c *roomCheck) numbers() {
	bySeq := map[uint64][]string{}
	for id := range c.firstSeen {
		if seq, err := sequence(id); err == nil {
			bySeq[seq] = append(bySeq[seq], id)
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(bySeq)) {
		ids := bySeq[seq]
		slices.SortFunc(ids, func(a, b string) int { return c.firstSeen[a].Compare(c.firstSeen[b]) })
		for i := 1; i < len(ids); i++ {
			older, newer := c.firstSeen[ids[i-1]], c.firstSeen[ids[i]]
			if !slices.ContainsFunc(c.Losses, func(l Loss) bool { return !older.After(l.Recovered) && !newer.Before(l.At) }) {
				c.fault("split", "%s (%s) and %s (%s) have one number", ids[i-1], clock(older), ids[i], clock(newer))
			}
		}
		if len(ids) > len(c.Losses)+1 {
			c.fault("split", "number %d was given %d times: %v", seq, len(ids), ids)
		}
	}
}

// acknowledged checks that what was acknowledged is in the log.
func (c *roomCheck) acknowledged() {
	for _, a := range c.Attempts {
		if !a.Acknowledged() {
			continue
		}
		seq, err := sequence(a.ID)
		switch {
		case err != nil:
			c.fault("malformed", "acknowledged: %v", err)
			continue
		case a.Answered.Before(a.Sent):
			c.fault("malformed", "%s was acknowledged before it was sent", a.ID)
		}
		if event, ok := c.entries[a.ID]; ok && !c.is(event, a) {
			c.fault("altered", "%s was acknowledged for %s and seen as %s", a.ID, said(a), event.Raw)
		}
		if c.line[seq] == a.ID || seq < c.from || c.mayBeLost(a) {
			continue
		}
		c.fault("loss", "%s %q, sent at %s, acknowledged at %s, is not in the log: there %s has its number",
			a.ID, a.Text, clock(a.Sent), clock(a.Answered), c.line[seq])
	}
}

// mayBeLost reports whether what this attempt stored may have been lost since. What was sent after
// the loss went to the store that is there now.
func (c *roomCheck) mayBeLost(a Attempt) bool {
	return slices.ContainsFunc(c.Losses, func(l Loss) bool {
		return !a.Sent.After(l.gone()) && (l.Since.IsZero() || !a.Answered.Before(l.Since))
	})
}

// keys checks that a key was stored once: all its acknowledgements name one entry, unless that one
// was lost between.
func (c *roomCheck) keys() {
	for _, key := range slices.Sorted(maps.Keys(c.attempts)) {
		var first Attempt
		for _, a := range c.attempts[key] {
			switch {
			case !a.Acknowledged():
			case first.Acknowledged() && first.ID != a.ID && !c.mayBeLost(first):
				c.fault("doubled", "key %s is %s and %s", a.Key, first.ID, a.ID)
			default:
				first = a
			}
		}
	}
}

// byTime checks that what was posted after another post's acknowledgement comes after it.
func (c *roomCheck) byTime() {
	type stored struct {
		Attempt
		seq uint64
	}
	first := map[string]time.Time{} // when each key was first sent
	for key, attempts := range c.attempts {
		for _, a := range attempts {
			if at, ok := first[key]; !ok || a.Sent.Before(at) {
				first[key] = a.Sent
			}
		}
	}
	var all []stored
	for _, a := range c.Attempts {
		if seq, err := sequence(a.ID); err == nil && a.Acknowledged() && c.line[seq] == a.ID && !c.mayBeLost(a) {
			a.Sent = first[a.Author+" "+a.Key]
			all = append(all, stored{a, seq})
		}
	}
	slices.SortFunc(all, func(a, b stored) int { return a.Sent.Compare(b.Sent) })
	answered := slices.Clone(all)
	slices.SortFunc(answered, func(a, b stored) int { return a.Answered.Compare(b.Answered) })
	var highest stored // of those answered before
	next := 0
	for _, s := range all {
		for ; next < len(answered) && answered[next].Answered.Before(s.Sent); next++ {
			if answered[next].seq > highest.seq {
				highest = answered[next]
			}
		}
		if highest.seq > s.seq {
			c.fault("order", "%s was sent at %s, after %s had been acknowledged at %s", s.ID, clock(s.Sent), highest.ID, clock(highest.Answered))
		}
	}
}
