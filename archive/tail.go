package archive

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/caller-chat/caller/chat"
)

// Tail looks how far an archive goes that may have broken off: after is its last room that is whole,
// size the bytes up to that room's end, and whole says that nothing is missing. Of what is no
// archive, or was begun with other options (of which [Options.Room] and [Options.NoFiles] count), after is empty and size 0. Errors: [ErrBad] for another program's file or another version's; those of the
// file.
func Tail(file io.ReadSeeker, o Options) (after chat.RoomID, size int64, whole bool, err error) {
	all, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", 0, false, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", 0, false, err
	}
	for r, begun := tar.NewReader(file), false; ; begun = true {
		h, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) && begun {
			return after, size, false, nil
		}
		if err != nil {
			return "", 0, false, fmt.Errorf("%w: %w", ErrBad, err)
		}
		at, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return "", 0, false, err
		}
		const block = 512 // of which a tar's files are
		end := at + (h.Size+block-1)/block*block
		if end > all {
			return after, size, false, nil
		}
		switch id, isLog := roomWithLog(h.Name); {
		case !begun:
			var m manifest
			if h.Name != manifestName || json.NewDecoder(r).Decode(&m) != nil {
				return "", 0, false, fmt.Errorf("%w: it begins without %s", ErrBad, manifestName)
			}
			if err := m.check(); err != nil {
				return "", 0, false, err
			}
			if !m.isOf(o) {
				return "", 0, false, nil
			}
		case isLog:
			after, size = id, end
		case h.Name == endName:
			return after, end, true, nil
		}
	}
}

func roomWithLog(name string) (chat.RoomID, bool) {
	rest, ok := strings.CutPrefix(name, roomsFolder)
	id, isLog := strings.CutSuffix(rest, "/"+logName)
	return chat.RoomID(id), ok && isLog
}
