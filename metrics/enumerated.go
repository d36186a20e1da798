package metrics

import "github.com/prometheus/client_golang/prometheus"

// other is the label's value for what is not in the list.
const other = "other"

// enumerated are the counters of a family with one label, by its values. They are made beforehand,
// so that each is there from the start, and counting takes no lock.
type enumerated[T any] map[string]T

// of is the one of a value, or that of the others.
func (e enumerated[T]) of(value string) T {
	if one, ok := e[value]; ok {
		return one
	}
	return e[other]
}

// vec is what prometheus has of families with labels.
type vec[T any] interface {
	prometheus.Collector
	WithLabelValues(values ...string) T
}

// enumerate makes the counters of a family by the last of its labels, after those that are fixed.
func enumerate[T any](v vec[T], values []string, fixed ...string) enumerated[T] {
	e := enumerated[T]{}
	for _, value := range append(values[:len(values):len(values)], other) {
		e[value] = v.WithLabelValues(append(fixed[:len(fixed):len(fixed)], value)...)
	}
	return e
}

// enumerateTwo makes those of a family with two labels, by both.
func enumerateTwo[T any](v vec[T], first, second []string) enumerated[enumerated[T]] {
	e := enumerated[enumerated[T]]{}
	for _, value := range append(first[:len(first):len(first)], other) {
		e[value] = enumerate(v, second, value)
	}
	return e
}
