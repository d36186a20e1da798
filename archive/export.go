package archive

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
)

// Options say what is written.
type Options struct {
	// Room is the only one; empty for all.
	Room chat.RoomID
	// After has the rooms after that one written, without the archive's beginning: it goes on with
	// one that broke off.
	After chat.RoomID
	// NoFiles leaves the files out.
	NoFiles bool
	// Program is what writes it, for people.
	Program string
}

// Export writes an archive. When it fails, what was written up to then can be gone on with.
//
// Errors: [chat.ErrUnavailable], [attachments.ErrUnavailable], and those of the writer.
func (a *Archive) Export(ctx context.Context, to io.Writer, o Options) error {
	w := writer{Writer: tar.NewWriter(to), archive: a, options: o, now: time.Now().UTC().Truncate(time.Second)}
	rooms := []chat.RoomID{o.Room}
	if o.Room == "" {
		var err error
		if rooms, err = a.Rooms.RoomIDs(ctx); err != nil {
			return err
		}
	}
	if o.After == "" {
		if err := w.json(manifestName, manifest{format, version, w.now, o.Program, o.Room, o.NoFiles}); err != nil {
			return err
		}
	}
	for _, id := range rooms {
		if id <= o.After {
			continue
		}
		if err := w.room(ctx, id); err != nil {
			return fmt.Errorf("export room %s: %w", id, err)
		}
	}
	w.end.Finished = time.Now().UTC().Truncate(time.Second)
	if err := w.json(endName, w.end); err != nil {
		return err
	}
	return w.Close()
}

type writer struct {
	*tar.Writer
	archive *Archive
	options Options
	now     time.Time
	end     end
}

// file begins a file of the archive.
func (w *writer) file(name string, size int64) error {
	return w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.now, Format: tar.FormatPAX,
	})
}

func (w *writer) bytes(name string, content []byte) error {
	if err := w.file(name, int64(len(content))); err != nil {
		return err
	}
	_, err := w.Write(content)
	return err
}

func (w *writer) json(name string, v any) error {
	var content bytes.Buffer
	e := json.NewEncoder(&content)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	return w.bytes(name, content.Bytes())
}

// room writes a room. One that has gone since it was found is left out.
func (w *writer) room(ctx context.Context, id chat.RoomID) error {
	d, err := w.archive.Rooms.DumpRoom(ctx, id)
	if err != nil || d.IsEmpty() {
		return err
	}
	kept, err := d.Kept()
	if err != nil {
		return err
	}
	folder := roomsFolder + string(id) + "/"
	if err := w.json(folder+roomName, roomOf(id, d)); err != nil {
		return err
	}
	if w.archive.Files != nil && !w.options.NoFiles {
		for _, name := range namedIn(kept) {
			if err := w.attachment(ctx, id, folder+filesFolder, name); err != nil {
				return fmt.Errorf("file %s: %w", name, err)
			}
		}
	}
	log, err := WriteLog(nil, d)
	if err != nil {
		return err
	}
	w.end.Rooms++
	w.end.Entries += len(d.Log) + len(d.Amendments)
	return w.bytes(folder+logName, log)
}

// namedIn are the ids of the files that messages name, each once.
func namedIn(kept chat.Kept) (ids []string) {
	for _, e := range kept.Entries {
		if m, ok := e.Payload.(chat.Message); ok {
			for _, f := range m.Files {
				if !slices.Contains(ids, f.ID) {
					ids = append(ids, f.ID)
				}
			}
		}
	}
	return ids
}

// attachment writes a file of a room's.
func (w *writer) attachment(ctx context.Context, id chat.RoomID, folder, name string) error {
	files := w.archive.Files
	record, content, err := files.Open(ctx, id, name)
	whole, thumb := false, false
	if err == nil {
		defer func() { _ = content.Close() }() // it was only read
		whole, thumb, err = files.Intact(ctx, record)
	}
	switch {
	case errors.Is(err, attachments.ErrNotFound), errors.Is(err, attachments.ErrGone), err == nil && !whole:
		w.end.Missing = append(w.end.Missing, Missing{id, name})
		return nil
	case err != nil:
		return err
	}
	if err := w.json(folder+name+recordSuffix, fileOf(record)); err != nil {
		return err
	}
	if thumb {
		thumb, err := files.OpenThumb(ctx, record)
		if err != nil {
			return err
		}
		err = w.copy(folder+name+thumbSuffix, record.Thumb.Size, thumb)
		if err = errors.Join(err, thumb.Close()); err != nil {
			return err
		}
	}
	w.end.Files++
	return w.copy(folder+name, record.Size, content)
}

func (w *writer) copy(name string, size int64, content io.Reader) error {
	if err := w.file(name, size); err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(content, size))
	if err == nil && n < size {
		err = fmt.Errorf("it has %d bytes, want %d", n, size)
	}
	return err
}

// WriteLog appends a log as lines of JSON, in the order of the entries.
func WriteLog(to []byte, d redisstore.Dump) ([]byte, error) {
	var lines []line
	for i, list := range [][]string{d.Log, d.Amendments} {
		for _, element := range list {
			l, err := lineOf(element, i == 1)
			if err != nil {
				return to, err
			}
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.number(), b.number()) })
	content := bytes.NewBuffer(to)
	e := json.NewEncoder(content)
	e.SetEscapeHTML(false)
	for _, l := range lines {
		if err := e.Encode(l); err != nil {
			return to, err
		}
	}
	return content.Bytes(), nil
}

// number is an entry's place in its room.
func (l line) number() uint64 {
	seq, _, _ := strings.Cut(l.ID, "-")
	var n uint64
	_, _ = fmt.Sscan(seq, &n) // what is no number has been refused
	return n
}
