package main

import (
	"bytes"
	"errors"
)

// A message's text says who posted it, as which of its posts, and when, in hexadecimal digits
// behind a mark that nothing else on the wire has: ~#~VVVVSSSSSSSSTTTTTTTTTTTTTTTT, and then dots.
// It reads the same in JSON as it is.
var mark = []byte("~#~")

const (
	voiceDigits = 4
	seqDigits   = 8
	timeDigits  = 16
	messageHead = 3 + voiceDigits + seqDigits + timeDigits
)

// textLength is a message's length in bytes.
const textLength = 128

// said is what a message's text says.
type said struct {
	voice int
	seq   uint32
	at    int64 // clock
}

// appendText appends a message's text.
func appendText(dst []byte, s said) []byte {
	dst = append(dst, mark...)
	dst = appendHex(dst, uint64(s.voice), voiceDigits)
	dst = appendHex(dst, uint64(s.seq), seqDigits)
	dst = appendHex(dst, uint64(s.at), timeDigits)
	for range textLength - messageHead {
		dst = append(dst, '.')
	}
	return dst
}

func appendHex(dst []byte, v uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, "0123456789abcdef"[v>>(4*i)&15])
	}
	return dst
}

var errDigits = errors.New("a message that was changed on its way")

// next finds the next message in b: it returns what it says and the index behind its head. The
// index is -1 when there is none that is whole.
func next(b []byte) (s said, after int, err error) {
	i := bytes.Index(b, mark)
	if i < 0 || len(b) < i+messageHead {
		return said{}, -1, nil
	}
	head := b[i+len(mark) : i+messageHead]
	voice, ok1 := hex(head[:voiceDigits])
	seq, ok2 := hex(head[voiceDigits : voiceDigits+seqDigits])
	at, ok3 := hex(head[voiceDigits+seqDigits:])
	if !ok1 || !ok2 || !ok3 {
		return said{}, -1, errDigits
	}
	return said{voice: int(voice), seq: uint32(seq), at: int64(at)}, i + messageHead, nil
}

// digit is the value of each hexadecimal digit, 0xff for what is none.
var digit = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i)
	}
	return values
}()

func hex(b []byte) (v uint64, ok bool) {
	bad := byte(0)
	for _, c := range b {
		d := digit[c]
		bad |= d
		v = v<<4 | uint64(d&15)
	}
	return v, bad < 16
}
