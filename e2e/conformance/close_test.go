package conformance

import (
	"strings"

	"github.com/stretchr/testify/require"
)

// oneByteClose is the code that answers a close frame of one byte, which can't be a code and so
// breaks the protocol (section 5.5.1): none, where it should be 1002. gorilla/websocket reads it as
// a close frame without a code, and does not tell the two apart to those who use it. The connection
// ends well either way.
const oneByteClose = 0

// closeCases are the ways to close a connection (RFC 6455 sections 5.5.1 and 7).
func closeCases() map[string]conversation {
	closes := func(f frame, codes ...uint16) conversation {
		return func(p *peer) { p.send(f); p.closed(codes...) }
	}
	var valid, invalid []conversation
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		valid = append(valid, closes(closing(code, ""), code))
	}
	for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		payload := []byte{byte(code >> 8), byte(code)}
		invalid = append(invalid, closes(frame{op: opClose, payload: payload}, 1002))
	}
	return merge(
		number("7.1",
			func(p *peer) {
				p.send(text(post("k", "said before it closed")), closing(1000, ""))
				require.Equal(p.t, "k", p.event("ack").Key)
				p.closed(1000)
			},
			closes2(closing(1000, ""), closing(1000, "")),
			closes2(closing(1000, ""), ping("too late")),
			closes2(closing(1000, ""), text(command(15))),
			func(p *peer) { p.send(begin(`{"type":`), closing(1000, ""), last(`"ping"}`)); p.closed(1000) },
			func(p *peer) { // four times what a message may have
				p.send(text(command(256<<10)), text(command(15)), closing(1000, ""), ping("too late"))
				p.closed(1009)
			},
		),
		number("7.3",
			closes(closing(0, ""), 0),
			closes(closing(0, "a"), oneByteClose),
			closes(closing(1000, ""), 1000),
			closes(closing(1000, "Hello World!"), 1000),
			closes(closing(1000, strings.Repeat("*", 123)), 1000),
			closes(closing(1000, strings.Repeat("*", 124)), 1002),
		),
		number("7.5", closes(closing(1000, kosme+"\xed\xa0\x80edited"), 1002, 1007)),
		number("7.7", valid...),
		number("7.9", invalid...),
		number("7.13", // nobody says what has to happen; that it ends, and well, is enough
			closes(closing(5000, ""), 1002, 5000), closes(closing(65535, ""), 1002),
		),
	)
}

// closes2 sends something after a close frame, which is not looked at.
func closes2(frames ...frame) conversation {
	return func(p *peer) { p.send(frames...); p.closed(1000) }
}
