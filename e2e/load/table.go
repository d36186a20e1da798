package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// table is one table of results.
type table struct {
	title   string
	columns []column
	rows    []*row
}

// column is one figure of each run.
type column struct {
	name   string
	digits int // after the point
	// ratio adds a column with each row's figure over its base's, of runs that followed on each
	// other.
	ratio string
}

// row is one server under one load. Runs has the figures of each run, one for each column.
type row struct {
	name   string
	base   *row // what ratios are to; nil for none
	runs   [][]float64
	faults []string
}

// measured is what a run gives: a figure for each column.
type measured = []float64

// add adds a row.
func (t *table) add(name string, base *row) *row {
	r := &row{name: name, base: base}
	t.rows = append(t.rows, r)
	return r
}

// figures are a column's, run by run.
func (r *row) figures(column int) []float64 {
	all := make([]float64, 0, len(r.runs))
	for _, run := range r.runs {
		all = append(all, run[column])
	}
	return all
}

// ratios are a column's over the base's, run by run.
func (r *row) ratios(column int) []float64 {
	var all []float64
	if r.base == nil {
		return nil
	}
	for i := range min(len(r.runs), len(r.base.runs)) {
		if under := r.base.runs[i][column]; under > 0 {
			all = append(all, r.runs[i][column]/under)
		}
	}
	return all
}

// print prints medians, and the least and the most behind them.
func (t *table) print(w io.Writer) {
	head := []string{""}
	for _, c := range t.columns {
		head = append(head, c.name)
		if c.ratio != "" {
			head = append(head, c.ratio)
		}
	}
	lines := [][]string{head}
	for _, r := range t.rows {
		line := []string{r.name}
		for i, c := range t.columns {
			line = append(line, spread(r.figures(i), c.digits))
			if c.ratio != "" {
				line = append(line, spread(r.ratios(i), 2))
			}
		}
		lines = append(lines, line)
	}
	fmt.Fprintf(w, "\n%s\n\n", t.title)
	printAligned(w, lines)
	for _, r := range t.rows {
		for _, fault := range r.faults {
			fmt.Fprintf(w, "! %s: %s\n", r.name, fault)
		}
	}
}

// printAligned prints a table in Markdown.
func printAligned(w io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, line := range lines {
		for i, cell := range line {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

// spread is a median with the least and the most.
func spread(all []float64, digits int) string {
	switch len(all) {
	case 0:
		return "–"
	case 1:
		return number(all[0], digits)
	}
	sorted := slices.Sorted(slices.Values(all))
	least, most := number(sorted[0], digits), number(sorted[len(sorted)-1], digits)
	if least == most {
		return least
	}
	return fmt.Sprintf("%s (%s to %s)", number(median(all), digits), least, most)
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// number writes a figure, with thousands set apart.
func number(v float64, digits int) string {
	whole, fraction, _ := strings.Cut(fmt.Sprintf("%.*f", digits, v), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
