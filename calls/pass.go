package calls

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"

	"github.com/caller-chat/caller/chat"
)

// PassLife is how long a pass is good for joining. LiveKit gives a participant newer ones by itself, so it need not last
// as long as the call; a page that has to connect anew asks for another.
const PassLife = 2 * time.Minute

// maxRoomName is the longest name LiveKit takes for a room by default, in bytes.
const maxRoomName = 256

// Pass lets one member into one room's call.
type Pass struct {
	URL     string
	Token   string
	Expires time.Time // to the second
}

// NewPass makes a pass. It does not ask whether the member is present in the room: the caller has to. Errors: an
// [*chat.InvalidError] for a room whose name is too long for LiveKit.
func (o Options) NewPass(room chat.RoomID, who chat.Author) (Pass, error) {
	name := o.roomName(room)
	if len(name) > maxRoomName {
		limit := maxRoomName - len(o.RoomPrefix)
		return Pass{}, &chat.InvalidError{Field: "room", Limit: limit,
			Reason: fmt.Sprintf("has %d bytes, more than the %d with which a room can have a call", len(room), limit)}
	}
	if who.ID == "" || who.Guest {
		return Pass{}, errors.New("a pass is for a session's owner")
	}
	yes, no := true, false
	grant := &auth.VideoGrant{
		RoomJoin: true, Room: name, CanPublish: &yes, CanSubscribe: &yes, CanPublishData: &yes, CanUpdateOwnMetadata: &no,
	}
	expires := time.Now().Add(PassLife).UTC().Truncate(time.Second)
	token, err := auth.NewAccessToken(o.Key, o.Secret).SetIdentity(string(who.ID)).SetName(who.Name).
		SetVideoGrant(grant).SetValidFor(PassLife).ToJWT()
	if err != nil {
		return Pass{}, fmt.Errorf("pass for %s: %w", room, err)
	}
	return Pass{URL: o.PublicURL, Token: token, Expires: expires}, nil
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
