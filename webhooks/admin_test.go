package webhooks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

// Pages of dead letters, of which many died in the same millisecond, have each of them once, and no
// page has more than was asked for.
func TestPagesOfDeadLetters(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 20, 0, 0, time.UTC)
	var all []chat.DeadLetter // the latest first
	for i, ms := range []int{9, 8, 8, 8, 8, 5, 4, 4} {
		d := chat.DeadLetter{Room: "tea", Hook: "wh-1", Died: at.Add(time.Duration(ms) * time.Millisecond)}
		d.ID = fmt.Sprintf("%d-0", 100-i)
		all = append(all, d)
	}
	for limit := 1; limit <= len(all); limit++ {
		var seen []chat.DeadLetter
		for before := ""; ; {
			var from place
			if before != "" {
				var err error
				from, err = placeOf(before)
				require.NoError(t, err)
			}
			left := slices.DeleteFunc(slices.Clone(all), func(d chat.DeadLetter) bool { return !from.has(d) })
			slices.Reverse(left)
			page, next := pageOf(left, limit)
			require.LessOrEqual(t, len(page), limit)
			seen = append(seen, page...)
			if next == "" {
				break
			}
			before = next
		}
		require.Equal(t, all, seen)
	}
	page, next := pageOf(nil, 2)
	require.Empty(t, page)
	require.Empty(t, next)
	from, err := placeOf("2026-11-24T12:20:00.008Z")
	require.NoError(t, err)
	require.Equal(t, []bool{false, false, false, false, false, true, true, true}, []bool{
		from.has(all[0]), from.has(all[1]), from.has(all[2]), from.has(all[3]), from.has(all[4]), from.has(all[5]), from.has(all[6]), from.has(all[7]),
	}, "a time alone is before all of that millisecond")
	for _, bad := range []string{"yesterday", "~", "2026-11-24T12:20:00.008Z~!", "2026-11-24"} {
		_, err := placeOf(bad)
		var invalid *chat.InvalidError
		require.ErrorAs(t, err, &invalid, bad)
	}
}
