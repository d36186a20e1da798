package conformance

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// kosme is the Greek word that decoders are tested with: letters of two bytes, and one of three.
const kosme = "κ\u1f79σμε"

// utf8Cases send text that is UTF-8 and text that is not (RFC 6455 section 8.1, RFC 3629).
func utf8Cases() map[string]conversation {
	const surrogate = kosme + "\xed\xa0\x80edited"
	const beyond = kosme + "\xf4\x90\x80\x80edited" // invalid at its second byte, which is byte 12 of all
	spoken := func(send func(*peer, frame)) conversation {
		return func(p *peer) {
			send(p, text(post("k", "Hello-µ@ßöäüàá-UTF-8!! "+kosme)))
			require.Equal(p.t, "k", p.event("ack").Key)
			p.bye()
		}
	}
	whole := func(p *peer, f frame) { p.send(f) }
	bytewise := func(p *peer, f frame) { p.send(fragments(f, 1)...) }
	invalid := func(send func(*peer, frame), s string) conversation {
		return func(p *peer) { send(p, text(s)); p.closed(1007) }
	}
	// inParts sends a message whose second part makes it invalid. That is noticed when the message
	// is whole, at the latest.
	inParts := func(one, two, three string, send func(p *peer, one, two, three string)) conversation {
		return func(p *peer) { send(p, one, two, three); p.closed(1007) }
	}
	asFrames := func(p *peer, one, two, three string) {
		p.sendEach(begin(one), ping("still open"))
		p.pong("still open")
		p.sendEach(middle(two), last(three))
	}
	asPieces := func(p *peer, one, two, three string) {
		b := text(one + two + three).bytes()
		head := len(b) - len(one+two+three)
		for _, piece := range [][]byte{b[:head+len(one)], b[head+len(one) : head+len(one+two)], b[head+len(one+two):]} {
			_, err := p.conn.Write(piece)
			require.NoError(p.t, err)
		}
	}
	all := merge(
		number("6.1",
			func(p *peer) { p.send(text("")); p.refused("malformed"); p.bye() },
			func(p *peer) { p.send(begin(""), middle(""), last("")); p.refused("malformed"); p.bye() },
			func(p *peer) { p.send(begin(""), middle(command(15)), last("")); p.answered(); p.bye() },
		),
		number("6.2", spoken(whole),
			spoken(func(p *peer, f frame) { // between two letters
				at := strings.Index(string(f.payload), "ö")
				p.send(begin(string(f.payload[:at])), last(string(f.payload[at:])))
			}),
			spoken(bytewise),
			func(p *peer) { p.send(fragments(text(kosme), 1)...); p.refused("malformed"); p.bye() },
		),
		number("6.3", invalid(whole, surrogate), invalid(bytewise, surrogate)),
		number("6.4",
			inParts(kosme, beyond[11:15], "edited", asFrames), inParts(beyond[:12], beyond[12:13], beyond[13:], asFrames),
			inParts(kosme, beyond[11:15], "edited", asPieces), inParts(beyond[:12], beyond[12:13], beyond[13:], asPieces),
		),
	)
	for i, group := range utf8Sequences() {
		for j, s := range group.all {
			all[fmt.Sprintf("6.%d.%d", 5+i, j+1)] = func(p *peer) {
				require.Equal(p.t, group.valid == nil && !group.invalid || group.valid != nil && group.valid(j), utf8.ValidString(s))
				if utf8.ValidString(s) {
					p.send(text(s))
					p.refused("malformed") // a message, if without meaning
					p.bye()
					return
				}
				p.send(text(s))
				p.closed(1007)
			}
		}
	}
	return all
}

// sequences are bytes to decode. Those of a group are all valid, all invalid, or valid as valid
// says by their place.
type sequences struct {
	all     []string
	invalid bool
	valid   func(i int) bool
}

// utf8Sequences are the cases from 6.5 on: the sequences of Markus Kuhn's test of UTF-8 decoders,
// by its chapters.
func utf8Sequences() []sequences {
	prefixes := sequences{valid: func(i int) bool { return utf8.ValidString(kosme[:i+1]) }}
	for i := range len(kosme) {
		prefixes.all = append(prefixes.all, kosme[:i+1])
	}
	// run is the bytes from one to another, each followed by after.
	run := func(from, to byte, after string) string {
		var b strings.Builder
		for c := from; c < to; c++ {
			b.WriteString(string([]byte{c}) + after)
		}
		return b.String()
	}
	continuations := func(n int) string { return strings.Repeat("\x80\xbf", n)[:n] }
	cut := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	surrogates := []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}
	var pairs []string
	for _, high := range surrogates[:4] {
		for _, low := range []string{surrogates[4], surrogates[6]} {
			pairs = append(pairs, high+low)
		}
	}
	var noncharacters []string // the last two of each plane
	for plane := rune(0); plane <= 16; plane++ {
		noncharacters = append(noncharacters, string(plane<<16|0xFFFE), string(plane<<16|0xFFFF))
	}
	var specials []string
	for r := rune(0xFFF9); r <= 0xFFFD; r++ {
		specials = append(specials, string(r))
	}
	return []sequences{
		{all: []string{"hello$world", "hello¢world", "hello€world", "hello\U00024B62world", kosme}},
		prefixes,
		{all: []string{"\x00", "\u0080", "\u0800", "\U00010000"}},
		{all: []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}, invalid: true},
		{all: []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}},
		{all: []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}, invalid: true},
		{all: []string{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"}, valid: func(i int) bool { return i < 4 }},
		{all: []string{continuations(1), "\xbf", continuations(2), continuations(3), continuations(4), continuations(5),
			continuations(6), run(0x80, 0xbf, "")}, invalid: true},
		{all: []string{run(0xc0, 0xdf, " "), run(0xe0, 0xef, " "), run(0xf0, 0xf7, " "), run(0xf8, 0xfb, " "), run(0xfc, 0xfd, " ")}, invalid: true},
		{all: cut, invalid: true},
		{all: []string{strings.Join(cut, "")}, invalid: true},
		{all: []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}, invalid: true},
		{all: []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}, invalid: true},
		{all: []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}, invalid: true},
		{all: []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}, invalid: true},
		{all: surrogates, invalid: true},
		{all: pairs, invalid: true},
		{all: noncharacters},
		{all: append(specials, "\ufffe", "\uffff")},
	}
}
