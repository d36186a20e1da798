package calls

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestPassIsForOneMemberAndOneRoom(t *testing.T) {
	o := options()
	before := time.Now()
	token, err := o.NewJoinToken("комната", chat.Author{ID: "0b0d8a0e", Name: "Ann"})
	require.NoError(t, err)
	assert.Equal(t, o.PublicURL, token.URL)
	assert.WithinRange(t, token.Expires, before.Add(TokenLife-time.Second), time.Now().Add(TokenLife))

	parsed, err := auth.ParseAPIToken(token.Token)
	require.NoError(t, err)
	assert.Equal(t, "key", parsed.APIKey())
	claims, grants, err := parsed.Verify(o.Secret)
	require.NoError(t, err)
	assert.Equal(t, "0b0d8a0e", grants.Identity)
	assert.Equal(t, "Ann", grants.Name)
	assert.WithinDuration(t, token.Expires, claims.ExpiresAt.Time, time.Second)

	video := grants.Video
	assert.Equal(t, "caller:комната", video.Room)
	assert.True(t, video.RoomJoin)
	assert.True(t, video.GetCanPublish())
	assert.True(t, video.GetCanSubscribe())
	for name, granted := range map[string]bool{
		"create": video.RoomCreate, "list": video.RoomList, "record": video.RoomRecord, "admin": video.RoomAdmin,
		"ingress": video.IngressAdmin, "hidden": video.Hidden, "metadata": video.GetCanUpdateOwnMetadata(),
	} {
		assert.False(t, granted, name)
	}

	_, _, err = parsed.Verify(strings.Repeat("x", 32))
	require.ErrorIs(t, err, jwt.ErrSignatureInvalid)
	assert.NotContains(t, token.Token, o.Secret)
}

func TestPassIsRefused(t *testing.T) {
	o := options()
	_, err := o.NewJoinToken("lobby", chat.Author{ID: "5f1c", Name: "guest-5f1c", Guest: true})
	require.Error(t, err)
	_, err = o.NewJoinToken("lobby", chat.Author{Name: "Ann"})
	require.Error(t, err)

	longest := chat.RoomID(strings.Repeat("𞤀", 62)) // four bytes each
	_, err = o.NewJoinToken(longest, chat.Author{ID: "0b0d8a0e", Name: "Ann"})
	require.NoError(t, err)
	_, err = o.NewJoinToken(longest+"𞤀", chat.Author{ID: "0b0d8a0e", Name: "Ann"})
	var invalid *chat.InvalidError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "room", invalid.Field)
	assert.Equal(t, 249, invalid.Limit)
}

func TestRoomNames(t *testing.T) {
	o := options()
	for _, room := range []chat.RoomID{"lobby", "комната-1", "a.b_c"} {
		got, ok := o.roomOf(o.roomName(room))
		assert.True(t, ok)
		assert.Equal(t, room, got)
	}
	for _, name := range []string{"lobby", "caller:", "caller:Lobby", "caller:a b", "other:lobby"} {
		_, ok := o.roomOf(name)
		assert.False(t, ok, name)
	}
}
