package incall_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caller-chat/caller/calls/incall"
	"github.com/caller-chat/caller/chat"
)

func TestTheCallOfARoster(t *testing.T) {
	early := time.Date(2026, 11, 24, 12, 0, 0, 123e6, time.UTC)
	ann := chat.Member{ID: "ann", Attributes: chat.Attributes{incall.Key: incall.Value(early.Add(time.Hour))}}
	bob := chat.Member{ID: "bob", Attributes: chat.Attributes{incall.Key: incall.Value(early)}}
	cid := chat.Member{ID: "cid", Attributes: chat.Attributes{"other": "1"}}
	assert.True(t, incall.Is(ann))
	assert.False(t, incall.Is(cid))
	assert.Equal(t, incall.Call{Since: early, Count: 2}, incall.Of(chat.CountAttributes([]chat.Member{ann, bob, cid})))
	assert.Zero(t, incall.Of(chat.CountAttributes([]chat.Member{cid})))
	assert.Zero(t, incall.Since("nonsense"))
}
