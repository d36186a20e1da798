package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/chat/limits"
)

// allowed is how often somebody may do something at once, by settings; -1 for without end.
func allowed(t *testing.T, who chat.Principal, what []chat.Action, args ...string) int {
	t.Helper()
	c, err := read(t, "", nil, args...)
	require.NoError(t, err)
	set, err := c.limits()
	require.NoError(t, err)
	policy := limits.New(chattest.New(chattest.Options{}).Node("n"), set).Policy(chat.Open{})
	for n := range 1000 {
		if err := policy.Decide(t.Context(), who, "lobby", what[n%len(what)]); err != nil {
			require.ErrorAs(t, err, new(*chat.LimitError))
			return n
		}
	}
	return -1
}

func TestLimitSettings(t *testing.T) {
	ann := chat.Principal{ID: "ann", LimitKey: "ann", NetworkKey: "192.0.2.1"}
	messages := []chat.Action{chat.ActionPost, chat.ActionEdit, chat.ActionDelete, chat.ActionReact}
	joins := []chat.Action{chat.ActionSubscribe, calls.ActionJoin}
	slow := "messages=100/1/h"
	assert.Equal(t, 100, allowed(t, ann, messages, "--limits", slow))
	assert.Equal(t, 7, allowed(t, ann, messages, "--limits", " messages=7/1/h , joins=off"))
	assert.Equal(t, -1, allowed(t, ann, joins, "--limits", "messages=7/1,joins=off"))
	assert.Equal(t, 9, allowed(t, ann, joins, "--limits", "joins=9/1/h"))
	assert.Equal(t, -1, allowed(t, ann, messages, "--limits", "off"))
	assert.Equal(t, 4, allowed(t, ann, messages, "--limits", "messages=50/1/h,messages.address=4/1/h"))
	assert.Equal(t, 1, allowed(t, ann, messages, "--post-rate", "0.001"))
	assert.Equal(t, 1, allowed(t, ann, messages, "--post-rate", "0.001", "--limits", "off"))
	assert.Equal(t, 1, allowed(t, ann, messages, "--post-rate", "0.001", "--limits", "joins=off"))
	assert.Equal(t, -1, allowed(t, ann, joins, "--post-rate", "0.001", "--limits", "off"))

	_, err := read(t, "", nil, "--post-rate", "1", "--limits", "messages=2/2")
	assert.ErrorContains(t, err, "give one of them")
}

func TestHelpNamesEachLimit(t *testing.T) {
	var help bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"--help"}, nil, &help, &help))
	for _, l := range limits.All() {
		assert.Regexp(t, `(?m)^  `+l.Name+` +`+limits.Format(l.Bucket)+` `, help.String())
		assert.Contains(t, help.String(), l.Why)
	}
}
