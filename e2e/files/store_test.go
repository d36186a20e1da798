package files

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/attachmentstest"
	"github.com/caller-chat/caller/e2e/internal/harness"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/redisstore"
)

// onRedis keeps rooms and records in a real Redis.
func onRedis(t testing.TB) func(testing.TB, int) attachmentstest.Backend {
	redis := harness.StartRedis(t)
	return func(t testing.TB, history int) attachmentstest.Backend {
		store, err := redisstore.Open(context.Background(), redisstore.Options{
			URL: redis.URL(), HistoryLimit: history, Timeout: testwait.Limit, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	}
}

func bucket(t testing.TB, url string) *attachments.Bucket {
	t.Helper()
	b, err := attachments.OpenBucket(context.Background(), url, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// TestStoreOnS3 is what every bucket has to pass, on a real S3 server and a real Redis.
func TestStoreOnS3(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3 := harness.StartS3(t, s3Program)
	attachmentstest.TestStore(t, attachmentstest.Kind{
		Backend: onRedis(t),
		Bucket:  func(t testing.TB) *attachments.Bucket { return bucket(t, s3.URL("")) },
	})
}

// TestStoreBelowAPrefix has the same in a part of the bucket, which is then all that there is.
func TestStoreBelowAPrefix(t *testing.T) {
	run.Needed(t)
	harness.S3Environment(t)
	s3 := harness.StartS3(t, s3Program)
	attachmentstest.TestStore(t, attachmentstest.Kind{
		Backend: onRedis(t),
		Bucket:  func(t testing.TB) *attachments.Bucket { return bucket(t, s3.URL("")+"&prefix=some/chat/") },
	})
}

func TestStoreInAFolder(t *testing.T) {
	run.Needed(t)
	dir := t.TempDir()
	attachmentstest.TestStore(t, attachmentstest.Kind{
		Backend: onRedis(t),
		Bucket:  func(t testing.TB) *attachments.Bucket { return bucket(t, "file://"+dir) },
	})
}

// TestWrongSettings has an S3 refuse what it does not know: at the start, in words, and without what
// is secret.
func TestWrongSettings(t *testing.T) {
	run.Needed(t)
	s3 := harness.StartS3(t, s3Program)
	t.Setenv("AWS_ACCESS_KEY_ID", harness.S3Key)
	for name, c := range map[string]struct{ secret, url, want string }{
		"a wrong key":      {"sekret-and-wrong", s3.URL(""), "can't be written to"},
		"another bucket":   {harness.S3Secret, "s3://others" + s3.URL("")[len("s3://files"):], "can't be written to"},
		"nobody is there":  {harness.S3Secret, s3.URL("127.0.0.1:1"), "can't be written to"},
		"an unknown query": {harness.S3Secret, s3.URL("") + "&colour=red", "colour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			_, err := attachments.OpenBucket(context.Background(), c.url, slog.New(slog.DiscardHandler))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), c.secret)
			assert.Equal(t, name == "nobody is there", errors.Is(err, attachments.ErrUnavailable), "may it be over in a while?")
		})
	}
}
