package attachments

// Observer is told what becomes of files, so that somebody can count it. Its methods are called at
// the same time by many, and must not block.
type Observer interface {
	// Received says that so many more bytes of an upload are kept.
	Received(bytes int64)
	// Uploaded says that an upload is a file now, or why it is none: the errors of [Store.Finish].
	Uploaded(err error)
	// Sent says that so many bytes of a file were sent to somebody.
	Sent(bytes int64)
	// BucketFailed says that the bucket has not done what it was asked.
	BucketFailed(err error)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Received(int64)     {}
func (ignored) Uploaded(error)     {}
func (ignored) Sent(int64)         {}
func (ignored) BucketFailed(error) {}

// Sent says that so many bytes of a file were sent to somebody who has opened it.
func (s *Store) Sent(bytes int64) { s.options.Observer.Sent(bytes) }
