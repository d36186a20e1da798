package calls

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"

	"github.com/caller-chat/caller/chat"
)

// ActionJoin is what a policy is asked before somebody gets a token for a room's call.
const ActionJoin chat.Action = "call"

// TokenLife is how long a join token is good for joining. LiveKit gives a participant newer ones by
// itself, so it need not last as long as the call; a page that has to connect anew asks for
// another.
const TokenLife = 2 * time.Minute

// maxRoomName is the longest name LiveKit takes for a room by default, in bytes.
const maxRoomName = 256

// JoinToken lets one member into one room's call.
type JoinToken struct {
	URL     string
	Token   string
	Expires time.Time // to the second
}

// NewJoinToken makes a join token. It does not ask whether the member is present in the room: the
// caller has to. Errors: an [*chat.InvalidError] for a room whose name is too long for LiveKit.
func (o Options) NewJoinToken(room chat.RoomID, who chat.Author) (JoinToken, error) {
	name := o.roomName(room)
	if len(name) > maxRoomName {
		limit := maxRoomName - len(o.RoomPrefix)
		return JoinToken{}, &chat.InvalidError{Field: "room", Limit: limit,
			Reason: fmt.Sprintf("has %d bytes, more than the %d with which a room can have a call", len(room), limit)}
	}
	if who.ID == "" || who.Guest {
		return JoinToken{}, errors.New("a join token is for a session's owner")
	}
	yes, no := true, false
	grant := &auth.VideoGrant{
		RoomJoin: true, Room: name, CanPublish: &yes, CanSubscribe: &yes, CanPublishData: &yes, CanUpdateOwnMetadata: &no,
	}
	expires := time.Now().Add(TokenLife).UTC().Truncate(time.Second)
	token, err := auth.NewAccessToken(o.Key, o.Secret).SetIdentity(string(who.ID)).SetName(who.Name).
		SetVideoGrant(grant).SetValidFor(TokenLife).ToJWT()
	if err != nil {
		return JoinToken{}, fmt.Errorf("join token for %s: %w", room, err)
	}
	return JoinToken{URL: o.PublicURL, Token: token, Expires: expires}, nil
}

func (o Options) roomName(room chat.RoomID) string { return o.RoomPrefix + string(room) }

// roomOf is the room with a name in LiveKit; ok is false for one that is none of ours.
func (o Options) roomOf(name string) (room chat.RoomID, ok bool) {
	rest, ok := strings.CutPrefix(name, o.RoomPrefix)
	if !ok {
		return "", false
	}
	room, err := chat.ParseRoomID(rest)
	return room, err == nil && string(room) == rest
}
