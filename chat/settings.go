package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on a room's settings: in characters, in seconds, in messages, in members.
const (
	MaxTitle    = 100
	MaxTopic    = 500
	MaxPassword = 128
	MaxSlowMode = 6 * 3600
	// MaxHistory and MaxHistoryTTL bound what may be asked for; what is kept is at most what the
	// node keeps.
	MaxHistory    = 100_000
	MaxHistoryTTL = 365 * 24 * 3600
	MaxMembers    = 100_000
)

// What Settings.Posting, History and Newcomers may be.
const (
	PostingEveryone   = "everyone"
	PostingSessions   = "sessions"
	PostingModerators = "moderators"
	HistoryAll        = "all"
	// HistorySinceJoined keeps from a reader what was said before it first came into the room.
	HistorySinceJoined = "since-joined"
	// HistoryNone shows nobody what was said before; who was cut off gets what it missed since it came.
	HistoryNone    = "none"
	NewcomersPost  = "post"
	NewcomersRead  = "read"
	passwordField  = "password"
	settingsCount  = 15
	maxPatchFields = 2 * settingsCount
)

// Settings are what a room is set to, as they are told to everybody who may enter it. Their JSON is
// the one of the wire, of the room's notices and of the store.
type Settings struct {
	Title string `json:"title"`
	Topic string `json:"topic"`
	// HasPassword says that there is one; a patch gives it as a text, or null for none.
	HasPassword bool `json:"password"`
	// InviteOnly lets in who has an invite, or a role in the room.
	InviteOnly bool `json:"inviteOnly"`
	// Locked lets in nobody new: only who has a role in the room.
	Locked bool `json:"locked"`
	// Posting says who may say something: [PostingEveryone], [PostingSessions] or
	// [PostingModerators].
	Posting string `json:"posting"`
	// SlowMode is how many seconds there are between two messages of one person at least; 0 for
	// none. Moderators are not held up.
	SlowMode int `json:"slowMode"`
	// History says what a new reader is shown of what was said before: [HistoryAll],
	// [HistorySinceJoined] or [HistoryNone]. Moderators see all.
	History string `json:"history"`
	// HistoryLimit is how many messages and notices are kept, HistoryTTL for how many seconds after
	// the last one: at most what the node keeps, which is what 0 stands for.
	HistoryLimit int `json:"historyLimit"`
	HistoryTTL   int `json:"historyTtl"`
	// MaxMembers is how many may be in the room at once; 0 for any number. Moderators always may.
	MaxMembers int `json:"maxMembers"`
	// Files, Calls and Listed allow the room these.
	Files  bool `json:"files"`
	Calls  bool `json:"calls"`
	Listed bool `json:"listed"`
	// Newcomers says what those may do who have no role in the room: [NewcomersPost] or
	// [NewcomersRead].
	Newcomers string `json:"newcomers"`
}

// DefaultSettings are those of an open room.
func DefaultSettings() Settings {
	return Settings{
		Posting: PostingEveryone, History: HistoryAll, Files: true, Calls: true, Listed: true, Newcomers: NewcomersPost,
	}
}

// SettingsPatch is a JSON merge patch (RFC 7396) of settings: new values by the fields' names; null
// for the default.
type SettingsPatch map[string]json.RawMessage

// byModerators are the settings that a moderator may change; the others are the owners'.
var byModerators = []string{"topic", "slowMode", "locked", "newcomers"}

// OwnersOnly reports whether the patch changes what only owners may.
func (p SettingsPatch) OwnersOnly() bool {
	for name := range p {
		if !slices.Contains(byModerators, name) {
			return true
		}
	}
	return false
}

// Password is the password that the patch sets: set is false for one that leaves it as it is. The
// error is an [*InvalidError].
func (p SettingsPatch) Password() (password string, set bool, err error) {
	value, set := p[passwordField]
	if !set || isNull(value) {
		return "", set, nil
	}
	if json.Unmarshal(value, &password) != nil {
		return "", true, &InvalidError{Field: passwordField, Reason: "is not a text: null takes it away"}
	}
	return password, true, ValidPassword(password)
}

// ValidPassword checks a room's password. The error is an [*InvalidError] for "password".
func ValidPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return &InvalidError{Field: passwordField, Reason: "is not valid UTF-8"}
	case n == 0:
		return &InvalidError{Field: passwordField, Limit: MaxPassword, Reason: "is empty"}
	case n > MaxPassword:
		return tooLong(passwordField, n, MaxPassword)
	}
	return nil
}

// Patch is the settings with a patch in them. The error is an [*InvalidError] that names the field:
// one that is no setting, too.
func (s Settings) Patch(p SettingsPatch) (Settings, error) {
	if len(p) > maxPatchFields {
		return s, tooMany("settings", len(p), settingsCount)
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if err := s.set(name, p[name]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// set changes one setting.
func (s *Settings) set(name string, value json.RawMessage) error {
	standard := DefaultSettings()
	switch name {
	case "title":
		return setText(name, value, &s.Title, MaxTitle)
	case "topic":
		return setText(name, value, &s.Topic, MaxTopic)
	case passwordField:
		password, _, err := SettingsPatch{name: value}.Password()
		s.HasPassword = password != ""
		return err
	case "inviteOnly":
		return setFlag(name, value, &s.InviteOnly, standard.InviteOnly)
	case "locked":
		return setFlag(name, value, &s.Locked, standard.Locked)
	case "posting":
		return setChoice(name, value, &s.Posting, PostingEveryone, PostingSessions, PostingModerators)
	case "slowMode":
		return setNumber(name, value, &s.SlowMode, MaxSlowMode)
	case "history":
		return setChoice(name, value, &s.History, HistoryAll, HistorySinceJoined, HistoryNone)
	case "historyLimit":
		return setNumber(name, value, &s.HistoryLimit, MaxHistory)
	case "historyTtl":
		return setNumber(name, value, &s.HistoryTTL, MaxHistoryTTL)
	case "maxMembers":
		return setNumber(name, value, &s.MaxMembers, MaxMembers)
	case "files":
		return setFlag(name, value, &s.Files, standard.Files)
	case "calls":
		return setFlag(name, value, &s.Calls, standard.Calls)
	case "listed":
		return setFlag(name, value, &s.Listed, standard.Listed)
	case "newcomers":
		return setChoice(name, value, &s.Newcomers, NewcomersPost, NewcomersRead)
	}
	return &InvalidError{Field: Excerpt(strings.ToValidUTF8(name, "?")), Reason: "is no setting"}
}

func isNull(value json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(value), []byte("null")) }

// setText sets a line of text.
func setText(name string, value json.RawMessage, to *string, limit int) error {
	if isNull(value) {
		*to = ""
		return nil
	}
	var text string
	if json.Unmarshal(value, &text) != nil || !utf8.Valid(value) {
		return &InvalidError{Field: name, Reason: "is not a text"}
	}
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n > limit {
		return tooLong(name, n, limit)
	}
	if i := strings.IndexFunc(text, isNotOfALine); i >= 0 {
		return &InvalidError{Field: name, Reason: "has a control character or a line break"}
	}
	if isBlank(text) {
		text = ""
	}
	*to = text
	return nil
}

func setFlag(name string, value json.RawMessage, to *bool, standard bool) error {
	if isNull(value) {
		*to = standard
		return nil
	}
	if json.Unmarshal(value, to) != nil {
		return &InvalidError{Field: name, Reason: "is neither true nor false"}
	}
	return nil
}

// setChoice sets one of several words; the first is the default.
func setChoice(name string, value json.RawMessage, to *string, choices ...string) error {
	if isNull(value) {
		*to = choices[0]
		return nil
	}
	var word string
	if json.Unmarshal(value, &word) != nil || !slices.Contains(choices, word) {
		return &InvalidError{Field: name, Reason: "is none of " + strings.Join(choices, ", ")}
	}
	*to = word
	return nil
}

func setNumber(name string, value json.RawMessage, to *int, limit int) error {
	if isNull(value) {
		*to = 0
		return nil
	}
	var n int
	if json.Unmarshal(value, &n) != nil || n < 0 || n > limit {
		return &InvalidError{Field: name, Limit: limit, Reason: fmt.Sprintf("is not a whole number from 0 to %d", limit)}
	}
	*to = n
	return nil
}

// fields are the settings by their names, as JSON has them.
func (s Settings) fields() map[string]json.RawMessage {
	object, _ := json.Marshal(s) // can't fail: texts, numbers and flags only
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(object, &fields)
	return fields
}

// Changed are the names of the settings that differ from those, in order.
func (s Settings) Changed(from Settings) []string {
	before := from.fields()
	var names []string
	for name, value := range s.fields() {
		if !bytes.Equal(before[name], value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
