package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/attachments"
	"github.com/caller-chat/caller/attachments/scan"
	"github.com/caller-chat/caller/attachments/web"
	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/redisstore"
	"github.com/caller-chat/caller/server"
)

// The kinds of values that the settings of files have.
type (
	filesURL string
	fileSize int64 // in bytes
	// scanCommand is a program with its arguments.
	scanCommand struct{ *scan.Scanner }
)

// noFiles is the bucket of a node that takes no files.
const noFiles = "off"

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *filesURL) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s != "" && s != noFiles {
		if err := attachments.CheckURL(s); err != nil {
			return err
		}
	}
	*v = filesURL(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *fileSize) UnmarshalText(text []byte) error {
	s, unit := strings.TrimSpace(string(text)), int64(0)
	for _, u := range []struct {
		suffix string
		bytes  int64
	}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"TB", 1 << 40}} {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = strings.TrimSpace(n), u.bytes
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || unit == 0 || n < 1 || n > math.MaxInt64/2/unit {
		return fmt.Errorf("%q is not a size, as 500KB, 100MB or 2GB", text)
	}
	*v = fileSize(n * unit)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *scanCommand) UnmarshalText(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		v.Scanner = nil
		return nil
	}
	scanner, err := scan.New(string(text), scan.AtOnce, scan.Time)
	v.Scanner = scanner
	return err
}

// look has the scanner look into a file; nil for no scanner.
func (v scanCommand) look(log *slog.Logger) func(context.Context, string, io.Reader) error {
	if v.Scanner == nil {
		return nil
	}
	return func(ctx context.Context, name string, r io.Reader) error {
		err := v.Scan(ctx, r)
		switch {
		case errors.Is(err, scan.ErrRefused):
			log.InfoContext(ctx, "a file is refused", "name", name, "err", err)
			return fmt.Errorf("%w: %w", attachments.ErrInfected, err)
		case errors.Is(err, scan.ErrNotScanned):
			log.WarnContext(ctx, "a file is not taken, since it was not scanned", "err", err)
			return fmt.Errorf("%w: %w", attachments.ErrUnavailable, err)
		}
		return err
	}
}

// fitFiles tells which settings of files can't go together.
func (s *settings) fitFiles() error {
	if s.FileSize > s.RoomFiles {
		return errors.New("--file-size (CALLER_FILE_SIZE) is more than --room-files (CALLER_ROOM_FILES): no file could be as large")
	}
	return nil
}

// filesStore is where files are kept.
func (c config) filesStore(
	bucket *attachments.Bucket, store *redisstore.Store, limits chat.Policy, log *slog.Logger,
) *attachments.Store {
	o := attachments.Options{
		FileSize: int64(c.FileSize), RoomFiles: int64(c.RoomFiles), Limits: limits,
		Scan: c.FilesScan.look(log), Logger: log,
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Files
	}
	return attachments.NewStore(bucket, store, o)
}

// openFiles opens the bucket for files and says where it is; nil for none.
func (c config) openFiles(ctx context.Context, log *slog.Logger) (*attachments.Bucket, error) {
	if c.Files == noFiles {
		return nil, nil
	}
	bucket, err := attachments.OpenBucket(ctx, string(c.Files), log)
	if err != nil {
		err = fmt.Errorf("--files (CALLER_FILES): %w", err)
		if errors.Is(err, attachments.ErrUnavailable) { // may be over in a while: a supervisor is to try again
			return nil, err
		}
		return nil, &settingError{err}
	}
	switch {
	case bucket.Temporary:
		log.Warn("files are kept until the program ends, and no second node can share them. Another place is given by "+
			"--files or CALLER_FILES", "files", bucket.Name)
	case c.redis == "":
		log.Warn("rooms are kept in this process, and so is what is known of files: those of before this start go "+
			"within an hour or two", "files", bucket.Name)
	default:
		log.Info("files are kept", "files", bucket.Name)
	}
	return bucket, nil
}

// filesFeature is what the server serves of files, and what the page may do for them: play those that
// were sent, and record voice notes. What is about to be sent it shows by its name.
func (c config) filesFeature(files *attachments.Store, rooms web.Rooms, log *slog.Logger) (server.Feature, error) {
	h, err := web.New(files, rooms, web.Options{BasePath: string(c.BasePath), Logger: log})
	if err != nil {
		return server.Feature{}, fmt.Errorf("files: %w", err)
	}
	return server.Feature{
		Name: "files", Transfers: h.Transfers(), Usage: web.Usage, Media: []string{"'self'"},
		Permissions: []string{"microphone"},
	}, nil
}

// closeFiles ends what is done for files, and takes a temporary folder away.
func (p *parts) closeFiles() error {
	if p.files != nil {
		return p.files.Close()
	}
	return closeBucket(p.bucket)
}

func closeBucket(b *attachments.Bucket) error {
	if b == nil {
		return nil
	}
	return b.Close()
}
