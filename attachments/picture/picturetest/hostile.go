package picturetest

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"strings"
	"sync"
)

// Fate is what becomes of a file.
type Fate string

// The fates of files.
const (
	// Shown is for a picture: it has a type and a size, and a preview.
	Shown Fate = "shown"
	// Kept is for a file that is no picture, or a broken one. It can be downloaded.
	Kept Fate = "kept"
	// Emptied is for a picture of a kind that is not shown. It can be downloaded, and says no more than
	// the picture.
	Emptied Fate = "emptied"
	// Refused is for a picture of too many pixels.
	Refused Fate = "refused"
)

// File is a file that somebody sends, with what must become of it.
type File struct {
	// Name, Declared and Data are what is sent.
	Name, Declared string
	Data           []byte

	Fate Fate
	// Type is what it is by its content, before its picture is looked at.
	Type string
	// Width and Height are as one sees it.
	Width, Height int
	Animated      bool
	// Has are bytes that must still be in it.
	Has []string
}

// words is something that is in a file and must not stay.
func words() []byte { return []byte(Secret + " " + Device + " " + Place) }

// Hostile are the files. Whatever stays of any picture that is shown or emptied has nothing of [Device],
// [Place] and [Secret]. They are made once; nobody may change them.
func Hostile() []File { return hostile() }

var hostile = sync.OnceValue(func() []File {
	all := hostileJPEGs()
	all = append(all, hostilePNGs()...)
	all = append(all, hostileGIFs()...)
	all = append(all, hostileWebPs()...)
	all = append(all, hostileHEIFs()...)
	return append(all, hostileOthers()...)
})

func hostileJPEGs() []File {
	p := Corners(48, 32)
	exif := func(orientation int, order binary.AppendByteOrder) []byte {
		return Segment(0xe1, append([]byte("Exif\x00\x00"), EXIF(orientation, order)...))
	}
	jfif := Segment(0xe0, []byte("JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x02\x01abcdef"))
	profile := Segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), "a profile of colours"...))
	everything := JPEG(p, jfif, exif(1, binary.LittleEndian), Segment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), words()...)),
		Segment(0xed, append([]byte("Photoshop 3.0\x00"), words()...)), Segment(0xfe, words()), Segment(0xe2, append([]byte("MPF\x00"), words()...)),
		profile, Segment(0xeb, words()))
	bomb := JPEG(Corners(16, 16))
	at := bytes.Index(bomb, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(bomb[at+5:], 40_000)
	binary.BigEndian.PutUint16(bomb[at+7:], 40_000)
	whole := JPEG(p)
	scans := JPEG(p)
	scans = scans[:len(scans)-2]
	sos := bytes.Index(scans, []byte{0xff, 0xda})
	for range 1000 {
		scans = append(scans, whole[sos:sos+14]...)
	}
	return []File{
		{Name: "everything.jpg", Data: everything, Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32, Has: []string{"a profile of colours", "JFIF"}},
		{Name: "on its side.jpg", Data: JPEG(p, exif(6, binary.BigEndian)), Fate: Shown, Type: "image/jpeg", Width: 32, Height: 48},
		{Name: "upside down.jpg", Data: JPEG(p, exif(3, binary.LittleEndian)), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "orientation 9.jpg", Data: JPEG(p, exif(9, binary.BigEndian)), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "broken exif.jpg", Data: JPEG(p, Segment(0xe1, append([]byte("Exif\x00\x00II*\x00\xff\xff\xff\xff"), words()...))), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "and more.jpg", Data: append(JPEG(p), words()...), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "two pictures.jpg", Data: append(JPEG(p), JPEG(p, exif(1, binary.BigEndian))...), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "jpeg and zip.jpg", Data: append(JPEG(p), archive("a.txt", words())...), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "script in comment.jpg", Data: JPEG(p, Segment(0xfe, []byte("<script>alert('"+Secret+"')</script>"))), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "said to be text.jpg", Declared: "text/plain", Data: JPEG(p), Fate: Shown, Type: "image/jpeg", Width: 48, Height: 32},
		{Name: "progressive.jpg", Data: Seed("progressive.jpg"), Fate: Shown, Type: "image/jpeg", Width: 24, Height: 16},
		{Name: "inks.jpg", Data: Seed("cmyk.jpg"), Fate: Shown, Type: "image/jpeg", Width: 24, Height: 16, Has: []string{"Adobe"}},
		{Name: "colours.jpg", Data: Seed("p3.jpg"), Fate: Shown, Type: "image/jpeg", Width: 24, Height: 16, Has: []string{"ICC_PROFILE"}},
		{Name: "bomb.jpg", Data: bomb, Fate: Refused, Type: "image/jpeg"},
		{Name: "cut.jpg", Data: whole[:len(whole)/2], Fate: Kept, Type: "image/jpeg"},
		{Name: "no end.jpg", Data: whole[:len(whole)-2], Fate: Kept, Type: "image/jpeg"},
		{Name: "a thousand scans.jpg", Data: append(scans, 0xff, 0xd9), Fate: Kept, Type: "image/jpeg"},
		{Name: "head.jpg", Data: whole[:4], Fate: Kept, Type: "image/jpeg"},
	}
}

func hostilePNGs() []File {
	p := Corners(48, 32)
	everything := PNG(p, Chunk("eXIf", EXIF(8, binary.BigEndian)), Chunk("tEXt", append([]byte("Comment\x00"), words()...)),
		Chunk("iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), words()...)), Chunk("zTXt", append([]byte("a\x00\x00"), pack(words())...)),
		Chunk("tIME", []byte{7, 234, 1, 1, 0, 0, 0}), Chunk("prVt", words()), Chunk("gAMA", []byte{0, 0, 0xb1, 0x8f}), Chunk("pHYs", make([]byte, 9)))
	bomb := func(width, height uint32) []byte {
		header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
		header = append(header, 8, 6, 0, 0, 0)
		return append([]byte("\x89PNG\r\n\x1a\n"), bytes.Join([][]byte{
			Chunk("IHDR", header), Chunk("IDAT", pack(make([]byte, 1<<20))), Chunk("IEND", nil),
		}, nil)...)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 48, 32))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i * 7)
	}
	whole := PNG(p)
	manyParts := whole[:33:33]
	for range 70_000 {
		manyParts = append(append(manyParts, Chunk("tEXt", []byte("a\x00b"))...), Chunk("bKGD", []byte{0, 0, 0, 0, 0, 0})...)
	}
	twice := insert(whole, 33, whole[8:33])
	return []File{
		{Name: "everything.png", Data: everything, Fate: Shown, Type: "image/png", Width: 32, Height: 48, Has: []string{"gAMA", "pHYs", "eXIf"}},
		{Name: "moving.png", Data: apng(), Fate: Shown, Type: "image/png", Width: 48, Height: 32, Animated: true, Has: []string{"acTL", "fcTL", "fdAT"}},
		{Name: "deep.png", Data: PNG(deep), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "clear.png", Data: PNG(image.NewNRGBA(image.Rect(0, 0, 48, 32))), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "gray.png", Data: PNG(image.NewGray16(image.Rect(0, 0, 48, 32))), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "and more.png", Data: append(PNG(p), words()...), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "packed text bomb.png", Data: PNG(p, Chunk("zTXt", append([]byte("a\x00\x00"), pack(make([]byte, 8<<20))...))), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "packed profile bomb.png", Data: PNG(p, Chunk("iCCP", append([]byte("a\x00\x00"), pack(make([]byte, 8<<20))...))), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "png and html.png", Data: append(PNG(p), "<html><script>"+Secret...), Fate: Shown, Type: "image/png", Width: 48, Height: 32},
		{Name: "bomb.png", Data: bomb(40_000, 40_000), Fate: Refused, Type: "image/png"},
		{Name: "larger bomb.png", Data: bomb(1<<31-1, 1<<31-1), Fate: Refused, Type: "image/png"},
		{Name: "negative.png", Data: bomb(1<<32-1, 1<<32-1), Fate: Kept, Type: "image/png"},
		{Name: "nothing.png", Data: bomb(0, 32), Fate: Kept, Type: "image/png"},
		{Name: "cut.png", Data: whole[:len(whole)-20], Fate: Kept, Type: "image/png"},
		{Name: "two headers.png", Data: twice, Fate: Kept, Type: "image/png"},
		{Name: "70,000 parts.png", Data: append(manyParts, whole[33:]...), Fate: Kept, Type: "image/png"},
		{Name: "must be known.png", Data: PNG(p, Chunk("XXXX", words())), Fate: Kept, Type: "image/png"},
		{Name: "wrong sum.png", Data: append(whole[:40:40], append([]byte{1, 2, 3}, whole[43:]...)...), Fate: Kept, Type: "image/png"},
	}
}

// apng is a PNG of two frames.
func apng() []byte {
	p := Corners(48, 32)
	one := PNG(p)
	control := func(number uint32) []byte {
		out := binary.BigEndian.AppendUint32(nil, number)
		for _, v := range []uint32{48, 32, 0, 0} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		return Chunk("fcTL", append(out, 0, 10, 0, 100, 0, 0))
	}
	data := one[bytes.Index(one, []byte("IDAT"))-4 : len(one)-12]
	packed := data[8 : len(data)-4]
	out := bytes.Clone(one[:33])
	for _, part := range [][]byte{
		Chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), control(0), data, Chunk("tEXt", append([]byte("a\x00"), words()...)),
		control(1), Chunk("fdAT", append([]byte{0, 0, 0, 2}, packed...)), Chunk("IEND", nil),
	} {
		out = append(out, part...)
	}
	return out
}

func hostileGIFs() []File {
	p := Corners(48, 32)
	comment := append([]byte{0x21, 0xfe}, Blocks(words())...)
	xmp := append(append([]byte{0x21, 0xff, 11}, "XMP DataXMP"...), Blocks(words())...)
	plain := append(append([]byte{0x21, 0xf9, 4, 0, 0, 0, 0, 0, 0x21, 0x01, 12}, make([]byte, 12)...), Blocks(words())...)
	still, moving := []image.Image{p}, []image.Image{p, Corners(48, 32), p}
	bomb := GIF(still)
	binary.LittleEndian.PutUint16(bomb[6:], 40_000)
	binary.LittleEndian.PutUint16(bomb[8:], 40_000)
	whole := GIF(still)
	script := append([]byte("GIF89a/*\x01\x00\x00\x00"), "*/=1;alert('"+Secret+"')//"...)
	return []File{
		{Name: "everything.gif", Data: append(GIF(moving, comment, xmp, plain), words()...), Fate: Shown, Type: "image/gif", Width: 48, Height: 32, Animated: true, Has: []string{"NETSCAPE2.0"}},
		{Name: "still.gif", Data: GIF(still, comment), Fate: Shown, Type: "image/gif", Width: 48, Height: 32},
		{Name: "no end.gif", Data: whole[:len(whole)-1], Fate: Shown, Type: "image/gif", Width: 48, Height: 32},
		{Name: "gif and zip.gif", Data: append(GIF(still), archive("a.txt", words())...), Fate: Shown, Type: "image/gif", Width: 48, Height: 32},
		{Name: "bomb.gif", Data: bomb, Fate: Refused, Type: "image/gif"},
		{Name: "script.gif", Data: script, Fate: Kept, Type: "image/gif"},
		{Name: "cut.gif", Data: whole[:len(whole)-10], Fate: Kept, Type: "image/gif"},
		{Name: "no frame.gif", Data: append(bytes.Clone(whole[:13+3*4]), 0x3b), Fate: Kept, Type: "image/gif"},
	}
}

func hostileWebPs() []File {
	exif := WebPChunk("EXIF", EXIF(6, binary.LittleEndian))
	xmp := WebPChunk("XMP ", words())
	lossy := Seed("lossy.webp")[12:]
	animated := Seed("animated.webp")
	hidden := bytes.Clone(animated) // a chunk in a frame that nobody knows
	at := bytes.Index(hidden, []byte("ANMF"))
	n := binary.LittleEndian.Uint32(hidden[at+4:])
	secret := WebPChunk("hide", words())
	frame := WebPChunk("ANMF", append(bytes.Clone(hidden[at+8:at+8+int(n)]), secret...))
	hidden = RIFF(hidden[12:at], frame, hidden[at+8+int(n):])
	return []File{
		{Name: "everything.webp", Data: RIFF(VP8X(0x0c, 24, 16), lossy, exif, xmp, WebPChunk("what", words())), Fate: Shown, Type: "image/webp", Width: 16, Height: 24},
		{Name: "lossy.webp", Data: Seed("lossy.webp"), Fate: Shown, Type: "image/webp", Width: 24, Height: 16},
		{Name: "lossless.webp", Data: Seed("lossless.webp"), Fate: Shown, Type: "image/webp", Width: 24, Height: 16},
		{Name: "clear.webp", Data: Seed("alpha.webp"), Fate: Shown, Type: "image/webp", Width: 24, Height: 16},
		{Name: "moving.webp", Data: animated, Fate: Shown, Type: "image/webp", Width: 24, Height: 16, Animated: true, Has: []string{"ANIM", "ANMF"}},
		{Name: "hidden in a frame.webp", Data: hidden, Fate: Shown, Type: "image/webp", Width: 24, Height: 16, Animated: true, Has: []string{"ANIM", "ANMF"}},
		{Name: "and more.webp", Data: append(Seed("lossy.webp"), words()...), Fate: Shown, Type: "image/webp", Width: 24, Height: 16},
		{Name: "one colour.webp", Data: RIFF(VP8L(300, 200)), Fate: Shown, Type: "image/webp", Width: 300, Height: 200},
		{Name: "bomb.webp", Data: RIFF(VP8L(16384, 16384)), Fate: Refused, Type: "image/webp"},
		{Name: "larger bomb.webp", Data: RIFF(VP8X(0, 40_000, 40_000), VP8L(16, 16)), Fate: Refused, Type: "image/webp"},
		{Name: "hidden bomb.webp", Data: RIFF(VP8X(0, 16, 16), VP8L(16384, 16384)), Fate: Refused, Type: "image/webp"},
		{Name: "two sizes.webp", Data: RIFF(VP8X(0, 16, 16), VP8L(32, 32)), Fate: Kept, Type: "image/webp"},
		{Name: "two pictures.webp", Data: RIFF(VP8L(16, 16), VP8L(16, 16)), Fate: Kept, Type: "image/webp"},
		{Name: "cut.webp", Data: Seed("lossy.webp")[:60], Fate: Kept, Type: "image/webp"},
	}
}

func hostileHEIFs() []File {
	place := Seed("place.avif")
	secret := func(name string, content []byte) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(content)+8)), name...), content...)
	}
	heic := bytes.Clone(place)
	copy(heic[8:], "heic")
	elsewhere := bytes.Clone(place)
	iloc := bytes.Index(elsewhere, []byte("iloc"))
	binary.BigEndian.PutUint32(elsewhere[iloc+12+14+8:], 1<<31) // where its second item is
	return []File{
		{Name: "place.avif", Data: place, Fate: Emptied, Type: "image/avif"},
		{Name: "more.avif", Data: append(bytes.Clone(place), secret("uuid", words())...), Fate: Emptied, Type: "image/avif"},
		{Name: "movie.avif", Data: append(bytes.Clone(place), secret("moov", secret("udta", words()))...), Fate: Emptied, Type: "image/avif"},
		{Name: "place.heic", Data: heic, Fate: Emptied, Type: "image/heic"},
		{Name: "elsewhere.avif", Data: elsewhere, Fate: Kept, Type: "image/avif"},
		{Name: "cut.avif", Data: place[:100], Fate: Kept, Type: "image/avif"},
	}
}

func hostileOthers() []File {
	const script = "<script>alert(1)</script>"
	return []File{
		{Name: "photo.jpg", Declared: "image/jpeg", Data: []byte("<!DOCTYPE html>" + script), Fate: Kept, Type: "text/html"},
		{Name: "photo.png", Declared: "image/png", Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + script + "</svg>"), Fate: Kept, Type: "image/svg+xml"},
		{Name: "notes.txt", Declared: "text/plain", Data: []byte("<?xml version=\"1.0\"?><a/>"), Fate: Kept, Type: "text/xml"},
		{Name: "notes.md", Data: []byte("# Notes\n\nSome of them.\n"), Fate: Kept, Type: "text/markdown"},
		{Name: "notes", Declared: "text/html", Data: []byte("no markup at all"), Fate: Kept, Type: "text/plain"},
		{Name: "page.html", Declared: "text/html; charset=utf-8", Data: []byte("no markup at all"), Fate: Kept, Type: "text/plain"},
		{Name: "table.csv", Declared: "text/csv; charset=utf-8", Data: []byte("a,b\n1,2\n"), Fate: Kept, Type: "text/csv"},
		{Name: "photo.png", Declared: "image/png", Data: []byte("MZ\x90\x00" + strings.Repeat("\x00", 60)), Fate: Kept, Type: "application/vnd.microsoft.portable-executable"},
		{Name: "photo.gif", Declared: "image/gif", Data: archive("a.txt", []byte("a")), Fate: Kept, Type: "application/zip"},
		{Name: "paper.pdf", Data: []byte("%PDF-1.7\n%âãÏÓ\n1 0 obj"), Fate: Kept, Type: "application/pdf"},
		{Name: "random.jpg", Declared: "image/jpeg", Data: []byte{0xfe, 1, 0x80, 3, 0, 5, 0xff, 7}, Fate: Kept, Type: "application/octet-stream"},
		{Name: "empty.png", Declared: "image/png", Fate: Kept, Type: "application/octet-stream"},
		{Name: "empty.txt", Declared: "text/plain", Fate: Kept, Type: "text/plain"},
		{Name: "voice.webm", Declared: "audio/webm;codecs=opus", Data: []byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"), Fate: Kept, Type: "audio/webm"},
		{Name: "voice.ogg", Declared: "text/html", Data: []byte("OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x01\x13OpusHead" + strings.Repeat("\x00", 20)), Fate: Kept, Type: "audio/ogg"},
		{Name: "run.js", Declared: "text/javascript", Data: []byte("#!/usr/bin/env node\nalert(1)\n"), Fate: Kept, Type: "text/javascript"},
	}
}

// archive is a zip of one file.
func archive(name string, content []byte) []byte {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	must(err)
	_, err = w.Write(content)
	must(err)
	must(z.Close())
	return file.Bytes()
}

// pack is data as zlib packs it.
func pack(data []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return out.Bytes()
}
