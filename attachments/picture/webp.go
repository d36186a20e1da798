package picture

import (
	"encoding/binary"
	"image"

	"golang.org/x/image/webp"
)

// The flags of VP8X.
const (
	webpAnimated, webpXMP, webpEXIF, webpAlpha = 1 << 1, 1 << 2, 1 << 3, 1 << 4
)

// webpWalk is a walk through a WebP.
type webpWalk struct {
	w   *window
	out form
	// extended is VP8X's payload; nil for none. rest are the chunks that stay after it.
	extended []byte
	rest     pieces
	changed  bool // something does not stay as it is
	frames   int
	// still is the first frame: what a WebP that is not animated has.
	still    pieces
	hasAlpha bool
	size     image.Point // of the first frame
}

// walkWebP walks through a WebP, animated or not.
func walkWebP(w *window) (form, error) {
	head, err := w.peek(0, 12)
	if err != nil {
		return form{}, err
	}
	p := &webpWalk{w: w, out: form{kind: "image/webp", decode: webp.Decode}}
	p.rest.of, p.still.of = w.r, w.r
	end := int64(binary.LittleEndian.Uint32(head[4:])) + 8
	if end > w.size+1 { // one byte of padding is forgotten by some
		return form{}, broken("it ends before its end")
	}
	p.changed = end != w.size
	end = min(end, w.size)
	for at := int64(12); at < end; {
		c, err := w.chunk(at, end)
		if err != nil {
			return form{}, err
		}
		if err := p.take(c); err != nil {
			return form{}, err
		}
		if err := p.rest.check(); err != nil {
			return form{}, err
		}
		at = c.next
	}
	return p.finish()
}

// riffChunk is a chunk's place.
type riffChunk struct {
	name        string
	at, n, next int64 // where it begins, how long its data is, and where the next one begins
}

// data is where the chunk's data is.
func (c riffChunk) data() int64 { return c.at + 8 }

// chunk is the chunk at a place.
func (w *window) chunk(at, end int64) (riffChunk, error) {
	head, err := w.peek(at, 8)
	if err != nil {
		return riffChunk{}, err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	c := riffChunk{string(head[:4]), at, n, at + 8 + n + n&1}
	if at+8+n > end {
		return riffChunk{}, broken("its chunk %q ends after the file", c.name)
	}
	return c, nil
}

// take takes a chunk of the file, if the picture needs it.
func (p *webpWalk) take(c riffChunk) error {
	isFirst := p.extended == nil && p.rest.size() == 0 && p.still.size() == 0
	switch c.name {
	case "VP8X":
		return p.header(c, isFirst)
	case "VP8 ", "VP8L", "ALPH":
		if p.frames > 0 || c.name == "ALPH" && p.extended == nil {
			return broken("it has a chunk %q too many", c.name)
		}
		if c.name != "ALPH" {
			p.frames++
		}
		p.keep(&p.rest, c)
		return p.bitstream(c)
	case "ANIM", "ICCP":
		if p.extended != nil {
			p.keep(&p.rest, c)
			p.profile(c)
			return nil
		}
	case "ANMF":
		if p.extended == nil || p.extended[0]&webpAnimated == 0 {
			return broken("it has frames and is not animated")
		}
		return p.frame(c)
	case "EXIF":
		data, err := p.w.peek(c.data(), int(min(c.n, windowSize)))
		if err != nil {
			return err
		}
		if p.out.orientation == 0 {
			p.out.orientation = orientationOf(data)
		}
	}
	p.changed = true
	return nil
}

// header reads VP8X.
func (p *webpWalk) header(c riffChunk, isFirst bool) error {
	if !isFirst || c.n != 10 {
		return broken("its header is wrong")
	}
	data, err := p.w.peek(c.data(), 10)
	if err != nil {
		return err
	}
	p.extended = append([]byte(nil), data...)
	p.out.width, p.out.height = 1+uint24(data[4:]), 1+uint24(data[7:])
	return checkPixels(p.out.width, p.out.height)
}

// profile takes the colour profile for the small pictures.
func (p *webpWalk) profile(c riffChunk) {
	if c.name != "ICCP" || c.n > maxProfile {
		return
	}
	data := make([]byte, c.n)
	if n, _ := p.w.r.ReadAt(data, c.data()); n == len(data) {
		p.out.profile = profileForRGB(data)
	}
}

// keep keeps a chunk. Whatever its padding was, it is zero.
func (p *webpWalk) keep(in *pieces, c riffChunk) {
	in.keep(c.at, 8+c.n)
	if c.n&1 == 0 {
		return
	}
	if pad, err := p.w.peek(c.at+8+c.n, 1); err == nil && pad[0] == 0 {
		in.keep(c.at+8+c.n, 1)
		return
	}
	p.changed = true
	in.add([]byte{0})
}

// bitstream takes a part of a frame and looks how large that is. Only the first frame is decoded,
// but all are shown.
func (p *webpWalk) bitstream(c riffChunk) error {
	if c.name == "ALPH" {
		if p.frames <= 1 {
			p.hasAlpha = true
			p.keep(&p.still, c)
		}
		return nil
	}
	size, alpha, err := p.dimensions(c)
	if err != nil {
		return err
	}
	if p.frames > 1 {
		return nil
	}
	p.size, p.hasAlpha = size, p.hasAlpha || alpha
	pixels := int64(align16(size.X)) * int64(align16(size.Y))
	switch {
	case c.name == "VP8L":
		p.out.cost = 8 * pixels // its transforms make a second one
	case p.still.size() > 0:
		p.out.cost = 7 * pixels // what is transparent is packed as a picture
	default:
		p.out.cost = 2 * pixels
	}
	p.keep(&p.still, c)
	return nil
}

// dimensions is how large a frame is: RFC 9649 sections 2.5 and 2.6, RFC 6386 section 9.1.
func (p *webpWalk) dimensions(c riffChunk) (size image.Point, alpha bool, err error) {
	data, err := p.w.peek(c.data(), int(min(c.n, 10)))
	if err != nil {
		return image.Point{}, false, err
	}
	switch {
	case c.name == "VP8L" && len(data) >= 5 && data[0] == 0x2f:
		bits := int(binary.LittleEndian.Uint32(data[1:]))
		size, alpha = image.Pt(1+bits&0x3fff, 1+bits>>14&0x3fff), bits>>28&1 == 1
	case c.name == "VP8 " && len(data) == 10 && string(data[3:6]) == "\x9d\x01\x2a":
		size = image.Pt(int(binary.LittleEndian.Uint16(data[6:])&0x3fff), int(binary.LittleEndian.Uint16(data[8:])&0x3fff))
	default:
		return image.Point{}, false, broken("its %q is none", c.name)
	}
	return size, alpha, checkPixels(size.X, size.Y)
}

// frame takes a frame of an animation, without the chunks in it that nobody knows.
func (p *webpWalk) frame(c riffChunk) error {
	const header = 16
	if c.n < header {
		return broken("a frame is too short")
	}
	head, err := p.w.peek(c.data(), header)
	if err != nil {
		return err
	}
	at := image.Pt(2*uint24(head), 2*uint24(head[3:]))
	size := image.Pt(1+uint24(head[6:]), 1+uint24(head[9:]))
	if at.X+size.X > p.out.width || at.Y+size.Y > p.out.height {
		return broken("a frame is larger than the picture")
	}
	p.frames++
	inner := pieces{of: p.w.r}
	end, unknown := c.data()+c.n, false
	for next := c.data() + header; next < end; {
		in, err := p.w.chunk(next, end)
		if err != nil {
			return err
		}
		next = in.next
		if in.name != "ALPH" && in.name != "VP8 " && in.name != "VP8L" {
			unknown = true
			continue
		}
		p.keep(&inner, in)
		if err := p.bitstream(in); err != nil {
			return err
		}
		if err := inner.check(); err != nil {
			return err
		}
	}
	if p.frames == 1 {
		p.out.at = at
	}
	if !unknown {
		p.rest.keep(c.at, 8+header)
	} else {
		p.changed = true
		begin, err := p.w.peek(c.at, 8+header)
		if err != nil {
			return err
		}
		own := append([]byte(nil), begin...)
		binary.LittleEndian.PutUint32(own[4:], uint32(header+inner.size()))
		p.rest.add(own)
	}
	p.rest.append(inner)
	return nil
}

// finish puts the file together.
func (p *webpWalk) finish() (form, error) {
	if p.frames == 0 || p.still.size() == 0 {
		return form{}, broken("nothing is in it")
	}
	p.out.animated = p.frames > 1
	if p.extended != nil && p.extended[0]&webpAnimated == 0 && p.size != image.Pt(p.out.width, p.out.height) {
		return form{}, broken("it has two sizes")
	}
	if p.extended == nil {
		p.out.width, p.out.height = p.size.X, p.size.Y
	}
	p.out.first = riff(p.stillHeader(), p.still, nil)
	flags := byte(0)
	var header, exif []byte
	if p.extended != nil {
		flags = p.extended[0] &^ (webpXMP | webpEXIF)
		if p.out.orientation != 0 {
			exif = webpChunk("EXIF", exifOf(p.out.orientation))
			flags |= webpEXIF
		}
		p.changed = p.changed || flags != p.extended[0] || exif != nil
		p.extended[0] = flags
		header = webpChunk("VP8X", p.extended)
	} else {
		p.out.orientation = 0 // a file without VP8X has no EXIF
	}
	if p.changed {
		p.out.clean = riff(header, p.rest, exif)
	} else {
		p.out.clean.of = p.w.r
		p.out.clean.keep(0, p.w.size)
	}
	return p.out, nil
}

// stillHeader is VP8X for the first frame alone; nil if it needs none.
func (p *webpWalk) stillHeader() []byte {
	if !p.hasAlpha {
		return nil
	}
	x, y := p.size.X-1, p.size.Y-1
	return webpChunk("VP8X", []byte{webpAlpha, 0, 0, 0, byte(x), byte(x >> 8), byte(x >> 16), byte(y), byte(y >> 8), byte(y >> 16)})
}

// riff is a file of these chunks.
func riff(header []byte, rest pieces, last []byte) pieces {
	n := 4 + int64(len(header)) + rest.size() + int64(len(last))
	own := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(n))
	out := pieces{of: rest.of}
	out.add(append(append(own, "WEBP"...), header...))
	out.append(rest)
	out.add(last)
	return out
}

// webpChunk is a chunk.
func webpChunk(name string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
	out = append(out, data...)
	if len(data)&1 == 1 {
		out = append(out, 0)
	}
	return out
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
