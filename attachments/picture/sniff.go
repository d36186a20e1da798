package picture

import (
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// SniffLength is how much of a file's beginning [Sniff] looks at, in bytes.
const SniffLength = 3072

// unknownType is the type of what can be anything.
const unknownType = "application/octet-stream"

// Sniff is a file's media type, without parameters, by how it begins. What the sender says of it,
// by its type and its name, counts only where it can do no harm: it tells what kind of plain text
// it is, and whether a container that may have pictures has sound alone.
func Sniff(head []byte, name, declared string) string {
	said, _, err := mime.ParseMediaType(declared)
	if err != nil {
		said = ""
	}
	found := mimetype.Detect(head[:min(len(head), SniffLength)])
	is, _, err := mime.ParseMediaType(found.String())
	switch {
	case err != nil || len(head) == 0:
		return emptyOr(said)
	case is == "image/apng":
		return "image/png"
	case isSoundOf(is, said):
		return said
	case is == "application/ogg":
		return unknownType
	case isScript(is), !isText(found):
		return is
	}
	if kind := kindOfText(said); kind != "" {
		return kind
	}
	if kind := kindOfText(typeOfName(name)); kind != "" {
		return kind
	}
	if kind := kindOfText(is); kind != "" {
		return kind
	}
	return "text/plain"
}

// emptyOr is the type of a file without bytes.
func emptyOr(said string) string {
	if kind := kindOfText(said); kind != "" {
		return kind
	}
	return unknownType
}

// isText reports whether something is a kind of text.
func isText(found *mimetype.MIME) bool {
	for ; found != nil; found = found.Parent() {
		if found.Is("text/plain") {
			return true
		}
	}
	return false
}

// isScript reports whether a browser would run a text of that type, or might.
func isScript(kind string) bool {
	return strings.Contains(kind, "html") || strings.Contains(kind, "xml") || strings.Contains(kind, "svg") ||
		strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript")
}

// kindOfText is a type if it is one of plain texts that no browser runs; else empty.
func kindOfText(kind string) string {
	if slices.Contains([]string{
		"text/plain", "text/markdown", "text/csv", "text/tab-separated-values", "text/calendar", "text/vcard", "text/vtt",
		"text/x-diff", "text/x-patch", "text/x-log", "text/x-python", "text/x-go", "text/x-c", "text/x-java", "text/x-ruby",
		"text/x-lua", "text/x-perl", "text/x-php", "text/x-shellscript", "text/x-tcl", "text/x-rust", "text/x-sql",
		"application/json", "application/x-ndjson", "application/geo+json", "application/yaml", "application/toml",
		"application/sql", "application/x-subrip", "text/rtf", "message/rfc822",
	}, kind) {
		return kind
	}
	return ""
}

// typeOfName is the type that a name's ending stands for; empty for others. It asks no file of the
// system, so that all nodes say the same.
func typeOfName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".text":
		return "text/plain"
	case ".log":
		return "text/x-log"
	case ".md", ".markdown":
		return "text/markdown"
	case ".csv":
		return "text/csv"
	case ".tsv":
		return "text/tab-separated-values"
	case ".diff", ".patch":
		return "text/x-diff"
	case ".json":
		return "application/json"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".toml":
		return "application/toml"
	case ".go":
		return "text/x-go"
	case ".py":
		return "text/x-python"
	case ".rs":
		return "text/x-rust"
	case ".sql":
		return "application/sql"
	case ".sh":
		return "text/x-shellscript"
	}
	return ""
}

// isSoundOf reports whether what was said of a container is that it has sound alone. The
// beginning of one does not always tell, and either is as harmless.
func isSoundOf(is, said string) bool {
	switch said {
	case "audio/webm":
		return is == "video/webm"
	case "audio/mp4":
		return is == "video/mp4" || is == "audio/mp4" || is == "audio/x-m4a"
	case "audio/ogg", "video/ogg":
		return is == "application/ogg" || is == "audio/ogg" || is == "video/ogg"
	}
	return false
}
