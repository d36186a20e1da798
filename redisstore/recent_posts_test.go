package redisstore

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestAnOwnPostIsReadAsAnybodyElses(t *testing.T) {
	d := draft("text with \"quotes\", <tags>, \u2028 and \U0001f642")
	d.Key = "k-1"
	body, err := encodeBody(d.From, d.Key, d.Target, d.Payload)
	require.NoError(t, err)
	var own, none recentPosts
	own.keep(posted{0x0a0b0c0d, body, d})
	element := "7-0a0b0c0d 01020304 1700000000123 " + body
	mine, err := own.parse(element)
	require.NoError(t, err)
	theirs, err := none.parse(element)
	require.NoError(t, err)
	assert.Equal(t, theirs, mine)
	assert.Equal(t, d.Text(), mine.Text())
}

func TestAnotherNodesPostWithTheSameTagIsItsOwn(t *testing.T) {
	mine, theirs := draft("mine"), draft("theirs")
	body, err := encodeBody(mine.From, mine.Key, mine.Target, mine.Payload)
	require.NoError(t, err)
	other, err := encodeBody(theirs.From, theirs.Key, theirs.Target, theirs.Payload)
	require.NoError(t, err)
	var own recentPosts
	own.keep(posted{0x0a0b0c0d, body, mine})
	e, err := own.parse("7-0a0b0c0d 01020304 1700000000123 " + other)
	require.NoError(t, err)
	assert.Equal(t, "theirs", e.Text())
	e, err = own.parse("7-0a0b0c4d 01020304 1700000000123 " + body) // the same place in the table
	require.NoError(t, err)
	assert.Equal(t, chat.Tag(0x0a0b0c4d), e.ID.Tag)
	assert.Equal(t, "mine", e.Text())
}
