package conformance

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// RFC 6455 sections 4.2 and 9.1, and RFC 7692: no extension is offered, so none may be agreed to.
func TestHandshake(t *testing.T) {
	node := run.Node(t)
	without := func(name string) []string {
		return slices.DeleteFunc(slices.Clone(upgrade), func(line string) bool { return strings.HasPrefix(line, name) })
	}
	for name, c := range map[string]struct {
		lines  []string
		status int
	}{
		"as it should be":    {upgrade, http.StatusSwitchingProtocols},
		"names in any case":  {[]string{"upgrade: WebSocket", "connection: keep-alive, uPgRaDe", upgrade[2], upgrade[3]}, http.StatusSwitchingProtocols},
		"compression":        {append(slices.Clone(upgrade), "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), http.StatusSwitchingProtocols},
		"unknown extensions": {append(slices.Clone(upgrade), "Sec-WebSocket-Extensions: x-one, x-two; a=1"), http.StatusSwitchingProtocols},
		"an older version":   {append(without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"), http.StatusBadRequest},
		"no version":         {without("Sec-WebSocket-Version"), http.StatusBadRequest},
		"no key":             {without("Sec-WebSocket-Key"), http.StatusBadRequest},
		"a short key":        {append(without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: c2hvcnQ="), http.StatusBadRequest},
		"no upgrade":         {without("Upgrade"), http.StatusUpgradeRequired},
	} {
		t.Run(name, func(t *testing.T) {
			p, answer := handshake(t, node.Addr, "/rooms/shake/ws", c.lines...)
			require.Equal(t, c.status, answer.StatusCode)
			if c.status == http.StatusBadRequest { // section 4.4
				require.Equal(t, "13", answer.Header.Get("Sec-WebSocket-Version"))
			}
			if c.status != http.StatusSwitchingProtocols {
				return
			}
			require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", answer.Header.Get("Sec-WebSocket-Accept")) // section 1.3's
			require.Empty(t, answer.Header.Values("Sec-WebSocket-Extensions"))
			require.Empty(t, answer.Header.Values("Sec-WebSocket-Protocol"))
			p.send(text(command(15)))
			p.answered()
			p.bye()
		})
	}
}
