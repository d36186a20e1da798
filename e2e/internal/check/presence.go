package check

import (
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// grace is how long a member may be away who has not left, by the protocol.
const grace = 10 * time.Second

// storeAgain is within what time of an outage's end a node has taken the leases that it could not
// take in it.
const storeAgain = 2 * time.Second

// rosterAgain is how long after a loss rosters may be wrong: leases are renewed every 20 s.
const rosterAgain = 25 * time.Second

// absence is a time without a connection.
type absence struct {
	from, to time.Time
	// chosen is whether the reader went by itself.
	chosen bool
}

// departure is one change of the roster.
type departure struct {
	id      string
	version int64
}

// withOutages has those who came back in an outage come back with its end: a node that is without
// its store welcomes whom the roster still shows, and takes the lease, which would keep them there,
// when it can.
func (r Room) withOutages(absences []absence) []absence {
	for i := range absences {
		a := &absences[i]
		for _, outage := range r.Outages {
			end := outage.To.Add(storeAgain)
			if a.to.After(outage.From.Add(-r.late())) && a.to.Before(end) {
				a.to = end
			}
		}
	}
	return absences
}

// Departures checks that nobody was said to have left who was away for less than the grace time.
func Departures(r Room) []Fault {
	c := &roomCheck{Room: r}
	late := r.late()
	absences, known := map[string][]absence{}, map[string]bool{}
	for _, reading := range r.Readings {
		if reading.Left { // somebody's other connection
			continue
		}
		absences[reading.ID], known[reading.ID] = r.withOutages(absencesOf(reading.Events)), true
	}
	// A departure has a version of the roster. Whoever was told of it first was told of it in time.
	told := map[departure]time.Time{}
	for _, reading := range r.Readings {
		for _, event := range reading.Events {
			d := departure{event.Member.ID, event.Version}
			if first, ok := told[d]; event.Type == "left" && (!ok || event.At.Before(first)) {
				told[d] = event.At
			}
		}
	}
	for _, reading := range r.Readings {
		for _, event := range reading.Events {
			id := event.Member.ID
			if event.Type != "left" || !known[id] || slices.ContainsFunc(r.Losses, func(l Loss) bool {
				return !event.At.Before(l.At) && !event.At.After(l.Recovered.Add(rosterAgain))
			}) {
				continue
			}
			first := told[departure{id, event.Version}]
			if r.isOut(id, first) {
				continue
			}
			if !slices.ContainsFunc(absences[id], func(a absence) bool {
				return a.to.Sub(a.from) >= grace-2*late && !first.Before(a.from) && !first.After(a.to.Add(time.Second+late))
			}) {
				c.fault("left", "%s was told at %s that %s had left, who had been away for less than the grace time",
					reading.Who, clock(event.At), event.Member.Name)
			}
		}
	}
	return c.faults
}

// starved is how late the machine has to be for somebody who was cut off to be away for long through
// its fault.
const starved = 500 * time.Millisecond

// Stays checks that nobody was said to have left whom a ban did not send out, or who went by itself
// for longer than the grace time: nobody was cut off for so long. It is what a planned restart of the
// nodes promises, one after the other; [Departures] says whether a departure was told too early.
func Stays(r Room) []Fault {
	c := &roomCheck{Room: r}
	absences := map[string][]absence{}
	for _, reading := range r.Readings {
		if !reading.Left { // else somebody's other connection
			absences[reading.ID] = absencesOf(reading.Events)
		}
	}
	for _, reading := range r.Readings {
		for _, event := range reading.Events {
			away, known := absences[event.Member.ID]
			if event.Type != "left" || !known || r.isOut(event.Member.ID, event.At) {
				continue
			}
			if !slices.ContainsFunc(away, func(a absence) bool {
				return a.to.Sub(a.from) >= grace-2*r.late() && !event.At.Before(a.from) && (a.chosen || r.Late >= starved)
			}) {
				c.fault("left", "%s was told at %s that %s had left, who had not gone by choice", reading.Who, clock(event.At), event.Member.Name)
			}
		}
	}
	return c.faults
}

// absencesOf is when a reader was not connected. It is, from the first word of the other side until
// the connection is dropped or ends.
func absencesOf(events []client.Event) []absence {
	var all []absence
	here, chosen := false, false
	var since time.Time
	for _, event := range events {
		switch event.Type {
		case client.TypeOpen, client.TypeNote, client.TypeEnd:
			switch {
			case event.Detail == client.OnPurpose:
				chosen = true
			case event.Type == client.TypeEnd && here:
				chosen = false
			case event.Detail == client.AfterSilence:
				chosen = false
			}
			// A note is written when a connection is dropped; those that are not are harmless: the
			// next event ends them.
			if here {
				here, since = false, event.At
			}
		case "error": // a node that could not take the member in says so, on a stream that has begun
		default:
			if !here {
				here = true
				all = append(all, absence{since, event.At, chosen})
			}
		}
	}
	if !here {
		all = append(all, absence{since, time.Now(), chosen})
	}
	return all
}

// Roster is who is here, as a stream was told since its connection began; told is false for what is
// no stream.
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
