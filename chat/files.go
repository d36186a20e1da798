package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Files knows the files that messages name. Methods may be called at the same time.
type Files interface {
	// Attach returns what these ids stand for, in their order, and keeps the files for an hour from
	// now. Whoever may read the room may read them from now on. Files that a message names already
	// can be named again by who has uploaded them.
	//
	// Errors: an [*InvalidError] for "files" when an id is not there, not whole, or somebody else's;
	// [ErrUnavailable].
	Attach(ctx context.Context, room RoomID, by Principal, ids []string) ([]File, error)
	// Posted says that an entry that is kept names files. It is a hint: they are found out by
	// themselves, later.
	Posted(ctx context.Context, room RoomID, e Entry)
	// Released says that messages of a room are kept no more. Their files can't be read any more
	// when it returns, unless the store did not answer: then within a minute.
	Released(ctx context.Context, room RoomID)
}

// NoFiles are the files of a node that has none.
type NoFiles struct{}

// Attach implements [Files].
func (NoFiles) Attach(context.Context, RoomID, Principal, []string) ([]File, error) {
	return nil, &InvalidError{Field: "files", Reason: "can't be sent: this server has none"}
}

// Posted implements [Files].
func (NoFiles) Posted(context.Context, RoomID, Entry) {}

// Released implements [Files].
func (NoFiles) Released(context.Context, RoomID) {}

// NoSuchFile is the error for an id that [Files.Attach] does not take.
func NoSuchFile(id string) error {
	return &InvalidError{Field: "files", Reason: fmt.Sprintf("has %q, which is no file of yours that is whole", id)}
}

// Wave is how loud a voice note is from its beginning to its end: up to [MaxWave] values from 0 to
// [MaxLoud]. Its JSON is an array of numbers.
type Wave []byte

// The bounds of a [Wave].
const (
	MaxWave = 64
	MaxLoud = 31
)

// MarshalJSON implements [json.Marshaler].
func (w Wave) MarshalJSON() ([]byte, error) {
	numbers := make([]int, len(w))
	for i, loud := range w {
		numbers[i] = int(loud)
	}
	return json.Marshal(numbers)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (w *Wave) UnmarshalJSON(text []byte) error {
	var numbers []int
	if err := json.Unmarshal(text, &numbers); err != nil {
		return err
	}
	if len(numbers) > MaxWave {
		return fmt.Errorf("a wave has %d values, more than %d", len(numbers), MaxWave)
	}
	*w = nil
	for _, loud := range numbers {
		if loud < 0 || loud > MaxLoud {
			return fmt.Errorf("a wave's value is %d, want 0 to %d", loud, MaxLoud)
		}
		*w = append(*w, byte(loud))
	}
	return nil
}

// FileState is how far a file has come.
type FileState string

// The states of files, in their order.
const (
	// FileUploading is not whole yet.
	FileUploading FileState = "uploading"
	// FileReady is whole, and in no message: only who has uploaded it may read it.
	FileReady FileState = "ready"
	// FileAttached is about to be in a message: it is ready again if it does not come to that.
	FileAttached FileState = "attached"
	// FilePosted is in a message: who may read the room may read it.
	FilePosted FileState = "posted"
	// FileGone is in no message any more. Its bytes are gone, or will be in a moment.
	FileGone FileState = "gone"
)

// IsShown reports whether others than who has uploaded it may read a file.
func (s FileState) IsShown() bool { return s == FileAttached || s == FilePosted }

// FilePart is one object of those that a file's bytes are in, in their order.
type FilePart struct {
	Key  string
	Size int64 // in bytes, more than 0
}

// FileRecord is what is known of a file beside what messages say of it.
type FileRecord struct {
	File
	Room  RoomID
	Owner MemberID
	// Network tells apart the networks that uploads come from; empty for those that many share.
	Network string
	State   FileState
	// Length is how many bytes there will be, -1 where that is not known. Offset is how many there
	// are, and the sum of the parts'.
	Length, Offset int64
	// Sent is how many bytes have come of a file that is whole: of a picture less may be kept.
	Sent  int64
	Parts []FilePart
	// Hash is the state of the SHA-256 of what there is.
	Hash []byte
	// Thumb is the object with a smaller picture; without a key for none. ThumbType is its media
	// type.
	Thumb     FilePart
	ThumbType string
	Created   time.Time
	// Touched is when the record was last put, by the store's clock, to the millisecond.
	Touched time.Time
	// Revision counts how often it was put; 0 for a record that is not kept yet.
	Revision int64
}

// Cost is how much of the room's total a file takes, in bytes: what it has or will have, and
// [FileLeast] at least.
func (r FileRecord) Cost() int64 {
	if r.State == FileGone {
		return 0
	}
	return max(r.Length, r.Offset, FileLeast)
}

// FileLeast is what the smallest file counts for, in bytes: a record costs the store as much as a
// message, and there would be any number of them.
const FileLeast = 16 << 10

// ErrFileChanged says that a file's record is not the one that was read.
var ErrFileChanged = errors.New("the file has changed meanwhile")

// FileRecords keeps the records of files until they are dropped. Methods may be called at the same
// time. Errors wrap [ErrUnavailable] unless said otherwise.
type FileRecords interface {
	// PutFile keeps a record if the one that is kept is of the same revision, and returns it with
	// its new one and the time. The room is looked at ([FileRooms.DueRooms]) in the time given, or
	// before. Errors: [ErrFileChanged]; a [*RoomFilesError] when the record costs more than the one
	// before and the room's files more than total bytes then.
	PutFile(ctx context.Context, r FileRecord, total int64, look time.Duration) (FileRecord, error)
	// DropFile forgets a record of that revision. Errors: [ErrFileChanged].
	DropFile(ctx context.Context, r FileRecord) error
	// File is one record; ok is false for none.
	File(ctx context.Context, room RoomID, id string) (r FileRecord, ok bool, err error)
	// RoomFiles are a room's records, the oldest first.
	RoomFiles(ctx context.Context, room RoomID) ([]FileRecord, error)
}

// FileRooms knows which rooms have files. Methods may be called at the same time. Errors wrap
// [ErrUnavailable].
type FileRooms interface {
	// DueRooms are rooms with files that are to be looked at now. For the time given nobody else is
	// told of them.
	DueRooms(ctx context.Context, claim time.Duration) ([]DueRoom, error)
	// LookAgain has a room that was due looked at in a time, unless it is to be looked at sooner
	// since; one without records is forgotten.
	LookAgain(ctx context.Context, room DueRoom, in time.Duration) error
	// RoomsWithFiles are all of them.
	RoomsWithFiles(ctx context.Context) ([]RoomID, error)
	// LogMark tells logs apart: it is another one when entries were appended or are gone.
	LogMark(ctx context.Context, room RoomID) (string, error)
}

// DueRoom is a room with files that a node looks at.
type DueRoom struct {
	ID RoomID
	// Now is the time by the store's clock.
	Now time.Time
	// Claim is the store's, and tells whether somebody wants it looked at sooner since.
	Claim string
}

// RoomFilesError says that a room's files would be more than they may be in all.
type RoomFilesError struct {
	// Limit is how many bytes they may have, Used how many they have, and Size what was to come, in
	// bytes.
	Limit, Used, Size int64
}

func (e *RoomFilesError) Error() string {
	return fmt.Sprintf("the room's files have %d bytes of %d, and %d more do not fit", e.Used, e.Limit, e.Size)
}

// FileIDs are the ids of the files that a message names; nil for none.
func (e Entry) FileIDs() []string { return fileIDs(e.Payload) }

func fileIDs(p Payload) []string {
	m, is := p.(Message)
	if !is || len(m.Files) == 0 {
		return nil
	}
	ids := make([]string, len(m.Files))
	for i, f := range m.Files {
		ids[i] = f.ID
	}
	return ids
}

// maxFileID is how many bytes a file's id may have.
const maxFileID = 64

func validFiles(files []File) error {
	if len(files) > MaxFiles {
		return tooMany("files", len(files), MaxFiles)
	}
	for i, f := range files {
		switch {
		case f.ID == "" || len(f.ID) > maxFileID || !isPlain(f.ID):
			return &InvalidError{Field: "files", Reason: "have an id that is none"}
		case slices.ContainsFunc(files[:i], func(before File) bool { return before.ID == f.ID }):
			return &InvalidError{Field: "files", Reason: fmt.Sprintf("have %q twice", f.ID)}
		}
	}
	return nil
}

// isPlain reports whether a text has printable ASCII characters only, and no spaces.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// attach makes a draft's files of their ids.
func (n *Node) attach(ctx context.Context, who Principal, room RoomID, d Draft) (Draft, error) {
	ids := fileIDs(d.Payload)
	if ids == nil {
		return d, nil
	}
	files, err := n.options.Files.Attach(ctx, room, who, ids)
	if err != nil {
		return d, fmt.Errorf("files for %s: %w", room, n.unavailable(err))
	}
	m := d.Payload.(Message)
	m.Files = files
	d.Payload = m
	return d, nil
}

// released tells that what a room keeps has become less: also when whoever did it is gone.
func (n *Node) released(ctx context.Context, room RoomID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), n.options.Patience)
	defer cancel()
	n.options.Files.Released(ctx, room)
}
