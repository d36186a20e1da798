package transporttest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/transport/internal/transporttest"
)

// How far one has read is told after what there is, and again when that is said somewhere else.
func TestReading(t *testing.T) {
	each(t, chat.Options{}, func(t *testing.T, s *site, via transport) {
		if via.name == "text" {
			t.Skip("people read it, who know")
		}
		one, two := s.Say(t, "one"), s.Say(t, "two")
		_, err := s.Node.Mark(t.Context(), transporttest.Session("Ann"), "lobby", one.ID)
		require.NoError(t, err)
		r := via.read(t, s, "name=Ann")
		told := func(want event) {
			t.Helper()
			_, e := until(t, r, "read")
			e.ID, e.Text, e.Reason = "", "", ""
			require.Equal(t, want, e)
		}
		told(event{Type: "read", Cursor: one.ID.String(), Unread: 1})
		s.Say(t, "three")
		until(t, r, "message")
		beside := make(chan error, 1)
		go func() {
			_, err := s.Node.Mark(t.Context(), transporttest.Session("Ann"), "lobby", two.ID)
			beside <- err
		}()
		for {
			_, e := until(t, r, "read")
			if e.Cursor == one.ID.String() { // polls say it each time
				continue
			}
			require.Equal(t, event{Type: "read", Cursor: two.ID.String(), Unread: 1}, e)
			break
		}
		require.NoError(t, <-beside)
	})
}
