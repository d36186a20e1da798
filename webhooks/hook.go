package webhooks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/outbound"
)

// What a room's hooks are bound by.
const (
	// MaxHooks is how many a room has at once.
	MaxHooks = 10
	// MaxURL is how many bytes an address may have.
	MaxURL = 2000
	// rotation is for how long a secret signs on after another one has taken its place, and maxOld how
	// many such there are.
	rotation = 24 * time.Hour
	maxOld   = 4
)

// NodeHook is a hook that is told of all rooms. Whoever runs the server has chosen it, so it may be
// anywhere.
type NodeHook struct {
	URL    string
	Events []chat.HookEvent
	// Secrets sign, all of them; the first is the current one.
	Secrets []string
}

// ID names the hook on all nodes that have it: by its address.
func (h NodeHook) ID() chat.HookID {
	sum := sha256.Sum256([]byte(h.URL))
	return chat.HookID("nh-" + hex.EncodeToString(sum[:8]))
}

// roomHook is a room's hook as it is kept.
type roomHook struct {
	URL    string           `json:"url"`
	Events []chat.HookEvent `json:"events"`
	Secret string           `json:"secret"`
	// Old is the secret before, which signs on until then.
	Old      string    `json:"old,omitempty"`
	OldUntil time.Time `json:"oldUntil,omitzero"`
	// Older are those before that one: whoever has not got an answer asks for a secret once more, and
	// the receiver still has the first.
	Older  []oldSecret   `json:"older,omitempty"`
	By     chat.MemberID `json:"by"`
	ByName string        `json:"byName"`
	Made   time.Time     `json:"made"`
	// Off is since when it is told no more, and Why.
	Off time.Time `json:"off,omitzero"`
	Why string    `json:"why,omitempty"`
}

// oldSecret signs on until then.
type oldSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"`
}

func newHookID() chat.HookID {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return chat.HookID("wh-" + hex.EncodeToString(b[:]))
}

func (h roomHook) encode() []byte {
	text, _ := json.Marshal(h) // can't fail: texts and times
	return text
}

// told are the events that it is told of.
func (h roomHook) told() []chat.HookEvent {
	if !h.Off.IsZero() {
		return nil
	}
	return h.Events
}

// old are the secrets that sign on, the latest first.
func (h roomHook) old(now time.Time) (all []oldSecret) {
	for _, o := range append([]oldSecret{{h.Old, h.OldUntil}}, h.Older...) {
		if o.Secret != "" && now.Before(o.Until) {
			all = append(all, o)
		}
	}
	return all
}

// secrets are those that sign now.
func (h roomHook) secrets(now time.Time) []string {
	all := []string{h.Secret}
	for _, o := range h.old(now) {
		all = append(all, o.Secret)
	}
	return all
}

// rotate gives it another secret. Those before sign along for a day.
func (h *roomHook) rotate(now time.Time) {
	older := h.old(now)
	if len(older) >= maxOld {
		older = older[:maxOld-1]
	}
	h.Old, h.OldUntil, h.Older = h.Secret, now.Add(rotation).UTC().Truncate(time.Millisecond), older
	h.Secret = NewSecret()
}

// usualEvents are what a hook is told of when it does not say.
func usualEvents() []chat.HookEvent {
	return []chat.HookEvent{chat.HookMessage, chat.HookEdit, chat.HookDelete}
}

// ParseEvents reads which events somebody wants to be told of; the usual ones for none. The error is
// an [*chat.InvalidError].
func ParseEvents(names []string) ([]chat.HookEvent, error) {
	if len(names) == 0 {
		return usualEvents(), nil
	}
	known := chat.HookEvents()
	var events []chat.HookEvent
	for _, name := range names {
		e := chat.HookEvent(name)
		if !slices.Contains(known, e) {
			return nil, &chat.InvalidError{Field: "events", Reason: fmt.Sprintf("have %.40q: want some of %v", name, known)}
		}
		if !slices.Contains(events, e) {
			events = append(events, e)
		}
	}
	return events, nil
}

// CheckURL says what is wrong with an address that is told what happens. Where it leads is looked at
// when it is connected to. The error is an [*chat.InvalidError].
func CheckURL(address string, allowPrivate bool) error {
	invalid := func(reason string) error { return &chat.InvalidError{Field: "url", Reason: reason} }
	u, err := url.Parse(address)
	switch {
	case len(address) > MaxURL:
		return &chat.InvalidError{Field: "url", Limit: MaxURL, Reason: fmt.Sprintf("has %d bytes, more than %d", len(address), MaxURL)}
	case address == "":
		return invalid("is missing")
	case err != nil, u.Hostname() == "", u.User != nil, u.Fragment != "", !isPort(u.Port()),
		strings.ContainsFunc(address, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }):
		return invalid("is not an address, as https://example.org/hook")
	case u.Scheme != "https" && !(allowPrivate && u.Scheme == "http"):
		return invalid("must begin with https://")
	case allowPrivate:
		return nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !outbound.IsPublic(a) || outbound.IsLocalName(u.Hostname()) {
		return invalid("is not a public address")
	}
	return nil
}

// isPort reports whether an address may end its host with that; with nothing it may.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0
}

// failure is what is kept of a hook that could not be told.
type failure struct {
	// Count is how often, one after the other, and Since when it began.
	Count int       `json:"count"`
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
	// Status is the answer's; 0 for none, and then Error says why.
	Status int       `json:"status,omitempty"`
	Error  string    `json:"error"`
	Next   time.Time `json:"next"`
}

// note is what is kept of a dead letter.
type note struct {
	URL      string `json:"url"`
	Status   int    `json:"status,omitempty"`
	Error    string `json:"error"`
	Attempts int    `json:"attempts"`
}
