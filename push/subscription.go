package push

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/outbound"
	"github.com/caller-chat/caller/transport/wire"
)

const (
	// maxEndpoint is twice what the longest known push service's addresses have, in bytes.
	maxEndpoint = 2048
	// maxRooms is how many rooms a subscription may say something of.
	maxRooms = 200
)

// What one wants to be told of a room. A room that nothing is said of is wantMentions.
const (
	wantAll      = "all"
	wantMentions = "mentions"
	wantNothing  = "none"
)

// subscription is a browser's PushSubscription (Push API section 8), and for which rooms it is.
type subscription struct {
	webpush.Subscription
	Rooms map[chat.RoomID]string `json:"rooms,omitempty"`
}

// wants reports whether a mention in the room is to be told.
func (s subscription) wants(room chat.RoomID) bool { return s.Rooms[room] != wantNothing }

// id tells subscriptions apart: by their address, which nobody else has.
func (s subscription) id() string { return idOf(s.Endpoint) }

func idOf(endpoint string) string {
	sum := sha256.Sum256([]byte(endpoint))
	return hex.EncodeToString(sum[:16])
}

// host is the push service, for logs: the rest of the address is a secret.
func (s subscription) host() string {
	if u, err := url.Parse(s.Endpoint); err == nil {
		return u.Host
	}
	return ""
}

// keptSubscription is a subscription as the store keeps it, as JSON: with what a room's rules judge
// by, as it was when the browser last sent it.
type keptSubscription struct {
	subscription
	By standing `json:"by,omitzero"`
}

// standing is what rules know of whoever subscribed, beside its id.
type standing struct {
	Network string        `json:"network,omitempty"`
	Born    int64         `json:"born,omitempty"` // seconds; 0 for not known
	Via     chat.Via      `json:"via,omitempty"`
	Role    chat.Role     `json:"role,omitempty"`
	Rooms   []chat.RoomID `json:"rooms,omitempty"`
	Limited bool          `json:"limited,omitempty"` // to these rooms
	NoRead  bool          `json:"noRead,omitempty"`
}

func standingOf(who chat.Principal) standing {
	s := standing{
		Network: who.Network, Via: who.Via, Role: who.Role, Rooms: who.Rooms, Limited: who.Rooms != nil, NoRead: who.NoRead,
	}
	if !who.Born.IsZero() {
		s.Born = who.Born.Unix()
	}
	return s
}

// principal is whoever subscribed, as the rules judge it.
func (s standing) principal(id chat.MemberID) chat.Principal {
	who := chat.Principal{ID: id, Client: string(id), Network: s.Network, Via: s.Via, Role: s.Role, NoRead: s.NoRead}
	if s.Born != 0 {
		who.Born = time.Unix(s.Born, 0)
	}
	if s.Limited {
		who.Rooms = append([]chat.RoomID{}, s.Rooms...)
	}
	return who
}

func parseKept(text []byte) (s keptSubscription, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("a kept subscription: %w", err)
	}
	return s, nil
}

// check refuses what can't be sent to, and writes rooms as they are named here. Errors are
// [*chat.InvalidError].
func (s *subscription) check(allowPrivate bool) error {
	if err := checkEndpoint(s.Endpoint, allowPrivate); err != nil {
		return err
	}
	if key, err := decode(s.Keys.P256dh); err != nil {
		return &chat.InvalidError{Field: "keys.p256dh", Reason: "is not base64url"}
	} else if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return &chat.InvalidError{Field: "keys.p256dh", Reason: "is not a public key of the curve P-256"}
	}
	if secret, err := decode(s.Keys.Auth); err != nil || len(secret) != 16 {
		return &chat.InvalidError{Field: "keys.auth", Limit: 16, Reason: "is not 16 bytes in base64url"}
	}
	if len(s.Rooms) > maxRooms {
		return &chat.InvalidError{Field: "rooms", Limit: maxRooms, Reason: fmt.Sprintf("has %d rooms, more than %d", len(s.Rooms), maxRooms)}
	}
	rooms := make(map[chat.RoomID]string, len(s.Rooms))
	for name, want := range s.Rooms {
		room, err := wire.ParseRoomID(string(name))
		if err != nil {
			return &chat.InvalidError{Field: "rooms", Reason: fmt.Sprintf("has %q, which is no room", name)}
		}
		switch want {
		case wantAll, wantMentions, wantNothing:
			rooms[room] = want
		default:
			return &chat.InvalidError{Field: "rooms", Reason: fmt.Sprintf("wants %q: it must be all, mentions or none", want)}
		}
	}
	s.Rooms = rooms
	return nil
}

// checkEndpoint refuses addresses that are no push service's as they stand there. What a name comes
// to is looked at when it is dialed.
func checkEndpoint(endpoint string, allowPrivate bool) error {
	invalid := func(reason string) error { return &chat.InvalidError{Field: "endpoint", Reason: reason} }
	if len(endpoint) > maxEndpoint {
		return &chat.InvalidError{Field: "endpoint", Limit: maxEndpoint, Reason: fmt.Sprintf("has %d bytes, more than %d", len(endpoint), maxEndpoint)}
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, u.Fragment != "":
		return invalid("is not the address of a push service")
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

// decode reads base64 as browsers write it, in either alphabet and with or without padding.
func decode(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	return base64.RawURLEncoding.DecodeString(text)
}
