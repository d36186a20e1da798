package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Dump shows a room's record for people to read: attempts that had no success, each reader with runs of messages in one
// line, and what is kept in the end.
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
		names[reading.ID] = reading.Who
	}
	tried := map[string]int{}
	for _, a := range attempts {
		key := a.Author + " " + a.Key
		tried[key]++
		if !a.Acknowledged() || tried[key] > 1 {
			fmt.Fprintf(&b, "  %s %s %s: %d %s %s after %v\n", clock(a.Sent), cmp.Or(names[a.Author], a.Author), a.Key,
				a.Status, a.ID, a.Detail, took(a))
		}
	}
	for _, reading := range r.Readings {
		fmt.Fprintf(&b, "%s (%s) saw:\n%s", reading.Who, reading.ID, runs(reading.Events))
	}
	fmt.Fprintf(&b, "kept in the end:\n%s", runs(r.Kept))
	return b.String()
}

func took(a Attempt) string {
	if a.Answered.IsZero() {
		return "no answer"
	}
	return a.Answered.Sub(a.Sent).Round(time.Millisecond).String()
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
