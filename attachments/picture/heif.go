package picture

import (
	"encoding/binary"
	"slices"
)

// heifBrands are the brands of pictures in the container of ISO/IEC 23008-12, with their types. Few browsers show
// them, and we decode none: only what says more than the picture does is made empty.
func heifBrands() map[string]string {
	const heic, avif = "image/heic", "image/avif"
	return map[string]string{
		"heic": heic, "heix": heic, "heim": heic, "heis": heic, "hevc": heic, "hevx": heic, "hevm": heic, "hevs": heic,
		"mif1": heic, "msf1": heic, "avic": heic, "avcs": heic,
		"avif": avif, "avis": avif,
	}
}

// isHEIF reports whether a file that begins like this has one of these brands first.
func isHEIF(head []byte) bool { return len(head) >= 12 && heifBrands()[string(head[8:12])] != "" }

// maxItems is how many items a picture's container may have: those of telephones are tiles of
// 512 × 512 pixels, some hundred of them.
const maxItems = 10_000

// box is a box of the container: its name, and where its content is.
type box struct {
	name      string
	from, end int64
}

// heifWalk is a walk through such a container. Nothing changes its place, for all that is in it is
// found by its place in the file: what is to go is made of zeros.
type heifWalk struct {
	w     *window
	blank []box // what is to go
	// items are those that say more than the picture, and idat is where some have their content.
	items map[uint32]bool
	idat  box
	// boxes and parts are how many there were. A part may be said in no bytes at all.
	boxes, parts int
}

// walkHEIF walks through a HEIC or AVIF.
func walkHEIF(w *window) (form, error) {
	head, err := w.peek(8, 4)
	if err != nil {
		return form{}, err
	}
	out := form{kind: heifBrands()[string(head)]}
	out.clean.of, out.first.of = w.r, w.r
	h := &heifWalk{w: w, items: map[uint32]bool{}}
	err = h.each(box{end: w.size}, func(b box) error {
		switch b.name {
		case "meta":
			return h.meta(b)
		case "moov":
			return h.each(b, h.movie)
		}
		return h.movie(b)
	})
	if err != nil {
		return form{}, err
	}
	slices.SortFunc(h.blank, func(a, b box) int { return int(min(1, max(-1, a.from-b.from))) })
	at, seen := int64(0), int64(0) // up to where it is put together, and looked at: many may say the same place
	for _, b := range h.blank {
		from := max(seen, b.from)
		if from >= b.end {
			continue
		}
		seen = b.end
		if isBlank, err := h.isBlank(from, b.end); err != nil {
			return form{}, err
		} else if isBlank {
			continue
		}
		out.clean.keep(at, from-at)
		out.clean.zero(b.end - from)
		at = b.end
	}
	out.clean.keep(at, w.size-at)
	return out, out.clean.check()
}

// isBlank reports whether there is nothing but zeros.
func (h *heifWalk) isBlank(from, end int64) (bool, error) {
	for from < end {
		part, err := h.w.peek(from, int(min(windowSize, end-from)))
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(part, func(b byte) bool { return b != 0 }) {
			return false, nil
		}
		from += int64(len(part))
	}
	return true, nil
}

// movie takes what a box says about whoever has made the picture.
func (h *heifWalk) movie(b box) error {
	if b.name == "udta" || b.name == "uuid" {
		h.blank = append(h.blank, b)
	}
	return nil
}

// each goes through the boxes in another one.
func (h *heifWalk) each(in box, do func(box) error) error {
	for at := in.from; at < in.end; {
		if h.boxes++; h.boxes > maxItems {
			return broken("it has too many boxes")
		}
		head, err := h.w.peek(at, 8)
		if err != nil {
			return err
		}
		b := box{string(head[4:]), at + 8, at + int64(binary.BigEndian.Uint32(head))}
		switch b.end - at {
		case 0:
			b.end = in.end
		case 1:
			long, err := h.w.peek(at+8, 8)
			if err != nil {
				return err
			}
			size := binary.BigEndian.Uint64(long)
			if size > uint64(in.end-at) {
				return broken("its box %q ends after the file", b.name)
			}
			b.from, b.end = at+16, at+int64(size)
		}
		if b.end < b.from || b.end > in.end {
			return broken("its box %q ends after the file", b.name)
		}
		if err := do(b); err != nil {
			return err
		}
		at = b.end
	}
	return nil
}

// meta finds the items that say more than the picture, and where they are.
func (h *heifWalk) meta(b box) error {
	b.from += 4 // its version and flags
	var places box
	err := h.each(b, func(in box) error {
		switch in.name {
		case "iinf":
			return h.infos(in)
		case "iloc":
			places = in
		case "idat":
			h.idat = in
		}
		return nil
	})
	if err != nil || len(h.items) == 0 {
		return err
	}
	if places.name == "" {
		return broken("it does not say where its parts are")
	}
	return h.places(places)
}

// infos reads which items there are.
func (h *heifWalk) infos(b box) error {
	f := fields{w: h.w, at: b.from, end: b.end}
	if f.number(4)>>24 == 0 {
		f.number(2)
	} else {
		f.number(4)
	}
	if f.err != nil {
		return f.err
	}
	return h.each(box{from: f.at, end: b.end}, func(in box) error {
		if in.name != "infe" {
			return nil
		}
		f := fields{w: h.w, at: in.from, end: in.end}
		version, size := f.number(4)>>24, 2
		if version < 2 {
			return nil // these have no types
		}
		if version > 2 {
			size = 4
		}
		item := uint32(f.number(size))
		f.number(2)
		kind := uint32(f.number(4))
		if f.err != nil {
			return f.err
		}
		name := string(binary.BigEndian.AppendUint32(nil, kind))
		if name == "Exif" || name == "mime" || name == "uri " {
			h.items[item] = true
		}
		return nil
	})
}

// places reads where the items are: ISO/IEC 14496-12, 8.11.3.
func (h *heifWalk) places(b box) error {
	f := fields{w: h.w, at: b.from, end: b.end}
	version := f.number(4) >> 24
	sizes := f.number(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		index = 0
	}
	idSize := 2
	if version > 1 {
		idSize = 4
	}
	for n := f.number(idSize); n > 0 && f.err == nil; n-- {
		item, method := uint32(f.number(idSize)), uint64(0)
		if version > 0 {
			method = f.number(2) & 15
		}
		f.number(2)
		start, extents := f.number(base), f.number(2)
		if h.parts += 1 + int(extents); h.parts > maxPieces {
			return broken("it has too many parts")
		}
		for ; extents > 0 && f.err == nil; extents-- {
			f.number(index)
			at, size := start+f.number(offset), f.number(length)
			if !h.items[item] || f.err != nil {
				continue
			}
			if err := h.empty(method, at, size); err != nil {
				return err
			}
		}
	}
	return f.err
}

// empty has a part of an item made empty.
func (h *heifWalk) empty(method, at, size uint64) error {
	in := box{end: h.w.size}
	switch method {
	case 0:
	case 1:
		in = h.idat
	default:
		return broken("a part of it is in another one")
	}
	room := uint64(in.end - in.from)
	if at > room || size > room-at {
		return broken("a part of it ends after the file")
	}
	if size == 0 { // all that there is
		size = room - at
	}
	if len(h.blank) > maxItems {
		return broken("it has too many parts")
	}
	h.blank = append(h.blank, box{from: in.from + int64(at), end: in.from + int64(at+size)})
	return nil
}

// fields reads numbers one after the other, until one can't be read.
type fields struct {
	w       *window
	at, end int64
	err     error
}

// number is the next one, of so many bytes.
func (f *fields) number(size int) uint64 {
	if f.err == nil && (size > 8 || f.at+int64(size) > f.end) {
		f.err = broken("a box is too short")
	}
	if f.err != nil {
		return 0
	}
	bytes, err := f.w.peek(f.at, size)
	if err != nil {
		f.err = err
		return 0
	}
	f.at += int64(size)
	n := uint64(0)
	for _, b := range bytes {
		n = n<<8 | uint64(b)
	}
	return n
}
