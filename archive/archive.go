package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/filename"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
)

// Rooms is what keeps the rooms; [*redisstore.Store] has it.
type Rooms interface {
	RoomIDs(ctx context.Context) ([]chat.RoomID, error)
	DumpRoom(ctx context.Context, room chat.RoomID) (redisstore.Dump, error)
	RestoreRoom(ctx context.Context, room chat.RoomID, d redisstore.Dump, replace bool) (redisstore.Restored, error)
}

// Files is what keeps the files; [*attachments.Store] has it.
type Files interface {
	Open(ctx context.Context, room chat.RoomID, id string) (attachments.Record, io.ReadSeekCloser, error)
	Intact(ctx context.Context, r attachments.Record) (whole, thumb bool, err error)
	OpenThumb(ctx context.Context, r attachments.Record) (io.ReadSeekCloser, error)
	Restore(ctx context.Context, r attachments.Record, content, thumb io.Reader) error
	Settle(ctx context.Context, room chat.RoomID) error
}

// Archive writes and reads archives of one store.
type Archive struct {
	Rooms Rooms
	// Files may be nil for none.
	Files Files
}

// The format, and its version: another one can't be read.
const (
	format  = "caller-archive"
	version = 1
)

// The names of an archive's files.
const (
	manifestName = "manifest.json"
	endName      = "end.json"
	roomsFolder  = "rooms/"
	roomName     = "room.json"
	logName      = "log.ndjson"
	filesFolder  = "files/"
	recordSuffix = ".json"
	thumbSuffix  = ".preview"
)

// ErrBad says that something is no archive, or not one that can be put back.
var ErrBad = errors.New("no archive of rooms")

// ErrShort says that an archive breaks off.
var ErrShort = errors.New("the archive breaks off")

// ErrNoRoom says that the room that was asked for is not in an archive.
var ErrNoRoom = errors.New("the archive does not have the room")

type manifest struct {
	Format    string    `json:"format"`
	Version   int       `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	Program   string    `json:"program,omitempty"`
	// Room is the only one that is in it; empty for all. NoFiles says that files were left out.
	Room    chat.RoomID `json:"room,omitempty"`
	NoFiles bool        `json:"noFiles,omitempty"`
}

// isOf reports whether an export with these options has begun it.
func (m manifest) isOf(o Options) bool { return m.Room == o.Room && m.NoFiles == o.NoFiles }

func (m manifest) check() error {
	if m.Format != format || m.Version != version {
		return fmt.Errorf("%w: its format is %q, version %d; this program reads %q, version %d",
			ErrBad, m.Format, m.Version, format, version)
	}
	return nil
}

// end is how much an archive has, or the last piece of it that was written at once.
type end struct {
	Rooms    int       `json:"rooms"`
	Entries  int       `json:"entries"`
	Files    int       `json:"files"`
	Missing  []Missing `json:"missing,omitempty"`
	Finished time.Time `json:"finishedAt"`
}

// Missing is a file that a message names and that is not there.
type Missing struct {
	Room chat.RoomID `json:"room"`
	File string      `json:"file"`
}

// hash is one of a room's hashes, and room all of them.
type hash struct {
	ExpiresIn int64             `json:"expiresIn"` // milliseconds
	Fields    map[string]string `json:"fields"`
}

type room struct {
	Room chat.RoomID `json:"room"`
	// ExpiresIn is for how long the log was kept yet, in milliseconds.
	ExpiresIn int64           `json:"expiresIn"`
	Hashes    map[string]hash `json:"hashes,omitempty"`
}

func roomOf(id chat.RoomID, d redisstore.Dump) room {
	r := room{Room: id, ExpiresIn: d.Expires.Milliseconds(), Hashes: map[string]hash{}}
	for name, of := range d.Hashes {
		r.Hashes[name] = hash{of.Expires.Milliseconds(), of.Fields}
	}
	return r
}

func (r room) dump() redisstore.Dump {
	d := redisstore.Dump{Expires: millis(r.ExpiresIn), Hashes: map[string]redisstore.DumpedHash{}}
	for name, of := range r.Hashes {
		d.Hashes[name] = redisstore.DumpedHash{Fields: of.Fields, Expires: millis(of.ExpiresIn)}
	}
	return d
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// line is an entry of a log.
type line struct {
	ID     string          `json:"id"`
	Prev   string          `json:"prev"`
	At     stamp           `json:"at"`
	Amends bool            `json:"amends,omitempty"`
	Entry  json.RawMessage `json:"entry"`
}

// stamp is a time to the millisecond.
type stamp struct{ time.Time }

const stampLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements [json.Marshaler].
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(`"` + s.UTC().Format(stampLayout) + `"`), nil
}

// lineOf takes an element of the store's apart: "ID PREV MILLISECONDS {body}".
func lineOf(element string, amends bool) (line, error) {
	parts := strings.SplitN(element, " ", 4)
	var ms int64
	if len(parts) != 4 {
		return line{}, fmt.Errorf("an element has %d parts, want 4", len(parts))
	}
	if _, err := fmt.Sscanf(parts[2], "%d", &ms); err != nil {
		return line{}, fmt.Errorf("an element's time: %w", err)
	}
	return line{parts[0], parts[1], stamp{time.UnixMilli(ms)}, amends, json.RawMessage(parts[3])}, nil
}

// element is the opposite of lineOf.
func (l line) element() string {
	return fmt.Sprintf("%s %s %d %s", l.ID, l.Prev, l.At.UnixMilli(), l.Entry)
}

// file is what is known of a file.
type file struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Type      string        `json:"type"`
	Size      int64         `json:"size"`
	SHA256    string        `json:"sha256"`
	Sent      int64         `json:"sent,omitempty"`
	Width     int           `json:"width,omitempty"`
	Height    int           `json:"height,omitempty"`
	Preview   string        `json:"preview,omitempty"`
	Animated  bool          `json:"animated,omitempty"`
	Duration  float64       `json:"duration,omitempty"` // s
	Wave      chat.Wave     `json:"wave,omitempty"`
	Owner     chat.MemberID `json:"owner"`
	Network   string        `json:"network,omitempty"`
	ThumbType string        `json:"thumbType,omitempty"`
	CreatedAt stamp         `json:"createdAt"`
}

func fileOf(r attachments.Record) file {
	return file{
		ID: r.ID, Name: r.Name, Type: r.Type, Size: r.Size, SHA256: r.SHA256, Sent: r.Sent, Width: r.Width, Height: r.Height,
		Preview: r.Preview, Animated: r.Animated, Duration: r.Duration, Wave: r.Wave, Owner: r.Owner, Network: r.Network,
		ThumbType: r.ThumbType, CreatedAt: stamp{r.Created},
	}
}

func (f file) record(id chat.RoomID) attachments.Record {
	return attachments.Record{
		File: chat.File{
			ID: f.ID, Name: filename.Clean(f.Name), Type: f.Type, Size: f.Size, SHA256: f.SHA256, Width: f.Width,
			Height: f.Height, Preview: f.Preview, Animated: f.Animated, Duration: f.Duration, Wave: f.Wave,
		},
		Room: id, Owner: f.Owner, Network: f.Network, Sent: f.Sent, ThumbType: f.ThumbType, Created: f.CreatedAt.Time,
	}
}
