package main

import (
	"context"
	"net"
	"time"
)

// listen opens the port. Peers that vanish without a word (a phone that leaves its network) are
// noticed by the kernel: where nothing is sent by keep-alive probes within a minute, and where
// something is, by userTimeout on Linux, which otherwise retransmits for a quarter of an hour.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	lc := net.ListenConfig{
		Control: setUserTimeout,
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
		},
	}
	lc.SetMultipathTCP(false) // MPTCP sockets refuse the option
	return lc.Listen(ctx, "tcp", addr)
}

// userTimeout is for how long sent data may stay without an acknowledgement.
const userTimeout = 60 * time.Second
