package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/client"
	"github.com/caller-chat/caller/transport/wire"
)

// columnKind says how a value is shown.
type columnKind int

const (
	words columnKind = iota
	number
	moment // a time: the day and the time here
	bytesOf
	whole // however long: what another command is given
)

// column is a column of a table, or a line of a list.
type column struct {
	title string
	path  string // into the JSON object, as last.from.name
	kind  columnKind
}

// table is how a JSON answer is shown to people.
type table struct {
	of      string // the array in the answer; "" for the answer itself, whose columns are then lines
	count   string // where a number stands when the array is left out
	goOn    string // the flag that the answer's next is given to, for what comes after
	columns []column
}

func pathEscape(s string) string { return url.PathEscape(s) }

// ask is one GET.
func ask(ctx context.Context, c *client.Client, path string, query url.Values) (json.RawMessage, error) {
	var answer json.RawMessage
	err := c.Call(ctx, http.MethodGet, path, query, nil, &answer)
	return answer, err
}

// print writes the table. Columns without a value in any row are left out.
func (t table) print(w io.Writer, answer json.RawMessage) error {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	var lines bytes.Buffer
	out := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	if t.of == "" {
		for _, c := range t.columns {
			if text := c.text(object); text != "" {
				fmt.Fprintf(out, "%s\t%s\n", c.title, text)
			}
		}
		return flush(out, &lines, w)
	}
	rows, listed := object[t.of].([]any)
	if n := lookup(object, t.count); !listed && n != nil {
		_, err := fmt.Fprintf(w, "%v %s\n", n, t.of)
		return err
	}
	shown := slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool {
		return len(rows) > 0 && !slices.ContainsFunc(rows, func(row any) bool { return c.text(row) != "" })
	})
	titles := make([]string, len(shown))
	for n, c := range shown {
		titles[n] = c.title
	}
	fmt.Fprintln(out, strings.Join(titles, "\t"))
	for _, row := range rows {
		cells := make([]string, len(shown))
		for n, c := range shown {
			cells[n] = c.text(row)
		}
		fmt.Fprintln(out, strings.Join(cells, "\t")) // a row with fewer cells would end the columns
	}
	return flush(out, &lines, w)
}

// blanks are what a table's lines end in where cells are empty.
var blanks = regexp.MustCompile(`(?m) +$`)

// flush writes what a table has written to lines, without spaces at the ends of them.
func flush(out *tabwriter.Writer, lines *bytes.Buffer, w io.Writer) error {
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := w.Write(blanks.ReplaceAll(lines.Bytes(), nil))
	return err
}

// more says how to go on, where the answer is not all there is.
func (t table) more(w io.Writer, answer json.RawMessage) {
	var page struct{ Next string }
	if t.goOn != "" && json.Unmarshal(answer, &page) == nil && page.Next != "" {
		fmt.Fprintf(w, "caller: there is more: %s %s\n", t.goOn, page.Next)
	}
}

// lookup is what stands at a path.
func lookup(of any, path string) any {
	if path == "" {
		return nil
	}
	for part := range strings.SplitSeq(path, ".") {
		object, ok := of.(map[string]any)
		if !ok {
			return nil
		}
		of = object[part]
	}
	return of
}

// text is a value as people read it, on one line, with nothing in it that a terminal acts on.
func (c column) text(row any) string {
	value := lookup(row, c.path)
	text := ""
	switch v := value.(type) {
	case nil:
	case bool:
		if v {
			text = "yes"
		}
	case string:
		text = v
	case json.Number:
		text = v.String()
	case map[string]any: // counts by name
		parts := make([]string, 0, len(v))
		for name, of := range v {
			parts = append(parts, fmt.Sprintf("%s %v", name, of))
		}
		slices.Sort(parts)
		text = strings.Join(parts, ", ")
	case []any:
		parts := make([]string, len(v))
		for n, of := range v {
			parts[n] = fmt.Sprint(of)
		}
		text = strings.Join(parts, ", ")
	}
	switch c.kind {
	case moment:
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			text = at.Local().Format(time.DateTime)
		}
	case bytesOf:
		if n, ok := value.(json.Number); ok {
			text = sizeText(n)
		}
	}
	const most = chat.MaxRoomID
	plain := []rune(wire.Plain(text))
	if len(plain) > most && c.kind != whole {
		plain = append(plain[:most-1], '…')
	}
	return string(plain)
}

// sizeText is a number of bytes in the largest unit of which there is one.
func sizeText(n json.Number) string {
	size, err := n.Float64()
	if err != nil {
		return n.String()
	}
	units := []string{"B", "KB", "MB", "GB", "TB"}
	at := 0
	for size >= 1000 && at < len(units)-1 {
		size, at = size/1000, at+1
	}
	if at == 0 {
		return fmt.Sprintf("%.0f B", size)
	}
	return fmt.Sprintf("%.1f %s", size, units[at])
}
