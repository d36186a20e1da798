package main

import (
	"net"
	"os"
)

// What a supervisor is told.
const (
	supervisorReady    = "READY=1"
	supervisorStopping = "STOPPING=1"
)

// tellSupervisor tells systemd how the program stands, if it started it and asked for that: a unit of
// Type=notify has an address in NOTIFY_SOCKET, to which a datagram is sent (sd_notify(3)). So
// "systemctl restart" comes back when the node serves, and several can be restarted in turn.
func tellSupervisor(state string) error {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it has been sent
	_, err = conn.Write([]byte(state))
	return err
}
