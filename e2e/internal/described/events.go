package described

import "bytes"

func isStream(kind string) bool { return kind == "text/event-stream" || kind == "application/x-ndjson" }

// events judges a stream's events as they come. A line that is not whole is none yet.
type events struct{ rest []byte }

func (e *events) add(kind string, more []byte) error {
	e.rest = append(e.rest, more...)
	for {
		line, rest, whole := bytes.Cut(e.rest, []byte("\n"))
		if !whole {
			return nil
		}
		var err error
		switch data, isData := bytes.CutPrefix(line, []byte("data:")); {
		case kind == "text/event-stream" && isData:
			err = Event(data)
		case kind == "application/x-ndjson" && len(bytes.TrimSpace(line)) > 0:
			err = Event(line)
		}
		if err != nil {
			return err
		}
		e.rest = append(e.rest[:0], rest...)
	}
}
