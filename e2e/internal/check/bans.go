package check

import (
	"cmp"
	"slices"

	"github.com/caller-chat/caller/e2e/internal/client"
)

// Bans finds what must not be in a log, by the log's own notices: something of a banned person
// between the ban and its end; something other than a deletion of a muted one; and of anybody but
// moderators while only those may say something. The events are those of any readers, in any order.
func Bans(events []client.Event) []Fault {
	entries := map[uint64]client.Event{}
	for _, event := range events {
		if seq, err := sequence(event.ID); err == nil && event.IsEntry() {
			entries[seq] = event
		}
	}
	ordered := make([]uint64, 0, len(entries))
	moderators := map[string]bool{} // whoever has a notice in their name
	for seq, entry := range entries {
		ordered = append(ordered, seq)
		if entry.Type == "notice" {
			moderators[entry.From.ID] = true
		}
	}
	slices.SortFunc(ordered, cmp.Compare)
	banned, muted := map[string]string{}, map[string]string{} // by whose it is, the notice
	closed := ""                                              // the notice by which only moderators may say something
	var faults []Fault
	for _, seq := range ordered {
		entry := entries[seq]
		if entry.Type == "notice" {
			switch who := entry.Member.ID; entry.What {
			case "banned":
				banned[who] = entry.ID
			case "unbanned":
				delete(banned, who)
			case "muted":
				muted[who] = entry.ID
			case "unmuted":
				delete(muted, who)
			case "settings":
				switch string(entry.Settings["posting"]) {
				case `"moderators"`:
					closed = entry.ID
				case `"everyone"`:
					closed = ""
				}
			}
		}
		who := entry.ID + " of " + cmp.Or(entry.From.Name, entry.From.ID)
		if ban, is := banned[entry.From.ID]; is {
			faults = append(faults, Fault{Kind: "said after a ban", Detail: who + ", banned at " + ban})
		}
		if !slices.Contains([]string{"message", "edit", "reaction"}, entry.Type) {
			continue
		}
		if mute, is := muted[entry.From.ID]; is {
			faults = append(faults, Fault{Kind: "said while muted", Detail: who + ", muted at " + mute})
		}
		if closed != "" && !moderators[entry.From.ID] {
			faults = append(faults, Fault{Kind: "said where only moderators may", Detail: who + ", since " + closed})
		}
	}
	return faults
}

// ReadWhileBanned finds what a banned person was told that came after the ban, in what was told to
// them before the ban was ended: everything that they were told until then is given.
func ReadWhileBanned(who string, ban client.Event, told []client.Event) []Fault {
	at, err := sequence(ban.ID)
	if err != nil {
		return []Fault{{Kind: "no ban", Detail: ban.ID}}
	}
	var faults []Fault
	for _, event := range told {
		if seq, err := sequence(event.ID); err == nil && event.IsEntry() && seq > at {
			faults = append(faults, Fault{Kind: "told after a ban", Detail: who + " was told " + event.ID + ", banned at " + ban.ID})
		}
	}
	return faults
}
