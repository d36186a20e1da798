package networks

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestGoClient takes package client through the networks that the page is taken through: it comes
// in, talks through all that breaks, sees everything once and in order, and ends on a transport that
// gets through. When it looks for a better one is not tested here: it does so every few minutes.
func TestGoClient(t *testing.T) {
	for _, n := range networks() {
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(n.name), func(t *testing.T) {
			t.Parallel()
			node := run.Node(t, append([]string{"--heartbeat", "4s"}, n.args...)...)
			w := n.open(t, node)
			other := client.SignIn(t, node.URL, "Bob")
			reader := other.Read(t, client.WebSocket, "kitchen", client.Options{})
			reader.WaitType(t, "live")
			other.Post(t, "kitchen", "before")

			ann, err := client.SignIn(t, node.URL, "Ann").Follow([]string{w.url}, w.proxy)
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); ann.Read(ctx, "kitchen") }()
			t.Cleanup(func() { stop(); <-done; ann.Close() })
			said := []string{"before"}
			ann.WaitTexts(t, said...)
			round := 0
			for _, something := range slices.Concat(make([]func(*testing.T, somebody), 2), w.breaks) {
				if something != nil {
					something(t, ann)
				}
				for range 2 {
					mine, theirs := fmt.Sprintf("mine %d", round), fmt.Sprintf("theirs %d", round)
					_, status, err := ann.Post(t.Context(), "kitchen", fmt.Sprint("k-", round), mine)
					require.NoError(t, err)
					require.Equal(t, http.StatusCreated, status)
					other.Post(t, "kitchen", theirs)
					said = append(said, mine, theirs)
					ann.WaitTexts(t, said...)
					reader.WaitTexts(t, said...)
					round++
				}
			}
			ann.WaitTexts(t, said...)
			reader.WaitTexts(t, said...)
			if w.heals == nil { // after that a better one is looked for, in half a minute
				harness.Eventually(t, "it ends on one of "+fmt.Sprint(n.over), func() bool { // once the others had the time to prove themselves
					over := ann.Transports()
					return slices.Contains(n.over, over[len(over)-1])
				})
			}
			t.Logf("over %v", ann.Transports())
		})
	}
}
