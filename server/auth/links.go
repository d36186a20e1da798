package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/wire"
)

// Links keeps for a while what codes stand for, for all nodes; package redisstore has it. Errors
// wrap [chat.ErrUnavailable].
type Links interface {
	// KeepLink keeps it under the hash of a code for that long.
	KeepLink(ctx context.Context, hash string, of []byte, keep time.Duration) error
	// TakeLink is what was kept, to one asker alone; ok is false for all others, and when its time
	// is over.
	TakeLink(ctx context.Context, hash string) (of []byte, ok bool, err error)
}

// LinkLife is how long a link to a session is good: long enough to unlock a phone and point it at a
// screen.
const LinkLife = 2 * time.Minute

// maxCode is more than a code ever has, in bytes.
const maxCode = 64

// linked is what the store keeps of a session, in JSON.
type linked struct {
	ID      chat.MemberID `json:"id"`
	Name    string        `json:"name"`
	Expires time.Time     `json:"expires,omitzero"`
	Born    time.Time     `json:"born,omitzero"`
	Via     chat.Via      `json:"via,omitempty"`
	SID     string        `json:"sid,omitempty"`
	Fixed   bool          `json:"fixed,omitempty"`
	Role    chat.Role     `json:"role,omitempty"`
	Rooms   []chat.RoomID `json:"rooms,omitzero"`
}

// linkHash is under what the store keeps a code's session.
func linkHash(code string) string {
	sum := sha256.Sum256([]byte("caller link\x00" + code))
	return hex.EncodeToString(sum[:])
}

// NewLink is a code with which another device becomes the request's own session too, once, until
// that time. Errors are those of [Auth.Session]; a [*wire.Failure] of CodeSessionRequired when
// there is none; a [*chat.LimitError].
func (a *Auth) NewLink(r *http.Request) (code string, until time.Time, err error) {
	s, given, err := a.Session(r)
	if err == nil && !given {
		err = wire.Fail(wire.CodeSessionRequired, "there is none to hand on")
	}
	if err == nil && s.Via != chat.ViaItself && s.SID == "" {
		err = wire.Fail(wire.CodeNotAllowed, "the site signs the other device in as well")
	}
	if err != nil {
		return "", time.Time{}, err
	}
	if err := a.options.Limits.Decide(r.Context(), chat.Principal{LimitKey: string(s.ID)}, "", chat.ActionLink); err != nil {
		return "", time.Time{}, err
	}
	of, err := json.Marshal(linked(s))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("link to a session: %w", err)
	}
	code = newCode()
	if err := a.links.KeepLink(r.Context(), linkHash(code), of, LinkLife); err != nil {
		return "", time.Time{}, fmt.Errorf("link to a session: %w", err)
	}
	return code, a.options.Now().Add(LinkLife), nil
}

// newCode is 160 random bits, in letters and digits that no address has to escape.
func newCode() string {
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return encoding().EncodeToString(random[:])
}

// Claim makes the asker the owner of the session that the code is a link to; whoever had it has it
// on. The answer gets the cookie. Errors: a [*wire.Failure] of CodeNotFound for a code that was
// used, is over, never was, or whose session was signed out; a [*chat.LimitError];
// [chat.ErrUnavailable].
func (a *Auth) Claim(w http.ResponseWriter, r *http.Request, code string) (s Session, token string, err error) {
	if err := a.options.Limits.Decide(r.Context(), a.stranger(r), "", chat.ActionClaim); err != nil {
		return Session{}, "", err
	}
	gone := wire.Fail(wire.CodeNotFound, "the link was used, or its time is over: make another one")
	if code = strings.TrimSpace(code); code == "" || len(code) > maxCode {
		return Session{}, "", gone
	}
	of, ok, err := a.links.TakeLink(r.Context(), linkHash(code))
	if err != nil {
		return Session{}, "", fmt.Errorf("claim a session: %w", err)
	}
	var to linked
	if !ok || json.Unmarshal(of, &to) != nil || to.ID == "" || to.Name == "" {
		return Session{}, "", gone
	}
	s = Session(to)
	ended, err := a.revoked.hasNow(r.Context(), s.revokedAs())
	if err != nil {
		return Session{}, "", err
	}
	if ended || s.Via != chat.ViaItself && !a.options.Now().Before(s.Expires) {
		return Session{}, "", gone
	}
	return a.give(w, r, s)
}
