package check

import (
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// grace is how long a member may be away who has not left: the protocol's 10 s, less what clients are late.
const grace = 10*time.Second - 2*late

// rosterAgain is how long after a loss rosters may be wrong: leases are renewed every 20 s.
const rosterAgain = 25 * time.Second

// absence is a time without a connection.
type absence struct{ from, to time.Time }

// Departures checks that nobody was said to have left who was away for less than the grace time.
func Departures(r Room) []Fault {
	c := &roomCheck{Room: r}
	absences, known := map[string][]absence{}, map[string]bool{}
	for _, reading := range r.Readings {
		absences[reading.ID], known[reading.ID] = absencesOf(reading.Events), true
	}
	for _, reading := range r.Readings {
		for _, event := range reading.Events {
			id := event.Member.ID
			if event.Type != "left" || !known[id] || slices.ContainsFunc(r.Losses, func(l Loss) bool {
				return !event.At.Before(l.At) && !event.At.After(l.Recovered.Add(rosterAgain))
			}) {
				continue
			}
			if !slices.ContainsFunc(absences[id], func(a absence) bool {
				return a.to.Sub(a.from) >= grace && !event.At.Before(a.from) && !event.At.After(a.to.Add(time.Second))
			}) {
				c.fault("left", "%s was told at %s that %s had left, who had been away for less than the grace time",
					reading.Who, clock(event.At), event.Member.Name)
			}
		}
	}
	return c.faults
}

// absencesOf is when a reader was not connected. It is, from the first word of the other side until the connection is
// dropped or ends.
func absencesOf(events []client.Event) []absence {
	var all []absence
	here := false
	var since time.Time
	for _, event := range events {
		switch event.Type {
		case client.TypeOpen, client.TypeNote, client.TypeEnd:
			// A note is written when a connection is dropped; those that are not are harmless: the next event ends them.
			if here {
				here, since = false, event.At
			}
		default:
			if !here {
				here = true
				all = append(all, absence{since, event.At})
			}
		}
	}
	return append(all, absence{since, time.Now()})
}

// Roster is who is here, as a stream was told since its connection began; told is false for what is no stream.
func Roster(events []client.Event) (ids []string, told bool) {
	members := map[string]bool{}
	for _, event := range events {
		switch event.Type {
		case client.TypeOpen:
			told = false
		case "welcome", "members":
			clear(members)
			for _, member := range event.Members {
				members[member.ID] = true
			}
			told = true
		case "joined":
			members[event.Member.ID] = true
		case "left":
			delete(members, event.Member.ID)
		}
	}
	return slices.Sorted(maps.Keys(members)), told
}
