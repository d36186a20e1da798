package picturetest

import (
	"bytes"
	"embed"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
)

//go:embed seeds
var seeds embed.FS

// Seed is a file of the folder seeds.
func Seed(name string) []byte {
	data, err := seeds.ReadFile("seeds/" + name)
	must(err)
	return data
}

// must stops a test whose files can't even be made.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// The colours of the corners of [Corners].
var (
	TopLeft     = color.RGBA{R: 0xff, A: 0xff}
	TopRight    = color.RGBA{G: 0xff, A: 0xff}
	BottomLeft  = color.RGBA{B: 0xff, A: 0xff}
	BottomRight = color.RGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
)

// Corners is a picture whose quarters have a colour each.
func Corners(width, height int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := TopLeft
			switch right, bottom := x >= width/2, y >= height/2; {
			case right && bottom:
				c = BottomRight
			case right:
				c = TopRight
			case bottom:
				c = BottomLeft
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

// JPEG is a picture as a JPEG, with these segments after its first marker.
func JPEG(p image.Image, segments ...[]byte) []byte {
	var file bytes.Buffer
	must(jpeg.Encode(&file, p, &jpeg.Options{Quality: 95}))
	return WithSegments(file.Bytes(), segments...)
}

// WithSegments is a JPEG with these segments after its first marker.
func WithSegments(file []byte, segments ...[]byte) []byte { return insert(file, 2, segments...) }

// Segment is a segment of a JPEG.
func Segment(marker byte, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2)), payload...)
}

// PNG is a picture as a PNG, with these chunks after its header.
func PNG(p image.Image, chunks ...[]byte) []byte {
	var file bytes.Buffer
	must(png.Encode(&file, p))
	return WithChunks(file.Bytes(), chunks...)
}

// WithChunks is a PNG with these chunks after its header.
func WithChunks(file []byte, chunks ...[]byte) []byte { return insert(file, 33, chunks...) }

// Chunk is a chunk of a PNG.
func Chunk(name string, data []byte) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), name...)
	out = append(out, data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// GIF is an animation of pictures of one size, with these blocks before the first.
func GIF(pictures []image.Image, blocks ...[]byte) []byte {
	all := &gif.GIF{}
	for _, p := range pictures {
		frame := image.NewPaletted(p.Bounds(), color.Palette{TopLeft, TopRight, BottomLeft, BottomRight})
		for y := range p.Bounds().Dy() {
			for x := range p.Bounds().Dx() {
				frame.Set(x, y, p.At(x, y))
			}
		}
		all.Image, all.Delay = append(all.Image, frame), append(all.Delay, 10)
	}
	var file bytes.Buffer
	must(gif.EncodeAll(&file, all))
	const beforeBlocks = 13 + 3*4 // the header and a palette of four
	data := file.Bytes()
	if data[10]&0x80 == 0 {
		return insert(data, 13, blocks...)
	}
	return insert(data, beforeBlocks, blocks...)
}

// Blocks is data as a GIF has it.
func Blocks(data []byte) []byte {
	var out []byte
	for len(data) > 0 {
		n := min(len(data), 255)
		out = append(append(out, byte(n)), data[:n]...)
		data = data[n:]
	}
	return append(out, 0)
}

// RIFF is a WebP of these chunks.
func RIFF(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// WebPChunk is a chunk of a WebP.
func WebPChunk(name string, data []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data))), data...)
	return append(out, make([]byte, len(data)&1)...)
}

// VP8X is the header of a WebP that has more than a picture.
func VP8X(flags byte, width, height int) []byte {
	x, y := width-1, height-1
	return WebPChunk("VP8X", []byte{flags, 0, 0, 0, byte(x), byte(x >> 8), byte(x >> 16), byte(y), byte(y >> 8), byte(y >> 16)})
}

// VP8L is a picture of one colour, whatever its size: five codes of one symbol each, so that no
// pixel takes a bit.
func VP8L(width, height int) []byte {
	bits := uint64(width-1) | uint64(height-1)<<14 // not transparent, version 0
	out := append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, uint32(bits))...)
	// No transform, no colour cache, one group of codes. A code of one symbol: simple, of one
	// symbol, of a single bit, 0. Then no more bits.
	var stream, at uint64
	put := func(value, n uint64) { stream, at = stream|value<<at, at+n }
	put(0, 1)
	put(0, 1)
	put(0, 1)
	for range 5 {
		put(1, 1)
		put(0, 1)
		put(0, 1)
		put(0, 1)
	}
	out = binary.LittleEndian.AppendUint64(out, stream)
	return WebPChunk("VP8L", out)
}

// What an EXIF of [EXIF] has, and no picture that is shown may have.
const (
	Device = "Spyglass 9000"
	Place  = "51/30/32 N"
	Secret = "nobody may read this"
)

// EXIF is EXIF data, without a prefix, with a device, a place and an orientation.
func EXIF(orientation int, order binary.AppendByteOrder) []byte {
	var out []byte
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		out = append(out, "II"...)
	} else {
		out = append(out, "MM"...)
	}
	out = order.AppendUint16(out, 42)
	out = order.AppendUint32(out, 8)
	const entries = 3
	texts := Device + "\x00" + Place + "\x00"
	after := uint32(8 + 2 + 12*entries + 4)
	out = order.AppendUint16(out, entries)
	entry := func(tag, kind uint16, n, value uint32) {
		out = order.AppendUint16(out, tag)
		out = order.AppendUint16(out, kind)
		out = order.AppendUint32(out, n)
		if kind == 3 {
			out = order.AppendUint16(out, uint16(value))
			out = append(out, 0, 0)
			return
		}
		out = order.AppendUint32(out, value)
	}
	entry(0x010f, 2, uint32(len(Device)+1), after)
	entry(0x0112, 3, 1, uint32(orientation))
	entry(0x8825, 2, uint32(len(Place)+1), after+uint32(len(Device)+1))
	out = order.AppendUint32(out, 0)
	return append(out, texts...)
}

// insert puts more bytes into a file.
func insert(file []byte, at int, more ...[]byte) []byte {
	out := bytes.Clone(file[:at])
	return append(append(out, bytes.Join(more, nil)...), file[at:]...)
}
