package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Dump shows a room's record for people to read: attempts that had no success, each reader with
// runs of messages in one line, and what is kept in the end.
func Dump(r Room) string {
	var b strings.Builder
	for _, loss := range r.Losses {
		fmt.Fprintf(&b, "loss at %s, recovered %s: %s\n", clock(loss.At), clock(loss.Recovered), loss.Why)
	}
	attempts := slices.Clone(r.Attempts)
	slices.SortFunc(attempts, func(a, b Attempt) int { return a.Sent.Compare(b.Sent) })
	b.WriteString("posts that were not acknowledged at once (all others were):\n")
	names := map[string]string{}
	for _, reading := range r.Readings {
		if !reading.Left {
			names[reading.ID] = reading.Who
		}
	}
	sendings := map[string][]Attempt{}
	for _, a := range attempts {
		key := a.Author + " " + a.Key
		sendings[key] = append(sendings[key], a)
	}
	for _, a := range attempts {
		key := a.Author + " " + a.Key
		all := sendings[key]
		delete(sendings, key)
		if len(all) == 0 || len(all) == 1 && a.Acknowledged() {
			continue // shown already, or nothing special
		}
		fmt.Fprintf(&b, "  %s %s:\n", cmp.Or(names[a.Author], a.Author), a.Key)
		for i := 0; i < len(all); i++ {
			first := i
			for i+1 < len(all) && !all[i].Acknowledged() && !all[i+1].Acknowledged() && all[i].Status == all[i+1].Status {
				i++
			}
			fmt.Fprintf(&b, "    %s", sending(all[first]))
			if i > first {
				fmt.Fprintf(&b, ", and %d more like it, the last at %s", i-first, clock(all[i].Sent))
			}
			b.WriteString("\n")
		}
	}
	for _, reading := range r.Readings {
		fmt.Fprintf(&b, "%s (%s) saw:\n%s", reading.Who, reading.ID, runs(reading.Events))
	}
	fmt.Fprintf(&b, "kept in the end:\n%s", runs(r.Kept))
	return b.String()
}

// sending is an attempt in one line.
func sending(a Attempt) string {
	after := "no answer"
	if !a.Answered.IsZero() {
		after = "after " + a.Answered.Sub(a.Sent).Round(time.Millisecond).String()
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %d %s %s %s", clock(a.Sent), a.Status, a.ID, a.Detail, after)), " ")
}

// runs shows events, runs of messages without a hole in one line.
func runs(events []client.Event) string {
	var b strings.Builder
	for i := 0; i < len(events); i++ {
		event := events[i]
		fmt.Fprintf(&b, "  %s %s", clock(event.At), event.Type)
		switch event.Type {
		case "message":
			first := i
			for i+1 < len(events) && events[i+1].Type == "message" && isNext(events[i].ID, events[i+1].ID) {
				i++
			}
			fmt.Fprintf(&b, " %s", event.ID)
			if i > first {
				fmt.Fprintf(&b, " … %s at %s", events[i].ID, clock(events[i].At))
			}
		case "joined", "left":
			fmt.Fprintf(&b, " %s version %d", event.Member.Name, event.Version)
		case "welcome", "members":
			fmt.Fprintf(&b, " %d members, version %d", max(len(event.Members), event.MemberCount), event.Version)
			if event.Type == "welcome" {
				fmt.Fprintf(&b, ", resumed %t", event.Resumed)
			}
		case "live":
			fmt.Fprintf(&b, " %s", event.Cursor)
		default:
			fmt.Fprintf(&b, " %s %s %s", cmp.Or(event.Reason, event.Code), event.ID, event.Detail)
			if event.Status != 0 {
				fmt.Fprintf(&b, " (%d)", event.Status)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func isNext(id, next string) bool {
	a, err := sequence(id)
	b, err2 := sequence(next)
	return err == nil && err2 == nil && b == a+1
}
