package wire

import (
	"cmp"
	"time"

	"github.com/caller-chat/caller/chat"
)

// RoomSettings is the answer to GET and PATCH /rooms/{room}/settings, and to what lets into a room.
type RoomSettings struct {
	RoomID   chat.RoomID   `json:"roomId"`
	Version  int64         `json:"version"`
	Owned    bool          `json:"owned"`
	Role     chat.Role     `json:"role"`
	Settings chat.Settings `json:"settings"`
	// Muted says that the reader itself may say nothing.
	Muted *Muted `json:"muted,omitempty"`
	// OwnerURL makes an owner of whoever opens it; told once.
	OwnerURL string `json:"ownerUrl,omitempty"`
}

// Muted is what somebody is told who may say nothing.
type Muted struct {
	// Until is left out where there is no end.
	Until  *timestamp `json:"until,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

// noRole is what somebody without a role is told to be.
const noRole chat.Role = "guest"

// RoomSettingsOf are a room's settings, as they go over the wire to one who sees them.
func RoomSettingsOf(room chat.RoomID, s chat.RoomSettings) RoomSettings {
	seen := RoomSettings{RoomID: room, Version: s.Version, Owned: s.Owned, Role: cmp.Or(s.Role, noRole), Settings: s.Settings}
	if s.Muted {
		seen.Muted = &Muted{ending(s.MutedUntil), s.MutedReason}
	}
	return seen
}

// ParseRole reads a role as it goes over the wire. What is none stays as it is: package chat refuses
// it.
func ParseRole(text string) chat.Role {
	if role := chat.Role(text); role != noRole {
		return role
	}
	return chat.RoleGuest
}

// Ban is a ban of a room, as moderators are told of it.
type Ban struct {
	ID     string    `json:"id"`
	Member author    `json:"member"`
	By     author    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	At     timestamp `json:"at"`
	// Until is left out of a ban that does not end.
	Until *timestamp `json:"until,omitempty"`
	// Network says that it holds for newcomers of the same network, too.
	Network bool `json:"network"`
}

// Bans is the answer to GET /rooms/{room}/bans.
type Bans struct {
	Bans  []Ban `json:"bans"`
	Mutes []Ban `json:"mutes"`
}

// BansOf are bans and mutes as they go over the wire.
func BansOf(bans, mutes []chat.Ban) Bans {
	of := func(all []chat.Ban) []Ban {
		list := make([]Ban, 0, len(all))
		for _, b := range all {
			list = append(list, Ban{b.ID, authorOf(b.Member), authorOf(b.By), b.Reason, timestamp(b.At), ending(b.Until), b.Network != ""})
		}
		return list
	}
	return Bans{of(bans), of(mutes)}
}

// ending is a time that may be none.
func ending(at time.Time) *timestamp {
	if at.IsZero() {
		return nil
	}
	end := timestamp(at)
	return &end
}
