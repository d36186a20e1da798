package check

import (
	"maps"
	"slices"
	"time"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// laterOn is within what time a request is carried out that was not answered, if ever.
const laterOn = 10 * time.Second

// moderation checks what a room's owner has done: what the notices say holds for all that comes
// after them, nobody is told anything while banned, and nobody is refused without a reason.
func (c *roomCheck) moderation() {
	var log []client.Event
	for _, seq := range slices.Sorted(maps.Keys(c.line)) {
		if event, known := c.entries[c.line[seq]]; known {
			log = append(log, event)
		}
	}
	c.faults = append(c.faults, Bans(log)...)
	for _, ban := range c.Restraints {
		if ban.What == "banned" && ban.ID != "" && !c.lostWithin(ban) {
			c.toldWhile(ban)
		}
	}
	for _, a := range c.Attempts {
		if a.Status == 403 && !a.amends() && !c.restrained(a) {
			c.fault("refused", "%s of %s, sent at %s, was refused to whom nothing kept from it: %s", said(a), a.Author, clock(a.Sent), a.Detail)
		}
	}
}

// toldWhile checks that a banned person was told nothing that came after the ban until it began to
// be lifted.
func (c *roomCheck) toldWhile(ban Restraint) {
	for _, reading := range c.Readings {
		if reading.ID != ban.Whom {
			continue
		}
		var told []client.Event
		for _, event := range reading.Events {
			if event.At.After(ban.From) && (ban.Lifting.IsZero() || event.At.Before(ban.Lifting)) {
				told = append(told, event)
			}
		}
		c.faults = append(c.faults, ReadWhileBanned(reading.Who, client.Event{ID: ban.ID}, told)...)
	}
}

// lostWithin reports whether the store lost something while a restraint held.
func (r Room) lostWithin(x Restraint) bool {
	return slices.ContainsFunc(r.Losses, func(l Loss) bool {
		return !l.Recovered.Before(x.From) && (x.To.IsZero() || !l.At.After(x.To))
	})
}

// restrained reports whether something may have kept an attempt's author from it.
func (r Room) restrained(a Attempt) bool {
	return slices.ContainsFunc(r.Restraints, func(x Restraint) bool {
		to := x.To
		if x.Unsure {
			to = to.Add(laterOn)
		}
		return (x.Whom == "" || x.Whom == a.Author) && !a.Answered.Before(x.From) && (x.To.IsZero() || !a.Sent.After(to))
	})
}

// isOut reports whether a member may have been banned at some time, or just before it: a ban ends
// presence at once, as soon as each node hears of it.
func (r Room) isOut(id string, at time.Time) bool {
	return slices.ContainsFunc(r.Restraints, func(x Restraint) bool {
		if x.What != "banned" || x.Whom != id || at.Before(x.From) {
			return false
		}
		end := x.To.Add(storeAgain + r.late())
		for _, outage := range r.Outages { // in which a node heard nothing
			if outage.To.After(x.From) && outage.From.Before(end) && outage.To.Add(storeAgain).After(end) {
				end = outage.To.Add(storeAgain)
			}
		}
		return x.To.IsZero() || !at.After(end)
	})
}
