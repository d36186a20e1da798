package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxMessage is how large a message may be (docs/protocol.md).
const maxMessage = 64 << 10

// conversation is one case: what is said on a connection that is live, to its end.
type conversation func(p *peer)

// groups are how many cases Autobahn's suite has under each number.
var groups = map[string]int{
	"1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20,
	"6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5,
	"6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8,
	"6.22": 34, "6.23": 7,
	"7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
	"9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6, "10.1": 1,
	"12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18,
	"13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,
}

// inapplicable says why the cases under a number can't be asked of this server.
var inapplicable = map[string]string{
	"12": "they compress messages, which the server does not offer; TestHandshake sees that it agrees to no extension",
	"13": "they negotiate how to compress, which the server does not offer",
}

// TestCases runs all cases that apply. The suite's server says every message again; this one
// answers commands. So what the suite wants echoed is a command that is answered, or where the
// message itself is what matters, a message without meaning: valid as far as WebSocket goes, it is
// refused by an error event, and the connection stays.
func TestCases(t *testing.T) {
	node := run.Node(t)
	all := map[string]conversation{}
	for _, some := range []map[string]conversation{
		framingCases(), controlCases(), reservedCases(), fragmentCases(), utf8Cases(), closeCases(), limitCases(),
	} {
		for number, c := range some {
			require.NotContains(t, all, number)
			all[number] = c
		}
	}
	var missing []string
	left := 0
	for group, n := range groups {
		first, _, _ := strings.Cut(group, ".")
		for i := range n {
			number := fmt.Sprint(group, ".", i+1)
			_, runs := all[number]
			switch {
			case inapplicable[first] != "":
				require.NotContains(t, all, number)
				left++
			case !runs:
				missing = append(missing, number)
			}
		}
	}
	require.Empty(t, missing, "cases that neither run nor have a reason not to")
	t.Logf("%d of the suite's %d cases run", len(all), len(all)+left)
	for _, number := range slices.Sorted(maps.Keys(all)) {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			all[number](join(t, node.Addr, "case-"+number))
		})
	}
}

// number gives cases their numbers, from the first on.
func number(group string, cases ...conversation) map[string]conversation {
	all := map[string]conversation{}
	for i, c := range cases {
		all[fmt.Sprint(group, ".", i+1)] = c
	}
	return all
}

func merge(some ...map[string]conversation) map[string]conversation {
	all := map[string]conversation{}
	for _, m := range some {
		maps.Copy(all, m)
	}
	return all
}

// framingCases send messages of the lengths at which a frame's header changes.
func framingCases() map[string]conversation {
	sized := func(n, piece int) (conversation, conversation) {
		return func(p *peer) {
				if p.sendIn(piece, text(command(max(n, 15))[:n])); n == 0 {
					p.refused("malformed")
				} else {
					p.answered()
				}
				p.bye()
			}, func(p *peer) {
				p.sendIn(piece, binaryOf(n))
				p.refused("unsupported")
				p.bye()
			}
	}
	var texts, binaries []conversation
	for _, n := range []int{0, 125, 126, 127, 128, 65535, 65536} {
		a, b := sized(n, 1<<20)
		texts, binaries = append(texts, a), append(binaries, b)
	}
	a, b := sized(65536, 997)
	return merge(number("1.1", append(texts, a)...), number("1.2", append(binaries, b)...))
}

// controlCases are pings and pongs.
func controlCases() map[string]conversation {
	long := strings.Repeat("\xfe", 125)
	pinged := func(piece int, payloads ...string) conversation {
		return func(p *peer) {
			for _, payload := range payloads {
				p.sendIn(piece, ping(payload))
			}
			for _, payload := range payloads {
				p.pong(payload)
			}
			p.bye()
		}
	}
	var ten []string
	for i := range 10 {
		ten = append(ten, fmt.Sprint("payload-", i))
	}
	unasked := func(payload string) conversation {
		return func(p *peer) {
			p.send(pong(payload))
			p.bye() // which wants nothing before the end
		}
	}
	return number("2",
		pinged(1<<20, ""),
		pinged(1<<20, "Hello, world!"),
		pinged(1<<20, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),
		pinged(1<<20, long),
		func(p *peer) { p.send(ping(long + "\xfe")); p.failed() },
		pinged(1, long),
		unasked(""),
		unasked("unsolicited"),
		func(p *peer) { p.send(pong("unsolicited"), ping("asked")); p.pong("asked"); p.bye() },
		pinged(1<<20, ten...),
		pinged(1, ten...),
	)
}

// reservedCases use bits and opcodes that mean nothing without an extension.
func reservedCases() map[string]conversation {
	// broken is a frame that fails the connection; what comes after it is not answered. A message
	// before it is.
	broken := func(piece int, first bool, f frame) conversation {
		return func(p *peer) {
			frames := []frame{f}
			if first {
				frames = []frame{text(command(15)), f, ping("")}
			}
			p.sendIn(piece, frames...)
			if first {
				p.answered()
			}
			p.failed()
		}
	}
	rsv := func(bits byte, f frame) frame { f.rsv = bits; return f }
	op := func(code byte, payload string) frame { return frame{op: code, payload: []byte(payload)} }
	const whole, bytewise, some = 1 << 20, 1, "reserved"
	return merge(
		number("3",
			broken(whole, false, rsv(1, text(command(15)))),
			broken(whole, true, rsv(2, text(command(15)))),
			func(p *peer) { // by frames
				p.send(text(command(15)))
				p.send(rsv(3, text(command(15))))
				p.send(ping(""))
				p.answered()
				p.failed()
			},
			broken(bytewise, true, rsv(4, text(command(15)))),
			broken(whole, false, rsv(5, binaryOf(16))),
			broken(whole, false, rsv(6, ping("Hello"))),
			broken(whole, false, rsv(7, closing(1000, ""))),
		),
		number("4.1",
			broken(whole, false, op(3, "")), broken(whole, false, op(4, some)), broken(whole, true, op(5, "")),
			broken(whole, true, op(6, some)), broken(bytewise, true, op(7, some)),
		),
		number("4.2",
			broken(whole, false, op(11, "")), broken(whole, false, op(12, some)), broken(whole, true, op(13, "")),
			broken(whole, true, op(14, some)), broken(bytewise, true, op(15, some)),
		),
	)
}

// fragmentCases send messages in fragments, and fragments that are none.
func fragmentCases() map[string]conversation {
	const one, two = `{"type":`, `"ping"}`
	inTwo := []frame{begin(one), last(two)}
	between := []frame{begin(one), ping("between"), last(two)}
	whole := func(p *peer, all ...frame) { p.send(all...) }
	each := func(p *peer, all ...frame) { p.sendEach(all...) }
	bytewise := func(p *peer, all ...frame) { p.sendIn(1, all...) }
	good := func(send func(*peer, ...frame), all []frame, pinged bool) conversation {
		return func(p *peer) {
			send(p, all...)
			if pinged {
				p.pong("between")
			}
			p.answered()
			p.bye()
		}
	}
	bad := func(send func(*peer, ...frame), all ...frame) conversation {
		return func(p *peer) { send(p, all...); p.failed() }
	}
	afterAnswer := func(send func(*peer, ...frame), all ...frame) conversation {
		return func(p *peer) { send(p, all...); p.answered(); p.failed() }
	}
	more := func(f frame) frame { f.more = true; return f }
	single := text(command(15))
	five := func(gap func(*peer)) conversation {
		return func(p *peer) {
			p.sendEach(begin(`{"t`), middle(`ype`), ping("one"))
			p.pong("one") // before the message is whole
			gap(p)
			p.sendEach(middle(`":"`), middle(`pin`), ping("two"), last(`g"}`))
			p.pong("two")
			p.answered()
			p.bye()
		}
	}
	return number("5",
		bad(whole, more(ping("a")), last("b")),
		bad(whole, more(pong("a")), last("b")),
		good(whole, inTwo, false), good(each, inTwo, false), good(bytewise, inTwo, false),
		good(whole, between, true), good(each, between, true), good(bytewise, between, true),
		bad(whole, last("nothing to continue"), single), bad(each, last("nothing to continue"), single),
		bad(bytewise, last("nothing to continue"), single),
		bad(whole, middle("nothing to continue"), single), bad(each, middle("nothing to continue"), single),
		bad(bytewise, middle("nothing to continue"), single),
		afterAnswer(whole, inTwo[0], inTwo[1], middle("nothing to continue"), single),
		bad(whole, middle("nothing"), inTwo[0], inTwo[1], middle("nothing"), inTwo[0], inTwo[1]),
		bad(whole, last("nothing"), inTwo[0], inTwo[1], last("nothing"), inTwo[0], inTwo[1]),
		bad(whole, begin(one), text(two)),
		five(func(*peer) {}),
		five(func(p *peer) { p.send(ping("while it waits")); p.pong("while it waits") }),
	)
}

// limitCases are the large messages. Up to the server's limit they are answered; above it the
// connection ends with the code for that (RFC 6455 section 7.4.1), which is what the suite's 9.1.2
// to 9.6.6 come to here.
func limitCases() map[string]conversation {
	tooLarge := func(p *peer) { p.closed(1009) }
	whole := func(op byte) (all []conversation) {
		for _, n := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			all = append(all, func(p *peer) {
				p.send(frame{op: op, payload: []byte(command(n))})
				switch {
				case n > maxMessage:
					tooLarge(p)
				case op == opBinary:
					p.refused("unsupported")
					p.bye()
				default:
					p.answered()
					p.bye()
				}
			})
		}
		return all
	}
	inFragments := func(op byte) (all []conversation) {
		for _, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
			all = append(all, func(p *peer) {
				if size <= maxMessage { // first what is just not too large
					p.send(fragments(frame{op: op, payload: []byte(command(maxMessage))}, size)...)
					if op == opBinary {
						p.refused("unsupported")
					} else {
						p.answered()
					}
				}
				p.send(fragments(frame{op: op, payload: []byte(command(4 << 20))}, size)...)
				tooLarge(p)
			})
		}
		return all
	}
	inPieces := func(op byte) (all []conversation) {
		for _, size := range []int{64, 128, 256, 512, 1 << 10, 2 << 10} {
			all = append(all, func(p *peer) {
				p.sendIn(size, frame{op: op, payload: []byte(command(maxMessage))})
				if op == opBinary {
					p.refused("unsupported")
				} else {
					p.answered()
				}
				p.sendIn(size, frame{op: op, payload: []byte(command(1 << 20))})
				tooLarge(p)
			})
		}
		return all
	}
	roundTrips := func(op byte) (all []conversation) {
		for _, n := range []int{0, 16, 64, 256, 1 << 10, 4 << 10} {
			all = append(all, func(p *peer) {
				for range 1000 {
					p.send(frame{op: op, payload: []byte(command(max(n, 15)))[:n]})
					switch {
					case op == opBinary:
						p.refused("unsupported")
					case n == 0:
						p.refused("malformed")
					default:
						p.answered()
					}
				}
				p.bye()
			})
		}
		return all
	}
	return merge(
		number("9.1", whole(opText)...), number("9.2", whole(opBinary)...),
		number("9.3", inFragments(opText)...), number("9.4", inFragments(opBinary)...),
		number("9.5", inPieces(opText)...), number("9.6", inPieces(opBinary)...),
		number("9.7", roundTrips(opText)...), number("9.8", roundTrips(opBinary)...),
		number("10.1", func(p *peer) {
			p.send(fragments(text(command(65536)), 1300)...)
			p.answered()
			p.bye()
		}),
	)
}
