package picture

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// windowSize is how much of a file is read at once.
const windowSize = 64 << 10

// window reads a file in places near each other.
type window struct {
	r    io.ReaderAt
	size int64
	buf  []byte // what the file has at start
	at   int64
}

// peek is what the file has at a place: n bytes, [windowSize] at most, until the next call. A file
// that ends before is broken.
func (w *window) peek(at int64, n int) ([]byte, error) {
	if at < 0 || n < 0 || n > windowSize || at > w.size-int64(n) {
		return nil, broken("it ends before its end")
	}
	if at < w.at || at+int64(n) > w.at+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, 0, windowSize)
		}
		most := min(windowSize, w.size-at)
		got, err := w.r.ReadAt(w.buf[:most], at)
		w.buf, w.at = w.buf[:got], at
		if got < n {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // the file is shorter than was said
			}
			return nil, err
		}
	}
	from := at - w.at
	return w.buf[from : from+int64(n)], nil
}

// rest is what the window has of a file from a place on, one byte at least.
func (w *window) rest(at int64) ([]byte, error) {
	if _, err := w.peek(at, 1); err != nil {
		return nil, err
	}
	return w.buf[at-w.at:], nil
}

// piece is a part of a file, bytes of our own, or zeros.
type piece struct {
	at, n int64
	own   []byte
	zero  bool
}

// pieces are what a file is put together of. They read the file that they are of.
type pieces struct {
	of  io.ReaderAt
	all []piece
}

// keep appends a part of the file.
func (p *pieces) keep(at, n int64) {
	if n <= 0 {
		return
	}
	if last := len(p.all) - 1; last >= 0 && p.all[last].own == nil && !p.all[last].zero && p.all[last].at+p.all[last].n == at {
		p.all[last].n += n
		return
	}
	p.all = append(p.all, piece{at: at, n: n})
}

// add appends bytes of our own.
func (p *pieces) add(own []byte) {
	if len(own) > 0 {
		p.all = append(p.all, piece{n: int64(len(own)), own: own})
	}
}

// zero appends zeros.
func (p *pieces) zero(n int64) {
	if n > 0 {
		p.all = append(p.all, piece{n: n, zero: true})
	}
}

// append appends all pieces of another one.
func (p *pieces) append(more pieces) {
	for _, each := range more.all {
		switch {
		case each.own != nil:
			p.add(each.own)
		case each.zero:
			p.zero(each.n)
		default:
			p.keep(each.at, each.n)
		}
	}
}

// check refuses a file of too many pieces.
func (p *pieces) check() error {
	if len(p.all) > maxPieces {
		return broken("it has too many parts")
	}
	return nil
}

// size is how many bytes there are.
func (p *pieces) size() int64 {
	size := int64(0)
	for _, each := range p.all {
		size += each.n
	}
	return size
}

// isWhole reports whether the pieces are the whole file, unchanged.
func (p *pieces) isWhole(size int64) bool {
	return len(p.all) == 1 && p.all[0].own == nil && !p.all[0].zero && p.all[0].at == 0 && p.all[0].n == size
}

// writeTo writes all pieces.
func (p *pieces) writeTo(w io.Writer) error {
	_, err := io.Copy(w, p.reader(context.Background()))
	return err
}

// reader reads all pieces until ctx ends.
func (p *pieces) reader(ctx context.Context) io.Reader {
	return &pieceReader{ctx: ctx, of: p.of, left: p.all}
}

// zeros are as many as one reads.
type zeros struct{}

// Read implements [io.Reader].
func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

type pieceReader struct {
	ctx  context.Context
	of   io.ReaderAt
	left []piece
	now  io.Reader
}

// Read implements [io.Reader].
func (r *pieceReader) Read(b []byte) (int, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, err
		}
		if r.now == nil {
			if len(r.left) == 0 {
				return 0, io.EOF
			}
			next := r.left[0]
			r.left = r.left[1:]
			switch {
			case next.own != nil:
				r.now = bytes.NewReader(next.own)
			case next.zero:
				r.now = io.LimitReader(zeros{}, next.n)
			default:
				r.now = io.NewSectionReader(r.of, next.at, next.n)
			}
		}
		n, err := r.now.Read(b)
		if errors.Is(err, io.EOF) {
			r.now, err = nil, nil
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
}
