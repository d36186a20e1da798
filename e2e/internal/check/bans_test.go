package check_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/check"
	"github.com/caller-chat/caller/e2e/internal/client"
)

func TestBans(t *testing.T) {
	said := func(seq int, who string) client.Event {
		return client.Event{Type: "message", ID: fmt.Sprintf("%d-0000000%d", seq, seq), From: client.Author{ID: who, Name: who}}
	}
	notice := func(seq int, what, who string) client.Event {
		e := said(seq, "owner")
		e.Type, e.What, e.Member = "notice", what, client.Member{Author: client.Author{ID: who}}
		return e
	}
	good := []client.Event{said(1, "bob"), notice(2, "banned", "bob"), said(3, "ann"), notice(4, "unbanned", "bob"), said(5, "bob")}
	require.Empty(t, check.Bans(good))
	require.Empty(t, check.Bans([]client.Event{good[4], good[2], good[1], good[3], good[0]}), "in whatever order they came")
	late := append(append([]client.Event{}, good[:2]...), said(3, "bob"))
	require.Len(t, check.Bans(late), 1)
	late[2].Type = "edit"
	require.Len(t, check.Bans(late), 1, "of whatever kind")

	require.Empty(t, check.ReadWhileBanned("bob", good[1], good[:2]))
	require.Len(t, check.ReadWhileBanned("bob", good[1], good[:3]), 1)
}
