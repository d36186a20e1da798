package chat

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RoomSettings are a room's settings as somebody sees them.
type RoomSettings struct {
	Settings Settings
	// Version counts the changes of the room's rules; 0 for a room nobody owns.
	Version int64
	Owned   bool
	// Role is what whoever asks is in the room.
	Role Role
	// Muted says that whoever asks may say nothing, MutedUntil until when; zero for no end.
	// MutedReason is why, where a moderator has said it.
	Muted       bool
	MutedUntil  time.Time
	MutedReason string
}

func (r *Rules) seenBy(who Principal) RoomSettings {
	s := RoomSettings{Settings: r.Settings, Version: r.Version.Number, Owned: r.Owned(), Role: r.RoleOf(who)}
	if m := r.muted(who, s.Role, time.Now()); m != nil {
		s.Muted, s.MutedUntil, s.MutedReason = true, m.Until, m.Reason
	}
	return s
}

// Settings are a room's. Errors: those of [Node.Authorize].
func (n *Node) Settings(ctx context.Context, who Principal, room RoomID) (RoomSettings, error) {
	may, err := n.authorize(ctx, who, room, ActionSettings)
	if err != nil {
		return RoomSettings{}, err
	}
	return may.rules.seenBy(who), nil
}

// ChangeSettings changes a room's settings, if they are of that version; nil for whatever it is. A
// door that is closed (a password, invites only, a lock, newcomers read) leaves those inside who are
// here or have said something that is kept: they become members.
//
// Errors: those of [Node.Authorize]; [ErrNotOwned]; [ErrVersion]; an [*InvalidError] that names the
// field.
func (n *Node) ChangeSettings(
	ctx context.Context, who Principal, room RoomID, patch SettingsPatch, ifVersion *int64,
) (RoomSettings, error) {
	var hash string
	var role Role
	var changed []string
	if password, _, err := patch.Password(); err == nil && password != "" {
		if err := n.told(room, ActionHash, decideTimes(ctx, n.options.Policy, who, "", ActionHash, 1)); err != nil {
			return RoomSettings{}, err
		}
	}
	rules, _, err := n.change(ctx, who, room, ActionChange, func(ctx context.Context, may permit) (*RulesChange, error) {
		rules := may.rules
		role, changed = may.role, nil
		if ifVersion != nil && *ifVersion != rules.Version.Number {
			return nil, ErrVersion
		}
		if patch.OwnersOnly() && !may.role.AtLeast(RoleOwner) {
			return nil, &RefusedError{Code: RefusedNotAllowed, Detail: "only the room's owner may change these settings"}
		}
		to := rules.Clone()
		var err error
		if to.Settings, err = rules.Settings.Patch(patch); err != nil {
			return nil, err
		}
		if hash, err = n.patchPassword(ctx, patch, to, hash); err != nil {
			return nil, err
		}
		changed = to.Settings.Changed(rules.Settings)
		if to.PasswordHash != rules.PasswordHash && !slices.Contains(changed, passwordField) {
			changed = append(changed, passwordField)
			slices.Sort(changed)
		}
		if len(changed) == 0 {
			return nil, nil
		}
		if to.isClosedFurtherThan(rules) {
			if err := n.letInWhoIsHere(ctx, room, to); err != nil {
				return nil, err
			}
		}
		return &RulesChange{From: rules, To: to, Notice: noticeOfSettings(who, to.Settings, changed)}, nil
	})
	if err != nil {
		return RoomSettings{}, err
	}
	if len(changed) > 0 {
		n.Record(ctx, who, role, AuditEntry{Action: AuditSettings, Room: room, Detail: strings.Join(changed, ", ")})
	}
	return rules.seenBy(who), nil
}

// patchPassword sets the password that a patch has, if any. It is made once for all tries, since
// that takes its time.
func (n *Node) patchPassword(ctx context.Context, patch SettingsPatch, to *Rules, made string) (hash string, err error) {
	password, set, err := patch.Password()
	switch {
	case err != nil || !set:
		return made, err
	case password == "":
		to.PasswordHash = ""
		return "", nil
	case n.options.Passwords == nil:
		return "", errNoPasswords
	case made == "":
		if made, err = n.options.Passwords.Hash(ctx, password); err != nil {
			return "", err
		}
	}
	to.PasswordHash = made
	return made, nil
}

func noticeOfSettings(by Principal, s Settings, changed []string) Draft {
	all, values := s.fields(), map[string]json.RawMessage{}
	for _, name := range changed {
		values[name] = all[name]
	}
	return notice(by, NoticeSettings, noticeFields{Changed: changed, Settings: values})
}

// change changes a room's rules as make says, which is asked again when somebody else has changed
// them; nil for no change. It returns the rules after it, and the notice.
func (n *Node) change(
	ctx context.Context, who Principal, room RoomID, what Action,
	make func(context.Context, permit) (*RulesChange, error),
) (*Rules, Entry, error) {
	if err := n.askPolicy(ctx, who, room, what, 1); err != nil {
		return nil, Entry{}, err
	}
	return n.changeIf(ctx, room, what, func(ctx context.Context, rules *Rules) (permit, error) {
		may, err := n.permitted(ctx, rules, who, room, what)
		return may, n.told(room, what, err)
	}, make)
}

// changeIf is change for whoever may.
func (n *Node) changeIf(
	ctx context.Context, room RoomID, what Action, may func(context.Context, *Rules) (permit, error),
	make func(context.Context, permit) (*RulesChange, error),
) (*Rules, Entry, error) {
	if !n.begin() {
		return nil, Entry{}, ErrGoingAway
	}
	defer n.running.Done()
	// As in Post: it is carried out all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changePatience*n.options.Patience)
	defer cancel()
	for tries := 1; ; tries++ {
		rules, err := n.readRules(ctx, room)
		if err != nil {
			return nil, Entry{}, err
		}
		permit, err := may(ctx, rules)
		if err != nil {
			return nil, Entry{}, err
		}
		c, err := make(ctx, permit)
		if err == nil && c == nil {
			return rules, Entry{}, nil
		}
		if err == nil {
			var e Entry
			var version RulesVersion
			if e, version, err = n.keeper.ChangeRules(ctx, room, *c); err == nil {
				c.To.Version = version
				return c.To, e, nil
			}
		}
		if !errors.Is(err, ErrRulesChanged) || tries == maxRulesTries {
			return nil, Entry{}, n.told(room, what, n.unavailable(outOfTries(err)))
		}
	}
}

// changePatience is how many times its usual patience a node has for a change of rules, which takes
// several calls to the store, and the hash of a password.
const changePatience = 3

// OwnRequest is how somebody becomes a room's owner.
type OwnRequest struct {
	// Title is the room's; may be empty.
	Title string
	// New says that the room was made up just now, and that nobody may be in it.
	New bool
}

// Own makes somebody the owner of a room that nobody owns: of a new one, or of one whose only member
// it is. A moderator may own a room whose owners have not been there for [RulesLife]. The secret is
// good for becoming an owner with another session, by [Node.Enter]; nobody has it but whoever gets
// it here.
//
// Errors: those of [Node.Authorize]; [ErrOwned]; [ErrManyOwned]; an [*InvalidError] for "title".
func (n *Node) Own(ctx context.Context, who Principal, room RoomID, o OwnRequest) (s RoomSettings, secret string, err error) {
	title, err := json.Marshal(o.Title)
	if err != nil {
		return s, "", err
	}
	secret, hash := newOwnerSecret()
	counted := false
	rules, _, err := n.change(ctx, who, room, ActionOwn, func(ctx context.Context, may permit) (*RulesChange, error) {
		now := time.Now()
		to := may.rules.Clone()
		c := &RulesChange{From: may.rules, To: to, Notice: noticeAbout(who, NoticeOwned, who.Author())}
		switch {
		case !may.rules.Owned():
			if to.Settings, err = to.Settings.Patch(SettingsPatch{"title": title}); err != nil {
				return nil, err
			}
			if !counted {
				if err := n.countOwned(ctx, room); err != nil {
					return nil, err
				}
				counted = true
			}
			c.Alone = true
			if !o.New {
				c.Only = who.ID
			}
		case may.role != RoleModerator || may.rules.Roles[who.ID] != RoleModerator || now.Sub(may.rules.OwnerSeen) < RulesLife:
			return nil, ErrOwned
		}
		to.Roles[who.ID], to.OwnerHash, to.OwnerSeen = RoleOwner, hash, now
		return c, nil
	})
	if err != nil && counted {
		n.freeOwned(ctx, room)
	}
	if err != nil {
		return s, "", err
	}
	n.Record(ctx, who, RoleOwner, AuditEntry{Action: AuditOwn, Room: room})
	return rules.seenBy(who), secret, nil
}

// OwnerLink makes a new secret as [Node.Own]'s; the one before is good for nothing any more. Errors:
// those of [Node.Authorize].
func (n *Node) OwnerLink(ctx context.Context, who Principal, room RoomID) (secret string, err error) {
	secret, hash := newOwnerSecret()
	var role Role
	_, _, err = n.change(ctx, who, room, ActionOwn, func(_ context.Context, may permit) (*RulesChange, error) {
		switch {
		case !may.rules.Owned():
			return nil, ErrNotOwned
		case !may.role.AtLeast(RoleOwner):
			return nil, &RefusedError{Code: RefusedNotAllowed, Detail: "only the room's owner may do this"}
		}
		role = may.role
		to := may.rules.Clone()
		to.OwnerHash = hash
		return &RulesChange{From: may.rules, To: to}, nil
	})
	if err != nil {
		return "", err
	}
	n.Record(ctx, who, role, AuditEntry{Action: AuditOwnerLink, Room: room})
	return secret, nil
}

// ownerSecret is how many random bytes an owner's secret has.
const ownerSecret = 32

// newOwnerSecret makes up a secret, and its hash, which is what is kept.
func newOwnerSecret() (secret, hash string) {
	var random [ownerSecret]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	secret = secretText(random[:])
	return secret, hashOf([]byte(secret))
}

// Credential is what somebody has to get into a room with: exactly one of these.
type Credential struct {
	Password string
	Invite   string
	// Owner is the secret of [Node.Own].
	Owner string
}

// Enter lets a session into a room, for as long as it is not removed from it: by the room's
// password or an invite, or as an owner. Who may be in the room anyway uses nothing up.
//
// Errors: those of [Node.Authorize] for [ActionEnter]; those of [Guesses]; [ErrGuest];
// [RefusedWrongPassword]; [RefusedWrongInvite], whatever is wrong with the invite or the owner's
// secret.
func (n *Node) Enter(ctx context.Context, who Principal, room RoomID, c Credential) (RoomSettings, error) {
	if who.Guest || who.ID == "" {
		return RoomSettings{}, n.told(room, ActionEnter, ErrGuest)
	}
	if c.Owner != "" {
		return n.enterAsOwner(ctx, who, room, c.Owner)
	}
	may, err := n.authorize(ctx, who, room, ActionEnter)
	if err != nil {
		return RoomSettings{}, err
	}
	rules := may.rules
	who.Password = ""
	if _, err := n.permitted(ctx, rules, who, room, ActionSubscribe); err == nil {
		if c.Password == "" || !rules.HasPassword {
			return rules.seenBy(who), nil
		}
	} else if !wantsGrant(err) {
		return RoomSettings{}, n.told(room, ActionEnter, err)
	}
	if err := n.use(ctx, rules, who, room, c); err != nil {
		return RoomSettings{}, n.told(room, ActionEnter, err)
	}
	if c.Invite != "" { // which has let the session in
		return rules.seenBy(who), nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	if err := n.keeper.Grant(ctx, room, who.ID); err != nil {
		return RoomSettings{}, fmt.Errorf("enter %s: %w", room, n.unavailable(err))
	}
	return rules.seenBy(who), nil
}

// use says whether a password or an invite lets somebody in.
func (n *Node) use(ctx context.Context, rules *Rules, who Principal, room RoomID, c Credential) error {
	if c.Invite != "" {
		ok, err := n.options.Guesses.Guess(ctx, who, "", func() (bool, error) {
			return n.useInvite(ctx, room, c.Invite, who.ID)
		})
		if err == nil && !ok {
			err = &RefusedError{Code: RefusedWrongInvite}
		}
		return err
	}
	if rules.InviteOnly {
		return &RefusedError{Code: RefusedInvite}
	}
	return n.checkPassword(ctx, rules, who, room, c.Password)
}

// enterAsOwner makes an owner of whoever has the owner's secret, whatever the room's doors.
func (n *Node) enterAsOwner(ctx context.Context, who Principal, room RoomID, secret string) (RoomSettings, error) {
	if err := n.askPolicy(ctx, who, room, ActionEnter, 1); err != nil {
		return RoomSettings{}, err
	}
	hash := hashOf([]byte(secret))
	may := func(_ context.Context, rules *Rules) (permit, error) {
		err := decision{who: who, room: room, what: ActionEnter, now: time.Now()}.byCredential()
		switch {
		case err != nil:
		case who.Via == ViaToken:
			err = &RefusedError{Code: RefusedNotAllowed, Detail: "a program can't be the room's owner"}
		case !rules.Closed.IsZero():
			err = &RefusedError{Code: RefusedClosed}
		}
		return permit{rules: rules}, n.told(room, ActionEnter, err)
	}
	became := false
	rules, _, err := n.changeIf(ctx, room, ActionEnter, may, func(ctx context.Context, may permit) (*RulesChange, error) {
		right, err := n.options.Guesses.Guess(ctx, who, "", func() (bool, error) {
			return subtle.ConstantTimeCompare([]byte(hash), []byte(may.rules.OwnerHash)) == 1, nil
		})
		if err == nil && !right {
			err = &RefusedError{Code: RefusedWrongInvite}
		}
		if err != nil {
			return nil, err
		}
		if may.rules.Roles[who.ID] == RoleOwner {
			became = false
			return nil, nil
		}
		became = true
		to := may.rules.Clone()
		to.forget(who.ID)
		to.Roles[who.ID], to.OwnerSeen = RoleOwner, time.Now()
		d := notice(who, NoticeRole, noticeFields{
			Member: &noticeMember{who.ID, who.Name}, Role: RoleOwner.shownName(),
		})
		return &RulesChange{From: may.rules, To: to, Notice: d}, nil
	})
	if err != nil {
		return RoomSettings{}, err
	}
	if became {
		n.Record(ctx, who, RoleOwner, AuditEntry{Action: AuditBecameOwner, Room: room})
	}
	return rules.seenBy(who), nil
}
