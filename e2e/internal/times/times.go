// Package times reports how fast things were in a run of tests: a table at its end. A test asserts
// what happened; how long that took is the machine's as much as the program's, and stands here,
// beside what the machine took with nothing in between.
package times

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Table is the table of one run. The zero value is empty; its methods may be called at the same
// time.
type Table struct {
	mu   sync.Mutex // guards rows
	rows []Row
}

// Row is what one test measured, by the clock of one process.
type Row struct {
	// What is what took the time, as in "refused while Redis is away".
	What string
	// Took is the longest that it took.
	Took time.Duration
	// Promised is what is promised for a machine with time; 0 for nothing.
	Promised time.Duration
	// Machine is the longest that the same machine took, meanwhile, for the same with nothing in
	// between; 0 if that was not measured.
	Machine time.Duration
	// Held is what the test held Took to, for the machine as it was; 0 for nothing.
	Held time.Duration
}

// Add adds a row.
func (t *Table) Add(row Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, row)
}

// Print prints the table, unless it is empty, the rows in the order of what they say.
func (t *Table) Print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) == 0 {
		return
	}
	slices.SortStableFunc(t.rows, func(a, b Row) int { return cmp.Compare(a.What, b.What) })
	wide := 0
	for _, row := range t.rows {
		wide = max(wide, len(row.What))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %-*s | %9s | %9s | %9s | %9s |\n", wide, "how fast", "took", "promised", "machine", "held to")
	for _, row := range t.rows {
		fmt.Fprintf(&b, "| %-*s | %9s | %9s | %9s | %9s |\n", wide, row.What,
			cell(row.Took), cell(row.Promised), cell(row.Machine), cell(row.Held))
	}
	_, _ = io.WriteString(out, b.String()) // a table that nobody can be shown fails no test
}

func cell(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(time.Millisecond).String()
}
