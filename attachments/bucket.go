package attachments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/gcerrors"

	"github.com/caller-chat/caller/chat"
)

const (
	// probeTime bounds the check at the start, shortTime a request without much in it, partTime one
	// that carries a part: of 8 MiB, so 140 KB/s are enough.
	probeTime = 15 * time.Second
	shortTime = 10 * time.Second
	partTime  = time.Minute
	// objectType is the media type of all objects: nobody is given one from the bucket.
	objectType = "application/octet-stream"
)

// Bucket is where the bytes are. Open it with [OpenBucket].
type Bucket struct {
	*blob.Bucket
	// reading and writing are told apart: a bucket that is full can be read and emptied.
	reading, writing health
	// Name says where it is, without what may be secret.
	Name string
	// Temporary says that it goes with the program.
	Temporary bool
	// s3 is how objects are put where that is not done by the Bucket; nil elsewhere.
	s3 *s3Writer
	// folder is where its objects are files; empty where they are none.
	folder string
	// patience is for how long it is waited for the next bytes of an object: shortTime for 0.
	patience time.Duration
}

// prefixForm is what all S3s take as it is.
var prefixForm = regexp.MustCompile(`^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*([A-Za-z0-9_-][A-Za-z0-9._-]*)?$`)

// CheckURL tells what is wrong with a bucket's URL. Its error has nothing of the URL in it: there
// may be a secret in it.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("want file:///FOLDER, s3://BUCKET?region=REGION, mem:// or off")
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || u.Path == "/" || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("want a folder as in file:///var/lib/caller/files")
		}
	case "mem":
		if u.Host != "" || u.Path != "" || u.RawQuery != "" {
			return errors.New("want mem:// and nothing behind it")
		}
	case "s3":
		if u.User != nil {
			return errors.New("has a user in it: keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		if u.Host == "" || u.Path != "" && u.Path != "/" {
			return errors.New("want a bucket as in s3://files?region=eu-central-1&prefix=caller/")
		}
		endpoint, err := url.Parse(u.Query().Get("endpoint"))
		if err != nil || endpoint.User != nil || endpoint.RawQuery != "" {
			return errors.New("has an endpoint that is no plain URL: keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		if !prefixForm.MatchString(u.Query().Get("prefix")) {
			return errors.New("has a prefix with more than letters, digits and - _ . / in it")
		}
	default:
		return errors.New("want file:///FOLDER, s3://BUCKET?region=REGION, mem:// or off")
	}
	return nil
}

// OpenBucket opens the bucket of a URL, and checks that it can be written, listed, read and deleted
// in. The empty URL is a new temporary folder, which goes with [Bucket.Close]. The error says what
// failed; it wraps [ErrUnavailable] where that may be over in a while.
func OpenBucket(ctx context.Context, text string, log *slog.Logger) (*Bucket, error) {
	b, err := openBucket(ctx, text)
	if err != nil {
		return nil, err
	}
	b.tells(log.With("files", b.Name))
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if err := b.probe(ctx); err != nil {
		if isForGood(err) {
			err = errors.New(err.Error()) // the same words, and no ErrUnavailable
		}
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// isForGood reports whether a bucket has refused what it is asked, as it will the next time: a wrong
// key, a bucket that is not there, a folder of somebody else's.
func isForGood(err error) bool {
	var answer interface{ HTTPStatusCode() int } // of the client of S3
	if errors.As(err, &answer) {
		status := answer.HTTPStatusCode()
		return status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
	}
	return errors.Is(err, fs.ErrPermission)
}

func openBucket(ctx context.Context, text string) (*Bucket, error) {
	if text == "" {
		folder, err := os.MkdirTemp("", "caller-files-")
		if err != nil {
			return nil, fmt.Errorf("a temporary folder for files: %w", err)
		}
		b, err := openFolder(folder)
		if err == nil {
			b.Temporary = true
		}
		return b, err
	}
	if err := CheckURL(text); err != nil {
		return nil, err
	}
	u, _ := url.Parse(text) // it has been checked
	switch u.Scheme {
	case "mem":
		return &Bucket{Bucket: memblob.OpenBucket(nil), Name: "mem://", Temporary: true}, nil
	case "file":
		return openFolder(filepath.FromSlash(u.Path))
	}
	return openS3(ctx, u)
}

func openFolder(folder string) (*Bucket, error) {
	inside, err := fileblob.OpenBucket(folder, &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fmt.Errorf("the folder for files: %w", err)
	}
	return &Bucket{Bucket: inside, Name: "file://" + filepath.ToSlash(folder), folder: folder}, nil
}

// Close closes the bucket, and takes a temporary one away.
func (b *Bucket) Close() error {
	err := b.Bucket.Close()
	if b.Temporary && b.folder != "" {
		err = errors.Join(err, os.RemoveAll(b.folder))
	}
	return err
}

// Ping asks the bucket for a sign of life.
func (b *Bucket) Ping(ctx context.Context) error {
	if _, _, err := b.ListPage(ctx, blob.FirstPageToken, 1, nil); err != nil {
		return b.unavailable(err)
	}
	return nil
}

// probe does with one object what will be done with all others.
func (b *Bucket) probe(ctx context.Context) error {
	key := newKey("", "probe", "0")
	content := []byte("caller was here")
	failed := func(doing string, err error) error {
		return fmt.Errorf("%s can't be %s: %w", b.Name, doing, b.unavailable(err))
	}
	if _, _, err := b.write(ctx, key, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("%s can't be written to: %w", b.Name, err)
	}
	if _, _, err := b.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: path.Dir(key) + "/"}); err != nil {
		return failed("listed", err)
	}
	read, err := b.ReadAll(ctx, key)
	if err == nil && !bytes.Equal(read, content) {
		err = errors.New("what was read is not what was written")
	}
	if err != nil {
		return failed("read", err)
	}
	if err := b.Delete(ctx, key); err != nil {
		return failed("deleted in", err)
	}
	b.prune(key)
	return nil
}

// unavailable makes an error of the bucket's, whatever it is, an [ErrUnavailable].
func (b *Bucket) unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// answered notes whether the bucket has answered when it was not to keep anything, and returns what
// its error means: [ErrGone] for an object that is not there.
func (b *Bucket) answered(ctx context.Context, err error) error {
	return b.heard(ctx, &b.reading, err)
}

// kept is answered for when it was to keep something.
func (b *Bucket) kept(ctx context.Context, err error) error { return b.heard(ctx, &b.writing, err) }

func (b *Bucket) heard(ctx context.Context, h *health, err error) error {
	switch {
	case err == nil:
		h.heard(nil)
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%w: %w", ErrGone, err)
	case ctx.Err() != nil && context.Cause(ctx) != errTooLate:
		return ctx.Err() // whoever asked has gone
	}
	err = b.unavailable(err)
	h.heard(err)
	return err
}

// errTooLate ends what takes too long.
var errTooLate = errors.New("it takes too long")

// in bounds a request to the bucket.
func in(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errTooLate)
}

// buffers are what bytes go through, 32 KiB at a time.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// write makes an object of all that r has, also when r breaks off: broken is its error then. An r
// without anything makes none.
func (b *Bucket) write(ctx context.Context, key string, r io.Reader) (n int64, broken, err error) {
	if b.s3 != nil {
		return b.writeSpooled(ctx, key, r)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before Close, it takes back what was written
	w, err := b.begin(ctx, key)
	if err != nil {
		return 0, nil, b.kept(ctx, err)
	}
	n, broken, err = copyAll(w, r)
	if err != nil || n == 0 {
		cancel()
		_ = w.Close() // which says that it was cancelled
		b.prune(key)
		if err != nil {
			err = b.unavailable(err)
			b.writing.heard(err)
		}
		return 0, broken, err
	}
	if err := b.kept(ctx, w.Close()); err != nil {
		return 0, broken, err
	}
	return n, broken, nil
}

// begin begins an object. Where objects are files, somebody else, another node perhaps, may prune a
// folder after it was made and before there is anything in it: then it is made again.
func (b *Bucket) begin(ctx context.Context, key string) (*blob.Writer, error) {
	for tries := 1; ; tries++ {
		w, err := b.NewWriter(ctx, key, &blob.WriterOptions{ContentType: objectType})
		pruned := gcerrors.Code(err) == gcerrors.NotFound || errors.Is(err, fs.ErrExist) // as mkdir says when it goes in between
		if err == nil || b.folder == "" || !pruned || tries == mostTries {
			return w, err
		}
	}
}

// mostTries bounds how often a folder is made for one object: each time, somebody else has to be at
// the same place in the same moment.
const mostTries = 100

// copyAll copies what r has; broken is its error, err the writer's.
func copyAll(w io.Writer, r io.Reader) (n int64, broken, err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		read, rerr := r.Read(*buffer)
		if read > 0 {
			if _, err := w.Write((*buffer)[:read]); err != nil {
				return n, nil, err
			}
			n += int64(read)
		}
		switch {
		case errors.Is(rerr, io.EOF):
			return n, nil, nil
		case rerr != nil:
			return n, rerr, nil
		}
	}
}

// remove takes an object away if it can: what is left, the sweep finds.
func (b *Bucket) remove(ctx context.Context, key string) {
	_ = b.removeOne(context.WithoutCancel(ctx), key)
}

// removeAll takes all objects away that begin with a prefix, and those that are named.
func (b *Bucket) removeAll(ctx context.Context, prefix string, parts []chat.FilePart, more ...chat.FilePart) error {
	if err := b.reading.check(); err != nil {
		return err
	}
	keys := map[string]bool{}
	for _, part := range append(parts[:len(parts):len(parts)], more...) {
		if part.Key != "" {
			keys[part.Key] = true
		}
	}
	list := b.List(&blob.ListOptions{Prefix: prefix})
	for {
		one, cancel := in(ctx, shortTime)
		object, err := list.Next(one)
		if err != nil && !errors.Is(err, io.EOF) {
			err = b.answered(one, err)
		}
		cancel()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		keys[object.Key] = true
	}
	for key := range keys {
		if err := b.removeOne(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// removeOne takes an object away, and no other one.
func (b *Bucket) removeOne(ctx context.Context, key string) error {
	ctx, cancel := in(ctx, shortTime)
	defer cancel()
	if err := b.answered(ctx, b.Delete(ctx, key)); err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	b.prune(key)
	return nil
}

// prune takes the folders away that an object leaves empty, where objects are files.
func (b *Bucket) prune(key string) {
	if b.folder == "" {
		return
	}
	for dir := path.Dir(key); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if os.Remove(filepath.Join(b.folder, filepath.FromSlash(dir))) != nil { // there is more in it
			return
		}
	}
}
