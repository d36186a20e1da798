package picture

import (
	"bytes"
	"encoding/binary"
	"image/gif"
)

// The blocks of GIF89a that are told apart here.
const (
	gifImage, gifExtension, gifTrailer          = 0x2c, 0x21, 0x3b
	gifControl, gifPlainText, gifApplication    = 0xf9, 0x01, 0xff
	gifHeaderSize, gifImageSize, gifControlSize = 13, 10, 8
)

// gifWalk is a walk through a GIF.
type gifWalk struct {
	w      *window
	at     int64
	out    form
	frames int
	// control is where the control block of the next frame is; 0 for none.
	control int64
}

// walkGIF walks through a GIF, animated or not.
func walkGIF(w *window) (form, error) {
	head, err := w.peek(0, gifHeaderSize)
	if err != nil {
		return form{}, err
	}
	g := &gifWalk{w: w, out: form{kind: "image/gif", decode: gif.Decode}}
	g.out.clean.of = w.r
	g.out.width, g.out.height = int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))
	if err := checkPixels(g.out.width, g.out.height); err != nil {
		return form{}, err
	}
	g.out.cost = int64(g.out.width) * int64(g.out.height)
	g.at = gifHeaderSize + paletteSize(head[10])
	g.out.clean.keep(0, g.at)
	for ended := false; !ended; {
		if g.at >= w.size && g.frames > 0 { // some programs leave out the end
			g.out.clean.add([]byte{gifTrailer})
			break
		}
		if ended, err = g.next(); err != nil {
			return form{}, err
		}
		if err = g.out.clean.check(); err != nil {
			return form{}, err
		}
	}
	if g.frames == 0 {
		return form{}, broken("nothing is in it")
	}
	g.out.animated = g.frames > 1
	return g.out, nil
}

// paletteSize is how many bytes the palette takes that these flags say.
func paletteSize(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// next takes one block.
func (g *gifWalk) next() (ended bool, err error) {
	kind, err := g.w.peek(g.at, 1)
	if err != nil {
		return false, err
	}
	switch kind[0] {
	case gifTrailer:
		g.out.clean.keep(g.at, 1)
		return true, nil
	case gifImage:
		return false, g.image()
	case gifExtension:
		return false, g.extension()
	}
	return false, broken("it has an unknown block, %#x", kind[0])
}

// image takes a frame, with its control block.
func (g *gifWalk) image() error {
	start := g.at
	p, err := g.w.peek(start, gifImageSize)
	if err != nil {
		return err
	}
	left, top := int(binary.LittleEndian.Uint16(p[1:])), int(binary.LittleEndian.Uint16(p[3:]))
	width, height := int(binary.LittleEndian.Uint16(p[5:])), int(binary.LittleEndian.Uint16(p[7:]))
	if left+width > g.out.width || top+height > g.out.height {
		return broken("a frame is larger than the picture")
	}
	g.at += gifImageSize + paletteSize(p[9]) + 1 // the last is the size of codes
	if err := g.blocks(); err != nil {
		return err
	}
	if g.control != 0 {
		g.out.clean.keep(g.control, gifControlSize)
		g.control = 0
	}
	g.out.clean.keep(start, g.at-start)
	g.frames++
	if g.frames == 1 {
		g.out.first.of = g.w.r
		g.out.first.append(g.out.clean)
		g.out.first.add([]byte{gifTrailer})
	}
	return nil
}

// extension takes an extension, if the picture needs it.
func (g *gifWalk) extension() error {
	start := g.at
	p, err := g.w.peek(start, 3)
	if err != nil {
		return err
	}
	label, n := p[1], p[2]
	var data []byte
	if label == gifControl || label == gifApplication {
		if data, err = g.w.peek(start+3, int(n)); err != nil {
			return err
		}
		data = bytes.Clone(data)
	}
	g.at += 2
	if err := g.blocks(); err != nil {
		return err
	}
	switch whole := g.at - start; {
	case label == gifControl && whole == gifControlSize:
		g.control = start
	case label == gifPlainText: // nobody shows these; the control block was for it
		g.control = 0
	case label == gifApplication && isLoop(data) && whole == 19:
		g.out.clean.keep(start, whole)
	}
	return nil
}

// isLoop reports whether an application's block says how often frames are repeated.
func isLoop(name []byte) bool {
	return string(name) == "NETSCAPE2.0" || string(name) == "ANIMEXTS1.0"
}

// blocks goes over data, which is blocks of 255 bytes at most and an empty one.
func (g *gifWalk) blocks() error {
	for {
		n, err := g.w.peek(g.at, 1)
		if err != nil {
			return err
		}
		g.at += 1 + int64(n[0])
		if n[0] == 0 {
			return nil
		}
	}
}
