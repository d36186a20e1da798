package chat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
)

// Passwords makes and checks the hashes of rooms' passwords. Methods may be called at the same time,
// and take their time: that is what makes guessing expensive.
type Passwords interface {
	Hash(ctx context.Context, password string) (hash string, err error)
	// Matches reports whether the hash is that password's.
	Matches(ctx context.Context, hash, password string) (bool, error)
}

// granted reports whether somebody was let into a room by a password or an invite, or comes with the
// password. Errors: those of [Guesses], [RefusedWrongPassword], [ErrUnavailable].
func (n *Node) granted(ctx context.Context, rules *Rules, who Principal, room RoomID) (bool, error) {
	if who.Password != "" && rules.HasPassword && !rules.InviteOnly {
		if err := n.checkPassword(ctx, rules, who, room, who.Password); err != nil {
			return false, err
		}
		return true, nil
	}
	if who.Guest {
		return false, nil
	}
	memory := sha256.Sum256([]byte("grant\x00" + rules.Version.String() + "\x00" + string(room) + "\x00" + string(who.ID)))
	if n.remembered.has(memory) {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	granted, err := n.keeper.Granted(ctx, room, who.ID)
	if err != nil {
		return false, n.unavailable(err)
	}
	if granted { // who is removed from the room has its rules changed, and with them what is remembered
		n.remembered.add(memory)
	}
	return granted, nil
}

// memoryOf is by what it is remembered that a password that came from there is right.
func (n *Node) memoryOf(rules *Rules, guesser, password string) [sha256.Size]byte {
	keyed := hmac.New(sha256.New, n.remembered.key[:])
	keyed.Write([]byte("password\x00" + rules.PasswordHash + "\x00" + guesser + "\x00" + password))
	return [sha256.Size]byte(keyed.Sum(nil))
}

// checkPassword says whether a room's password is right: [RefusedWrongPassword], which counts, when
// it is not. One that was right is known again where it came from, so that programs that give it
// with each request do not pay for it each time. Elsewhere, and where too many were wrong, it is a
// guess as any other: an answer would tell whoever tries on that this one is right.
func (n *Node) checkPassword(ctx context.Context, rules *Rules, who Principal, room RoomID, password string) error {
	memory := n.memoryOf(rules, who.Guesser(), password)
	if n.remembered.has(memory) {
		return n.options.Guesses.Refused(who)
	}
	right, err := n.options.Guesses.Guess(ctx, who, room, func() (bool, error) {
		switch {
		case ValidPassword(password) != nil || rules.PasswordHash == "":
			return false, nil
		case n.options.Passwords == nil:
			return false, errNoPasswords
		}
		return n.options.Passwords.Matches(ctx, rules.PasswordHash, password)
	})
	if err != nil {
		return err
	}
	if !right {
		return &RefusedError{Code: RefusedWrongPassword}
	}
	n.remembered.add(memory)
	return nil
}

var errNoPasswords = errors.New("this node knows nothing of passwords")

// maxRemembered is how many positive answers a node remembers, twice over: half a megabyte.
const maxRemembered = 4096

// answers remembers that something was so, by its hash. When it is full, those are forgotten that
// were not asked for lately.
type answers struct {
	key [32]byte // so that what is remembered of passwords tells nothing

	mu       sync.Mutex // protects following
	new, old map[[sha256.Size]byte]struct{}
}

func newAnswers() *answers {
	a := &answers{new: map[[sha256.Size]byte]struct{}{}}
	_, _ = rand.Read(a.key[:]) // never fails (crypto/rand)
	return a
}

func (a *answers) has(what [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.new[what]; ok {
		return true
	}
	_, ok := a.old[what]
	if ok {
		a.addLocked(what)
	}
	return ok
}

func (a *answers) add(what [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addLocked(what)
}

func (a *answers) addLocked(what [sha256.Size]byte) {
	if len(a.new) >= maxRemembered {
		a.new, a.old = map[[sha256.Size]byte]struct{}{}, a.new
	}
	a.new[what] = struct{}{}
}
