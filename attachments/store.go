package attachments

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

const (
	// PartSize is how many bytes an object has at most: what is lost at most when an upload breaks
	// off in a way that keeps nothing, and what is spooled at once. S3 takes it in one request.
	PartSize = 8 << 20
	// FileSize and RoomFiles are what one file and all files of a room have at most by default, in
	// bytes; AtOnce is how many uploads go on at once on a node, and AtOnceEach how many of them may
	// come from one network.
	FileSize   = 100 << 20
	RoomFiles  = 1 << 30
	AtOnce     = 256
	AtOnceEach = 64
	// Idle is how long a file is kept by default that is in no message.
	Idle = time.Hour
	// maxType is how many bytes of the type that a sender gives are kept in a record, of which there may
	// be thousands in a room: RFC 6838 section 4.2 has 127 for each of its halves.
	maxType = 255
)

// Records is what a store of files asks of the rooms' store; package redisstore has it.
type Records interface {
	chat.FileRecords
	chat.FileRooms
	// Read is a room's log.
	Read(ctx context.Context, room chat.RoomID) (chat.Kept, error)
	// TakeTurn reports whether it is this node's turn to do what one node of all does, and keeps the
	// others from it for that long.
	TakeTurn(ctx context.Context, what string, keep time.Duration) (bool, error)
}

// Options are how files are kept. The zero value of each means its default.
type Options struct {
	// FileSize is how many bytes a file has at most, RoomFiles all files of a room: [FileSize],
	// [RoomFiles]. Each file counts for [chat.FileLeast] at least in its room.
	FileSize, RoomFiles int64
	// AtOnce is how many uploads this node takes at once, AtOnceEach of one network: [AtOnce],
	// [AtOnceEach].
	AtOnce, AtOnceEach int
	// Idle is how long a file is kept that is in no message, since it was last touched, and how old
	// an object is before it counts as left over: an hour.
	Idle time.Duration
	// Look is how often a room with files in its messages is looked at, so for how long files stay
	// when their messages have gone by themselves: 30 s.
	Look time.Duration
	// Limits bound how much somebody uploads: [chat.ActionUpload] is asked once for each megabyte.
	// Nil bounds nothing.
	Limits chat.Policy
	// Scan looks into a file before anybody is shown it, and returns an error that wraps
	// [ErrInfected] for one that nobody is to be shown; nil for no scanner.
	Scan func(ctx context.Context, name string, r io.Reader) error
	// Observer is told what happens, for counting; nil for nobody.
	Observer Observer
	// Logger is told what goes wrong; nil for nothing.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	orDefault(&o.FileSize, FileSize)
	orDefault(&o.RoomFiles, RoomFiles)
	orDefault(&o.AtOnce, AtOnce)
	orDefault(&o.AtOnceEach, AtOnceEach)
	orDefault(&o.Idle, Idle)
	orDefault(&o.Look, look)
	if o.Limits == nil {
		o.Limits = chat.Open{}
	}
	if o.Observer == nil {
		o.Observer = ignored{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDefault[T comparable](setting *T, value T) {
	var zero T
	if *setting == zero {
		*setting = value
	}
}

// Record is what is known of a file.
type Record = chat.FileRecord

// Store keeps files. Make it with [NewStore].
type Store struct {
	bucket  *Bucket
	records Records
	options Options
	log     *slog.Logger
	slots   slots
	sweeper sweeper

	stop    context.CancelFunc
	running sync.WaitGroup
}

var _ chat.Files = (*Store)(nil)

// NewStore makes a store of files in a bucket. It closes the bucket when it is closed.
func NewStore(bucket *Bucket, records Records, o Options) *Store {
	o = o.withDefaults()
	bucket.observe(o.Observer)
	s := &Store{
		bucket: bucket, records: records, options: o, log: o.Logger, stop: func() {},
		slots: slots{most: o.AtOnce, each: o.AtOnceEach, of: map[string]int{}},
	}
	s.sweeper = newSweeper(s)
	return s
}

// FileSize is how many bytes a file may have.
func (s *Store) FileSize() int64 { return s.options.FileSize }

// New is a file that somebody is about to send.
type New struct {
	Room chat.RoomID
	By   chat.Principal
	// Name is the file's, made harmless. Type is the media type that the sender gives, which need
	// not be true.
	Name, Type string
	// Length is how many bytes will come, -1 where that is not known.
	Length int64
	// Duration is a voice note's, in seconds, and Wave how loud it is.
	Duration float64
	Wave     chat.Wave
	// Counted says that [Store.Count] has been asked for all of it.
	Counted bool
}

// Create begins a file. What is too much is refused now, if the length is known; of one whose length
// is not, the first megabyte is counted. Who may send files to the room has been asked before.
//
// Errors: [*SizeError]; [*chat.LimitError]; [ErrUnavailable]; [chat.ErrUnavailable].
func (s *Store) Create(ctx context.Context, n New) (Record, error) {
	if len(n.Type) > maxType { // then it is none
		n.Type = ""
	}
	if n.Length > s.options.FileSize {
		return Record{}, &SizeError{What: "file", Limit: s.options.FileSize, Size: n.Length}
	}
	if err := s.bucket.checkWriting(); err != nil {
		return Record{}, err
	}
	if !n.Counted {
		if err := s.Count(ctx, n.By, n.Room, max(n.Length, 0)); err != nil {
			return Record{}, err
		}
	}
	hash, err := marshal(sha256.New())
	if err != nil {
		return Record{}, err
	}
	return s.put(ctx, Record{
		File: chat.File{
			ID: newID(), Name: n.Name, Type: n.Type, Size: max(n.Length, 0), Duration: n.Duration, Wave: n.Wave,
		},
		Room: n.Room, Owner: n.By.ID, Network: networkOf(n.By), State: chat.FileUploading, Length: max(n.Length, -1),
		Hash: hash, Created: time.Now().UTC().Truncate(time.Millisecond),
	}, s.options.Idle)
}

// Megabyte is how many bytes uploads are counted by.
const Megabyte = 1 << 20

// Count asks the limits for bytes that somebody is about to send to a room: what is begun of a
// megabyte counts. Errors: those of [Options.Limits].
func (s *Store) Count(ctx context.Context, who chat.Principal, room chat.RoomID, bytes int64) error {
	times := int(max(1, (bytes+Megabyte-1)/Megabyte))
	if c, counts := s.options.Limits.(chat.Counter); counts {
		return c.DecideTimes(ctx, who, room, chat.ActionUpload, times)
	}
	return s.options.Limits.Decide(ctx, who, room, chat.ActionUpload)
}

// put puts a record, which is then looked at in a time at the latest.
func (s *Store) put(ctx context.Context, r Record, look time.Duration) (Record, error) {
	r, err := s.records.PutFile(ctx, r, s.options.RoomFiles, look)
	var full *chat.RoomFilesError
	if errors.As(err, &full) {
		return r, &SizeError{What: "room", Limit: full.Limit, Size: full.Used + full.Size}
	}
	return r, err
}

// Get is a file's record, also of one that is not whole yet. Errors: [ErrNotFound]; [ErrGone];
// [chat.ErrUnavailable].
func (s *Store) Get(ctx context.Context, room chat.RoomID, id string) (Record, error) {
	r, ok, err := s.records.File(ctx, room, id)
	switch {
	case err != nil:
		return Record{}, err
	case !ok:
		return Record{}, ErrNotFound
	case r.State == chat.FileGone:
		return r, ErrGone
	}
	return r, nil
}

// Open is a file's bytes, for as long as the context lives. Errors: those of [Store.Get];
// [ErrIncomplete]; [ErrUnavailable].
func (s *Store) Open(ctx context.Context, room chat.RoomID, id string) (Record, io.ReadSeekCloser, error) {
	r, err := s.Get(ctx, room, id)
	if err != nil {
		return r, nil, err
	}
	if r.State == chat.FileUploading {
		return r, nil, ErrIncomplete
	}
	reader, err := s.bucket.open(ctx, r.Parts)
	return r, reader, err
}

// OpenThumb is the smaller picture of a file that has one ([Record.Thumb] has a key). Errors as for
// Open; [ErrNotFound] when there is none.
func (s *Store) OpenThumb(ctx context.Context, r Record) (io.ReadSeekCloser, error) {
	if r.Thumb.Key == "" {
		return nil, ErrNotFound
	}
	return s.bucket.open(ctx, []chat.FilePart{r.Thumb})
}

// Remove takes back a file that is in no message. Errors: those of [Store.Get]; [ErrPosted].
func (s *Store) Remove(ctx context.Context, room chat.RoomID, id string) error {
	return s.takeBack(ctx, room, id, func(state chat.FileState) bool { return !state.IsShown() })
}

// Discard takes back a file that was about to be in a message, of which it is known that there is no
// such message. Errors: those of [Store.Get]; [ErrPosted].
func (s *Store) Discard(ctx context.Context, room chat.RoomID, id string) error {
	return s.takeBack(ctx, room, id, func(state chat.FileState) bool { return state != chat.FilePosted })
}

func (s *Store) takeBack(ctx context.Context, room chat.RoomID, id string, may func(chat.FileState) bool) error {
	for {
		r, err := s.Get(ctx, room, id)
		if err != nil {
			return err
		}
		if !may(r.State) {
			return ErrPosted
		}
		switch err := s.remove(ctx, r); {
		case errors.Is(err, chat.ErrFileChanged):
		case errors.Is(err, ErrUnavailable): // nobody is given it any more; the sweep takes its bytes
			return nil
		default:
			return err
		}
	}
}

// remove marks a file as gone, so that nobody is given it any more, and takes its bytes away.
func (s *Store) remove(ctx context.Context, r Record) error {
	if r.State != chat.FileGone {
		r.State = chat.FileGone
		var err error
		if r, err = s.put(ctx, r, s.options.Look); err != nil {
			return err
		}
	}
	return s.empty(ctx, r)
}

// empty takes the bytes of a file away that is gone. What its record then says is that it was there.
func (s *Store) empty(ctx context.Context, r Record) error {
	if err := s.bucket.removeAll(ctx, prefixOf(r.Room, r.ID), r.Parts, r.Thumb); err != nil {
		return err
	}
	_, err := s.put(ctx, Record{
		File: chat.File{ID: r.ID}, Room: r.Room, Owner: r.Owner, State: chat.FileGone, Length: -1,
		Created: r.Created, Revision: r.Revision,
	}, goneLife)
	return err
}

// isEmpty reports whether empty has done its work.
func isEmpty(r Record) bool { return len(r.Parts) == 0 && r.Thumb.Key == "" && r.Name == "" }

// newID makes up a file's id: nobody can guess one.
func newID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
}

// folderOf is a room's part of the bucket: a hash, so that keys have one form whatever rooms are
// called.
func folderOf(room chat.RoomID) string {
	sum := sha256.Sum256([]byte(room))
	return hex.EncodeToString(sum[:10])
}

// prefixOf is what the keys of a file's objects begin with.
func prefixOf(room chat.RoomID, id string) string { return folderOf(room) + "/" + id + "/" }

// newKey makes up an object's key. What two nodes write for one place is in two objects.
func newKey(room chat.RoomID, id, place string) string {
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return prefixOf(room, id) + place + "-" + hex.EncodeToString(random[:])
}

func partKey(r Record) string { return newKey(r.Room, r.ID, strconv.FormatInt(r.Offset, 10)) }

// networkOf tells networks apart without saying which they are.
func networkOf(who chat.Principal) string {
	if who.NetworkKey == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("uploads from " + who.NetworkKey))
	return hex.EncodeToString(sum[:8])
}

// slots bound how many uploads go on at once.
type slots struct {
	most, each int

	mu    sync.Mutex // protects following
	taken int
	of    map[string]int // by network
}

// take takes a place, which is given back by free.
func (s *slots) take(network string) (free func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.most || network != "" && s.of[network] >= s.each {
		return nil, fmt.Errorf("%w: there are %d", ErrBusy, s.taken)
	}
	s.taken++
	s.of[network]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken--
		if s.of[network]--; s.of[network] == 0 {
			delete(s.of, network)
		}
	}, nil
}
