package attachments_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/attachmentstest"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/chat/chattest"
	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }

// inMemory keeps rooms and records in memory, once for all that asks for the same history.
func inMemory() func(testing.TB, int) attachmentstest.Backend {
	stores := map[int]*chattest.Store{}
	return func(_ testing.TB, history int) attachmentstest.Backend {
		if stores[history] == nil {
			stores[history] = chattest.New(chattest.Options{HistoryLimit: history})
		}
		return stores[history].Node(string(chat.NewMemberID()))
	}
}

func open(t testing.TB, url string) *attachments.Bucket {
	t.Helper()
	b, err := attachments.OpenBucket(context.Background(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	attachmentstest.TestStore(t, attachmentstest.Kind{
		Backend: inMemory(),
		Bucket:  func(t testing.TB) *attachments.Bucket { return open(t, "file://"+dir) },
	})
}

// In memory all nodes of a test are on one bucket, which is nobody else's.
func TestMemory(t *testing.T) {
	shared := open(t, "mem://")
	attachmentstest.TestStore(t, attachmentstest.Kind{
		Backend: inMemory(),
		Bucket:  func(testing.TB) *attachments.Bucket { return shared },
	})
}
