package check

import (
	"cmp"
	"slices"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Bans finds what must not be in a log: something of a banned person between the notice of the ban
// and the one of its end. The events are those of any readers, in any order.
func Bans(events []client.Event) []Fault {
	entries := map[uint64]client.Event{}
	for _, event := range events {
		if seq, err := sequence(event.ID); err == nil && event.IsEntry() {
			entries[seq] = event
		}
	}
	ordered := make([]uint64, 0, len(entries))
	for seq := range entries {
		ordered = append(ordered, seq)
	}
	slices.SortFunc(ordered, cmp.Compare)
	banned := map[string]client.Event{} // by whose it is
	var faults []Fault
	for _, seq := range ordered {
		entry := entries[seq]
		if ban, is := banned[entry.From.ID]; is {
			faults = append(faults, Fault{"said after a ban", entry.ID + " of " + entry.From.Name + ", banned at " + ban.ID})
		}
		switch {
		case entry.Type == "notice" && entry.What == "banned":
			banned[entry.Member.ID] = entry
		case entry.Type == "notice" && entry.What == "unbanned":
			delete(banned, entry.Member.ID)
		}
	}
	return faults
}

// ReadWhileBanned finds what a banned person was told that came after the ban, in what was told to
// them before the ban was ended: everything that they were told until then is given.
func ReadWhileBanned(who string, ban client.Event, told []client.Event) []Fault {
	at, err := sequence(ban.ID)
	if err != nil {
		return []Fault{{"no ban", ban.ID}}
	}
	var faults []Fault
	for _, event := range told {
		if seq, err := sequence(event.ID); err == nil && event.IsEntry() && seq > at {
			faults = append(faults, Fault{"told after a ban", who + " was told " + event.ID + ", banned at " + ban.ID})
		}
	}
	return faults
}
