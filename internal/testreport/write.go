package main

import (
	"fmt"
	"io"
	"strings"
)

// mostLines is how much of a failure is shown: what was expected and what came, and not the whole
// output of the programs, which is in the file.
const mostLines = 40

// writeFlaky writes each flaky test with what its first failed run wrote.
func (r *results) writeFlaky(out io.Writer) error {
	for _, p := range r.packages {
		for _, t := range p.flaky() {
			lines := strings.Split(strings.TrimSpace(t.failures[0]), "\n")
			cut := len(lines) - mostLines
			if cut > 0 {
				lines = append(lines[:mostLines], fmt.Sprintf("… and %d more lines", cut))
			}
			_, err := fmt.Fprintf(out, "flaky: %s.%s (%s), its first failure:\n    %s\n",
				p.name, t.name, p.suite, strings.Join(lines, "\n    "))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// writeSummary writes a line for each package that has tests, as go test does, and the sums.
func (r *results) writeSummary(out io.Writer) error {
	var tests, skipped, flaky, red int
	var seconds float64
	for _, p := range r.packages {
		for _, t := range p.tests {
			tests++
			if t.last == "skip" {
				skipped++
			}
			if t.red() {
				red++
				if _, err := fmt.Fprintf(out, "--- FAIL: %s (%s)\n", t.name, p.suite); err != nil {
					return err
				}
			}
		}
		flaky += len(p.flaky())
		seconds += p.seconds
		word := "ok  "
		switch {
		case p.red():
			word = "FAIL"
		case len(p.tests) == 0:
			continue
		}
		if _, err := fmt.Fprintf(out, "%s\t%s\t%.3fs\t(%s)\n", word, p.name, p.seconds, p.suite); err != nil {
			return err
		}
	}
	word := "DONE"
	if r.red() {
		word = "FAIL"
	}
	_, err := fmt.Fprintf(out, "%s %d tests, %d skipped, %d flaky, %d failed in %.3fs\n", word, tests, skipped, flaky, red, seconds)
	return err
}
