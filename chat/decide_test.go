package chat

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDecide is who may do what, one row for each rule: the principal, the room's rules, and what
// is refused with which answer. What is not named is allowed.
func TestDecide(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	reading := []Action{ActionSubscribe, ActionHistory, ActionMembers, ActionRead, ActionDownload, ActionSettings}
	saying := []Action{ActionPost, ActionEdit, ActionReact, ActionTyping, ActionCall, ActionFile}
	moderating := []Action{ActionChange, ActionModerate, ActionInvite}
	owning := []Action{ActionClear, ActionClose, ActionTokens}
	all := func(lists ...[]Action) (every []Action) {
		for _, list := range lists {
			every = append(every, list...)
		}
		return every
	}
	everything := all(reading, saying, moderating, owning, []Action{ActionDelete, ActionEnter, ActionLeave, ActionOwn})

	rules := func(change func(*Rules)) *Rules {
		r := OpenRules().Clone()
		r.Version = RulesVersion{1, 7}
		r.Roles["owner"], r.Roles["mod"], r.Roles["member"] = RoleOwner, RoleModerator, RoleMember
		if change != nil {
			change(r)
		}
		return r
	}
	owner, mod, member := Principal{ID: "owner"}, Principal{ID: "mod"}, Principal{ID: "member"}
	ann, guest := Principal{ID: "ann", Born: now.Add(-time.Hour)}, Principal{ID: "g-1", Guest: true}
	operator := Principal{ID: "op", Role: RoleOperator, Via: ViaOperator}
	from := func(who Principal, network string) Principal { who.Network = network; return who }
	ban := func(id MemberID, network string, at, until time.Time) Ban {
		return Ban{ID: "b", Member: Author{ID: id}, Network: network, Reason: "spam", At: at, Until: until}
	}
	banned := func(bans ...Ban) *Rules { return rules(func(r *Rules) { r.Bans = bans }) }
	by := func(role Role, b Ban) Ban {
		b.Role = role
		return b
	}
	muted := func(bans ...Ban) *Rules { return rules(func(r *Rules) { r.Mutes = bans }) }
	earlier, later := now.Add(-time.Minute), now.Add(time.Hour)
	open := OpenRules()

	type answers map[Action]string
	refuse := func(answer string, actions ...[]Action) answers {
		a := answers{}
		for _, what := range all(actions...) {
			a[what] = answer
		}
		return a
	}
	with := func(a, b answers) answers {
		for what, answer := range b {
			a[what] = answer
		}
		return a
	}
	notAllowed, notSignedIn, notOwned := "not_allowed", "not signed in", "not owned"
	others := refuse(notAllowed, moderating, owning)
	othersAsGuest := refuse(notSignedIn, moderating, owning, []Action{ActionOwn})
	outside := func(code string, too ...Action) answers {
		return refuse(code, reading, saying, moderating, owning, []Action{ActionOwn, ActionDelete}, too)
	}

	for _, row := range []struct {
		name    string
		who     Principal
		rules   *Rules
		granted bool
		refused answers
	}{
		{"an open room is everybody's", ann, open, false, refuse(notOwned, moderating, owning)},
		{"and a guest's", guest, open, false, othersAsGuest},
		{"where nobody owns it there is nothing to moderate but what is said", operator, open, false,
			refuse(notOwned, moderating, []Action{ActionTokens})},
		{"the operator may everything in an owned room", operator, banned(ban("op", "", earlier, later)), false, nil},
		{"an owner may everything", owner, rules(nil), false, nil},
		{"a moderator nothing that is the owner's", mod, rules(nil), false, refuse(notAllowed, owning)},
		{"a member takes part", member, rules(nil), false, others},
		{"so does whoever comes", ann, rules(nil), false, others},
		{"so does a guest", guest, rules(nil), false, othersAsGuest},
		{"a site's role counts", Principal{ID: "x", Via: ViaSite, Role: RoleModerator}, rules(nil), false, refuse(notAllowed, owning)},
		{"where there are roles", Principal{ID: "x", Via: ViaSite, Role: RoleOwner}, open, false, refuse(notOwned, moderating, owning)},

		{"a password keeps strangers out", ann, rules(func(r *Rules) { r.HasPassword = true }), false, outside("password_required")},
		{"not those who gave it", ann, rules(func(r *Rules) { r.HasPassword = true }), true, others},
		{"nor members", member, rules(func(r *Rules) { r.HasPassword = true }), false, others},
		{"an invite is asked for first", ann, rules(func(r *Rules) { r.HasPassword, r.InviteOnly = true, true }), false, outside("invite_required")},
		{"a lock keeps out all who are new", ann, rules(func(r *Rules) { r.Locked = true }), true, outside("locked", ActionEnter)},
		{"and nobody else", member, rules(func(r *Rules) { r.Locked = true }), false, others},

		{"a banned session is out", ann, banned(ban("ann", "", earlier, later)), true, outside("banned", ActionEnter)},
		{"also as a member", member, banned(ban("member", "", earlier, time.Time{})), false, outside("banned", ActionEnter)},
		{"a ban ends", ann, banned(ban("ann", "", earlier, now)), false, others},
		{"of somebody else it is none", ann, banned(ban("bob", "n1", earlier, later)), false, others},
		{"a guest of the banned network is out", from(guest, "n1"), banned(ban("bob", "n1", earlier, time.Time{})), false,
			with(outside("banned", ActionEnter), othersAsGuest)},
		{"of another it is not", from(guest, "n2"), banned(ban("bob", "n1", earlier, time.Time{})), false, othersAsGuest},
		{"a session from before the ban goes on", from(ann, "n1"), banned(ban("bob", "n1", earlier, time.Time{})), false, others},
		{"a later one is out", from(Principal{ID: "new", Born: now}, "n1"), banned(ban("bob", "n1", earlier, time.Time{})), false,
			outside("banned", ActionEnter)},
		{"so is one of the same second", from(Principal{ID: "new", Born: now}, "n1"),
			banned(ban("bob", "n1", now.Add(900*time.Millisecond), time.Time{})), false, outside("banned", ActionEnter)},
		{"unless it was let in", from(Principal{ID: "member", Born: now}, "n1"), banned(ban("bob", "n1", earlier, time.Time{})), false, others},
		{"or somebody vouches for it", from(Principal{ID: "u", Via: ViaOIDC, Born: now}, "n1"), banned(ban("bob", "n1", earlier, later)), false, others},
		{"a network is banned for a day", from(guest, "n1"), banned(ban("bob", "n1", now.Add(-networkBan), time.Time{})), false, othersAsGuest},
		{"somebody removed is out for the moment", ann, rules(func(r *Rules) { r.Removals = []Ban{ban("ann", "", earlier, later)} }), true,
			outside("removed", ActionEnter)},
		{"so is a guest of a removed guest's network", from(guest, "n1"),
			rules(func(r *Rules) {
				r.Removals = []Ban{ban("g-0", "n1", earlier, later)}
				r.Removals[0].Member.Guest = true
			}), false, with(outside("removed", ActionEnter), othersAsGuest)},
		{"but not one of a removed session's", from(guest, "n1"),
			rules(func(r *Rules) { r.Removals = []Ban{ban("bob", "n1", earlier, later)} }), false, othersAsGuest},

		{"a muted one reads, and deletes", ann, muted(ban("ann", "", earlier, later)), false, with(refuse("muted", saying), others)},
		{"so does a guest of its network", from(guest, "n1"), muted(ban("bob", "n1", earlier, later)), false,
			with(refuse("muted", saying), othersAsGuest)},
		{"until the mute's own end", from(guest, "n1"), muted(ban("bob", "n1", earlier, now)), false, othersAsGuest},
		{"and for a day at most", from(guest, "n1"), muted(ban("bob", "n1", now.Add(-networkBan), later)), false, othersAsGuest},
		{"while who it is about is muted yet", ann, muted(ban("ann", "n1", now.Add(-networkBan), later)), false,
			with(refuse("muted", saying), others)},
		{"an owner mutes a moderator, who goes on with the rest", mod, muted(by(RoleOwner, ban("mod", "", earlier, later))), false,
			with(refuse("muted", saying), refuse(notAllowed, owning))},
		{"an owner mutes whom the site has made a moderator", Principal{ID: "x", Via: ViaSite, Role: RoleModerator},
			muted(by(RoleOwner, ban("x", "", earlier, later))), false, with(refuse("muted", saying), refuse(notAllowed, owning))},
		{"and bans them", Principal{ID: "x", Via: ViaSite, Role: RoleModerator},
			banned(by(RoleOwner, ban("x", "", earlier, later))), false, outside("banned", ActionEnter)},
		{"but not whom it has made an owner", Principal{ID: "x", Via: ViaSite, Role: RoleOwner},
			banned(by(RoleOwner, ban("x", "", earlier, later))), false, nil},
		{"whom the operator bans", Principal{ID: "x", Via: ViaSite, Role: RoleOwner},
			banned(by(RoleOperator, ban("x", "", earlier, later))), false, outside("banned", ActionEnter)},
		{"nobody mutes an owner", owner, muted(ban("owner", "", earlier, later)), false, nil},
		{"nor whom the site has made a moderator", Principal{ID: "x", Via: ViaSite, Role: RoleModerator},
			muted(ban("x", "", earlier, later)), false, refuse(notAllowed, owning)},
		{"where sessions post, guests do not", guest, rules(func(r *Rules) { r.Posting = PostingSessions }), false,
			with(refuse(notSignedIn, saying), othersAsGuest)},
		{"and sessions do", ann, rules(func(r *Rules) { r.Posting = PostingSessions }), false, others},
		{"where moderators post, members do not", member, rules(func(r *Rules) { r.Posting = PostingModerators }), false,
			with(refuse(notAllowed, saying), others)},
		{"and moderators do", mod, rules(func(r *Rules) { r.Posting = PostingModerators }), false, refuse(notAllowed, owning)},
		{"newcomers only read", ann, rules(func(r *Rules) { r.Newcomers = NewcomersRead }), false, with(refuse(notAllowed, saying), others)},
		{"until they are let in", member, rules(func(r *Rules) { r.Newcomers = NewcomersRead }), false, others},
		{"no calls", ann, rules(func(r *Rules) { r.Calls = false }), false, with(refuse(notAllowed, []Action{ActionCall}), others)},
		{"no files, for owners either", owner, rules(func(r *Rules) { r.Files = false }), false, refuse(notAllowed, []Action{ActionFile})},

		{"a closed room is nobody's", operator, &Rules{Version: RulesVersion{4, 1}, Settings: DefaultSettings(), Closed: now}, false,
			refuse("room_closed", everything)},
		{"a token reads", Principal{ID: "t", Via: ViaToken, Rooms: []RoomID{"r"}, NoPost: true},
			rules(func(r *Rules) { r.HasPassword = true }), false, with(refuse(notAllowed, saying, []Action{ActionDelete, ActionOwn}), others)},
		{"or posts", Principal{ID: "t", Via: ViaToken, Rooms: []RoomID{"r"}, NoRead: true}, rules(nil), false,
			with(refuse(notAllowed, []Action{ActionSubscribe, ActionHistory, ActionMembers, ActionRead, ActionDownload, ActionCall, ActionOwn}), others)},
		{"or moderates, where its owner has said so", Principal{ID: "t", Via: ViaToken, Rooms: []RoomID{"r"}, Role: RoleModerator},
			rules(func(r *Rules) { r.Locked = true }), false, refuse(notAllowed, owning, []Action{ActionOwn})},
		{"and deletes what others said, though it says nothing", Principal{ID: "t", Via: ViaToken, Rooms: []RoomID{"r"}, Role: RoleModerator, NoPost: true},
			rules(nil), false, refuse(notAllowed, saying, owning, []Action{ActionOwn})},
		{"not because it was made a moderator", Principal{ID: "mod", Via: ViaToken, Rooms: []RoomID{"r"}}, rules(nil), false,
			refuse(notAllowed, moderating, owning, []Action{ActionOwn})},
		{"in its room", Principal{ID: "t", Via: ViaToken, Rooms: []RoomID{"other"}}, open, false, refuse(notAllowed, everything)},
		{"also a site's", Principal{ID: "u", Via: ViaSite, Rooms: []RoomID{}, Role: RoleOwner}, open, false, refuse(notAllowed, everything)},
	} {
		for _, what := range everything {
			err := row.rules.decide(decision{who: row.who, room: "r", what: what, now: now, granted: row.granted})
			got := ""
			var refused *RefusedError
			switch {
			case errors.As(err, &refused):
				got = string(refused.Code)
				require.ErrorIs(t, err, ErrNotAllowed)
			case errors.Is(err, ErrNotSignedIn):
				got = notSignedIn
			case errors.Is(err, ErrNotOwned):
				got = notOwned
			default:
				require.NoError(t, err)
			}
			require.Equal(t, row.refused[what], got, "%s: %s", row.name, what)
		}
	}
}

func TestDecideSaysMore(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	until := now.Add(time.Hour)
	r := OpenRules().Clone()
	r.Version = RulesVersion{1, 7}
	r.Bans = []Ban{{Member: Author{ID: "ann"}, Network: "n", Reason: "spam", At: now, Until: until}}
	r.Mutes = []Ban{{Member: Author{ID: "bob"}, Network: "o", Reason: "noise", At: now}}
	ask := func(who Principal, what Action) *RefusedError {
		var refused *RefusedError
		require.ErrorAs(t, r.decide(decision{who: who, room: "r", what: what, now: now}), &refused)
		return refused
	}
	require.Equal(t, &RefusedError{Code: RefusedBanned, Until: until, Reason: "spam"}, ask(Principal{ID: "ann"}, ActionPost))
	// Whose ban of the network it is, and why, is nobody else's business.
	require.Equal(t, &RefusedError{Code: RefusedBanned, Until: until, Network: true},
		ask(Principal{ID: "x", Guest: true, Network: "n"}, ActionPost))
	require.Equal(t, &RefusedError{Code: RefusedMuted, Reason: "noise"}, ask(Principal{ID: "bob"}, ActionPost))
	require.Empty(t, ask(Principal{ID: "x", Guest: true, Network: "o"}, ActionPost).Reason)
	r.Removals = []Ban{{Member: Author{ID: "g", Guest: true}, Network: "m", Reason: "noise", At: now, Until: until}}
	require.Equal(t, &RefusedError{Code: RefusedRemoved, Until: until, Network: true},
		ask(Principal{ID: "x", Guest: true, Network: "m"}, ActionPost))
}
