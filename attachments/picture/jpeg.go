package picture

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"slices"
)

// The markers of ITU-T T.81, table B.1, that are told apart here.
const (
	jpegSOF0, jpegSOF2, jpegSOF15 = 0xc0, 0xc2, 0xcf
	jpegDHT, jpegJPG, jpegDAC     = 0xc4, 0xc8, 0xcc
	jpegRST0, jpegRST7            = 0xd0, 0xd7
	jpegEOI, jpegSOS              = 0xd9, 0xda
	jpegDQT, jpegDRI              = 0xdb, 0xdd
	jpegAPP0, jpegAPP15, jpegCOM  = 0xe0, 0xef, 0xfe
)

const (
	// maxScans is how many scans a progressive JPEG may have. Encoders make some ten of them. Each
	// takes a walk over all blocks, however few bytes it has.
	maxScans = 100
	// maxGarbage is how many bytes may stand between segments. Decoders forgive some.
	maxGarbage = 64 << 10
	// iccPrefix begins each part of a colour profile.
	iccPrefix = "ICC_PROFILE\x00"
)

// jpegWalk is a walk through a JPEG.
type jpegWalk struct {
	w   *window
	at  int64
	out form
	// head are the first marker and JFIF's, which has to be next; the orientation comes after them.
	head, rest pieces
	sawFrame   bool
	scans      int
	components string          // their names, a byte each
	adobeRGB   bool            // Adobe's segment says that colours are not YCbCr
	profile    map[byte][]byte // its parts by number, from 1
}

// walkJPEG walks through a JPEG.
func walkJPEG(w *window) (form, error) {
	j := &jpegWalk{w: w, at: 2, profile: map[byte][]byte{}}
	j.out.kind, j.out.decode = "image/jpeg", jpeg.Decode
	j.head.of, j.rest.of = w.r, w.r
	j.head.keep(0, 2)
	for ended := false; !ended; {
		var err error
		if ended, err = j.next(); err != nil {
			return form{}, err
		}
		if err = j.rest.check(); err != nil {
			return form{}, err
		}
	}
	if j.scans == 0 {
		return form{}, broken("nothing is in it")
	}
	if o := j.out.orientation; o != 0 {
		exif := append([]byte(exifPrefix), exifOf(o)...)
		j.head.add(segment(jpegAPP0+1, exif))
	}
	j.head.append(j.rest)
	j.out.clean, j.out.first = j.head, j.head
	j.out.profile = j.wholeProfile()
	j.out.cost += j.colours()
	return j.out, nil
}

// next takes one marker and what belongs to it.
func (j *jpegWalk) next() (ended bool, err error) {
	marker, err := j.marker()
	if err != nil {
		return false, err
	}
	start := j.at
	switch {
	case marker == jpegEOI:
		j.rest.keep(start, 2)
		return true, nil
	case marker == 0, marker >= jpegRST0 && marker <= jpegRST7: // strays; decoders skip them
		j.at += 2
		return false, nil
	}
	length, err := j.w.peek(start+2, 2)
	if err != nil {
		return false, err
	}
	n := int64(binary.BigEndian.Uint16(length)) + 2
	if n < 4 {
		return false, broken("a segment is too short")
	}
	payload, err := j.w.peek(start+4, int(n-4))
	if err != nil {
		return false, err
	}
	j.at += n
	switch {
	case marker == jpegDHT, marker == jpegDQT, marker == jpegDRI, marker == jpegDAC:
		j.rest.keep(start, n)
	case marker >= jpegSOF0 && marker <= jpegSOF15 && marker != jpegJPG:
		j.rest.keep(start, n)
		return false, j.frame(marker, payload)
	case marker == jpegSOS:
		j.rest.keep(start, n)
		return false, j.scan()
	case marker >= jpegAPP0 && marker <= jpegAPP15:
		j.application(marker-jpegAPP0, start, n, payload)
	case marker == jpegCOM:
	default:
		return false, broken("it has an unknown marker, %#x", marker)
	}
	return false, nil
}

// marker goes to the next marker, and is its number.
func (j *jpegWalk) marker() (byte, error) {
	for skipped := 0; ; skipped++ {
		two, err := j.w.peek(j.at, 2)
		switch {
		case err != nil:
			return 0, err
		case skipped > maxGarbage:
			return 0, broken("it has garbage within")
		case two[0] == 0xff && two[1] != 0xff:
			return two[1], nil
		}
		j.at++
	}
}

// frame reads a frame's header: ITU-T T.81, B.2.2.
func (j *jpegWalk) frame(marker byte, p []byte) error {
	if j.sawFrame || len(p) < 6 || len(p) != 6+3*int(p[5]) || p[5] == 0 {
		return broken("its frame's header is wrong")
	}
	j.sawFrame = true
	j.out.height, j.out.width = int(binary.BigEndian.Uint16(p[1:])), int(binary.BigEndian.Uint16(p[3:]))
	if err := checkPixels(j.out.width, j.out.height); err != nil {
		return err
	}
	most, sum := 1, 0
	for c := 6; c < len(p); c += 3 {
		each := int(p[c+1]>>4) * int(p[c+1]&15)
		most, sum = max(most, each), sum+each
		j.components += string(p[c : c+1])
	}
	// What a component has too few samples of is decoded as if it had more; whole blocks are.
	samples := int64(align16(j.out.width)) * int64(align16(j.out.height)) * int64(sum) / int64(most)
	j.out.cost = samples
	if marker == jpegSOF2 {
		j.out.cost += 4 * samples // all coefficients are held until the end
	}
	return nil
}

// colours is what it costs to decode colours that are not YCbCr: another copy of the picture.
func (j *jpegWalk) colours() int64 {
	rgb := !j.isJFIF() && (j.adobeRGB || j.components == "RGB")
	if len(j.components) == 1 || len(j.components) == 3 && !rgb {
		return 0
	}
	return 4 * int64(j.out.width) * int64(j.out.height)
}

// isJFIF reports whether JFIF's header was there, which says that colours are YCbCr.
func (j *jpegWalk) isJFIF() bool { return len(j.head.all) > 1 || j.head.size() > 2 }

func align16(n int) int { return (n + 15) &^ 15 }

// scan goes over a scan's data, to the marker that ends it.
func (j *jpegWalk) scan() error {
	j.scans++
	if !j.sawFrame || j.scans > maxScans {
		return broken("it has a scan too many")
	}
	start := j.at
	for {
		rest, err := j.w.rest(j.at)
		if err != nil {
			return err
		}
		i := bytes.IndexByte(rest, 0xff)
		if i < 0 {
			j.at += int64(len(rest))
			continue
		}
		j.at += int64(i)
		two, err := j.w.peek(j.at, 2)
		if err != nil {
			return err
		}
		if m := two[1]; m != 0 && m != 0xff && (m < jpegRST0 || m > jpegRST7) {
			break
		}
		j.at++
		if two[1] != 0xff {
			j.at++
		}
	}
	j.rest.keep(start, j.at-start)
	return nil
}

// application takes of an application's segment what the picture needs.
func (j *jpegWalk) application(number byte, start, n int64, p []byte) {
	switch {
	case number == 0 && bytes.HasPrefix(p, []byte("JFIF\x00")) && len(p) >= 14 && !j.isJFIF() && !j.sawFrame:
		if len(p) == 14 && p[12] == 0 && p[13] == 0 {
			j.head.keep(start, n)
			return
		}
		own := slices.Clone(p[:14])
		own[12], own[13] = 0, 0 // the size of its thumbnail
		j.head.add(segment(jpegAPP0, own))
	case number == 1 && bytes.HasPrefix(p, []byte(exifPrefix)) && j.out.orientation == 0:
		j.out.orientation = orientationOf(p)
	case number == 2 && bytes.HasPrefix(p, []byte(iccPrefix)) && len(p) > len(iccPrefix)+2:
		j.rest.keep(start, n)
		part := p[len(iccPrefix):]
		j.profile[part[0]] = slices.Clone(part[2:])
	case number == 14 && bytes.HasPrefix(p, []byte("Adobe")) && len(p) >= 12: // says what the colours are
		j.adobeRGB = p[11] == 0
		if len(p) == 12 {
			j.rest.keep(start, n)
		} else {
			j.rest.add(segment(jpegAPP0+14, slices.Clone(p[:12])))
		}
	}
}

// wholeProfile is the colour profile; nil for none that the small pictures can have.
func (j *jpegWalk) wholeProfile() []byte {
	var whole []byte
	for number := byte(1); int(number) <= len(j.profile); number++ {
		part, ok := j.profile[number]
		if !ok {
			return nil
		}
		whole = append(whole, part...)
	}
	return profileForRGB(whole)
}

// profileForRGB is a colour profile if it is one of RGB, as the small pictures are.
func profileForRGB(profile []byte) []byte {
	if len(profile) < 128 || len(profile) > maxProfile || string(profile[16:20]) != "RGB " {
		return nil
	}
	return profile
}

// segment is a marker with what belongs to it.
func segment(marker byte, payload []byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2))
	return append(out, payload...)
}

// profileSegments are a colour profile as the segments of a JPEG.
func profileSegments(profile []byte) []byte {
	const most = 65533 - len(iccPrefix) - 2
	parts := slices.Collect(slices.Chunk(profile, most))
	var out []byte
	for i, part := range parts {
		p := append([]byte(iccPrefix), byte(i+1), byte(len(parts)))
		out = append(out, segment(jpegAPP0+2, append(p, part...))...)
	}
	return out
}
