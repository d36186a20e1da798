package webhooks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// Pages of dead letters, of which some died in the same millisecond, have each of them once.
func TestPagesOfDeadLetters(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 20, 0, 0, time.UTC)
	var all []chat.DeadLetter // the latest first
	for _, ms := range []int{9, 8, 8, 8, 5, 4, 4} {
		all = append(all, chat.DeadLetter{Died: at.Add(time.Duration(ms) * time.Millisecond)})
	}
	var seen []chat.DeadLetter
	for before := ""; ; {
		var left []chat.DeadLetter
		for _, d := range all {
			if before == "" || timeText(d.Died) < before {
				left = append(left, d)
			}
		}
		page, next := firstOf(left, 2)
		seen = append(seen, page...)
		if next == "" {
			break
		}
		before = next
	}
	require.Equal(t, all, seen)
	page, next := firstOf(nil, 2)
	require.Empty(t, page)
	require.Empty(t, next)
}
