package chat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What access tokens are bound by.
const (
	// MaxTokens is how many a room has at once.
	MaxTokens = 50
	// TokenLife is for how long one is good, at most and by default.
	TokenLife = 365 * 24 * time.Hour
)

// TokenPrefix begins every access token, so that people and programs that look for secrets in texts
// know one when they see it. HookPrefix begins the secret in a hook's address.
const (
	TokenPrefix = "caller_"
	HookPrefix  = "callerhook_"
)

// MaxSigningSecret is how many characters the secret may have that a hook's senders sign with.
const MaxSigningSecret = 255

// tokenPrefix begins a token's ID, and so the ID of the member that it makes of a program.
const tokenPrefix = "t-"

// isProgram reports whether a member's id is a program's.
func isProgram(id MemberID) bool { return strings.HasPrefix(string(id), tokenPrefix) }

// Token is an access token of a program.
type Token struct {
	ID string
	// Name is what the program is called in the room.
	Name string
	// Read and Post are what it may do.
	Read, Post bool
	// Role is [RoleModerator] for a program that moderates, else [RoleGuest].
	Role Role
	// Hook says that it is the address that other services send what happens there to. It posts, and
	// does nothing else. Signed says that they have to sign it.
	Hook, Signed bool
	By           Author
	Made         time.Time
	Expires      time.Time
	// Secret is the token itself. Only [Node.MakeToken] tells it.
	Secret string
}

// TokenTerms say what a token is to be.
type TokenTerms struct {
	Name       string
	Read, Post bool
	// Role is as a [Token]'s.
	Role Role
	// Hook is as a [Token]'s. Signing is the secret that its senders sign with; empty for none.
	Hook    bool
	Signing string
	// ExpiresIn is for how many seconds it is good: [TokenLife] for 0.
	ExpiresIn int
}

type tokenData struct {
	By   authorData `json:"by"`
	Name string     `json:"name"`
	Read bool       `json:"read,omitempty"`
	Post bool       `json:"post,omitempty"`
	Role Role       `json:"role,omitempty"`
	Made time.Time  `json:"made"`
	// Hook and Signing are a hook's.
	Hook    bool   `json:"hook,omitempty"`
	Signing string `json:"signing,omitempty"`
}

func (r Record) token() (Token, error) {
	var d tokenData
	err := readData(r, &d)
	return Token{
		ID: r.ID, Name: d.Name, Read: d.Read, Post: d.Post, Role: d.Role, Hook: d.Hook, Signed: d.Signing != "",
		By: d.By.author(), Made: d.Made, Expires: r.Expires,
	}, err
}

// validate says what is wrong with what a token is to be.
func (t TokenTerms) validate() error {
	switch {
	case t.Hook && t.Read:
		return &InvalidError{Field: "read", Reason: "can't be true of a hook: its address only posts"}
	case t.Hook && !t.Post:
		return &InvalidError{Field: "post", Reason: "can't be false of a hook: its address only posts"}
	case t.Hook && t.Role != RoleGuest:
		return &InvalidError{Field: "role", Reason: "can't be given to a hook: its address only posts"}
	case t.Role != RoleGuest && t.Role != RoleModerator:
		return &InvalidError{Field: "role", Reason: "has to be moderator, or nothing"}
	case t.Role != RoleGuest && !t.Read:
		return &InvalidError{Field: "read", Reason: "has to be true of a token that moderates"}
	case t.Signing != "" && !t.Hook:
		return &InvalidError{Field: "signingSecret", Reason: "is for hooks alone"}
	case utf8.RuneCountInString(t.Signing) > MaxSigningSecret:
		return tooLong("signingSecret", utf8.RuneCountInString(t.Signing), MaxSigningSecret)
	case !t.Read && !t.Post:
		return &InvalidError{Field: "read", Reason: "or post has to be true: a token that may do neither is good for nothing"}
	}
	return nil
}

// MakeToken makes an access token for a room. Errors: those of [Node.Authorize] for [ActionTokens]; an
// [*InvalidError] for "name", "read", "post", "role", "signingSecret", "expiresIn", and for "tokens" when there are [MaxTokens];
// [ErrUnavailable].
func (n *Node) MakeToken(ctx context.Context, who Principal, room RoomID, terms TokenTerms) (Token, error) {
	role, err := n.authorizeOwned(ctx, who, room, ActionTokens)
	if err != nil {
		return Token{}, err
	}
	name, err := ParseName(terms.Name)
	if err != nil {
		return Token{}, err
	}
	if err := terms.validate(); err != nil {
		return Token{}, err
	}
	life, err := lasting(terms.ExpiresIn, TokenLife, TokenLife)
	if err != nil {
		return Token{}, err
	}
	id, whole := newSecret(tokenPrefix, tokenSecret)
	now := time.Now()
	kept, err := n.keepRecord(ctx, room, RecordToken, Record{
		ID: id, Hash: hashOf(whole), Expires: toMillis(now.Add(life)),
		Data: data(tokenData{
			By: dataOf(who.Author()), Name: name, Read: terms.Read, Post: terms.Post, Role: terms.Role, Made: toMillis(now),
			Hook: terms.Hook, Signing: terms.Signing,
		}),
	}, MaxTokens)
	if err != nil {
		return Token{}, err
	}
	n.Record(ctx, who, role, AuditEntry{Action: AuditMakeToken, Room: room, Target: id, TargetName: name, Detail: terms.says()})
	made, err := kept.token()
	made.Secret = made.prefix() + secretText(append(whole, room...))
	return made, err
}

// Tokens are a room's access tokens, the newest first. Errors: those of [Node.Authorize] for [ActionTokens],
// [ErrUnavailable].
func (n *Node) Tokens(ctx context.Context, who Principal, room RoomID) ([]Token, error) {
	if _, err := n.authorizeOwned(ctx, who, room, ActionTokens); err != nil {
		return nil, err
	}
	kept, err := n.records(ctx, room, RecordToken)
	if err != nil {
		return nil, err
	}
	all := make([]Token, 0, len(kept))
	for _, r := range kept {
		one, err := r.token()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Token) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// RevokeToken makes a token good for nothing, and ends the streams of the program that has it.
// Errors: those of [Node.Authorize] for [ActionTokens], [ErrNoRecord], [ErrUnavailable].
func (n *Node) RevokeToken(ctx context.Context, who Principal, room RoomID, id string) error {
	role, err := n.authorizeOwned(ctx, who, room, ActionTokens)
	if err != nil {
		return err
	}
	if err := n.dropRecord(ctx, room, RecordToken, id); err != nil {
		return err
	}
	n.Record(ctx, who, role, AuditEntry{Action: AuditRevokeToken, Room: room, Target: id})
	return n.signal(ctx, room, Leaving{Member: MemberID(id), Ended: true})
}

// prefix begins the token's secret.
func (t Token) prefix() string {
	if t.Hook {
		return HookPrefix
	}
	return TokenPrefix
}

// TokenPrincipal is the program that an access token makes of whoever has it. ok is false for a
// token that is not good (any more), and for what is none. Errors: [ErrUnavailable].
func (n *Node) TokenPrincipal(ctx context.Context, text string) (_ Principal, ok bool, err error) {
	token, _, room, ok, err := n.tokenOf(ctx, text, TokenPrefix)
	if !ok || err != nil {
		return Principal{}, false, err
	}
	return token.principal(room), true, nil
}

// HookPrincipal is who posts by a hook's address, by the secret in it, and the secret that its
// senders sign with, empty for none. ok is false for an address that is not good (any more). Errors:
// [ErrUnavailable].
func (n *Node) HookPrincipal(ctx context.Context, text string) (_ Principal, signing string, ok bool, err error) {
	token, signing, room, ok, err := n.tokenOf(ctx, text, HookPrefix)
	if !ok || err != nil {
		return Principal{}, "", false, err
	}
	return token.principal(room), signing, true, nil
}

// tokenOf is the token that a secret is of, and what its senders sign with.
func (n *Node) tokenOf(ctx context.Context, text, prefix string) (token Token, signing string, room RoomID, ok bool, err error) {
	id, whole, room, ok := readToken(text, prefix)
	if !ok {
		return Token{}, "", "", false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	record, ok, err := n.options.Records.Record(ctx, room, RecordToken, id)
	if err != nil {
		return Token{}, "", "", false, fmt.Errorf("token of %s: %w", room, n.unavailable(err))
	}
	if !ok || subtle.ConstantTimeCompare([]byte(record.Hash), []byte(hashOf(whole))) != 1 {
		return Token{}, "", "", false, nil
	}
	var d tokenData
	if err := readData(record, &d); err != nil {
		return Token{}, "", "", false, err
	}
	token, err = record.token()
	return token, d.Signing, room, err == nil && token.prefix() == prefix, err
}

// principal is the program that has the token.
func (t Token) principal(room RoomID) Principal {
	sum := sha256.Sum256([]byte("token\x00" + t.ID))
	return Principal{
		ID: MemberID(t.ID), Name: t.Name, Look: base64.RawURLEncoding.EncodeToString(sum[:9]),
		Client: t.ID, LimitKey: t.ID, Role: t.Role,
		Via: ViaToken, Rooms: []RoomID{room}, NoRead: !t.Read, NoPost: !t.Post, Until: t.Expires,
	}
}

// readToken takes a token apart: which one it is, its secret, and the room that it is for.
func readToken(text, prefix string) (id string, whole []byte, room RoomID, ok bool) {
	text, ok = strings.CutPrefix(text, prefix)
	if !ok || len(text) > base64.RawURLEncoding.EncodedLen(secretID+tokenSecret+MaxRoomID*utf8.UTFMax) {
		return "", nil, "", false
	}
	all, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(all) <= secretID+tokenSecret {
		return "", nil, "", false
	}
	whole, rest := all[:secretID+tokenSecret], string(all[secretID+tokenSecret:])
	room, err = ParseRoomID(rest)
	if err != nil || string(room) != rest {
		return "", nil, "", false
	}
	return tokenPrefix + hex.EncodeToString(whole[:secretID]), whole, room, true
}
