package client

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/e2e/internal/described"
	"github.com/caller-chat/caller/internal/testwait"
)

// LightReader is a reader that costs little, for tests with thousands of them. It keeps no record:
// it counts, and checks as it goes that the entries' numbers have no hole. It speaks just enough
// HTTP and WebSocket for that.
//
// One goroutine connects it, and from Connect to Close one more reads.
type LightReader struct {
	Kind   Kind // WebSocket or SSE
	Person Person
	Room   string
	// Pause is how long it rests when it has read all there is, so that many readers cost little. 0
	// for not at all.
	Pause time.Duration
	// Heard is called with each message's text, as JSON has it, unless it is nil.
	Heard func(text []byte)
	// Changed is called, unless it is nil, when an entry or live has come or the connection has
	// ended.
	Changed func()

	judged int // how many of its events were; the listening goroutine's
	conn   net.Conn
	done   chan struct{}
	paused chan struct{} // closed: reads; see Stop
	stop   sync.Mutex    // guards paused

	mu     sync.Mutex // guards what follows
	cursor string
	seq    uint64
	count  int
	resets int
	lives  int
	fault  error
	end    string // how the last connection ended
}

// judgedMessages is how many messages of such a reader are judged by the API's description: all of
// them would cost much. Whatever is no message is judged each time.
const judgedMessages = 20

// readSize is what such a reader reads at once: more than comes in while it rests.
const readSize = 64 << 10

// LightReaderState is what a reader has heard until now.
type LightReaderState struct {
	// Cursor is where to resume, and Seq its number.
	Cursor string
	Seq    uint64
	// Count is the entries heard, Resets the resets.
	Count, Resets int
	// Lives is how often a connection of it has come to live.
	Lives int
	// Fault is the first hole or repeat.
	Fault error
	// End is how the last connection ended, as "too_slow", for a WebSocket "too_slow 4008"; or why
	// it could not be read. It is "" while it has not.
	End string
}

// State is what it has heard until now.
func (r *LightReader) State() LightReaderState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return LightReaderState{r.cursor, r.seq, r.count, r.resets, r.lives, r.fault, r.end}
}

// Connect opens a connection that goes on from where the last one was.
func (r *LightReader) Connect() error {
	state := r.State()
	addr := strings.TrimPrefix(r.Person.Base, "http://")
	conn, err := net.DialTimeout("tcp", addr, testwait.Limit)
	if err != nil {
		return err
	}
	query := ""
	if state.Cursor != "" {
		query = "?after=" + state.Cursor
	}
	version, upgrade := "1.0", ""
	if r.Kind == WebSocket {
		version = "1.1"
		upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	}
	request := fmt.Sprintf("GET %s/%s%s HTTP/%s\r\nHost: %s\r\n%s", roomPath(r.Room), r.Kind, query, version, addr, upgrade)
	if r.Person.Token != "" {
		request += "Authorization: Bearer " + r.Person.Token + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return errors.Join(err, conn.Close())
	}
	r.mu.Lock()
	r.end = ""
	r.mu.Unlock()
	r.conn, r.done = conn, make(chan struct{})
	go r.listen(conn, r.done)
	return nil
}

// Close ends the connection without a word and waits until nothing more is heard.
func (r *LightReader) Close() {
	if r.conn == nil {
		return
	}
	r.Go()
	_ = r.conn.Close() // it may have ended by itself
	<-r.done
	r.conn = nil
}

// Done is closed when the connection has ended. Connect makes it anew.
func (r *LightReader) Done() <-chan struct{} { return r.done }

// Stop has it read nothing more, while its connection stays, until Go.
func (r *LightReader) Stop() {
	r.stop.Lock()
	defer r.stop.Unlock()
	if r.paused == nil {
		r.paused = make(chan struct{})
	}
}

// Go has it read on.
func (r *LightReader) Go() {
	r.stop.Lock()
	defer r.stop.Unlock()
	if r.paused != nil {
		close(r.paused)
		r.paused = nil
	}
}

// Read is a connection's, with the rests that Pause and Stop ask for.
func (r *LightReader) Read(p []byte) (int, error) {
	r.stop.Lock()
	paused := r.paused
	r.stop.Unlock()
	if paused != nil {
		<-paused
	} else if r.Pause > 0 {
		time.Sleep(r.Pause)
	}
	return r.conn.Read(p)
}

func (r *LightReader) listen(conn net.Conn, done chan struct{}) {
	defer close(done)
	defer func() { _ = conn.Close() }() // nobody is left to hear of it
	size := 4 << 10
	if r.Pause > 0 {
		size = readSize
	}
	in := bufio.NewReaderSize(r, size)
	status, err := in.ReadString('\n')
	switch {
	case err != nil:
	case !strings.Contains(status, " 200 ") && !strings.Contains(status, " 101 "):
		err = errors.New(strings.TrimSpace(status))
	case r.Kind == WebSocket:
		err = r.listenWS(in)
	default:
		err = r.listenSSE(in)
	}
	r.mu.Lock()
	switch {
	case r.end == "":
		r.end = fmt.Sprint(err)
	case r.Kind == WebSocket:
		r.end += " " + fmt.Sprint(err) // the close code, after the error's
	}
	r.mu.Unlock()
	if r.Changed != nil {
		r.Changed()
	}
}

var (
	idField   = []byte("id: ")
	dataField = []byte("data: ")
	entry     = []byte(`{"type":"message"`)
	reset     = []byte(`{"type":"reset"`)
	failure   = []byte(`{"type":"error"`)
	live      = []byte(`{"type":"live"`)
)

func (r *LightReader) listenSSE(in *bufio.Reader) error {
	var id []byte
	for {
		line, err := in.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // a long one
			head := bytes.Clone(line)
			line, err = in.ReadSlice('\n')
			line = append(head, line...)
		}
		if err != nil {
			return err
		}
		switch {
		case bytes.HasPrefix(line, idField):
			id = append(id[:0], bytes.TrimRight(line[len(idField):], "\r\n")...)
		case bytes.HasPrefix(line, dataField):
			r.event(line[len(dataField):], id)
		}
	}
}

func (r *LightReader) listenWS(in *bufio.Reader) error {
	for { // the rest of the header
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
	}
	var payload []byte
	for {
		var head [10]byte
		if _, err := io.ReadFull(in, head[:2]); err != nil {
			return err
		}
		size := uint64(head[1] & 0x7f)
		switch size {
		case 126:
			if _, err := io.ReadFull(in, head[2:4]); err != nil {
				return err
			}
			size = uint64(binary.BigEndian.Uint16(head[2:4]))
		case 127:
			if _, err := io.ReadFull(in, head[2:10]); err != nil {
				return err
			}
			size = binary.BigEndian.Uint64(head[2:10])
		}
		if uint64(cap(payload)) < size {
			payload = make([]byte, size)
		}
		payload = payload[:size]
		if _, err := io.ReadFull(in, payload); err != nil {
			return err
		}
		switch head[0] & 0x0f {
		case 1:
			r.event(payload, value(payload, `"id":"`))
		case 8:
			if len(payload) >= 2 {
				return errors.New(strconv.Itoa(int(binary.BigEndian.Uint16(payload))))
			}
			return errors.New("closed without a code")
		}
	}
}

// value is what follows a name in JSON, up to the next quote.
func value(data []byte, name string) []byte {
	i := bytes.Index(data, []byte(name))
	if i < 0 {
		return nil
	}
	data = data[i+len(name):]
	return data[:max(0, bytes.IndexByte(data, '"'))]
}

func (r *LightReader) event(data, id []byte) {
	if r.judged < judgedMessages || !bytes.HasPrefix(data, entry) {
		r.judged++
		if err := described.Event(data); err != nil {
			r.mu.Lock()
			r.fault = errors.Join(r.fault, err)
			r.mu.Unlock()
		}
	}
	switch {
	case bytes.HasPrefix(data, entry):
		number, _, _ := bytes.Cut(id, []byte("-"))
		seq, err := strconv.ParseUint(string(number), 10, 64)
		r.mu.Lock()
		switch {
		case err != nil:
			r.fault = errors.Join(r.fault, err)
		case r.cursor != "" && seq != r.seq+1 && r.fault == nil:
			r.fault = fmt.Errorf("%s by %s: %s came after %s", r.Room, r.Kind, id, r.cursor)
		}
		r.cursor, r.seq = string(id), seq
		r.count++
		r.mu.Unlock()
		if r.Heard != nil {
			r.Heard(value(data, `"text":"`))
		}
		if r.Changed != nil {
			r.Changed()
		}
	case bytes.HasPrefix(data, live):
		r.mu.Lock()
		cursor := string(value(data, `"cursor":"`))
		if r.cursor != "" && r.cursor != cursor && r.fault == nil {
			r.fault = fmt.Errorf("%s by %s: live is at %s, the last entry is %s", r.Room, r.Kind, cursor, r.cursor)
		}
		r.lives++
		r.cursor = cursor
		number, _, _ := strings.Cut(cursor, "-")
		r.seq, _ = strconv.ParseUint(number, 10, 64) // 0 for what is none
		r.mu.Unlock()
		if r.Changed != nil {
			r.Changed()
		}
	case bytes.HasPrefix(data, reset):
		r.mu.Lock()
		r.resets++
		r.cursor, r.seq = "", 0
		r.mu.Unlock()
	case bytes.HasPrefix(data, failure):
		r.mu.Lock()
		r.end = string(value(data, `"code":"`))
		r.mu.Unlock()
	}
}
