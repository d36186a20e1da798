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
// know one when they see it.
const TokenPrefix = "caller_"

// tokenPrefix begins a token's ID, and so the ID of the member that it makes of a program.
const tokenPrefix = "t-"

// Token is an access token of a program.
type Token struct {
	ID string
	// Name is what the program is called in the room.
	Name string
	// Read and Post are what it may do.
	Read, Post bool
	By         Author
	Made       time.Time
	Expires    time.Time
	// Secret is the token itself. Only [Node.MakeToken] tells it.
	Secret string
}

// TokenTerms say what a token is to be.
type TokenTerms struct {
	Name       string
	Read, Post bool
	// ExpiresIn is for how many seconds it is good: [TokenLife] for 0.
	ExpiresIn int
}

type tokenData struct {
	By   authorData `json:"by"`
	Name string     `json:"name"`
	Read bool       `json:"read,omitempty"`
	Post bool       `json:"post,omitempty"`
	Made time.Time  `json:"made"`
}

func (r Record) token() (Token, error) {
	var d tokenData
	err := readData(r, &d)
	return Token{
		ID: r.ID, Name: d.Name, Read: d.Read, Post: d.Post, By: d.By.author(), Made: d.Made, Expires: r.Expires,
	}, err
}

// MakeToken makes an access token for a room. Errors: those of [Node.Authorize] for [ActionTokens]; an
// [*InvalidError] for "name", "read", "expiresIn", and for "tokens" when there are [MaxTokens];
// [ErrUnavailable].
func (n *Node) MakeToken(ctx context.Context, who Principal, room RoomID, terms TokenTerms) (Token, error) {
	if err := n.authorizeOwned(ctx, who, room, ActionTokens); err != nil {
		return Token{}, err
	}
	name, err := ParseName(terms.Name)
	if err != nil {
		return Token{}, err
	}
	if !terms.Read && !terms.Post {
		return Token{}, &InvalidError{Field: "read", Reason: "or post has to be true: a token that may do neither is good for nothing"}
	}
	life, err := lasting(terms.ExpiresIn, TokenLife, TokenLife)
	if err != nil {
		return Token{}, err
	}
	id, whole := newSecret(tokenPrefix, tokenSecret)
	now := time.Now()
	kept, err := n.keepRecord(ctx, room, RecordToken, Record{
		ID: id, Hash: hashOf(whole), Expires: toMillis(now.Add(life)),
		Data: data(tokenData{dataOf(who.Author()), name, terms.Read, terms.Post, toMillis(now)}),
	}, MaxTokens)
	if err != nil {
		return Token{}, err
	}
	made, err := kept.token()
	made.Secret = TokenPrefix + secretText(append(whole, room...))
	return made, err
}

// Tokens are a room's access tokens, the newest first. Errors: those of [Node.Authorize] for [ActionTokens],
// [ErrUnavailable].
func (n *Node) Tokens(ctx context.Context, who Principal, room RoomID) ([]Token, error) {
	if err := n.authorizeOwned(ctx, who, room, ActionTokens); err != nil {
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
	if err := n.authorizeOwned(ctx, who, room, ActionTokens); err != nil {
		return err
	}
	if err := n.dropRecord(ctx, room, RecordToken, id); err != nil {
		return err
	}
	return n.signal(ctx, room, Leaving{Member: MemberID(id), Ended: true})
}

// TokenPrincipal is the program that an access token makes of whoever has it. ok is false for a
// token that is not good (any more), and for what is none. Errors: [ErrUnavailable].
func (n *Node) TokenPrincipal(ctx context.Context, text string) (_ Principal, ok bool, err error) {
	id, whole, room, ok := readToken(text)
	if !ok {
		return Principal{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	record, ok, err := n.options.Records.Record(ctx, room, RecordToken, id)
	if err != nil {
		return Principal{}, false, fmt.Errorf("token of %s: %w", room, n.unavailable(err))
	}
	if !ok || subtle.ConstantTimeCompare([]byte(record.Hash), []byte(hashOf(whole))) != 1 {
		return Principal{}, false, nil
	}
	token, err := record.token()
	if err != nil {
		return Principal{}, false, err
	}
	sum := sha256.Sum256([]byte("token\x00" + id))
	return Principal{
		ID: MemberID(id), Name: token.Name, Look: base64.RawURLEncoding.EncodeToString(sum[:9]),
		Client: id, LimitKey: id,
		Via: ViaToken, Rooms: []RoomID{room}, NoRead: !token.Read, NoPost: !token.Post, Until: token.Expires,
	}, true, nil
}

// readToken takes a token apart: which one it is, its secret, and the room that it is for.
func readToken(text string) (id string, whole []byte, room RoomID, ok bool) {
	text, ok = strings.CutPrefix(text, TokenPrefix)
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
