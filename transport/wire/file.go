package wire

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/caller-chat/caller/chat"
)

// File is a file on the wire: of a message, and in the answers to uploads.
type File struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	Preview string `json:"preview,omitempty"`
	// Animated is a picture's, Duration (in seconds) and Wave a voice note's.
	Animated bool      `json:"animated,omitempty"`
	Duration float64   `json:"duration,omitempty"`
	Wave     chat.Wave `json:"wave,omitempty"`
	// URL is [FilePath].
	URL string `json:"url"`
}

// FileOf is a room's file as it goes over the wire.
func FileOf(room chat.RoomID, f chat.File) File {
	return File{
		ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height,
		Preview: f.Preview, Animated: f.Animated, Duration: f.Duration, Wave: f.Wave, URL: FilePath(room, f),
	}
}

// file is a file as it came over the wire.
func (f File) file() chat.File {
	return chat.File{
		ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height,
		Preview: f.Preview, Animated: f.Animated, Duration: f.Duration, Wave: f.Wave,
	}
}

// FilePath is where a file of a room is, below the address that Caller has. Nothing in it means
// something in a header, in HTML or in a shell.
func FilePath(room chat.RoomID, f chat.File) string {
	return "/rooms/" + escaped(string(room)) + "/files/" + escaped(f.ID) + "/" + escaped(f.Name)
}

// escaped is a text with all but ASCII letters, digits and -_.~ escaped.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// appendSize appends a number of bytes for people: "1.2 MB", in powers of a thousand.
func appendSize(dst []byte, n int64) []byte {
	if n < 1000 {
		return append(strconv.AppendInt(dst, n, 10), " B"...)
	}
	const units = " KMGT"
	value, unit := float64(n), 0
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	digits := 0
	if value < 9.95 {
		digits = 1
	}
	return append(strconv.AppendFloat(dst, value, 'f', digits, 64), ' ', units[unit], 'B')
}

// appendFile appends what stands for a file in a line of text: its name, its size, and where it is,
// if base says where Caller is.
func appendFile(dst []byte, room chat.RoomID, f chat.File, base string) []byte {
	dst = append(appendPlain(append(dst, '['), f.Name), ' ')
	dst = append(appendSize(dst, f.Size), ' ')
	return append(append(append(dst, base...), FilePath(room, f)...), ']')
}
