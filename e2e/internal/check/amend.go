package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// hole is what a replay has left out between two entries, or up to the place where it ended: only
// amendments may be there.
type hole struct {
	who, before, after string
	toEnd              bool // after is that place, and itself left out
}

// snapshot is what a replay has shown: messages as they were at a cursor.
type snapshot struct {
	who, cursor string
	messages    []client.Event
}

// view is an entry as it was shown to somebody.
type view struct {
	who string
	client.Event
}

// messages is what a reader has been told of messages: those it has now, and those that it knows to
// be deleted, with the number of the deletion.
type messages struct {
	shown   map[string]client.Event
	deleted map[string]uint64
	// replayed are the entries of a replay that goes on that say something, by the message: its
	// deletion in that same replay has to have taken that away. Nil when none goes on.
	replayed map[string]string
}

func newMessages() *messages {
	return &messages{map[string]client.Event{}, map[string]uint64{}, map[string]string{}}
}

// reset forgets what the reader has to forget. A log that was rewritten may have lost a deletion.
func (m *messages) reset(reason string) {
	clear(m.shown)
	if reason == "rewritten" {
		clear(m.deleted)
	}
}

// know keeps what an entry says, however it is seen later.
func (c *roomCheck) know(event client.Event) {
	if known, ok := c.entries[event.ID]; !ok || known.Type == "void" || known.Amended != "" && event.Amended == "" {
		c.entries[event.ID] = event
	}
}

// isMessage reports whether an entry is one of those that replays show.
func (c *roomCheck) isMessage(id string) bool {
	if event, seen := c.entries[id]; seen {
		return !event.Amends()
	}
	a, known := c.byID[id]
	return known && !a.amends()
}

// kindOf is an attempt's type of entry.
func kindOf(a Attempt) string { return cmp.Or(a.Kind, "message") }

// said is what an attempt says, for people.
func said(a Attempt) string {
	return fmt.Sprintf("%s %q %s %s %t", kindOf(a), a.Text, a.Target, a.Emoji, a.On)
}

// is reports whether an entry may be what was sent. A message that has been amended says something
// else now, and an amendment that has been overtaken nothing.
func (c *roomCheck) is(event client.Event, a Attempt) bool {
	switch {
	case event.Type == "notice" && a.Kind == "notice":
		return event.From.ID == a.Author && event.What == a.Text && event.Member.ID == a.Target
	case event.From.ID != a.Author || event.Target != a.Target:
		return false
	case event.Type == "void":
		return a.Kind != ""
	case event.Type != kindOf(a) || event.Key != a.Key || event.Emoji != a.Emoji || event.On != a.On:
		return false
	}
	return event.Text == a.Text || event.Amended != ""
}

// content checks that an entry is what was posted, and the same for all.
func (c *roomCheck) content(who string, event client.Event) {
	known := c.entries[event.ID]
	same := known.From.ID == event.From.ID && known.Target == event.Target && known.What == event.What &&
		known.Member.ID == event.Member.ID
	if event.Type != "void" && known.Type != "void" {
		same = same && known.Type == event.Type && known.Key == event.Key && known.Emoji == event.Emoji && known.On == event.On &&
			(known.Text == event.Text || known.Amended != "" || event.Amended != "")
	}
	if !same {
		c.fault("altered", "%s saw %s as %s %q of %s, others as %s %q of %s",
			who, event.ID, event.Type, event.Text, event.From.ID, known.Type, known.Text, known.From.ID)
		return
	}
	switch event.Type {
	case "void":
		return
	case "notice":
		if !slices.ContainsFunc(c.Attempts, func(a Attempt) bool { return a.Kind == "notice" && c.is(event, a) }) {
			c.fault("altered", "%s saw the notice %s, %s of %s by %s, and nobody has done that", who, event.ID, event.What, event.Member.ID, event.From.ID)
		}
		return
	}
	attempts := c.attempts[event.From.ID+" "+event.Key]
	switch {
	case len(attempts) == 0:
		c.fault("altered", "%s saw %s %q of %s under %q, which nobody has posted", who, event.ID, event.Text, event.From.ID, event.Key)
	case !c.is(event, attempts[0]):
		c.fault("altered", "%s was sent as %s and seen as %s by %s", event.ID, said(attempts[0]), event.Raw, who)
	}
}

// told checks an entry against what its reader knows: an amendment is of a message that it has, by
// who may, and what was deleted does not come again.
func (c *roomCheck) told(who string, m *messages, event client.Event, seq uint64) {
	if m.replayed != nil {
		about := cmp.Or(event.Target, event.ID)
		if says, ok := m.replayed[about]; ok && event.Type == "delete" {
			c.fault("deleted", "%s saw the text of %s in %s, in a replay with its deletion %s", who, about, says, event.ID)
		}
		if event.Text != "" {
			m.replayed[about] = event.ID
		}
	}
	if event.Type == "message" {
		m.shown[event.ID] = event
		c.views = append(c.views, view{who, event})
		_, gone := m.deleted[event.ID]
		if event.Text != "" && (gone || event.Deleted) {
			c.fault("deleted", "%s saw the text %q of %s, which was deleted", who, event.Text, event.ID)
		}
		if event.Deleted {
			m.deleted[event.ID], _ = sequence(event.Amended)
		}
		if q := event.ReplyTo; q != nil && q.Excerpt != "" {
			if _, gone := m.deleted[q.ID]; gone {
				c.fault("deleted", "%s saw %q quoted of %s, which was deleted", who, q.Excerpt, q.ID)
			}
		}
		return
	}
	switch {
	case !event.Amends():
		return
	case event.Type == "void":
		c.voids = append(c.voids, view{who, event})
	}
	target, known := m.shown[event.Target]
	if !known {
		c.fault("early", "%s saw the %s %s of %s, which it has not seen", who, event.Type, event.ID, event.Target)
		return
	}
	if target.From.ID != event.From.ID && (event.Type == "edit" || event.Type == "delete" && event.From.ID != c.Owner) {
		c.fault("foreign", "%s saw the %s %s by %s of %s by %s", who, event.Type, event.ID, event.From.ID, target.ID, target.From.ID)
	}
	by, gone := m.deleted[event.Target]
	switch {
	case gone && event.Type == "edit":
		c.fault("deleted", "%s saw the text %q of %s, which was deleted", who, event.Text, event.Target)
	case gone && seq > by:
		c.fault("deleted", "%s saw the %s %s of %s after its deletion", who, event.Type, event.ID, event.Target)
	case event.Type == "delete" && !gone:
		m.deleted[event.Target] = seq
	}
}

// replays checks that replays have left out amendments only, and that those are in the messages
// that they have shown; and that what says nothing has been overtaken.
func (c *roomCheck) replays() {
	for _, h := range c.holes {
		from, _ := sequence(h.before)
		to, _ := sequence(h.after) // both were read before
		if c.line[from] != h.before || c.line[to] != h.after {
			continue // a log that has been lost since
		}
		if !h.toEnd {
			to--
		}
		for seq := from + 1; seq <= to; seq++ {
			if id, ok := c.line[seq]; ok && c.isMessage(id) {
				c.fault("gap", "%s was not shown %s, which was kept between %s and %s", h.who, id, h.before, h.after)
			}
		}
	}
	amended := map[string][]client.Event{} // by the message, in order
	for _, seq := range slices.Sorted(maps.Keys(c.line)) {
		if event, ok := c.amendment(c.line[seq]); ok && event.Target != "" {
			amended[event.Target] = append(amended[event.Target], event)
		}
	}
	for _, s := range c.snapshots {
		end, _ := sequence(s.cursor)
		if c.line[end] != s.cursor {
			continue
		}
		for _, message := range s.messages {
			within, _ := sequence(cmp.Or(message.Amended, message.ID))
			for _, a := range amended[message.ID] {
				seq, _ := sequence(a.ID)
				switch {
				case seq <= within || seq > end:
				case a.Type == "delete":
					c.fault("deleted", "%s was shown %s at %s, as it was before its deletion %s", s.who, message.ID, s.cursor, a.ID)
				default:
					c.fault("stale", "%s was shown %s at %s without the %s %s", s.who, message.ID, s.cursor, a.Type, a.ID)
				}
			}
		}
	}
	for _, void := range c.voids {
		seq, _ := sequence(void.ID)
		was, known := c.amendment(void.ID)
		if !slices.ContainsFunc(amended[void.Target], func(a client.Event) bool {
			later, _ := sequence(a.ID)
			return later > seq && (a.Type == "delete" || a.Type == "edit" && (!known || was.Type == "edit"))
		}) && c.line[seq] == void.ID {
			c.fault("altered", "%s saw nothing in %s, and nothing later has overtaken it", void.who, void.ID)
		}
	}
}

// amendment is what an entry of the log says as an amendment; ok is false when nobody knows.
func (c *roomCheck) amendment(id string) (event client.Event, ok bool) {
	event, ok = c.entries[id]
	if ok && event.Type != "void" {
		return event, true
	}
	a, ok := c.byID[id]
	if !ok {
		return event, false
	}
	return client.Event{
		Type: kindOf(a), ID: id, Target: a.Target, Text: a.Text, Emoji: a.Emoji, On: a.On, From: client.Author{ID: a.Author},
	}, true
}

// amended is a message after all amendments up to one, as the entries say; ok is false when some of
// them are not known.
func (c *roomCheck) amended(message client.Event, last string) (now client.Event, ok bool) {
	var done []client.Event
	for id := last; id != message.ID; {
		event, known := c.amendment(id)
		before, linked := c.before[id]
		if !known || !linked {
			return now, false
		}
		if event.Target == message.ID {
			done = append(done, event)
		}
		id = before
	}
	attempts := c.attempts[message.From.ID+" "+message.Key]
	if len(attempts) == 0 {
		return now, false
	}
	now.Text = attempts[0].Text
	for _, event := range slices.Backward(done) {
		switch event.Type {
		case "edit":
			now.Text, now.EditedAt = event.Text, time.Unix(1, 0) // when does not matter
		case "delete":
			now = client.Event{Deleted: true}
		case "reaction":
			now.Reactions = react(now.Reactions, event)
		}
	}
	return now, len(done) > 0 && done[0].ID == last
}

func react(all []client.Reactions, r client.Event) []client.Reactions {
	i := slices.IndexFunc(all, func(of client.Reactions) bool { return of.Emoji == r.Emoji })
	switch {
	case i < 0 && r.On:
		return append(all, client.Reactions{Emoji: r.Emoji, Count: 1, By: []string{r.From.ID}})
	case i < 0:
		return all
	}
	by := slices.DeleteFunc(slices.Clone(all[i].By), func(id string) bool { return id == r.From.ID })
	if r.On {
		by = append(by, r.From.ID)
	}
	all[i].By, all[i].Count = by, len(by)
	return slices.DeleteFunc(all, func(of client.Reactions) bool { return of.Count == 0 })
}

// states checks that each message was shown as the amendments in it say.
func (c *roomCheck) states() {
	checked := map[string]bool{}
	for _, v := range c.views {
		about := fmt.Sprint(v.ID, v.Amended, v.Text, v.Deleted, v.EditedAt.IsZero(), v.Reactions)
		if checked[about] {
			continue
		}
		checked[about] = true
		if v.Amended == "" {
			if v.Deleted || !v.EditedAt.IsZero() || len(v.Reactions) > 0 {
				c.fault("altered", "%s saw %s amended by nothing: %s", v.who, v.ID, v.Raw)
			}
			continue
		}
		want, known := c.amended(v.Event, v.Amended)
		if !known {
			continue
		}
		same := want.Text == v.Text && want.Deleted == v.Deleted && want.EditedAt.IsZero() == v.EditedAt.IsZero() &&
			slices.EqualFunc(want.Reactions, v.Reactions, func(a, b client.Reactions) bool {
				return a.Emoji == b.Emoji && a.Count == b.Count && slices.Equal(a.By, b.By)
			})
		if !same {
			c.fault("altered", "%s saw %s by %s as %q, deleted %t, %v; by its amendments it is %q, deleted %t, %v",
				v.who, v.ID, v.Amended, v.Text, v.Deleted, v.Reactions, want.Text, want.Deleted, want.Reactions)
		}
	}
}

// answers checks what amendments were answered with.
func (c *roomCheck) answers() {
	kept := map[string]client.Event{}
	for _, message := range c.Kept {
		kept[message.ID] = message
	}
	type reaction struct{ who, target, emoji string }
	last := map[reaction]Attempt{}
	for _, a := range c.Attempts {
		target, known := c.entries[a.Target]
		if !a.amends() || !known {
			continue
		}
		foreign := target.From.ID != a.Author && a.Kind != "reaction" && !(a.Kind == "delete" && a.Author == c.Owner)
		switch {
		case foreign && (a.Acknowledged() || a.Nothing):
			c.fault("foreign", "the %s of %s by %s was taken from %s", a.Kind, a.Target, target.From.ID, a.Author)
		case a.Status == 403 && !foreign && !c.restrained(a):
			c.fault("refused", "the %s of %s was refused to %s, who may", a.Kind, a.Target, a.Author)
		case a.Status == 409 && !c.deleting(a):
			c.fault("refused", "the %s of %s was refused as deleted, and nobody had deleted it", a.Kind, a.Target)
		case a.Status == 404 && c.stillKept(a):
			c.fault("refused", "the %s of %s was refused as no longer kept, and it was", a.Kind, a.Target)
		}
		if r := (reaction{a.Author, a.Target, a.Emoji}); a.Kind == "reaction" && !a.Sent.Before(last[r].Sent) {
			last[r] = a
		}
	}
	for r, a := range last {
		message, ok := kept[r.target]
		if !ok || message.Deleted || !a.Acknowledged() && !a.Nothing || c.mayBeLost(a) {
			continue
		}
		shown := slices.ContainsFunc(message.Reactions, func(of client.Reactions) bool {
			return of.Emoji == r.emoji && slices.Contains(of.By, r.who)
		})
		if shown != a.On {
			c.fault("loss", "in the end the reaction %s of %s to %s is %t, and the last that was sent is %t", r.emoji, r.who, r.target, shown, a.On)
		}
	}
}

// deleting reports whether somebody may have deleted an attempt's target before its answer.
func (c *roomCheck) deleting(a Attempt) bool {
	return slices.ContainsFunc(c.Attempts, func(d Attempt) bool {
		return d.Kind == "delete" && d.Target == a.Target && d.Sent.Before(a.Answered)
	})
}

// stillKept reports whether an attempt's target must have been kept when it was refused: not as
// many messages as are kept have come after it, and nothing was lost.
func (c *roomCheck) stillKept(a Attempt) bool {
	seq, err := sequence(a.Target)
	if err != nil || c.line[seq] != a.Target || len(c.Losses) > 0 {
		return false
	}
	after := 0
	for other, id := range c.line {
		if other > seq && c.isMessage(id) {
			after++
		}
	}
	return after < c.Limit
}
