package attachments_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

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

// TestFolderOfThePrefix has the empty object that a console of S3 makes for a folder, which is the
// bucket's prefix: it is no file's, and its key begins all others.
func TestFolderOfThePrefix(t *testing.T) {
	all, ctx := memblob.OpenBucket(nil), context.Background()
	for _, key := range []string{"chat/", "chat/more/"} {
		require.NoError(t, all.WriteAll(ctx, key, nil, nil))
	}
	s := attachments.NewStore(&attachments.Bucket{Bucket: blob.PrefixedBucket(all, "chat/"), Name: "mem://"},
		inMemory()(t, 0), attachments.Options{Idle: time.Nanosecond})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ann := chat.Principal{ID: "ann", Name: "Ann"}
	r, err := s.Create(ctx, attachments.New{Room: "lobby", By: ann, Length: 5})
	require.NoError(t, err)
	_, err = s.Write(ctx, "lobby", r.ID, 0, strings.NewReader("hello"))
	require.NoError(t, err)
	seen, err := s.Check(ctx, true, func(p attachments.Problem) { t.Error(p) })
	require.NoError(t, err)
	require.Equal(t, attachments.Checked{Rooms: 1, Files: 1, Objects: 3, Bytes: 5}, seen)
	_, err = s.Finish(ctx, "lobby", r.ID)
	require.NoError(t, err)
}
