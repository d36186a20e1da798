package attachments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// s3Writer puts objects into an S3 bucket by its client alone: what gocloud.dev does it with reads
// all of an object, up to 16 MB, into memory first, and there are many uploads at once.
type s3Writer struct {
	client         *s3.Client
	bucket, prefix string
	encryption     types.ServerSideEncryption
	key            *string // of the encryption
}

func openS3(ctx context.Context, u *url.URL) (*Bucket, error) {
	q := u.Query()
	w := &s3Writer{bucket: u.Host, prefix: folderPrefix(q.Get("prefix")), encryption: types.ServerSideEncryption(q.Get("ssetype"))}
	if key := q.Get("kmskeyid"); key != "" {
		w.key = &key
	}
	q.Del("prefix")
	if q.Has("endpoint") && !q.Has("request_checksum_calculation") { // many others than Amazon's know no other
		q.Set("request_checksum_calculation", "when_required")
	}
	opened := *u
	opened.RawQuery, opened.Path = q.Encode(), ""
	inside, err := (&s3blob.URLOpener{}).OpenBucketURL(ctx, &opened)
	if err != nil {
		return nil, fmt.Errorf("the S3 bucket %q: %w", u.Host, err)
	}
	if !inside.As(&w.client) {
		return nil, errors.Join(errors.New("the S3 bucket has no client"), inside.Close())
	}
	if w.prefix != "" {
		inside = blob.PrefixedBucket(inside, w.prefix)
	}
	name := "s3://" + u.Host
	if endpoint := q.Get("endpoint"); endpoint != "" {
		name += " at " + endpoint
	}
	return &Bucket{Bucket: inside, Name: name, s3: w}, nil
}

// folderPrefix is a prefix as a folder. What begins "chat" would also be what is another Caller's in
// "chat-2/", of which nothing is known here.
func folderPrefix(prefix string) string {
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		return prefix
	}
	return prefix + "/"
}

// put makes an object of what is in a file.
func (w *s3Writer) put(ctx context.Context, key string, content io.ReadSeeker, size int64) error {
	_, err := w.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.bucket, Key: aws.String(w.prefix + key), Body: content, ContentLength: &size, ContentType: aws.String(objectType),
		ServerSideEncryption: w.encryption, SSEKMSKeyId: w.key,
	})
	return err
}

// writeSpooled is write by way of a file, which the client reads twice: once to sign it.
func (b *Bucket) writeSpooled(ctx context.Context, key string, r io.Reader) (n int64, broken, err error) {
	spool, err := newSpool()
	if err != nil {
		return 0, nil, b.unavailable(err)
	}
	defer spool.Close()
	if n, broken, err = copyAll(spool, r); err != nil {
		return 0, broken, b.unavailable(fmt.Errorf("spooling an upload: %w", err))
	}
	if n == 0 {
		return 0, broken, nil
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return 0, broken, b.unavailable(err)
	}
	ctx, cancel := in(ctx, partTime)
	defer cancel()
	if err := b.kept(ctx, b.s3.put(ctx, key, spool.File, n)); err != nil {
		return 0, broken, err
	}
	return n, broken, nil
}

// spool is a file that nobody else sees, and that is gone when it is closed.
type spool struct{ *os.File }

func newSpool() (spool, error) {
	f, err := os.CreateTemp("", "caller-spool-")
	if err != nil {
		return spool{}, fmt.Errorf("a file to spool an upload: %w", err)
	}
	_ = os.Remove(f.Name()) // where an open file can't be removed, Close does it
	return spool{f}, nil
}

// Close closes the file, and with that it is gone.
func (s spool) Close() {
	_ = s.File.Close() // what was read of it is all there is to it
	_ = os.Remove(s.Name())
}
