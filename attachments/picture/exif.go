package picture

import "encoding/binary"

// exifPrefix begins the EXIF of a JPEG, and of some WebP.
const exifPrefix = "Exif\x00\x00"

// orientationTag is the tag of TIFF and EXIF that says how a picture lies.
const orientationTag = 0x0112

// orientationOf is the orientation in EXIF data, 2 to 8; 0 for none, for one that
// changes nothing, and for data that can't be read.
func orientationOf(exif []byte) int {
	if len(exif) > len(exifPrefix) && string(exif[:len(exifPrefix)]) == exifPrefix {
		exif = exif[len(exifPrefix):]
	}
	if len(exif) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
	default:
		return 0
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return 0
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 0
		}
		const short = 3
		if order.Uint16(entries) == orientationTag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if o := int(order.Uint16(entries[8:])); o > 1 && o <= 8 {
				return o
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}

// exifOf is EXIF data, without a prefix, that says the orientation and nothing else.
func exifOf(orientation int) []byte {
	return []byte{
		'M', 'M', 0, '*', 0, 0, 0, 8, // its only directory is at 8
		0, 1, // with one tag
		orientationTag >> 8, orientationTag & 0xff, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0, // and there is no other directory
	}
}
