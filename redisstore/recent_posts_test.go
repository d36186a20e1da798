package redisstore

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func bodyOf(t *testing.T, d chat.Draft) string {
	t.Helper()
	body, err := encodeBody(d.From, d.Key, d.Target, d.Payload)
	require.NoError(t, err)
	return body
}

func TestAnOwnPostIsReadAsAnybodyElses(t *testing.T) {
	reply := draft("text with \"quotes\", <tags>, \u2028 and \U0001f642")
	reply.Key = "k-1"
	edit := chat.Draft{From: reply.From, Target: chat.Cursor{Seq: 3, Tag: 4}, Payload: chat.Edit{Text: "<b>"}}
	for _, d := range []chat.Draft{reply, edit} {
		body := bodyOf(t, d)
		var own, none recentPosts
		own.keep(0x0a0b0c0d, body, d)
		element := "7-0a0b0c0d 01020304 1700000000123 " + body
		mine, err := own.parse(element, byReply)
		require.NoError(t, err)
		theirs, err := none.parse(element, byReply)
		require.NoError(t, err)
		assert.Equal(t, theirs, mine)
		assert.Equal(t, d.Text(), mine.Text())
	}
}

func TestAnotherNodesPostWithTheSameTagIsItsOwn(t *testing.T) {
	mine, theirs := draft("mine"), draft("theirs")
	var own recentPosts
	own.keep(0x0a0b0c0d, bodyOf(t, mine), mine)
	e, err := own.parse("7-0a0b0c0d 01020304 1700000000123 "+bodyOf(t, theirs), byFeed)
	require.NoError(t, err)
	assert.Equal(t, "theirs", e.Text())
	e, err = own.parse("7-0a0b0c4d 01020304 1700000000123 "+bodyOf(t, mine), byFeed) // the same place in the table
	require.NoError(t, err)
	assert.Equal(t, chat.Tag(0x0a0b0c4d), e.ID.Tag)
	assert.Equal(t, "mine", e.Text())
}

// A post is remembered for as long as it may come back, and no longer.
func TestAPostThatHasComeBackIsForgotten(t *testing.T) {
	d := draft("secret")
	body := bodyOf(t, d)
	const tag = 0x0a0b0c0d
	for name, forget := range map[string]func(*recentPosts){
		"by both ways": func(rp *recentPosts) {
			for _, from := range []source{byFeed, byReply} {
				_, known := rp.take(tag, body, from)
				assert.True(t, known)
			}
		},
		"nobody follows the room": func(rp *recentPosts) { rp.forget(tag) },
		"the feed broke":          (*recentPosts).forgetAll,
		"a while later":           func(rp *recentPosts) { rp.age(); rp.age() },
	} {
		var rp recentPosts
		rp.keep(tag, body, d)
		rp.forget(tag + 256) // another one, with the same place
		rp.age()
		_, known := rp.take(tag, body, byReply)
		assert.True(t, known, name)
		rp.keep(tag, body, d)
		forget(&rp)
		rp.round = 0
		assert.Equal(t, recentPosts{}, recentPosts{recent: rp.recent}, name)
	}
}
