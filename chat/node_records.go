package chat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// The lengths of the parts of a secret that is given out, in bytes: which record it is of, and what
// nobody can guess.
const (
	secretID     = 8
	inviteSecret = 16
	tokenSecret  = 20
)

// newSecret makes up a record's ID and secret. The ID is told to those who may see the record, the
// secret to nobody but who made it.
func newSecret(prefix string, length int) (id string, whole []byte) {
	whole = make([]byte, secretID+length)
	_, _ = rand.Read(whole) // never fails (crypto/rand)
	return prefix + hex.EncodeToString(whole[:secretID]), whole
}

// hashOf is what the store keeps of a secret.
func hashOf(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

// secretText is a secret as it is given out.
func secretText(whole []byte) string { return base64.RawURLEncoding.EncodeToString(whole) }

// readSecret takes a secret apart that somebody came with; ok is false for what can't be one.
func readSecret(prefix, text string, length int) (id string, whole []byte, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(secretID+length) {
		return "", nil, false
	}
	whole, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", nil, false
	}
	return prefix + hex.EncodeToString(whole[:secretID]), whole, true
}

// lasting is a time from now on as somebody asked for it, in seconds: as usual for 0.
func lasting(seconds int, usual, most time.Duration) (time.Duration, error) {
	limit := int(most / time.Second)
	switch {
	case seconds == 0:
		return usual, nil
	case seconds < 0 || seconds > limit:
		return 0, &InvalidError{Field: "expiresIn", Limit: limit, Reason: fmt.Sprintf("has to be 1 to %d seconds", limit)}
	}
	return time.Duration(seconds) * time.Second, nil
}

// authorData is an author as records keep it.
type authorData struct {
	ID    MemberID `json:"id"`
	Name  string   `json:"name"`
	Guest bool     `json:"guest,omitempty"`
	Look  string   `json:"look,omitempty"`
	Via   Via      `json:"via,omitempty"`
}

func dataOf(a Author) authorData { return authorData{a.ID, a.Name, a.Guest, a.Look, a.Via} }

func (a authorData) author() Author {
	return Author{ID: a.ID, Name: a.Name, Guest: a.Guest, Look: a.Look, Via: a.Via}
}

// data makes a record's. It is made of strings, numbers and times alone.
func data(of any) json.RawMessage {
	text, _ := json.Marshal(of) // can't fail
	return text
}

// readData reads what data made. The error wraps [ErrUnavailable]: somebody else wrote it.
func readData(r Record, into any) error {
	if err := json.Unmarshal(r.Data, into); err != nil {
		return fmt.Errorf("record %s: %w: %w", r.ID, ErrUnavailable, err)
	}
	return nil
}

// noMore is the refusal of one more record.
func noMore(kind RecordKind, most int) error {
	return &InvalidError{Field: string(kind), Limit: most, Reason: fmt.Sprintf("are %d already: a room has no more at once", most)}
}

// authorizeOwned asks the policy and the rules of a room that somebody has to own, as the store has
// them now. It returns what somebody is there. Errors: those of [Node.Authorize]; [ErrNotOwned].
func (n *Node) authorizeOwned(ctx context.Context, who Principal, room RoomID, what Action) (Role, error) {
	if err := n.askPolicy(ctx, who, room, what, 1); err != nil {
		return "", err
	}
	rules, err := n.readRules(ctx, room)
	if err != nil {
		return "", err
	}
	may, err := n.permitted(ctx, rules, who, room, what)
	if err != nil {
		return "", err
	}
	if !rules.Owned() {
		return "", n.told(room, what, ErrNotOwned)
	}
	return may.role, nil
}

// records are a room's of one kind.
func (n *Node) records(ctx context.Context, room RoomID, kind RecordKind) ([]Record, error) {
	ctx, cancel := context.WithTimeout(ctx, n.options.Patience)
	defer cancel()
	all, err := n.options.Records.Records(ctx, room, kind)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", kind, room, n.unavailable(err))
	}
	return all, nil
}

// keepRecord keeps one more.
func (n *Node) keepRecord(ctx context.Context, room RoomID, kind RecordKind, r Record, most int) (Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	kept, full, err := n.options.Records.KeepRecord(ctx, room, kind, r, most)
	switch {
	case err != nil:
		return Record{}, fmt.Errorf("keep one of the %s of %s: %w", kind, room, n.unavailable(err))
	case full:
		return Record{}, noMore(kind, most)
	}
	return kept, nil
}

// dropRecord takes one away; [ErrNotFound] when there is none.
func (n *Node) dropRecord(ctx context.Context, room RoomID, kind RecordKind, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	dropped, err := n.options.Records.DropRecord(ctx, room, kind, id)
	if err != nil {
		return fmt.Errorf("take one of the %s of %s away: %w", kind, room, n.unavailable(err))
	}
	if !dropped {
		return fmt.Errorf("one of the %s of %s: %w", kind, room, ErrNoRecord)
	}
	return nil
}
