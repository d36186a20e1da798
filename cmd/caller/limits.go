package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/caller-chat/caller/chat/limits"
	"github.com/caller-chat/caller/transport/conn"
)

// limitList is what --limits says, as [limits.Parse] reads it.
type limitList string

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *limitList) UnmarshalText(text []byte) error {
	if _, err := limits.Parse(string(text)); err != nil {
		return err
	}
	*v = limitList(text)
	return nil
}

// limits is what the limits are. What --post-rate says, which is older, is five seconds' worth of
// messages at once; it holds with --limits off too.
func (s *settings) limits() (limits.Set, error) {
	if s.PostRate == 0 {
		return limits.Parse(string(s.Limits))
	}
	rate := float64(s.PostRate)
	messages := fmt.Sprintf("%s=%.0f/%g", limits.Messages, math.Ceil(5*rate), rate)
	switch strings.TrimSpace(string(s.Limits)) {
	case "":
		return limits.Parse(messages)
	case "off":
		set, err := limits.Parse(messages)
		return set.Only(limits.Messages), err
	}
	set, err := limits.Parse(messages + "," + string(s.Limits))
	if err != nil { // each of them can be read
		err = errors.New("--post-rate (CALLER_POST_RATE) is the same as messages in --limits (CALLER_LIMITS): give one of them")
	}
	return set, err
}

// places are how many connections there may be.
func (c config) places() *conn.Places {
	set, _ := c.limits() // they have been read before
	return &conn.Places{Total: int(c.MaxConnections), Each: set.Connections()}
}

func printLimits(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\nLimits, as BURST/RATE: so many at once, and so many more each second (or /m: minute, /h: hour).\n"+
		"--limits messages=200/10,joins=off changes some, --limits off has none. docs/limits.md says more.\n\n")
	for _, l := range limits.All() {
		fmt.Fprintf(table, "  %s\t%s\t%s:\n\t\t%s\n", l.Name, limits.Format(l.Bucket), l.What, l.Why)
	}
	return table.Flush()
}
