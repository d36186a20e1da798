package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
)

// What the pieces of an archive have at most, in bytes. A room's log is in memory as a whole.
const (
	maxJSON  = 64 << 20
	maxLog   = 1 << 30
	maxThumb = 8 << 20
)

// maxTold is how many rooms are named in a [Report] for each thing that may have happened to them.
const maxTold = 1000

// Import says how an archive is put back.
type Import struct {
	// Replace puts the archive's rooms in place of other ones of their names; else these stay.
	Replace bool
	// Room is the only one that is put back, and As its name then; empty for all, and for its own.
	Room, As chat.RoomID
}

// Report is what has become of an archive's rooms.
type Report struct {
	Rooms    int `json:"rooms"`
	Restored int `json:"restored"`
	// Same are those that were there as they are in the archive.
	Same    int `json:"same"`
	Entries int `json:"entries"`
	Files   int `json:"files"`
	// Kept are those where another room of that name stays: up to a thousand; there were Others.
	Others int           `json:"others"`
	Kept   []chat.RoomID `json:"kept,omitempty"`
	// Missing are files that were not there any more when the archive was written.
	Missing []Missing `json:"missing,omitempty"`
	// Last is the last room that was looked at.
	Last chat.RoomID `json:"last,omitempty"`
}

// Import puts an archive's rooms back, each when it is whole. The report also says, beside an error,
// what was done up to it.
//
// Errors: [ErrBad], [ErrShort], [ErrNoRoom]; those of the reader; [redisstore.ErrBadDump]; [attachments.ErrDiffers];
// [chat.ErrFull]; [chat.ErrUnavailable], [attachments.ErrUnavailable].
func (a *Archive) Import(ctx context.Context, from io.Reader, o Import) (Report, error) {
	if o.As != "" && o.Room == "" {
		return Report{}, fmt.Errorf("%w: one room can have another name, not all", ErrBad)
	}
	r := reader{Reader: tar.NewReader(from), archive: a, options: o}
	err := r.all(ctx)
	return r.report, err
}

type reader struct {
	*tar.Reader
	archive *Archive
	options Import
	report  Report

	begun, over bool
	room        *room // which is not whole yet
	file        *file // whose bytes have not come yet
	thumb       []byte
}

func (r *reader) all(ctx context.Context) error {
	for {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && r.over:
			if r.options.Room != "" && r.report.Rooms == 0 {
				return fmt.Errorf("%w %q", ErrNoRoom, r.options.Room)
			}
			return nil
		case !r.begun && err != nil:
			return fmt.Errorf("%w: %w", ErrBad, err)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return r.short()
		case errors.Is(err, tar.ErrHeader):
			return fmt.Errorf("%w after room %q: %w", ErrBad, r.report.Last, err)
		case err != nil:
			return err
		}
		if err := r.next(ctx, h); errors.Is(err, io.ErrUnexpectedEOF) {
			return r.short()
		} else if err != nil {
			return fmt.Errorf("%s: %w", printable(h.Name), err)
		}
	}
}

func (r *reader) short() error {
	return fmt.Errorf("%w after room %q: %d rooms are in", ErrShort, r.report.Last, r.report.Rooms)
}

// printable is a name out of an archive for an error.
func printable(name string) string {
	if len(name) > 200 {
		name = name[:200]
	}
	return fmt.Sprintf("%q", name)
}

// next takes one file of the archive.
func (r *reader) next(ctx context.Context, h *tar.Header) error {
	unwanted := func() error { return fmt.Errorf("%w: it has no place here", ErrBad) }
	switch {
	case h.Typeflag == tar.TypeDir: // it was unpacked and packed again
		return nil
	case h.Typeflag != tar.TypeReg, r.over:
		return unwanted()
	case !r.begun:
		var m manifest
		if h.Name != manifestName {
			return fmt.Errorf("%w: it begins without %s", ErrBad, manifestName)
		}
		if err := r.json(h, &m); err != nil {
			return err
		}
		r.begun = true
		return m.check()
	case h.Name == endName:
		var e end
		if err := r.json(h, &e); err != nil {
			return err
		}
		r.over, r.report.Missing = true, e.Missing
		if r.room != nil {
			return fmt.Errorf("%w: room %s is not whole", ErrBad, r.room.Room)
		}
		return nil
	}
	id, name, ok := strings.Cut(strings.TrimPrefix(h.Name, roomsFolder), "/")
	if !ok || !strings.HasPrefix(h.Name, roomsFolder) {
		return unwanted()
	}
	if name == roomName {
		return r.begin(h, chat.RoomID(id))
	}
	if r.room == nil || r.room.Room != chat.RoomID(id) {
		return unwanted()
	}
	if name == logName {
		return r.finish(ctx, h)
	}
	if name, ok = strings.CutPrefix(name, filesFolder); !ok {
		return unwanted()
	}
	return r.attachment(ctx, h, name)
}

func (r *reader) bytes(h *tar.Header, most int64) ([]byte, error) {
	if h.Size > most {
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", ErrBad, h.Size, most)
	}
	return io.ReadAll(r)
}

func (r *reader) json(h *tar.Header, into any) error {
	content, err := r.bytes(h, maxJSON)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%w: %w", ErrBad, err)
	}
	return nil
}

func (r *reader) begin(h *tar.Header, id chat.RoomID) error {
	if r.room != nil {
		return fmt.Errorf("%w: room %s is not whole", ErrBad, r.room.Room)
	}
	var begun room
	if err := r.json(h, &begun); err != nil {
		return err
	}
	if parsed, err := chat.ParseRoomID(string(id)); err != nil || parsed != id || begun.Room != id {
		return fmt.Errorf("%w: %w", ErrBad, errors.Join(errors.New("it has not the name of its room"), err))
	}
	r.room = &begun
	return nil
}

// isLeftOut reports whether the room at hand is not asked for.
func (r *reader) isLeftOut() bool { return r.options.Room != "" && r.options.Room != r.room.Room }

// target is the name that the room at hand gets.
func (r *reader) target() chat.RoomID {
	if r.options.As != "" {
		return r.options.As
	}
	return r.room.Room
}

func (r *reader) attachment(ctx context.Context, h *tar.Header, name string) error {
	if r.isLeftOut() || r.archive.Files == nil {
		return nil
	}
	if id, ok := strings.CutSuffix(name, recordSuffix); ok {
		r.file, r.thumb = &file{}, nil
		if err := r.json(h, r.file); err != nil {
			return err
		}
		if r.file.ID != id || r.file.Size < 0 || !isFileID(id) {
			return fmt.Errorf("%w: it is another file's", ErrBad)
		}
		return nil
	}
	of := r.file
	switch {
	case of != nil && name == of.ID+thumbSuffix:
		var err error
		r.thumb, err = r.bytes(h, maxThumb)
		return err
	case of != nil && name == of.ID:
		r.file = nil
		var thumb io.Reader
		if r.thumb != nil {
			thumb = bytes.NewReader(r.thumb)
		}
		if err := r.archive.Files.Restore(ctx, of.record(r.target()), r, thumb); err != nil {
			return err
		}
		r.report.Files++
		return nil
	}
	return fmt.Errorf("%w: it has no place here", ErrBad)
}

// isFileID reports whether an id is like those of package attachments.
func isFileID(id string) bool {
	return len(id) == 26 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// finish puts the room at hand back.
func (r *reader) finish(ctx context.Context, h *tar.Header) error {
	defer func() { r.room, r.file = nil, nil }()
	content, err := r.bytes(h, maxLog)
	if err != nil {
		return err
	}
	if r.isLeftOut() {
		return nil
	}
	if r.file != nil {
		return fmt.Errorf("%w: file %s has no bytes", ErrBad, r.file.ID)
	}
	d := r.room.dump()
	if err := readLog(content, &d); err != nil {
		return err
	}
	how, err := r.archive.Rooms.RestoreRoom(ctx, r.target(), d, r.options.Replace)
	if err != nil {
		return err
	}
	if how != redisstore.RestoredNothing && r.archive.Files != nil {
		if err := r.archive.Files.Settle(ctx, r.target()); err != nil {
			return err
		}
	}
	r.report.Rooms++
	r.report.Last = r.room.Room
	switch how {
	case redisstore.RestoredAll:
		r.report.Restored++
		r.report.Entries += len(d.Log) + len(d.Amendments)
	case redisstore.RestoredBefore:
		r.report.Same++
	case redisstore.RestoredNothing:
		if r.report.Others++; len(r.report.Kept) < maxTold {
			r.report.Kept = append(r.report.Kept, r.target())
		}
	}
	return nil
}

// readLog reads what [WriteLog] has written.
func readLog(content []byte, d *redisstore.Dump) error {
	lines := json.NewDecoder(bytes.NewReader(content))
	for number := 1; ; number++ {
		var l line
		switch err := lines.Decode(&l); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: line %d: %w", ErrBad, number, err)
		}
		var body bytes.Buffer
		if err := json.Compact(&body, l.Entry); err != nil {
			return fmt.Errorf("%w: line %d, entry: %w", ErrBad, number, err)
		}
		l.Entry = body.Bytes()
		if l.Amends {
			d.Amendments = append(d.Amendments, l.element())
		} else {
			d.Log = append(d.Log, l.element())
		}
	}
}
