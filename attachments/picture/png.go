package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"io"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngStays reports whether a chunk stays. The others are texts, times, EXIF, and what programs keep
// for themselves. PLTE and IDAT are decoded, acTL to fdAT are the animation, the rest is how the
// samples become colours and how large they are shown.
func pngStays(name string) bool {
	switch name {
	case "PLTE", "tRNS", "IDAT", "IEND", "acTL", "fcTL", "fdAT",
		"gAMA", "cHRM", "sRGB", "cICP", "mDCV", "cLLI", "sBIT", "bKGD", "pHYs":
		return true
	}
	return false
}

// walkPNG walks through a PNG, animated or not.
func walkPNG(w *window) (form, error) {
	out := form{kind: "image/png", decode: png.Decode}
	head, rest := pieces{of: w.r}, pieces{of: w.r}
	head.keep(0, int64(len(pngSignature)))
	sawData, sawProfile := false, false
	for at := int64(len(pngSignature)); ; {
		begin, err := w.peek(at, 8)
		if err != nil {
			return form{}, err
		}
		n, name := int64(binary.BigEndian.Uint32(begin)), string(begin[4:])
		whole := n + 12 // with length, name and checksum
		if n > 1<<31-1 || whole > w.size-at {
			return form{}, broken("its chunk %q ends after the file", name)
		}
		isFirst := at == int64(len(pngSignature))
		if isFirst != (name == "IHDR") {
			return form{}, broken("its header is not where it should be")
		}
		switch {
		case isFirst:
			if err := out.pngHeader(w, at, n); err != nil {
				return form{}, err
			}
			head.keep(at, whole)
		case name == "eXIf":
			data, err := w.peek(at+8, int(min(n, windowSize)))
			if err != nil {
				return form{}, err
			}
			if out.orientation == 0 {
				out.orientation = orientationOf(data)
			}
		case name == "iCCP" && sawProfile: // there is one at most, and each takes time to unpack
		case name == "iCCP":
			sawProfile = true
			if profile := pngProfile(w, at+8, n); profile != nil {
				rest.keep(at, whole)
				out.profile = profileForRGB(profile)
			}
		case pngStays(name):
			rest.keep(at, whole)
			sawData = sawData || name == "IDAT"
			if name == "acTL" && n == 8 {
				frames, err := w.peek(at+8, 4)
				if err != nil {
					return form{}, err
				}
				out.animated = out.animated || !sawData && binary.BigEndian.Uint32(frames) > 1
			}
		case name[0]&0x20 == 0: // such a chunk can't be left out, and we do not know what it is
			return form{}, broken("it has an unknown chunk, %q", name)
		}
		if err := rest.check(); err != nil {
			return form{}, err
		}
		at += whole
		if name == "IEND" {
			break
		}
	}
	if out.orientation != 0 {
		head.add(pngChunk("eXIf", exifOf(out.orientation)))
	}
	head.append(rest)
	out.clean, out.first = head, head
	return out, nil
}

// pngHeader reads IHDR.
func (f *form) pngHeader(w *window, at, n int64) error {
	if n != 13 {
		return broken("its header is of a wrong length")
	}
	p, err := w.peek(at+8, 13)
	if err != nil {
		return err
	}
	width, height := binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])
	if width > 1<<31-1 || height > 1<<31-1 {
		return broken("it is %d × %d pixels large", width, height)
	}
	f.width, f.height = int(width), int(height)
	if err := checkPixels(f.width, f.height); err != nil {
		return err
	}
	// Bytes of a pixel as it is decoded. Colours that may be transparent are known later, so the
	// most is counted.
	each := int64(4)
	const gray, palette = 0, 3
	switch depth, colours := p[8], p[9]; {
	case colours == palette:
		each = 1
	case depth == 16:
		each = 8
	case colours == gray && depth < 8:
		each = 4
	}
	f.cost = each * int64(f.width) * int64(f.height)
	if p[12] != 0 { // interlaced: its passes are a picture together
		f.cost *= 2
	}
	return nil
}

// pngProfile is the colour profile in an iCCP chunk; nil for one that unpacks into too much, or
// not at all.
func pngProfile(w *window, at, n int64) []byte {
	name, err := w.peek(at, int(min(n, 81)))
	if err != nil {
		return nil
	}
	end := int64(bytes.IndexByte(name, 0))
	if end < 0 || n < end+2 {
		return nil
	}
	unpacked, err := zlib.NewReader(io.NewSectionReader(w.r, at+end+2, n-end-2))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(unpacked, maxProfile+1))
	if err != nil || len(profile) > maxProfile {
		return nil
	}
	return profile
}

// pngChunk is a chunk with its length and its checksum.
func pngChunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, name...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}
