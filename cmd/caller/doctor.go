package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/caller-chat/caller/transport/wire"
)

// The states of what a doctor has looked at.
const (
	isWell  = "ok"
	isRisky = "warning" // it works, and something about it will not please
	isWrong = "problem"
)

// finding is one thing that was looked at.
type finding struct {
	Area  string `json:"area"`
	State string `json:"state"`
	What  string `json:"what"`
	// Do says what helps; empty when there is nothing to do.
	Do string `json:"do,omitempty"`
}

// diagnosis is all that was found.
type diagnosis struct {
	Findings []finding `json:"findings"`
	Problems int       `json:"problems"`
	Warnings int       `json:"warnings"`
}

func (d *diagnosis) add(area, state, what, do string) {
	d.Findings = append(d.Findings, finding{Area: area, State: state, What: what, Do: do})
	switch state {
	case isWrong:
		d.Problems++
	case isRisky:
		d.Warnings++
	}
}

func (d *diagnosis) well(area, what string, args ...any) {
	d.add(area, isWell, fmt.Sprintf(what, args...), "")
}
func (d *diagnosis) risky(area, what, do string) { d.add(area, isRisky, what, do) }
func (d *diagnosis) wrong(area, what, do string) { d.add(area, isWrong, what, do) }

// print writes the findings, each with what to do below it.
func (d *diagnosis) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	for _, f := range d.Findings {
		if _, err := fmt.Fprintf(w, "%-8s %-9s %s\n", f.State, f.Area, wire.Plain(f.What)); err != nil {
			return err
		}
		if f.Do != "" {
			fmt.Fprintf(w, "%18s -> %s\n", "", wire.Plain(f.Do))
		}
	}
	_, err := fmt.Fprintf(w, "\n%d problems, %d warnings\n", d.Problems, d.Warnings)
	return err
}
